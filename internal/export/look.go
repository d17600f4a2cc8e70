package export

import (
	"context"
	"fmt"

	"callstream/internal/order"
)

// What a look says of an order, for metrics.
const (
	lookChanged    = "changed"
	lookUnchanged  = "unchanged" // read, and nothing new
	lookSame       = "hash"      // the same bytes as before: not read
	lookMissing    = "missing"
	lookRejected   = "rejected"
	lookUnreadable = "unreadable"
	lookUnanswered = "unanswered"
)

// dispatch starts a look where the API may be asked and a batch is ready. A
// batch is formed at the last moment, so that it is as full as it can be; hence
// one at a time, which lets the look take its turn before the next is asked for.
func (p *Pipeline) dispatch(jobs *jobs) {
	if p.looking >= p.cfg.Concurrency || p.api.Wait() > 0 {
		return
	}
	items := p.queue.Batch(p.now())
	if items == nil {
		return
	}
	batch := make([]*checkout, len(items))
	for i, item := range items {
		batch[i] = p.checkOut(p.orders[item.Ref])
	}
	p.looking++
	p.observer.Batch(float64(len(batch)) / float64(p.cfg.BatchSize))
	p.start(func() func() {
		err := p.look(jobs, batch)
		return func() {
			p.looking--
			if err != nil {
				// The outcome of the effects is unknown: the orders stay out,
				// and their next owner goes on from the saved state.
				p.fail("look at orders", err)
				return
			}
			for _, co := range batch {
				p.checkIn(co)
			}
		}
	})
}

// look asks for a batch of one task, publishes what is new, and saves. It
// returns an error only where the outcome of an effect is unknown.
func (p *Pipeline) look(jobs *jobs, batch []*checkout) error {
	ids := make([]string, len(batch))
	for i, co := range batch {
		ids[i] = co.ref.ID
	}
	look, err := p.api.Look(jobs.looks, batch[0].ref.Task, ids)
	if err != nil && jobs.looks.Err() == nil {
		p.log.Warn("the API did not answer for all orders of a batch; they are asked for again",
			"orders", len(ids), "answered", len(look.Seen)+len(look.Missing)+len(look.Rejected), "err", err)
	}
	var events []*order.Event
	counts := map[string]int{}
	for _, co := range batch {
		result, err := p.judge(co, &look, look.Missing[co.ref.ID])
		if err != nil {
			return err
		}
		counts[result]++
		events = append(events, co.events...)
	}
	p.logUnreadable(batch, counts[lookUnreadable])
	for result, n := range counts {
		p.observer.Looked(result, n)
	}
	if err := p.publish(jobs.effects, batch, events); err != nil {
		return err
	}
	return p.keep(jobs.effects, batch)
}

// publish publishes the events of a batch. One that fits no message is a dead
// letter of its order; the rest goes on.
func (p *Pipeline) publish(ctx context.Context, batch []*checkout, events []*order.Event) error {
	if len(events) == 0 {
		return nil
	}
	oversized, err := p.out.Publish(ctx, events)
	if err != nil {
		return fmt.Errorf("publish events: %w", err)
	}
	var published [3]int
	for _, ev := range events {
		published[ev.Body.Kind()]++
	}
	for _, big := range oversized {
		published[big.Event.Body.Kind()]--
		for _, co := range batch {
			if co.ref == big.Event.Ref {
				co.letters = append(co.letters, co.letter(order.ReasonTooLarge,
					fmt.Sprintf("a %s of attempt %d has %d bytes and fits no message", big.Event.Body.Kind(), big.Event.Attempt, big.Bytes)))
			}
		}
	}
	for kind, n := range published {
		p.observer.Published(order.Kind(kind), n)
	}
	return nil
}

// judge decides what an answer means for one order, and returns in a word what
// it was.
func (p *Pipeline) judge(co *checkout, look *order.Look, missing bool) (string, error) {
	co.at = look.At
	before := co.facts.Tracking
	result := lookUnanswered
	var err error
	sighting, seen := look.Seen[co.ref.ID]
	switch detail, rejected := look.Rejected[co.ref.ID]; {
	case seen:
		result, err = p.compare(co, sighting)
	case missing:
		result, err = lookMissing, p.missing(co)
	case rejected:
		result = lookRejected
		p.reject(co, detail)
	}
	if err != nil {
		return "", err
	}
	co.answered = result != lookUnanswered
	if co.facts.Tracking != (order.Tracking{}) { // else it is abandoned
		co.save = co.save || co.answered && (co.dirty || co.facts.Tracking != before)
	}
	return result, nil
}

