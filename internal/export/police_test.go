package export

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"callstream/internal/order"
	"callstream/internal/record"
	"callstream/internal/request"
)

// What is durable polices itself. Each check is made when something is written,
// against all that was written before it: the order of effects, seen from Kafka.

// seal holds what something durable looked like when it was written. Nobody
// may change it afterwards, which a buffer used again would do.
type seal struct {
	what, was string
	now       func() string
}

func (w *world) seal(what string, now func() string) {
	w.seals = append(w.seals, seal{what, now(), now})
}

func (w *world) checkSeals() {
	w.t.Helper()
	for _, s := range w.seals {
		if now := s.now(); now != s.was {
			w.t.Errorf("%s was changed after it was written:\n%s\n%s", s.what, s.was, now)
		}
	}
}

// checkEvent holds an event against those before it: an ID means one content,
// and a counter has no gap.
func (w *world) checkEvent(ev *order.Event) {
	about, n := subject(ev)
	last := 0
	for _, before := range w.events {
		if before.ID == ev.ID && content(before) != content(ev) {
			w.t.Errorf("ID %s means two contents:\n%s\n%s", ev.ID, content(before), content(ev))
		}
		if before.Ref != ev.Ref {
			continue // most are; to write a subject takes time
		}
		if same, count := subject(before); same == about {
			last = max(last, count)
		}
	}
	if n > last+1 {
		w.t.Errorf("%s: %d follows %d", about, n, last)
	}
}

// subject is what an event is about, and the number that counts what is
// announced of it.
func subject(ev *order.Event) (about string, count int) {
	about = fmt.Sprint(ev.Ref, ev.CallID, ev.Body.Kind())
	switch b := ev.Body.(type) {
	case *order.StatusChanged:
		return about, b.Sequence
	case *order.CallCompleted:
		return about, b.Revision
	case *order.TranscriptLine:
		return fmt.Sprint(about, b.Index, b.Occurrence), b.Revision
	}
	return about, 0
}

// content writes what an ID stands for.
func content(ev *order.Event) string {
	names := fmt.Sprint(ev.Ref, ev.Info, ev.CallID)
	switch b := ev.Body.(type) {
	case *order.StatusChanged:
		s := *b
		s.Previous = order.Opt{}
		return fmt.Sprintf("%s %+v", names, s)
	case *order.CallCompleted:
		s := *b
		s.ChangedFields = nil
		return fmt.Sprintf("%s %+v", names, s)
	case *order.TranscriptLine:
		return fmt.Sprintf("%s %+v", names, *b)
	}
	return ""
}

// checkState holds a state against what was written before it: the events and
// dead letters that it takes for granted, and the state it follows.
func (w *world) checkState(s stored) {
	if s.Partition != homeOf(s.Ref.ID) {
		w.t.Errorf("state of %s saved in partition %d", s.Ref.ID, s.Partition)
	}
	before := w.state(s.Ref.ID)
	if s.says == nil {
		if before == nil || before.Rest == order.Active && !w.buried(s.Ref.ID) {
			w.t.Errorf("state of %s was removed, and no dead letter says why: %+v", s.Ref.ID, before)
		}
		return
	}
	st := s.says
	if st.Rest == order.GaveUp && !w.buried(s.Ref.ID) {
		w.t.Errorf("state of %s says that it was given up, and no dead letter does", s.Ref.ID)
	}
	for i := range st.Calls {
		w.checkPublished(st, &st.Calls[i])
	}
	if before == nil {
		return
	}
	if newest(st) < newest(before) {
		w.t.Errorf("state of %s knows older requests than before: %+v, %+v", s.Ref.ID, st.Tracking, before.Tracking)
	}
	for i := range before.Calls {
		if i >= len(st.Calls) || st.Calls[i].Status.Sequence < before.Calls[i].Status.Sequence {
			w.t.Errorf("state of %s went back: %+v, %+v", s.Ref.ID, st.Calls, before.Calls)
			return
		}
	}
}

// newest returns the time of the newest request that a state knows of.
func newest(st *order.State) order.Millis { return max(st.FollowAt, st.OnceAt, st.StopAt) }

func (w *world) buried(id string) bool {
	return slices.ContainsFunc(w.letters, func(l request.DeadLetter) bool { return string(l.Key) == id })
}

