package order

import (
	"encoding/json"
	"fmt"
	"slices"
)

// A chronicle keeps what was announced of one order and polices what must hold
// of it, whatever the answers were.
type chronicle struct {
	ids      map[ID]string // content by ID
	contents map[string]ID
	last     map[string]ID // by what is announced: see subject
	counts   map[string]int
	status   map[string]Status // the last known one
	ended    map[string]bool   // CallCompleted was announced
}

func newChronicle() *chronicle {
	return &chronicle{map[ID]string{}, map[string]ID{}, map[string]ID{}, map[string]int{}, map[string]Status{}, map[string]bool{}}
}

// subject is what an event is about, and the place of the event in its count.
func subject(ev *Event) (subject string, count int) {
	switch b := ev.Body.(type) {
	case *StatusChanged:
		return "status " + ev.CallID, b.Sequence
	case *CallCompleted:
		return "completed " + ev.CallID, b.Revision
	case *TranscriptLine:
		return fmt.Sprintf("line %s %d/%d", ev.CallID, b.Index, b.Occurrence), b.Revision
	}
	panic("no such body")
}

// content is all of an event that its ID stands for.
func content(ev *Event) string {
	var body any = ev.Body
	switch b := ev.Body.(type) {
	case *StatusChanged:
		c := *b
		c.Previous, c.Final = Opt{}, false
		body = c
	case *CallCompleted:
		c := *b
		c.ChangedFields = nil
		body = c
	}
	text, err := json.Marshal([]any{ev.Body.Kind(), ev.Ref, ev.Info, ev.CallID, body})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// add takes over what a comparison announced; its error is what must not be.
func (c *chronicle) add(events []*Event) error {
	for _, ev := range events {
		about, count := subject(ev)
		if c.counts[about]++; c.counts[about] != count {
			return fmt.Errorf("%s is counted %d, want %d", about, count, c.counts[about])
		}
		text := content(ev)
		if _, known := c.ids[ev.ID]; known {
			return fmt.Errorf("%s announced twice, or two contents share its ID", about)
		}
		if _, known := c.contents[text]; known {
			return fmt.Errorf("%s: one content, two IDs", about)
		}
		c.ids[ev.ID], c.contents[text], c.last[about] = text, ev.ID, ev.ID
		if err := c.addBody(ev); err != nil {
			return fmt.Errorf("%s, count %d: %w", about, count, err)
		}
	}
	return nil
}

func (c *chronicle) addBody(ev *Event) error {
	switch b := ev.Body.(type) {
	case *StatusChanged:
		from, moved := c.status[ev.CallID]
		if (b.Sequence > 1) != b.Previous.Set || moved && Status(b.Previous.N) != from {
			return fmt.Errorf("previous status is %v, was %d", b.Previous, from)
		}
		switch ended := c.ended[ev.CallID]; {
		case b.Status == NoStatus || moved && b.Status == from:
			return fmt.Errorf("from %d to %d is no change", from, b.Status)
		case ended && (!b.Final || b.Status == Completed):
			return fmt.Errorf("from final %d to %d", from, b.Status)
		case moved && !ended && from.Known() && b.Status.Known() && b.Status < from:
			return fmt.Errorf("from %d back to %d", from, b.Status)
		case b.Status.Known() && b.Final != (b.Status >= 6):
			return fmt.Errorf("status %d said to be final: %t", b.Status, b.Final)
		}
		c.status[ev.CallID] = b.Status
	case *CallCompleted:
		if b.Status != c.status[ev.CallID] || b.Status.Known() && b.Status < 6 {
			return fmt.Errorf("completed with %d, announced as %d", b.Status, c.status[ev.CallID])
		}
		if (b.Revision > 1) != (len(b.ChangedFields) > 0) {
			return fmt.Errorf("changed fields %v", b.ChangedFields)
		}
		c.ended[ev.CallID] = true
	case *TranscriptLine:
		if _, announced := c.status[ev.CallID]; !announced {
			return fmt.Errorf("a line of a call that was not announced")
		}
	}
	return nil
}

// agrees checks that the state is exactly what was announced.
func (c *chronicle) agrees(st *State) error {
	told := 0
	attempts := map[int]bool{}
	for k := range st.Calls {
		call := &st.Calls[k]
		if call.Attempt < 1 || attempts[call.Attempt] {
			return fmt.Errorf("call %s: attempt %d is taken or none", call.ID, call.Attempt)
		}
		attempts[call.Attempt] = true
		for i := range call.Lines {
			l := &call.Lines[i]
			if n := c.counts[fmt.Sprintf("line %s %d/%d", call.ID, l.Index, l.Occurrence)]; n != l.Revision {
				return fmt.Errorf("call %s: line %d/%d remembered with revision %d, announced %d", call.ID, l.Index, l.Occurrence, l.Revision, n)
			}
		}
		told += 1 + len(call.Lines)
		if n := c.counts["status "+call.ID]; n != call.Status.Sequence {
			return fmt.Errorf("call %s: sequence remembered %d, announced %d", call.ID, call.Status.Sequence, n)
		}
		if c.ended[call.ID] != (call.Completion != nil) {
			return fmt.Errorf("call %s: completed announced %t", call.ID, c.ended[call.ID])
		}
		if call.Completion != nil {
			told++
		}
	}
	if told != len(c.counts) {
		return fmt.Errorf("%d things remembered, %d announced", told, len(c.counts))
	}
	return nil
}

// snapshot checks that a snapshot gives the IDs that were announced last, of
// all that it can know: lines come again where the answer shows them.
func (c *chronicle) snapshot(st *State, ans *Answer) error {
	again := map[string]bool{}
	for _, ev := range Snapshot(st, ans, 99, Rules{Transcripts: true}) {
		about, _ := subject(ev)
		if again[about] || !ev.Replay || ev.ObservedAt != 99 {
			return fmt.Errorf("%s: twice, or not marked as a replay", about)
		}
		again[about] = true
		if c.last[about] != ev.ID {
			return fmt.Errorf("%s comes again under another ID", about)
		}
	}
	for about := range c.last {
		if about[:4] != "line" && !again[about] {
			return fmt.Errorf("%s does not come again", about)
		}
	}
	return nil
}

// follow lays the answers over each other as an exporter does, and polices all
// of it: the announcements, the states, and that no state is changed later.
func follow(answers []*Answer, rules Rules) (*State, *chronicle, error) {
	st, told := &State{Ref: storyRef}, newChronicle()
	var states []*State
	var texts []string
	for i, ans := range answers {
		states, texts = append(states, st), append(texts, jsonOf(st))
		at := Millis(1000 + i)
		got := Compare(st, ans, at, rules)
		if branch := Compare(restored(texts[i]), deepClone(ans), at, rules); jsonOf(branch) != jsonOf(got) {
			return nil, nil, fmt.Errorf("answer %d: the state read back announces\n%s\nnot\n%s", i, said(branch.Events), said(got.Events))
		}
		if err := told.add(got.Events); err != nil {
			return nil, nil, fmt.Errorf("answer %d: %w", i, err)
		}
		if got.Save == (got.State == st) || got.Changed && !got.Save || len(got.Events) > 0 && !got.Changed {
			return nil, nil, fmt.Errorf("answer %d: changed %t, save %t, %d events", i, got.Changed, got.Save, len(got.Events))
		}
		if changed := jsonOf(got.State) != texts[i]; changed != got.Save {
			return nil, nil, fmt.Errorf("answer %d: save %t, yet the state changed: %t", i, got.Save, changed)
		}
		if err := told.agrees(got.State); err != nil {
			return nil, nil, fmt.Errorf("answer %d: %w", i, err)
		}
		if err := told.snapshot(got.State, ans); err != nil {
			return nil, nil, fmt.Errorf("answer %d: %w", i, err)
		}
		st = got.State
		// A second future of the same state must leave the first alone.
		before := jsonOf(st)
		Compare(states[i], deepClone(answers[len(answers)-1-i]), at, rules)
		if jsonOf(st) != before {
			return nil, nil, fmt.Errorf("answer %d: two states share memory that one changed", i)
		}
	}
	for i := range states {
		if jsonOf(states[i]) != texts[i] {
			return nil, nil, fmt.Errorf("the state before answer %d was changed later", i)
		}
	}
	return st, told, nil
}

// settles checks that the same answer again soon announces nothing more.
func settles(st *State, ans *Answer, rules Rules) error {
	// A correction needs two looks, and may uncover another one.
	const looks = 6
	for range looks {
		st = Compare(st, ans, 1, rules).State
	}
	if got := Compare(st, ans, 2, rules); len(got.Events) > 0 || got.Save || got.Unconfirmed {
		return fmt.Errorf("the same answer again still announces %q (save %t, again %t)", said(got.Events), got.Save, got.Unconfirmed)
	}
	return nil
}

func jsonOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// restored is the state as it is after a restart.
func restored(text string) *State {
	st := new(State)
	if err := json.Unmarshal([]byte(text), st); err != nil {
		panic(err)
	}
	return st
}

func deepClone(a *Answer) *Answer {
	b := *a
	b.Calls = slices.Clone(a.Calls)
	for i := range b.Calls {
		c := &b.Calls[i]
		c.Lines, c.Intents = slices.Clone(c.Lines), slices.Clone(c.Intents)
		c.SMS, c.Params = slices.Clone(c.SMS), slices.Clone(c.Params)
	}
	return &b
}
