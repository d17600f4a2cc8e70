package callbot

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"callstream/internal/order"
)

// What Trouble returns while the API refuses.
const (
	// AccountRefused: the account, the key or the address is wrong.
	AccountRefused = "account-refused"
	// RejectingEverything: requests are answered, but no order ever is.
	RejectingEverything = "rejecting-everything"
)

// answeringFor is how long a good answer vouches for the API
// (docs/api.md#retcode). An API that lost its database may call every order unknown or wrong;
// believed, it would turn all of them into dead letters. So what it says against
// an order counts only while it answers well for another.
const answeringFor = time.Minute

// standing is how we stand with the API as a whole, by its latest answers.
type standing struct {
	log *slog.Logger

	mu       sync.Mutex
	lastGood time.Time // when an order was last answered well
	witness  order.Ref // that order
	trouble  string
}

// answeredWell notes an answer that showed an order.
func (s *standing) answeredWell(now time.Time, witness order.Ref) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastGood, s.witness = now, witness
	s.set("", nil)
}

// answeredNone notes a good answer in which no order asked for was found.
func (s *standing) answeredNone(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.lastGood) <= answeringFor {
		s.set("", nil)
		return
	}
	s.set(RejectingEverything, errNoneKnown)
}

// refusal notes that the API refuses the account, or rejects whatever it is
// asked: trouble says which.
func (s *standing) refusal(trouble string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set(trouble, err)
}

// set changes the trouble and logs the change; a repeat is silent.
func (s *standing) set(trouble string, err error) {
	if s.trouble == trouble {
		return
	}
	s.trouble = trouble
	switch trouble {
	case "":
		s.log.Info("the Callbot API answers again")
	case AccountRefused: // err names the mend
		s.log.Error("the Callbot API refuses this account; trying on slowly", "error", err)
	case RejectingEverything:
		s.log.Error("the Callbot API answers, but no order well; trying on",
			"reason", err,
			"mend", "check that CALLBOT_UUID is the account that owns the tasks, and the userTaskID and orderID of the requests")
	}
}

var errNoneKnown = errors.New("it knows none of the orders asked for")

func (s *standing) answeredSince(t time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.lastGood.Before(t)
}

func (s *standing) lastWitness() (witness order.Ref, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.witness, !s.lastGood.IsZero()
}

// Answering reports whether the API answered some order well in the minute
// before now. Only then does "not found" say something about an order.
func (c *Client) Answering(now time.Time) bool {
	return c.standing.answeredSince(now.Add(-answeringFor))
}

// Trouble returns AccountRefused or RejectingEverything while the API refuses,
// else an empty string. The next good answer clears it.
func (c *Client) Trouble() string {
	c.standing.mu.Lock()
	defer c.standing.mu.Unlock()
	return c.standing.trouble
}
