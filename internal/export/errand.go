package export

import (
	"context"
	"slices"

	"callstream/internal/order"
	"callstream/internal/record"
	"callstream/internal/request"
)

// errands collects effects that need no answer of the API. They go out
// together, one lot at a time.
type errands struct {
	next  lot
	bytes int  // of what next passes on
	out   bool // a lot is in flight
}

// lot is what goes out at once, in this order.
type lot struct {
	forwards []record.Message
	letters  []request.DeadLetter
	passedOn []*openRequest // requests that wait for the forwards and letters
	timeOver []*checkout    // orders whose time is over
	changed  []*checkout    // orders that a request changed and that need no look now
}

func (l *lot) empty() bool { return len(l.passedOn)+len(l.timeOver)+len(l.changed) == 0 }

// passOn adds what a request passes on.
func (e *errands) passOn(forwards []record.Message, letters []request.DeadLetter, r *openRequest) {
	e.next.forwards = append(e.next.forwards, forwards...)
	e.next.letters = append(e.next.letters, letters...)
	e.next.passedOn = append(e.next.passedOn, r)
	for i := range forwards {
		e.bytes += len(forwards[i].Value)
	}
	for i := range letters {
		e.bytes += len(letters[i].Value)
	}
}

// take returns the next lot; nil where there is none or one is out.
func (e *errands) take() *lot {
	if e.out || e.next.empty() {
		return nil
	}
	l := e.next
	*e = errands{out: true}
	return &l
}

// carry carries a lot out.
func (w *worker) carry(ctx context.Context, l *lot) error {
	if err := w.forward(ctx, l.forwards); err != nil {
		return err
	}
	if err := w.bury(ctx, l.letters); err != nil {
		return err
	}
	now := millis(w.cfg.Now())
	for _, co := range l.timeOver {
		var st *order.State
		if co.facts.Rest == order.Active {
			var err error
			if st, err = w.announced(co); err != nil {
				return err
			}
		}
		co.verdict = order.TimeIsOver(co.facts, st, now, request.FormatTime)
	}
	for _, co := range l.changed {
		co.verdict = order.NoLook(co.facts)
	}
	return w.keep(ctx, l.orders())
}

func (l *lot) orders() []*checkout { return slices.Concat(l.timeOver, l.changed) }