// compare reads an order's part of an answer and finds what is new.
func (p *Pipeline) compare(co *checkout, sighting order.Sighting) (string, error) {
	f := &co.facts
	if sighting.Hash == co.hash && f.ChangedAt > 0 && f.ReplayAt == 0 {
		p.rest(co, false)
		return lookSame, nil
	}
	ans, err := sighting.Decode()
	if err != nil {
		p.unreadable(co, err)
		return lookUnreadable, nil
	}
	st, err := p.decode(co)
	if err != nil {
		return "", err
	}
	r := order.Compare(st, ans, co.at, p.cfg.Rules)
	p.observer.Stale(r.Stale)
	p.observer.Unknown(r.Unknown)
	co.events = r.Events
	if f.ReplayAt > 0 {
		co.events = append(co.events, order.Snapshot(r.State, ans, co.at, p.cfg.Rules)...)
	}
	co.state, co.save = r.State, r.Save
	if r.Again {
		p.observer.Corrections(1)
	}
	second := f.Again
	f.ChangedAt, f.Ended, f.Again = r.State.ChangedAt, r.State.Ended() && !r.Held, r.Again
	if co.hash = sighting.Hash; r.Again || r.Held {
		co.hash = 0 // the same bytes are to be read again: they confirm, or still hold a call back
	}
	if second && !f.Following() {
		f.Again = false // a value that differs in each answer does not keep a single look going
	}
	p.rest(co, r.Changed)
	if r.Changed {
		p.observer.Changed(co.at)
		return lookChanged, nil
	}
	return lookUnchanged, nil
}

// rest ends the looking where an answer was all that was wanted.
func (p *Pipeline) rest(co *checkout, changed bool) {
	f := &co.facts
	f.MissingSince, f.ReplayAt = 0, 0
	switch {
	case !f.Following():
		if !f.Again {
			f.Sleep(order.Once, co.at)
		}
	case !changed && p.cfg.Timing.Settled(*f, co.at):
		f.Sleep(order.Settled, co.at)
	}
}

// missing handles an order that a good answer does not show. One that was seen
// stays as it is; one never seen is asked for until its time is over.
func (p *Pipeline) missing(co *checkout) error {
	f := &co.facts
	if f.ChangedAt > 0 {
		if f.ReplayAt > 0 {
			st, err := p.decode(co)
			if err != nil {
				return err
			}
			co.events = order.Snapshot(st, &order.Answer{}, co.at, p.cfg.Rules)
		}
		f.Again = false // nothing is there to confirm a correction
		p.rest(co, false)
		return nil
	}
	p.absent(co)
	if p.cfg.Timing.NotFound(*f, co.at) {
		if p.api.Answering() {
			p.abandon(co, order.ReasonNotFound, "the API has never shown it")
		} else {
			f.MissingSince = co.at // time in which the API answers nobody does not count
		}
	}
	return nil
}

// absent notes since when an order never seen is waited for.
func (p *Pipeline) absent(co *checkout) {
	if co.facts.MissingSince == 0 {
		co.facts.MissingSince = co.at
	}
}

// logUnreadable says that orders of a batch can't be read, in one line: a vendor
// that changes a field changes it in all of them.
func (p *Pipeline) logUnreadable(batch []*checkout, n int) {
	for _, co := range batch {
		if co.unreadable != nil {
			p.log.Error("orders in an answer can't be read; they are asked for again",
				"orders", n, "task", co.ref.Task, "first", co.ref.ID, "err", co.unreadable)
			return
		}
	}
}

// unreadable handles an order whose part of an answer can't be read. Nothing
// is taken from it; the next look tries again.
func (p *Pipeline) unreadable(co *checkout, err error) {
	co.unreadable = err
	if co.facts.ChangedAt > 0 {
		return
	}
	p.absent(co)
	if p.cfg.Timing.NotFound(co.facts, co.at) {
		p.abandon(co, order.ReasonUnreadable, "the API's answer can't be read: "+err.Error())
	}
}

// reject handles an order that the API refuses by itself.
func (p *Pipeline) reject(co *checkout, detail string) {
	if co.facts.ChangedAt == 0 {
		p.abandon(co, order.ReasonRejected, detail)
		return
	}
	co.letters = append(co.letters, co.letter(order.ReasonRejected, detail))
	co.facts.Sleep(order.GaveUp, co.at)
}

// abandon buries an order that was never seen and forgets it.
func (p *Pipeline) abandon(co *checkout, reason order.Reason, detail string) {
	co.letters = append(co.letters, co.letter(reason, detail))
	co.save = co.saved != nil
	co.known = known{saved: co.saved}
}
