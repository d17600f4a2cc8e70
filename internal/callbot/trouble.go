package callbot

import (
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

// answeringFor is how long one order answered well vouches for the API: what
// it says against another order counts that long (CONTRACT, errors of the API).
const answeringFor = time.Minute

// health is what the latest answers say of the API as a whole.
type health struct {
	log *slog.Logger

	mu       sync.Mutex
	lastGood time.Time // when an order was last answered well
	witness  order.Ref // that order
	trouble  string
}

// answeredWell notes an answer that showed an order.
func (h *health) answeredWell(now time.Time, witness order.Ref) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lastGood, h.witness = now, witness
	h.set("", nil)
}

// answeredNone notes a good answer in which no order asked for was found.
func (h *health) answeredNone(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now.Sub(h.lastGood) <= answeringFor {
		h.set("", nil)
		return
	}
	h.set(RejectingEverything, nil)
}

// refused notes that the API refuses the account.
func (h *health) refused(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.set(AccountRefused, err)
}

// rejecting notes that the API rejects whatever it is asked.
func (h *health) rejecting(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.set(RejectingEverything, err)
}

// set changes the trouble and logs the change; a repeat is silent.
func (h *health) set(trouble string, err error) {
	if h.trouble == trouble {
		return
	}
	h.trouble = trouble
	switch trouble {
	case "":
		h.log.Info("the Callbot API answers again")
	case AccountRefused: // err names the mend
		h.log.Error("the Callbot API refuses this account; trying on slowly", "error", err)
	case RejectingEverything:
		h.log.Error("the Callbot API answers, but no order well; trying on",
			"reason", reason(err),
			"mend", "check that CALLBOT_UUID is the account that owns the tasks, and the userTaskID and orderID of the requests")
	}
}

// reason is why no order is answered well; no error means that all are missing.
func reason(err error) string {
	if err == nil {
		return "it knows none of the orders asked for"
	}
	return err.Error()
}

func (h *health) answeredSince(t time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.lastGood.Before(t)
}

func (h *health) lastWitness() (witness order.Ref, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.witness, !h.lastGood.IsZero()
}

// Answering reports whether the API answered some order well in the minute
// before now. Only then does "not found" say something about an order.
func (c *Client) Answering(now time.Time) bool {
	return c.health.answeredSince(now.Add(-answeringFor))
}

// Trouble returns AccountRefused or RejectingEverything while the API refuses,
// else an empty string. The next good answer clears it.
func (c *Client) Trouble() string {
	c.health.mu.Lock()
	defer c.health.mu.Unlock()
	return c.health.trouble
}
