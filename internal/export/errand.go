package export

import (
	"context"
	"fmt"
	"time"

	"callstream/internal/order"
)

// errands collects effects that need no answer of the API. They go out
// together, one lot at a time.
type errands struct {
	next  lot
	bytes int  // of what next passes on
	out   bool // a lot is in flight
}

// lot is what goes out at once: what is passed on first, then the orders.
type lot struct {
	forwards []Forward
	letters  []DeadLetter
	after    []*pending // requests that wait for forwards and letters
	orders   []*checkout
}

// pass adds what a request passes on.
func (e *errands) pass(forwards []Forward, letters []DeadLetter, r *pending) {
	e.next.forwards = append(e.next.forwards, forwards...)
	e.next.letters = append(e.next.letters, letters...)
	e.next.after = append(e.next.after, r)
	for i := range forwards {
		e.bytes += len(forwards[i].Value)
	}
	for i := range letters {
		e.bytes += len(letters[i].Value)
	}
}

// save adds an order whose facts changed: it waits for its time, or rests.
func (e *errands) save(co *checkout) {
	co.answered, co.save = true, true
	e.next.orders = append(e.next.orders, co)
}

// remove adds an order whose state is to be removed.
func (e *errands) remove(co *checkout) {
	co.known = known{}
	e.save(co)
}

// giveUp adds an order that was followed for too long.
func (e *errands) giveUp(co *checkout, now order.Millis) {
	e.save(co)
	co.letters = append(co.letters, co.letter(order.ReasonGaveUp, ""))
	co.facts.Sleep(order.GaveUp, now)
}

// runErrands starts the next lot, if there is one and none is out.
func (p *Pipeline) runErrands(jobs *jobs) {
	l := p.errands.next
	if p.errands.out || len(l.orders)+len(l.after) == 0 {
		return
	}
	p.errands = errands{out: true}
	p.start(func() func() {
		err := p.run(jobs.effects, &l)
		return func() {
			p.errands.out = false
			if err != nil {
				p.fail("forward, bury and save", err)
				return
			}
			for _, r := range l.after {
				p.settle(r)
			}
			for _, co := range l.orders {
				p.checkIn(co)
			}
		}
	})
}

// run carries a lot out.
func (p *Pipeline) run(ctx context.Context, l *lot) error {
	if err := p.out.Forward(ctx, l.forwards); err != nil {
		return fmt.Errorf("forward requests home: %w", err)
	}
	p.observer.Forwarded(len(l.forwards))
	if err := p.bury(ctx, l.letters); err != nil {
		return err
	}
	return p.keep(ctx, l.orders)
}

// keep writes what orders came to, once their events are acknowledged: dead
// letters first, then state. A crash between the two buries again.
func (p *Pipeline) keep(ctx context.Context, orders []*checkout) error {
	var letters []DeadLetter
	var states []SavedState
	for _, co := range orders {
		if co.save {
			if err := p.encode(co); err != nil {
				return err
			}
			states = append(states, SavedState{Ref: co.ref, Partition: co.partition, Value: co.saved})
		}
		letters = append(letters, co.letters...)
	}
	if err := p.bury(ctx, letters); err != nil {
		return err
	}
	if len(states) == 0 {
		return nil
	}
	if err := p.out.Save(ctx, states); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	return nil
}

func (p *Pipeline) bury(ctx context.Context, letters []DeadLetter) error {
	if len(letters) == 0 {
		return nil
	}
	if err := p.out.Bury(ctx, letters); err != nil {
		return fmt.Errorf("write dead letters: %w", err)
	}
	for i := range letters {
		p.observer.DeadLetter(letters[i].Reason)
	}
	return nil
}

// encode brings the bytes to save up to date with the facts. An order without
// facts is removed.
func (p *Pipeline) encode(co *checkout) error {
	if co.facts.Tracking == (order.Tracking{}) {
		co.saved, co.dirty = nil, false
		return nil
	}
	st := co.state
	if st == nil {
		var err error
		if st, err = p.decode(co); err != nil {
			return err
		}
	}
	if st.TrackedSince == 0 {
		st.TrackedSince = p.now()
	}
	co.describe(st)
	st.Tracking, st.Hash = co.facts.Tracking, co.hash
	value, err := p.states.Encode(st)
	if err == nil && len(value) > p.cfg.StateLimit {
		co.letters = append(co.letters, co.letter(order.ReasonTooLarge,
			fmt.Sprintf("the order's state has %d bytes, %d fit; it is no longer followed", len(value), p.cfg.StateLimit)))
		co.forget(st, p.now())
		value, err = p.states.Encode(st)
	}
	if err != nil {
		return fmt.Errorf("encode state: %w", err)
	}
	co.saved, co.dirty, co.state = value, false, nil
	return nil
}

// decode returns the order's state as it was saved; a new one where there is
// none.
func (p *Pipeline) decode(co *checkout) (*order.State, error) {
	if co.saved == nil {
		return &order.State{Ref: co.ref}, nil
	}
	st, err := p.states.Decode(co.saved)
	if err != nil {
		return nil, fmt.Errorf("decode state: %w", err)
	}
	return st, nil
}

// forget leaves of a state only that the order is not followed. Asked for
// again, it is announced anew.
func (co *checkout) forget(st *order.State, now order.Millis) {
	co.facts.Sleep(order.GaveUp, now)
	co.facts.ChangedAt, co.facts.Ended, co.hash = 0, false, 0
	*st = order.State{Ref: st.Ref, Tracking: co.facts.Tracking}
}

// letter writes a dead letter of the order: a request for it alone.
func (co *checkout) letter(reason order.Reason, detail string) DeadLetter {
	now := time.Now()
	r := order.Request{Task: co.ref.Task, Orders: []string{co.ref.ID}, Mode: order.LookOnce, NotBefore: co.facts.NotBefore}
	switch {
	case co.facts.FollowAt > 0:
		r.Mode = order.Follow
	case co.facts.ReplayAt > 0:
		r.Mode = order.Replay
	}
	if d := co.facts.Deadline; int64(d) > now.UnixMilli() { // one that is over would end a new try at once
		r.Deadline = d
	}
	return DeadLetter{
		Reason: reason, Detail: detail, Partition: co.partition, Offset: co.offset, Time: now,
		Key: []byte(co.ref.ID), Value: writeRequest(&r),
	}
}

// describe fills in what was last known of an order that is given up.
func (co *checkout) describe(st *order.State) {
	for i := range co.letters {
		if l := &co.letters[i]; l.Reason == order.ReasonGaveUp && l.Detail == "" {
			l.Detail = lastKnown(st)
		}
	}
}

func lastKnown(st *order.State) string {
	if st.ChangedAt == 0 {
		return "its time is over; no answer that can be read has shown it"
	}
	if len(st.Calls) == 0 {
		return fmt.Sprintf("its time is over; last known: no call announced, finished %t", st.Finished)
	}
	last := &st.Calls[len(st.Calls)-1]
	return fmt.Sprintf("its time is over; last known: finished %t, calls %d, the last %s (%d), last change %s",
		st.Finished, len(st.Calls), last.Status.Status, last.Status.Status, formatTime(st.ChangedAt))
}
