package callbot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"callstream/internal/order"
)

// CallbackPath is where the vendor's callbacks are taken.
const CallbackPath = "/callbacks/callbot"

const (
	// maxCallback bounds a callback's body, in bytes. One call without its lines
	// has a few kilobytes.
	maxCallback = 1 << 20
	// callbackRate is how many callbacks a second are taken: 400 lines whose
	// calls last 5 s each end 80 calls a second, with up to two callbacks each.
	// What is over it costs the API's freshness only: its orders are looked at
	// without a hint.
	callbackRate  = 200
	callbackBurst = 2 * callbackRate
	// callbacksAtOnce bounds the bodies in memory, to 32 MiB. At the 10 ms that
	// Kafka takes to acknowledge, so many do 3,200 a second.
	callbacksAtOnce = 32
	// callbackFresh is how far a callback's time may be from ours. Clocks that are
	// set by NTP differ by less than a second; the rest is for a callback that is
	// sent again under its first signature.
	callbackFresh = 5 * time.Minute
	// putTimeout is how long Kafka may take. It is under the 5 s that callers
	// commonly wait, and no longer than the server's own end takes.
	putTimeout = 3 * time.Second
)

// What becomes of a callback, as CallbackConfig.Observe has it.
const (
	CallbackAccepted  = "accepted"  // its hint stands in the request topic
	CallbackIgnored   = "ignored"   // it is about a task, not about an order
	CallbackForged    = "forged"    // it is not signed with the account's key
	CallbackReplayed  = "replayed"  // the very same was taken before, or it is too old or too new
	CallbackMalformed = "malformed" // it is signed, and names no order
	CallbackTooLarge  = "too-large"
	CallbackBusy      = "busy"   // there are too many
	CallbackFailed    = "failed" // Kafka did not take its hint in time
)

// CallbackConfig says whose callbacks are taken and where their hints go.
type CallbackConfig struct {
	UUID      string        // the account
	SecretKey func() string // its key as it is now; asked for each callback
	// CheckID says what is wrong with the ID of an order or a task; its error is
	// not shown.
	CheckID func(id string) error
	// Put puts a hint about an order where hints go, and returns nil once it is
	// acknowledged. It is called by many goroutines at a time.
	Put func(ctx context.Context, ref order.Ref) error
	// Observe is told what became of each callback.
	Observe func(result string)
	Log     *slog.Logger // nil = no log
}

// Callbacks takes the vendor's callbacks, an http.Handler. It believes nothing
// that one says: that it is signed with the account's key makes it a hint about
// the order that it names, which the API is then asked about.
type Callbacks struct {
	cfg      CallbackConfig
	mux      *http.ServeMux
	limit    *rate.Limiter
	room     chan struct{} // an entry for each callback that is read or put
	taken    digests
	warnings rate.Sometimes
}

// NewCallbacks returns a handler that serves CallbackPath.
func NewCallbacks(cfg CallbackConfig) *Callbacks {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	c := &Callbacks{
		cfg: cfg, mux: http.NewServeMux(), limit: rate.NewLimiter(callbackRate, callbackBurst),
		room: make(chan struct{}, callbacksAtOnce), warnings: rate.Sometimes{Interval: warnEvery},
	}
	c.mux.HandleFunc("POST "+CallbackPath, c.serve)
	return c
}

// ServeHTTP takes a callback.
func (c *Callbacks) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.mux.ServeHTTP(w, r) }

// refusal is why a callback is not taken. Its text holds nothing of the
// callback's: who is called stands in there.
type refusal struct {
	result string
	status int
	code   int // the vendor's retCode for it
	text   string
}

func (r *refusal) Error() string { return r.text }

func forged(text string) *refusal {
	return &refusal{CallbackForged, http.StatusUnauthorized, 6, text}
}

func replayed(text string) *refusal {
	return &refusal{CallbackReplayed, http.StatusUnauthorized, 6, text}
}

func malformed(text string) *refusal {
	return &refusal{CallbackMalformed, http.StatusBadRequest, 3, text}
}

func tooLarge() *refusal {
	return &refusal{CallbackTooLarge, http.StatusRequestEntityTooLarge, 4, fmt.Sprintf("over %d bytes", maxCallback)}
}

