package export

import (
	"context"
	"fmt"
	"log/slog"

	"callstream/internal/order"
	"callstream/internal/record"
	"callstream/internal/request"
)

// worker carries jobs out: it asks, decides and writes. It knows nothing of
// the schedule and holds no order beyond a job, so that several may run at
// once. Its writes are in the order that the package's doc gives; where one
// fails, nothing after it happens.
type worker struct {
	cfg      *Config
	api      API
	out      Output
	states   States
	observer Observer
	log      *slog.Logger
}

// publish writes the events of a batch. One that fits no message becomes a dead
// letter of its order, and the rest goes on. A crash after it announces again:
// the same events under the same IDs, or what the API shows by then.
func (w *worker) publish(ctx context.Context, batch []*checkout) error {
	var events []*order.Event
	for _, co := range batch {
		events = append(events, co.verdict.Events...)
	}
	if len(events) == 0 {
		return nil
	}
	tooLarge, err := w.out.Publish(ctx, events)
	if err != nil {
		return fmt.Errorf("publish events: %w", err)
	}
	left := map[*order.Event]bool{}
	for _, big := range tooLarge {
		left[big.Event] = true
		for _, co := range batch {
			if co.ref == big.Event.Ref {
				co.verdict.Letters = append(co.verdict.Letters, order.LetterEventTooLarge(big.Event, big.Bytes))
			}
		}
	}
	w.tellPublished(batch, left)
	return nil
}

// tellPublished tells the observer which events of a batch are published, but
// for those left out, and how late they announce what they announce.
func (w *worker) tellPublished(batch []*checkout, left map[*order.Event]bool) {
	published := map[order.Kind]int{}
	var late []order.Lateness
	for _, co := range batch {
		since := co.facts.WantedSince()
		for _, ev := range co.verdict.Events {
			if !left[ev] {
				published[ev.Body.Kind()]++
				late = ev.AppendLateness(late, since)
			}
		}
	}
	w.observer.Published(batch[0].ref.Task, published, late)
}

// keep writes what orders came to once their events are acknowledged: dead
// letters first, then states. A crash between the two buries again; the other
// way round the letter would be lost, for the state says that all is done. A
// crash after both only has the requests read again, to find that out.
func (w *worker) keep(ctx context.Context, orders []*checkout) error {
	now := w.cfg.Now()
	var letters []request.DeadLetter
	var states []SavedState
	for _, co := range orders {
		changed, err := w.updateSaved(co, now)
		if err != nil {
			return err
		}
		if changed {
			states = append(states, SavedState{Ref: co.ref, Partition: co.partition, Value: co.saved})
		}
		letters = append(letters, co.deadLetters(now)...)
	}
	if err := w.bury(ctx, letters); err != nil {
		return err
	}
	if len(states) == 0 {
		return nil
	}
	if err := w.out.Save(ctx, states); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	return nil
}

func (w *worker) bury(ctx context.Context, letters []request.DeadLetter) error {
	if len(letters) == 0 {
		return nil
	}
	if err := w.out.Bury(ctx, letters); err != nil {
		return fmt.Errorf("write dead letters: %w", err)
	}
	for i := range letters {
		w.observer.DeadLetter(letters[i].Reason)
	}
	return nil
}

// forward sends requests home. A crash before they are marked here sends them
// again: their orders are looked at once more, and nothing is announced twice.
func (w *worker) forward(ctx context.Context, forwards []record.Message) error {
	if len(forwards) == 0 {
		return nil
	}
	if err := w.out.Forward(ctx, forwards); err != nil {
		return fmt.Errorf("forward requests home: %w", err)
	}
	w.observer.Forwarded(len(forwards))
	return nil
}
