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
	// attempts is how often a failing batch is tried before it is suspected
	// (CONTRACT, errors of the API).
	attempts = 3
	// maxProbes is how many single orders are asked for to tell a bad batch
	// from a bad API. Three, so that one more bad order among them doesn't
	// decide; requests are scarce.
	maxProbes = 3
)

// Look asks for orders of one task, at most as many as the API takes in one
// request, and waits for the pacer before each request it takes. An order that
// spoils its batch is found by halving.
//
// The Look holds what was learnt even where there is an error: orders in none
// of its parts went unanswered and are to be asked for again. The error is an
// *Error, or wraps the context's.
//
// Sightings hold on to the whole answer and are to be decoded and dropped soon;
// what Decode returns holds on to its own order's bytes alone.
func (c *Client) Look(ctx context.Context, task string, ids []string) (order.Look, error) {
	l := &looking{
		c:    c,
		task: task,
		look: order.Look{Seen: make(map[string]order.Sighting, len(ids)), Missing: map[string]bool{}, Rejected: map[string]string{}},
	}
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

// batch looks at orders, halving them where that helps. Its error ends the
// whole Look: the API is in no state to judge orders.
func (l *looking) batch(ctx context.Context, ids []string) error {
	since, err := l.try(ctx, ids)
	var failure *Error
	if !errors.As(err, &failure) || failure.Class != Failing && failure.Class != Rejected {
		return err
	}
	alive, probeErr := l.alive(ctx, ids, failure.Class, since)
	switch {
	case probeErr != nil:
		return probeErr
	case !alive && failure.Class == Rejected:
		l.c.health.rejecting(failure)
		// It may go on for long; a person must act.
		l.c.pacer.report(time.Now(), Refused)
		return err
	case !alive:
		return err
	case len(ids) == 1:
		l.look.Rejected[ids[0]] = failure.brief()
		l.look.At = max(l.look.At, order.Millis(time.Now().UnixMilli()))
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
	for n := range attempts {
		var (
			started time.Time
			f       found
		)
		f, started, err = l.c.ask(ctx, l.task, ids)
		if n == 0 {
			since = started
		}
		if err == nil {
			l.learn(ids, f)
			return since, nil
		}
		if !isClass(err, Failing) {
			return since, err
		}
	}
	return since, err
}

func isClass(err error, class Class) bool {
	var failure *Error
	return errors.As(err, &failure) && failure.Class == class
}

// learn takes over what an answer showed of the orders of a batch.
func (l *looking) learn(ids []string, f found) {
	l.look.At = max(l.look.At, f.at)
	for _, id := range ids {
		if sighting, ok := f.seen[id]; ok {
			l.look.Seen[id] = sighting
		} else {
			l.look.Missing[id] = true
		}
	}
}

// alive reports whether the API answers for other orders, so that a batch's
// failure is the fault of an order in it. For a rejection the last minute's
// answers tell; for a failure only what came since the batch's first attempt.
// Where neither does, single orders are asked for: first the one last seen,
// then some of the batch. The error is of a probe that shows that the API is
// in no state to tell.
func (l *looking) alive(ctx context.Context, ids []string, class Class, since time.Time) (bool, error) {
	since = since.Add(1) // what came just before the attempt says nothing of it
	if class == Rejected {
		since = time.Now().Add(-answeringFor)
	}
	if l.c.health.answeredSince(since) {
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

// probes chooses the orders that are asked for to learn whether the API is
// alive. An order does not vouch against itself.
func (l *looking) probes(ids []string) []order.Ref {
	var probes []order.Ref
	witness, ok := l.c.health.lastWitness()
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

// ask sends one request when its turn has come and tells pacer, health and
// observer how it went.
func (c *Client) ask(ctx context.Context, task string, ids []string) (f found, started time.Time, err error) {
	started, err = c.pacer.Wait(ctx)
	if err != nil {
		return found{}, started, fmt.Errorf("wait for the turn to ask the Callbot API: %w", err)
	}
	answer, err := c.exchange(ctx, task, ids)
	took := time.Since(started)
	var failure *Error
	switch {
	case err == nil:
		c.cfg.Observer.Request("ok", 0, len(ids), took)
		c.pacer.report(started, "")
	case errors.As(err, &failure):
		c.cfg.Observer.Request(string(failure.Class), failure.RetCode, len(ids), took)
		c.pacer.report(started, failure.Class)
		if failure.Class == Refused {
			c.health.refused(failure)
		}
		return found{}, started, err
	default:
		c.cfg.Observer.Request("canceled", 0, len(ids), took)
		return found{}, started, err
	}
	return c.take(answer, task, ids), started, nil
}

// take finds the orders in a good answer.
func (c *Client) take(answer reply, task string, ids []string) found {
	now := time.Now()
	f := sight(answer.orders, task, ids, c.cfg.HashSeed)
	f.at = order.Millis(now.UnixMilli())
	if f.notAsked > 0 {
		c.cfg.Observer.Dropped(DroppedNotAsked, f.notAsked)
	}
	if f.otherTask > 0 {
		c.warnOfTask(now, f.otherTask)
	}
	if f.unreadable > 0 {
		c.cfg.Observer.Dropped(DroppedUnreadable, f.unreadable)
	}
	for id := range f.seen {
		c.health.answeredWell(now, order.Ref{Task: task, ID: id})
		return f
	}
	c.health.answeredNone(now)
	return f
}

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
