package export

import "callstream/internal/order"

// What becomes of a hint for one order, as Observer.Hinted has it.
const (
	HintTaken    = "taken"    // the order is looked at with the next request of its task
	HintFollowed = "followed" // nobody had asked for the order; it is followed from now on
	HintIgnored  = "ignored"  // the order is unknown, rests, or is not to be looked at yet
)

// hint lets a hint have its effect on an order. It changes nothing that stands
// anywhere, so its part of the request is done at once: a crash loses the hint,
// and with it some time, for the order is looked at sooner or later anyway.
//
// Only a callback's hint for an order that nobody asked for can make more of it,
// and then it is a request like any other, done once the order is saved.
func (p *Pipeline) hint(ref order.Ref, in *intake, r *openRequest) {
	e := p.book.orders[ref]
	if e == nil && in.callback && p.cfg.CallbackFollow {
		p.observer.Hinted(HintFollowed)
		follow := &order.Request{Task: ref.Task, Orders: []string{ref.ID}, Mode: order.Follow, Time: in.request.Time}
		p.ask(p.book.entry(ref, in.partition), ask{follow, r})
		return
	}
	if e != nil && p.awaits(e) {
		p.observer.Hinted(HintTaken)
		p.hasten(e)
	} else {
		p.observer.Hinted(HintIgnored)
	}
	p.watermarks.done(r)
}

// awaits reports whether an order is being looked at, so that a hint can have it
// looked at sooner. One that rests stays at rest.
func (p *Pipeline) awaits(e *entry) bool {
	return e.facts.Rest == order.Active && e.facts.NotBefore <= p.now()
}

// hasten has an order looked at because of a hint, or notes the hint until the
// order is back: a look on its way may have been answered before the change.
func (p *Pipeline) hasten(e *entry) {
	if e.hinted = e.out; !e.out {
		p.book.hint(e, p.now())
	}
}

// hastenBack heeds the hint that came while an order was out, unless the order
// has come to rest or was forgotten.
func (p *Pipeline) hastenBack(e *entry) {
	if e.hinted && p.awaits(e) && p.book.orders[e.item.Ref] == e {
		p.hasten(e)
	}
}
