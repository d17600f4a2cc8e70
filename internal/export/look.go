package export

import (
	"context"

	"callstream/internal/order"
)

// look is the life of a batch of orders of one task: ask for them, decide what
// the replies mean, publish what is new, keep what is known. It returns an
// error only where the outcome of an effect is unknown.
func (w *worker) look(g *grace, batch []*checkout) error {
	answer := w.ask(g.asking, batch)
	if err := w.decide(batch, &answer); err != nil {
		return err
	}
	if err := w.publish(g.writing, batch); err != nil {
		return err
	}
	return w.keep(g.writing, batch)
}

// ask asks the API for a batch. What it says of some orders counts, also where
// it fails for others: those are unanswered.
func (w *worker) ask(ctx context.Context, batch []*checkout) order.Look {
	ids := make([]string, len(batch))
	for i, co := range batch {
		ids[i] = co.ref.ID
	}
	answer, err := w.api.Look(ctx, batch[0].ref.Task, ids)
	if err != nil && ctx.Err() == nil {
		w.log.Warn("the API did not answer for all orders of a batch; they are asked for again",
			"orders", len(ids), "answered", len(answer.Seen)+len(answer.Missing)+len(answer.Rejected), "err", err)
	}
	return answer
}

// decide gives each order of a batch its verdict. Its error is of a saved state
// that can't be read.
func (w *worker) decide(batch []*checkout, answer *order.Look) error {
	outcomes := map[order.Outcome]int{}
	var noticed order.Noticed
	var unreadable *checkout
	var why string
	for _, co := range batch {
		reply := answer.Reply(co.ref.ID, co.facts)
		reply.Answering = reply.Kind == order.NotInAnswer && w.api.Answering()
		var st *order.State
		if reply.NeedsState(co.facts) {
			var err error
			if st, err = w.announced(co); err != nil {
				return err
			}
		}
		co.verdict = order.Decide(co.facts, st, reply, w.cfg.Rules, w.cfg.Timing.Terms)
		if co.verdict.Outcome != order.OutcomeUnanswered {
			co.answered = reply.At
		}
		outcomes[co.verdict.Outcome]++
		noticed.Add(co.verdict.Noticed)
		if reply.Kind == order.Unreadable && unreadable == nil {
			unreadable, why = co, reply.Detail
		}
	}
	if unreadable != nil { // in one line: a vendor that changes a field changes it in all orders
		w.log.Error("orders in an answer can't be read; they are asked for again",
			"orders", outcomes[order.OutcomeUnreadable], "task", unreadable.ref.Task, "first", unreadable.ref.ID, "err", why)
	}
	w.observer.Looked(float64(len(batch))/float64(w.cfg.BatchSize), outcomes, noticed)
	return nil
}
