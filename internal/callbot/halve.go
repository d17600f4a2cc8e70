package callbot

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"callstream/internal/order"
)

const (
	// tries is how often a failing batch is asked for before one of its orders
	// is suspected (docs/api.md#retcode): most failures pass by
	// themselves, and each suspicion costs requests.
	tries = 3
	// maxProbes is how many single orders are asked for to tell a bad order
	// from a bad API. With one or two, a second bad order among them would
	// make a working API look dead; more would cost requests, which are scarce.
	maxProbes = 3
)

// Look asks for orders of one task, at most as many as the API takes in one
// request, and waits for the pacer before each request it takes. An order that
// spoils its batch is found by halving.
//
// The Look holds what was learnt even where there is an error. An order that is
// neither Seen, Missing nor Rejected went unanswered: nothing is known of it, and
// it is to be asked for again. The error is an
// *Error, or wraps the context's.
//
// A Sighting keeps the whole answer in memory, up to 64 MiB, so it is to be
// decoded and dropped soon. What Decode returns keeps its own order's bytes alone.
func (c *Client) Look(ctx context.Context, task string, ids []string) (order.Look, error) {
	look := order.Look{Seen: make(map[string]order.Sighting, len(ids)), Missing: map[string]bool{}, Rejected: map[string]string{}}
	l := &looking{c, task, look}
	ids = unique(ids)
	var err error
	if len(ids) > 0 {
		err = l.batch(ctx, ids)
	}
	return l.look, err
}

// looking is one Look under way.
type looking struct {
	c    *Client
	task string
	look order.Look
}

// batch looks at orders, and halves them where one of them spoils the answer.
//
// A batch that fails may hold a bad order, or the API may be down. Only while
// the API answers for other orders is an order to blame; else a dead API would
// make a dead letter of every order. So a batch of 500 with one bad order goes
// down as 250, 125, 62 … until the bad one stands alone and is rejected, while
// against a dead API the whole batch stays unanswered, at the cost of a few
// probes. An error ends the whole Look: nothing can be learnt at present.
func (l *looking) batch(ctx context.Context, ids []string) error {
	since, err := l.try(ctx, ids)
	var failure *Error
	if !errors.As(err, &failure) || failure.Class != Failing && failure.Class != Rejected {
		return err
	}
	answered, probeErr := l.othersAnswered(ctx, ids, failure.Class, since)
	switch {
	case probeErr != nil:
		return probeErr
	case !answered && failure.Class == Rejected:
		l.c.standing.refusal(RejectingEverything, failure)
		// A person must act, which may take long: knock as seldom as at an API
		// that refuses the account.
		l.c.pacer.report(time.Now(), Refused)
		return err
	case !answered:
		return err
	case len(ids) == 1:
		l.look.Rejected[ids[0]] = failure.brief()
		l.look.At = max(l.look.At, l.c.now())
		return nil
	}
	half := len(ids) / 2
	if err := l.batch(ctx, ids[:half]); err != nil {
		return err
	}
	return l.batch(ctx, ids[half:])
}

// try asks for a batch, several times while it fails. since is when it first
// did.
func (l *looking) try(ctx context.Context, ids []string) (since time.Time, err error) {
	for range tries {
		f, started, failed := l.c.ask(ctx, l.task, ids)
		if since.IsZero() {
			since = started
		}
		if err = failed; err == nil {
			l.learn(ids, f)
		}
		if !isClass(err, Failing) {
			break
		}
	}
	return since, err
}

func isClass(err error, class Class) bool {
	failure, ok := errors.AsType[*Error](err)
	return ok && failure.Class == class
}

// learn takes over what an answer showed of the orders of a batch.
func (l *looking) learn(ids []string, f findings) {
	l.look.At = max(l.look.At, f.at)
	for _, id := range ids {
		if sighting, ok := f.seen[id]; ok {
			l.look.Seen[id] = sighting
		} else {
			l.look.Missing[id] = true
		}
	}
}

// othersAnswered reports whether the API answers for other orders, so that it
// is an order of the batch that is at fault.
//
// A rejection is about its batch alone, so any good answer of the last minute
// shows that the API as such is content. A failure may have begun a moment ago,
// so only an answer that came after the batch was first asked for (since) tells.
// Where no such answer is known, single orders are probed. The error is of a
// probe that shows the API to be busy, down on purpose or closed to us: it tells
// nothing of the batch.
func (l *looking) othersAnswered(ctx context.Context, ids []string, class Class, since time.Time) (bool, error) {
	since = since.Add(1) // an answer of that very moment came before the batch was asked for
	if class == Rejected {
		since = time.Now().Add(-answeringFor)
	}
	if l.c.standing.answeredSince(since) {
		return true, nil
	}
	for _, probe := range l.probes(ids) {
		_, _, err := l.c.ask(ctx, probe.Task, []string{probe.ID})
		if err == nil {
			return true, nil
		}
		if !isClass(err, Failing) && !isClass(err, Rejected) {
			return false, err
		}
	}
	return false, nil
}

