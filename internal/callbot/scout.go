package callbot

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"callstream/internal/order"
)

const (
	// firstPage is the size of a scout's page at first: as many orders as
	// listOrderDetail takes, so that what is found fills one request.
	firstPage = 500
	// leastPage is the size in the vendor's sample, which must work if any does.
	leastPage = 100
	// scoutRequests bounds the requests of one scout. 2,000 orders in calls at a
	// time are more lines than an account has; and from firstPage to leastPage it
	// takes as many.
	scoutRequests = 4
	// scoutPause is the pause after a first failure; each further one in a row
	// doubles it, up to unsupportedFor.
	scoutPause = 5 * time.Second
	// unsupportedFor is how long nothing is scouted once the vendor does not
	// know the call: it may learn it, or allow it, and one request an hour to
	// find out is nothing.
	unsupportedFor = time.Hour
	// scoutWarning is the pause from which scouts count as not working.
	scoutWarning = time.Minute
)

// inCalls are the statuses of calls on their way: dialing, ringing, in a call
// (docs/api.md#call-status).
var inCalls = []int{3, 4, 5}

// scouting is how scouts went so far.
type scouting struct {
	log *slog.Logger

	mu       sync.Mutex
	page     int       // the size that last worked; 0 = none yet
	failures int       // in a row
	off      time.Time // nothing is scouted before
	warned   bool      // that they do not work
}

// ScoutAvailable reports whether a scout is worth its request: false for an
// hour after the vendor did not know the call or refused it, and for a while
// after other failures.
func (c *Client) ScoutAvailable(now time.Time) bool {
	c.scouting.mu.Lock()
	defer c.scouting.mu.Unlock()
	return !now.Before(c.scouting.off)
}

// Scout names orders of a task that are dialing, ringing or in a call, each
// once, at most 2,000. It takes one request of the limit, more where there are
// more than 500 such orders or where the API wants smaller pages, four at most.
//
// What it finds says when to look and no more: the names may be wrong, and what
// is missing may be in a call too. Those found before an error stand.
func (c *Client) Scout(ctx context.Context, task string) (ids []string, err error) {
	found, size, page := map[string]bool{}, c.scouting.pageSize(), 1
	for range scoutRequests {
		got, err := c.List(ctx, ListQuery{Task: task, Statuses: inCalls, Unfinished: true, Page: page, Size: size})
		if page == 1 && size > leastPage && isClass(err, Rejected) {
			size = max(leastPage, size/2) // the largest page is not documented
			continue
		}
		if err != nil {
			c.scouting.failed(time.Now(), err)
			return ids, err
		}
		c.scouting.worked(size)
		before := len(ids)
		for _, o := range got.Orders[:min(size, len(got.Orders))] {
			if onItsWay(o.Status) && !found[o.ID] {
				found[o.ID] = true
				ids = append(ids, o.ID)
			}
		}
		if got.Entries < size || got.Total >= 0 && page*size >= got.Total || len(ids) == before {
			break
		}
		page++
	}
	return ids, nil
}

// onItsWay reports whether an order may be in a call: one whose status is not
// shown was named because it is.
func onItsWay(s order.Status) bool {
	return s == order.NoStatus || s >= 3 && s <= 5
}

func (s *scouting) pageSize() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.page == 0 {
		return firstPage
	}
	return s.page
}

// worked notes an answer to a page of the size.
func (s *scouting) worked(size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.page, s.failures, s.off = size, 0, time.Time{}
	if s.warned {
		s.warned = false
		s.log.Info("listOrder of the Callbot API works: scouting for calls again")
	}
}

// failed notes that a scout failed, and logs once that they do not work.
//
// While the API is busy or down on purpose the pacer waits, for all requests: the
// scouts need no pause of their own then. Nor does it count that the caller has
// given up.
func (s *scouting) failed(now time.Time, err error) {
	failure, ok := errors.AsType[*Error](err)
	if !ok || failure.Class == Busy || failure.Class == Maintenance {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	pause := min(unsupportedFor, scoutPause<<min(s.failures, 10)) // 2^10 × scoutPause is over the bound
	s.failures++
	if Unsupported(err) {
		// Whatever size worked: when the vendor has changed its mind, it may have
		// about this too.
		pause, s.page = unsupportedFor, 0
	}
	s.off = now.Add(pause)
	if pause >= scoutWarning && !s.warned {
		s.warned = true
		s.log.Warn("listOrder of the Callbot API does not work: calls are found by looking alone, later",
			"error", err, "mend", "ask the vendor about listOrder; CALLBOT_SCOUT=false stops asking")
	}
}