func busy() *refusal {
	return &refusal{CallbackBusy, http.StatusTooManyRequests, 7, "too many callbacks"}
}

func (c *Callbacks) serve(w http.ResponseWriter, r *http.Request) {
	result, status, code, text := CallbackAccepted, http.StatusOK, 0, "success"
	ignored, err := c.take(w, r)
	if ignored {
		result = CallbackIgnored
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		result, status, code, text = refused.result, refused.status, refused.code, refused.text
		c.warnings.Do(func() {
			c.cfg.Log.Warn("a callback was refused; callstream_callbacks_total counts them", "result", result, "why", text)
		})
	} else if err != nil {
		result, status, code, text = CallbackFailed, http.StatusServiceUnavailable, 5, "the hint could not be stored: send it again"
		c.warnings.Do(func() {
			c.cfg.Log.Warn("a callback's hint could not be put on the request topic; its order is looked at all the same, only later", "err", err)
		})
	}
	c.cfg.Observe(result)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"retCode":%d,"retMsg":%q}`, code, text) // the sender left: nobody to tell
}

// take does with a callback what is to be done. What can be refused by the head
// alone is refused before the body is read.
func (c *Callbacks) take(w http.ResponseWriter, r *http.Request) (ignored bool, err error) {
	select {
	case c.room <- struct{}{}:
		defer func() { <-c.room }()
	default:
		return false, busy()
	}
	if !c.limit.Allow() {
		return false, busy()
	}
	if r.ContentLength > maxCallback {
		return false, tooLarge()
	}
	if refused := c.checkHead(r.Header, time.Now()); refused != nil {
		return false, refused
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCallback))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return false, tooLarge()
	}
	if err != nil {
		return false, malformed("the body ended early")
	}
	if !signedRight(r.Header, stamp{}, c.cfg.SecretKey(), body) {
		return false, forged("the signature is wrong")
	}
	ref, about, refused := readCallback(string(body))
	if refused == nil && about == aboutOrder && (c.cfg.CheckID(ref.ID) != nil || c.cfg.CheckID(ref.Task) != nil) {
		refused = malformed("orderID or userTaskID is no ID that an order can have")
	}
	if refused != nil {
		return false, refused
	}
	return about == aboutTask, c.once(r, about, ref)
}

// checkHead refuses a callback that needs no look at its body.
func (c *Callbacks) checkHead(h http.Header, now time.Time) *refusal {
	if h.Get(headerUUID) != c.cfg.UUID || h.Get(headerRequestID) == "" || h.Get(headerSign) == "" {
		return forged("requestID or sign is missing, or uuid is another account")
	}
	created, err := strconv.ParseInt(h.Get(headerCreateTs), 10, 64)
	if err != nil {
		return forged("createTs is missing or no number")
	}
	at := time.Unix(created, 0)
	if created >= secondsBelow {
		at = time.UnixMilli(created)
	}
	if off := now.Sub(at); off > callbackFresh || off < -callbackFresh {
		return replayed(fmt.Sprintf("createTs is more than %v from the time here: check the clock if this goes on", callbackFresh))
	}
	return nil
}

// once acts on a callback unless the very same one was acted on before. Only one
// whose hint is acknowledged counts, so that what Kafka did not take may come
// again as it is. The vendor may also deliver twice on purpose; what is sent anew
// has a new time and so a new signature, and passes.
func (c *Callbacks) once(r *http.Request, about about, ref order.Ref) error {
	h := r.Header // in upper case, as signatures are compared: another spelling is not another callback
	key := digestOf(h.Get(headerRequestID), h.Get(headerCreateTs), strings.ToUpper(h.Get(headerSign)))
	if !c.taken.add(key, time.Now()) {
		return replayed("the same callback was taken before")
	}
	if about == aboutTask {
		return nil
	}
	// The sender may leave, and the server end, while Kafka takes it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), putTimeout)
	defer cancel()
	if err := c.cfg.Put(ctx, ref); err != nil {
		c.taken.remove(key)
		return fmt.Errorf("put a hint on the request topic: %w", err)
	}
	return nil
}