// checkPublished: what a state says of a call was announced, word for word. The
// lines are left to the counters, for their text is not kept.
func (w *world) checkPublished(st *order.State, c *order.AnnouncedCall) {
	published := func(info order.Info, body order.Body) {
		claim := content(&order.Event{Ref: st.Ref, Info: info, CallID: c.ID, Body: body})
		if !slices.ContainsFunc(w.events, func(ev *order.Event) bool { return ev.Ref == st.Ref && ev.CallID == c.ID && content(ev) == claim }) {
			w.t.Errorf("the state of %s claims what was not published: %s", st.ID, claim)
		}
	}
	published(st.Infos[c.StatusRef], &c.Status)
	if c.Completion != nil {
		published(st.Infos[c.CompletionRef], c.Completion)
	}
}

func (w *world) checkCommit(partition int, offset int64) {
	if offset < w.committed[partition] {
		w.t.Errorf("partition %d: offset went back from %d to %d", partition, w.committed[partition], offset)
	}
	for _, rec := range w.requests[partition][:offset] {
		if undone := w.undone(rec); undone != "" {
			w.t.Errorf("request %d/%d was committed, but %s", rec.Partition, rec.Offset, undone)
		}
	}
}

// undone says what of a request does not stand anywhere; empty where all does:
// each order in a state that knows of a request as new, in a dead letter, or in
// a forward. A hint that is home leaves nothing, but for the order that it may
// begin to follow.
func (w *world) undone(rec record.Record) string {
	req, invalid, err := request.Read(&rec, nil)
	if err != nil {
		if !slices.ContainsFunc(w.letters, func(l request.DeadLetter) bool { return l.Partition == rec.Partition && l.Offset == rec.Offset }) {
			return "it is unreadable and no dead letter"
		}
		return ""
	}
	for _, o := range invalid {
		if !w.buried(o.ID) {
			return fmt.Sprintf("ID %q is no dead letter", o.ID)
		}
	}
	from := fmt.Sprintf("requests/%d/%d", rec.Partition, rec.Offset)
	asked := req.Time
	if req.Mode == order.Hint {
		asked = 0
	}
	for _, id := range req.Orders {
		if asked == 0 && homeOf(id) == rec.Partition && !(w.follows && request.FromCallback(&rec)) {
			continue
		}
		stands := w.buried(id) ||
			slices.ContainsFunc(w.states, func(s stored) bool { return s.Ref.ID == id && s.says != nil && newest(s.says) >= asked }) ||
			slices.ContainsFunc(w.forwards, func(f record.Message) bool {
				return origin(f) == from && bytes.Contains(f.Value, []byte(`"`+id+`"`))
			})
		if !stands {
			return "order " + id + " stands nowhere"
		}
	}
	return ""
}

// checkCommitted: all that is done is committed, and nothing is left undone.
func (w *world) checkCommitted() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for partition, log := range w.requests {
		done := slices.IndexFunc(log, func(r record.Record) bool { return w.undone(r) != "" })
		if done < 0 {
			done = len(log)
		}
		if w.committed[partition] != int64(done) {
			w.t.Errorf("partition %d: %d requests are committed, %d are done", partition, w.committed[partition], done)
		}
	}
}

func (w *world) allCommitted() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for p, log := range w.requests {
		if w.committed[p] != int64(len(log)) {
			return false
		}
	}
	return true
}

// state returns the last state saved of an order; nil where it was removed, or
// never was.
func (w *world) state(id string) *order.State {
	for i := len(w.states) - 1; i >= 0; i-- {
		if s := w.states[i]; s.Ref.ID == id {
			return s.says
		}
	}
	return nil
}

func (w *world) lastState(id string) *order.State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state(id)
}

func (w *world) decode(value []byte) *order.State {
	st, err := (*process)(nil).Decode(value)
	if err != nil {
		w.t.Errorf("saved state can't be read: %v", err)
	}
	return st
}

// repeats names what stands more than once, in a word each.
func (w *world) repeats() string {
	var words []string
	if repeated(w.events, func(ev *order.Event) string { return ev.ID.String() + fmt.Sprint(ev.Replay) }) {
		words = append(words, "events")
	}
	if repeated(w.letters, func(l request.DeadLetter) string {
		return fmt.Sprint(l.Reason, l.Detail, string(l.Key), string(l.Value))
	}) {
		words = append(words, "letters")
	}
	if repeated(w.forwards, origin) {
		words = append(words, "forwards")
	}
	return strings.Join(words, " ")
}

// origin is where a forward came from.
func origin(f record.Message) string {
	from, _ := record.Last(f.Headers, request.HeaderForwarded)
	return string(from)
}

func repeated[T any](items []T, name func(T) string) bool {
	had := map[string]bool{}
	for _, item := range items {
		if had[name(item)] {
			return true
		}
		had[name(item)] = true
	}
	return false
}
