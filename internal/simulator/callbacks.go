package simulator

import (
	"bytes"
	"container/heap"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// callbacksAtOnce is how many callbacks are on their way at a time, so that a
	// receiver that hangs holds up few others.
	callbacksAtOnce = 16
	// callbackTimeout is how long a receiver may take.
	callbackTimeout = 5 * time.Second
	// defaultCallbackDelay is in life's time, long enough for a poll to be first.
	defaultCallbackDelay = 10 * time.Second
)

// end is a moment in an order's story that a callback tells of: the end of a
// call, or of the order.
type end struct {
	ref
	number int // of the order's ends, from 0; see story.ends
	at     time.Time
	late   bool // it has been delayed already
}

// ends is a heap by time.
type ends []end

func (h ends) Len() int           { return len(h) }
func (h ends) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h ends) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push is for container/heap.
func (h *ends) Push(x any) { *h = append(*h, x.(end)) }

// Pop is for container/heap.
func (h *ends) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	*h = (*h)[:last]
	return e
}

// caller knows when callbacks are due. The simulator's lock guards it.
type caller struct {
	ends   ends
	dice   *rand.Rand    // its own: callbacks must not change what requests meet
	sent   int           // for request IDs
	sooner chan struct{} // holds something once the first end may have changed
}

func newCaller(seed uint64) caller {
	return caller{dice: rand.New(rand.NewPCG(seed, 1)), sooner: make(chan struct{}, 1)}
}

// CallbackStats counts the callbacks of the ends that have come so far.
type CallbackStats struct {
	Sent       int `json:"sent"`       // each sending counts
	Accepted   int `json:"accepted"`   // answered with HTTP 200
	Refused    int `json:"refused"`    // answered otherwise
	Unanswered int `json:"unanswered"` // nobody answered
	Lost       int `json:"lost"`       // by Faults.CallbackLoss
	Delayed    int `json:"delayed"`    // by Faults.CallbackDelay
	Duplicated int `json:"duplicated"` // by Faults.CallbackDuplicates
}

// ends are the moments that callbacks tell of, in order: of each call its end,
// then that of the order.
func (s *story) ends() []time.Duration {
	if s.nonexistent {
		return nil
	}
	all := make([]time.Duration, 0, len(s.rounds)+1)
	for i := range s.rounds {
		all = append(all, s.rounds[i].end)
	}
	return append(all, s.finish)
}

// expect notes an order's next end from number on that is still to come: those
// that are over when an order is first asked for were told of long ago. The
// caller holds the lock.
func (s *Simulator) expect(st *story, rec *record, number int, now time.Time) {
	if s.config.Callbacks == "" {
		return
	}
	for i, moment := range st.ends() {
		at := rec.start.Add(s.lifeTime(moment))
		if i < number || at.Before(now) && number == 0 {
			continue
		}
		s.schedule(end{ref: st.ref, number: i, at: at})
		return
	}
}

// schedule adds an end. The caller holds the lock.
func (s *Simulator) schedule(e end) {
	heap.Push(&s.caller.ends, e)
	select {
	case s.caller.sooner <- struct{}{}:
	default:
	}
}

// call sends callbacks as their ends come, until ctx ends.
func (s *Simulator) call(ctx context.Context) {
	transport := &http.Transport{MaxIdleConnsPerHost: callbacksAtOnce}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: callbackTimeout}
	var group errgroup.Group
	group.SetLimit(callbacksAtOnce)
	defer func() { _ = group.Wait() }() // none returns an error
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-s.caller.sooner:
		}
		callbacks, wait := s.due()
		for _, c := range callbacks {
			group.Go(func() error {
				s.deliver(ctx, client, c)
				return nil
			})
		}
		timer.Reset(wait)
	}
}

// due takes out the ends that have come and returns their callbacks, faults
// applied, and how long the next one has time.
func (s *Simulator) due() (callbacks []*callback, wait time.Duration) {
	now := s.config.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	hit := func(share float64) bool { return s.caller.dice.Float64() < share }
	for len(s.caller.ends) > 0 {
		e := s.caller.ends[0]
		if e.at.After(now) {
			return callbacks, e.at.Sub(now)
		}
		heap.Pop(&s.caller.ends)
		st, rec := s.tell(e.ref), s.orders[e.ref]
		if !e.late {
			s.expect(st, rec, e.number+1, now)
		}
		switch f := &s.faults; {
		case hit(f.CallbackLoss):
			s.stats.callbacks.Lost++
		case !e.late && hit(f.CallbackDelay):
			s.stats.callbacks.Delayed++
			e.at, e.late = now.Add(s.lifeTime(f.callbackDelay())), true
			s.schedule(e)
		default:
			c := s.compose(st, rec, e.number, now)
			callbacks = append(callbacks, c)
			if hit(f.CallbackDuplicates) {
				s.stats.callbacks.Duplicated++
				if s.caller.dice.IntN(2) == 0 { // signed anew; else the very same once more
					c = s.sealed(c.body, now)
				}
				callbacks = append(callbacks, c)
			}
		}
	}
	return callbacks, time.Hour
}

// callback is a callback ready to be sent.
type callback struct {
	signed
	sign string
	body []byte
}

// compose writes the callback of an order's end: orderCallback and callCallback
// have the same form. The caller holds the lock.
func (s *Simulator) compose(st *story, rec *record, number int, now time.Time) *callback {
	v := &view{version: max(s.versionAt(st, rec, now), 0), epoch: s.epoch(st, rec), seed: s.config.Seed, numeric: s.faults.NumericIDs, unknown: s.faults.UnknownStatus}
	round := &st.rounds[min(number, len(st.rounds)-1)]
	return s.sealed(st.renderCallback(v, round), now)
}

// sealed signs a callback. Some name the algorithm, others leave it to be MD5.
func (s *Simulator) sealed(body []byte, now time.Time) *callback {
	s.caller.sent++
	h := signed{requestID: "callback-" + strconv.Itoa(s.caller.sent), uuid: s.config.UUID, createTs: strconv.FormatInt(now.Unix(), 10)}
	if s.caller.dice.IntN(2) == 0 {
		h.algorithm = "SHA256"
	}
	sign, _ := h.sign(s.config.SecretKey, body)
	return &callback{h, sign, body}
}

// deliver sends a callback once and counts what came of it. It is not sent
// again: what the vendor does about a failure is not documented.
func (s *Simulator) deliver(ctx context.Context, client *http.Client, c *callback) {
	status := postCallback(ctx, client, s.config.Callbacks, c)
	if ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := &s.stats.callbacks
	n.Sent++
	switch status {
	case http.StatusOK:
		n.Accepted++
	case 0:
		n.Unanswered++
	default:
		n.Refused++
	}
	s.config.Log.Debug("callback sent", "callback", c.requestID, "status", status)
}

// postCallback returns the HTTP status; 0 where there was no answer.
func postCallback(ctx context.Context, client *http.Client, url string, c *callback) int {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(c.body))
	if err != nil {
		return 0
	}
	r.Header.Set("Content-Type", "application/json")
	for name, value := range map[string]string{
		headerRequestID: c.requestID, headerUUID: c.uuid, headerCreateTs: c.createTs, headerAlgorithm: c.algorithm, headerSign: c.sign,
	} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	answer, err := client.Do(r)
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body) // so that the connection serves the next
	return answer.StatusCode
}
