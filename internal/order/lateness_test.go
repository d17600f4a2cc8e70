package order

import (
	"slices"
	"testing"
)

func TestAppendLateness(t *testing.T) {
	const since, at = 1_000_000, 1_010_000 // wanted from, observed
	leg := Leg{StartedAt: at - 7000, AnsweredAt: at - 5000, EndedAt: at - 3000}
	status := func(previous, now Status) *StatusChanged {
		s := &StatusChanged{Status: now, Leg: leg}
		if previous != NoStatus {
			s.Previous = Some(int64(previous))
		}
		return s
	}
	started := func(at Millis) *StatusChanged { return &StatusChanged{Status: Dialing, Leg: Leg{StartedAt: at}} }
	spoken := func(revision int) *TranscriptLine {
		return &TranscriptLine{Line: Line{SpokenAt: at - 2000}, Revision: revision}
	}
	tests := []struct {
		name   string
		body   Body
		replay bool
		want   []Lateness
	}{
		{name: "preparing is no start", body: status(NoStatus, Preparing)},
		{name: "dialed", body: status(Dispatching, Dialing), want: []Lateness{{ChangeStart, 7000}}},
		{name: "first seen ringing", body: status(NoStatus, Ringing), want: []Lateness{{ChangeStart, 7000}}},
		{name: "its start is told", body: status(Dialing, Ringing)},
		{name: "taken", body: status(Ringing, InCall), want: []Lateness{{ChangeAnswer, 5000}}},
		{name: "first seen in talk", body: status(Preparing, InCall), want: []Lateness{{ChangeStart, 7000}, {ChangeAnswer, 5000}}},
		{name: "the answer was missed", body: status(Ringing, Completed)},
		{name: "first seen ended", body: status(NoStatus, 22), want: []Lateness{{ChangeStart, 7000}}},
		{name: "a number in no table", body: status(NoStatus, 7), want: []Lateness{{ChangeStart, 7000}}},
		{name: "ended", body: &CallCompleted{Revision: 1, Details: Details{Leg: leg}}, want: []Lateness{{ChangeEnd, 3000}}},
		{name: "a later revision", body: &CallCompleted{Revision: 2, Details: Details{Leg: leg}}},
		{name: "a line", body: spoken(1), want: []Lateness{{ChangeLine, 2000}}},
		{name: "a corrected line", body: spoken(2)},
		{name: "a replay", body: spoken(1), replay: true},
		{name: "no time given", body: started(0)},
		{name: "before it was wanted", body: started(since - 1)},
		{name: "as it was wanted", body: started(since), want: []Lateness{{ChangeStart, at - since}}},
		{name: "the vendor's clock is ahead", body: started(at + 60_000), want: []Lateness{{ChangeStart, 0}}},
		{name: "the vendor's clock is wrong", body: started(at + 60_001)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ev := &Event{ObservedAt: at, Replay: tt.replay, Body: tt.body}
			if got := ev.AppendLateness(nil, since); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	t.Run("no allocation", func(t *testing.T) {
		ev, late := &Event{ObservedAt: at, Body: spoken(1)}, make([]Lateness, 0, 1)
		if n := testing.AllocsPerRun(100, func() { ev.AppendLateness(late, since) }); n != 0 {
			t.Errorf("%v allocations a line", n)
		}
	})
}

func TestWantedSince(t *testing.T) {
	var tr Tracking
	tr.Ask(&Request{Mode: Follow, Time: 5}, 10)
	if got := tr.WantedSince(); got != 10 {
		t.Errorf("followed from 10: %d", got)
	}
	tr.Sleep(Settled, 20)
	tr.Ask(&Request{Mode: Follow, Time: 30, NotBefore: 40}, 31)
	if got := tr.WantedSince(); got != 40 {
		t.Errorf("followed again, not before 40: %d", got)
	}
}