// probes chooses the single orders to ask for: first the witness, the order
// that was last answered well, then some of the batch by chance, so that a next
// look tries others where these were all bad. An order cannot be its own
// witness: if the API answered well for A a minute ago and now fails for A alone,
// asking for A again tells nothing new.
func (l *looking) probes(ids []string) []order.Ref {
	var probes []order.Ref
	witness, ok := l.c.standing.lastWitness()
	if ok && (len(ids) > 1 || witness != order.Ref{Task: l.task, ID: ids[0]}) {
		probes = append(probes, witness)
	}
	if len(ids) == 1 {
		return probes
	}
	for _, i := range rand.Perm(len(ids)) {
		if len(probes) == maxProbes {
			break
		}
		if probe := (order.Ref{Task: l.task, ID: ids[i]}); !ok || probe != witness {
			probes = append(probes, probe)
		}
	}
	return probes
}

// detail asks for orders of a task.
func detail(task string, ids []string) question {
	return question{call: ListOrderDetail, read: readEnvelope, body: struct {
		ProductID  string   `json:"productID"`
		UserTaskID string   `json:"userTaskID"`
		OrderList  []string `json:"orderList"`
	}{product, task, ids}}
}

// ask sends one request for orders when its turn has come, and tells standing
// how it went.
func (c *Client) ask(ctx context.Context, task string, ids []string) (f findings, started time.Time, err error) {
	answer, started, err := c.inTurn(ctx, detail(task, ids), len(ids))
	if failure, ok := errors.AsType[*Error](err); ok && failure.Class == Refused {
		c.standing.refusal(AccountRefused, failure)
	}
	if err != nil {
		return findings{}, started, err
	}
	return c.findOrders(answer, task, ids), started, nil
}

// inTurn sends one request when its turn has come, and tells pacer and observer
// how it went.
func (c *Client) inTurn(ctx context.Context, q question, asked int) (answer envelope, started time.Time, err error) {
	started, err = c.pacer.Wait(ctx)
	if err != nil {
		return envelope{}, started, fmt.Errorf("wait for the turn to ask the Callbot API: %w", err)
	}
	answer, err = c.exchange(ctx, q)
	took := time.Since(started)
	var failure *Error
	switch {
	case err == nil:
		c.cfg.Observer.Request(q.call, "ok", 0, asked, took)
		// A list that is answered while listOrderDetail refuses the account must
		// not make it knock more often.
		if q.call != ListOrder || c.Trouble() == "" {
			c.pacer.report(started, "")
		}
	case errors.As(err, &failure):
		failure.call = q.call
		c.cfg.Observer.Request(q.call, string(failure.Class), failure.RetCode, asked, took)
		c.pacer.report(started, failure.pace())
	default:
		c.cfg.Observer.Request(q.call, "canceled", 0, asked, took)
	}
	return answer, started, err
}

// findOrders finds the asked-for orders in a good answer.
func (c *Client) findOrders(answer envelope, task string, ids []string) findings {
	now := time.Now()
	f := sight(answer.orders, task, ids, c.cfg.HashSeed)
	f.at = c.now()
	if f.notAsked > 0 {
		c.cfg.Observer.Dropped(DroppedNotAsked, f.notAsked)
	}
	if f.otherTask > 0 {
		// They count as not shown, and in the end as not found.
		c.taskWarnings.Do(func() {
			c.cfg.Log.Warn("the Callbot API shows orders asked for under another userTaskID; they are left out",
				"orders", f.otherTask, "mend", "check the userTaskID of the requests")
		})
	}
	if f.unreadable > 0 {
		c.cfg.Observer.Dropped(DroppedUnreadable, f.unreadable)
	}
	for id := range f.seen {
		c.standing.answeredWell(now, order.Ref{Task: task, ID: id})
		return f
	}
	c.standing.answeredNone(now)
	return f
}

// now is the moment as the orders' clock has it, which need not be the machine's.
func (c *Client) now() order.Millis { return order.Millis(c.cfg.Now().UnixMilli()) }

// unique returns the IDs without repeats, in their order.
func unique(ids []string) []string {
	had := make(map[string]bool, len(ids))
	var once []string
	for _, id := range ids {
		if !had[id] {
			had[id] = true
			once = append(once, id)
		}
	}
	return once
}
