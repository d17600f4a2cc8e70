package schedule

import (
	"slices"
	"testing"

	"callstream/internal/order"
)

// evidence is what one look taught of a phase: that it was watched from one age
// to another, with so many changes, and ended at an age; -1 = it did not.
type evidence struct{ from, to, changes, ended float64 }

// TestLearn is of an order whose phase had lasted for 20 s when it was looked at
// at noon, and of which an answer tells 10 s later. Its task was dialed at noon.
func TestLearn(t *testing.T) {
	const (
		since    = noon - 20*second
		answered = noon + 10*second
	)
	course := func(phase order.Phase, since, started order.Millis) order.Course {
		c := order.Course{Phase: phase}
		if since != 0 {
			c.Since = noon + since*second
		}
		if started != 0 {
			c.Started = noon + started*second
		}
		return c
	}
	const (
		queued, dispatching, dialing = order.PhaseQueued, order.PhaseDispatching, order.PhaseDialing
		inCall, between, ended       = order.PhaseInCall, order.PhaseBetween, order.PhaseEnded
	)
	tests := []struct {
		name   string
		was    order.Phase
		dialed order.Millis // the task, in seconds after noon
		now    order.Course
		news   int
		want   evidence
		since  order.Millis // of the phase that it is in then, in seconds after noon
	}{
		{"nothing new", inCall, 0, course(inCall, -20, -30), 0, evidence{20, 30, 0, -1}, -20},
		{"lines are spread over the time between the looks", inCall, 0, course(inCall, -20, -30), 4, evidence{20, 30, 4, -1}, -20},
		{"an answer that shows a whole call at once counts as some lines", inCall, 0, course(inCall, -20, -30), 500, evidence{20, 30, most, -1}, -20},
		{"the call's end, by the vendor's time", inCall, 0, course(between, 4, -30), 1, evidence{20, 24, 0, 24}, 4},
		{"and the lines before", inCall, 0, course(between, 4, -30), 3, evidence{20, 24, 2, 24}, 4},
		{"announced before: no lines", inCall, 0, course(ended, 4, -30), 0, evidence{20, 24, 0, 24}, 4},
		{"no time tells: in the middle", inCall, 0, course(between, 0, -30), 1, evidence{20, 25, 0, 25}, 5},
		{"a time before the look: in the middle", inCall, 0, course(between, -4, -30), 1, evidence{20, 25, 0, 25}, 5},
		{"a time after the answer: in the middle", inCall, 0, course(between, 14, -30), 1, evidence{20, 25, 0, 25}, 5},
		{"answered: its lines are of the next phase", dialing, 0, course(inCall, 6, -20), 3, evidence{20, 26, 0, 26}, 6},
		{"dialed", dispatching, 0, course(dialing, 3, 3), 1, evidence{20, 23, 0, 23}, 3},
		{"dialed and answered since: when it was dialed counts", dispatching, 0, course(inCall, 7, 3), 2, evidence{20, 23, 0, 23}, 7},
		{"ended, details come", ended, 0, course(ended, -20, -60), 2, evidence{20, 30, 2, -1}, -20},
		{"between calls", between, 0, course(between, -20, -60), 0, evidence{20, 30, 0, -1}, -20},
		{"tried again", between, 0, course(dialing, 2, 2), 1, evidence{20, 22, 0, 22}, 2},
		{"tried again, and over meanwhile", between, 0, course(between, 8, 2), 3, evidence{20, 22, 0, 22}, 8},
		{"between calls while nobody dials: says nothing", between, -100, course(between, -20, -120), 0, evidence{20, 20, 0, -1}, -20},
		{"between calls when that begins", between, 5 - lull, course(between, -20, -80), 0, evidence{20, 25, 0, -1}, -20},
		{"in a call while nobody dials", inCall, -100, course(inCall, -20, -120), 1, evidence{20, 30, 1, -1}, -20},
		{"given up before it began again", dispatching, 0, course(queued, 0, 0), 0, evidence{20, 25, 0, 25}, 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlan(10)
			i := crowd(p, "a", 1, tt.was, since, noon)[0]
			k := i.task
			i.looked, k.dialed = noon, noon+tt.dialed*second
			p.Hold(i)
			p.Looked(i, Sight{Facts: order.Facts{ChangedAt: answered, Course: tt.now}, At: answered, News: tt.news}, answered)

			end := answered
			if tt.want.ended >= 0 {
				end = since + order.Millis(tt.want.ended)*second
			}
			want := history{faded: p.clock.age(end)}
			want.watch(tt.want.from, tt.want.to, tt.want.changes)
			if tt.want.ended >= 0 {
				want.changed(tt.want.ended)
			}
			for who, got := range map[string]*history{"its task": k.histories[tt.was], "all tasks": p.fleet[tt.was]} {
				if got == nil || *got != want {
					t.Errorf("of %s is learnt %v, want %v", who, seenOf(got), seenOf(&want))
				}
			}
			if i.phase != tt.now.Phase || i.since != noon+tt.since*second || i.looked != answered {
				t.Errorf("is %v since %d s, looked at %d s after noon; want since %d s", i.phase, (i.since-noon)/second, (i.looked-noon)/second, tt.since)
			}
			if k.starts != (starts{}) {
				t.Errorf("of queued orders is learnt %v", k.starts)
			}
		})
	}
}

// seenOf returns what is in a history, by bin.
func seenOf(h *history) map[int][2]float32 {
	all := map[int][2]float32{}
	for b := range bins {
		if h != nil && (h.watched[b] != 0 || h.changes[b] != 0) {
			all[b] = [2]float32{h.watched[b], h.changes[b]}
		}
	}
	return all
}

// TestLearnStarts is of the first of a list of queued orders, looked at at noon
// and 10 s later.
func TestLearnStarts(t *testing.T) {
	const answered = noon + 10*second
	tests := []struct {
		name   string
		was    order.Phase
		dialed order.Millis // the task, in seconds after noon
		now    order.Course
		want   starts  // but for when it faded
		latest []start // beside the front
		after  order.Millis
	}{
		{
			name: "waits", was: order.PhaseQueued, now: order.Course{Phase: order.PhaseQueued},
			want: watchedAtFront(10, false),
		},
		{
			name: "began, by the vendor's time", was: order.PhaseQueued, now: order.Course{Phase: order.PhaseDialing, Started: noon + 4*second},
			want: watchedAtFront(4, true), latest: []start{{0, noon + 4*second}}, after: 4,
		},
		{
			name: "began, no time tells: in the middle", was: order.PhaseQueued, now: order.Course{Phase: order.PhaseRinging},
			want: watchedAtFront(5, true), latest: []start{{0, noon + 5*second}},
		},
		{
			name: "waits, while nobody dials: says nothing", was: order.PhaseQueued, dialed: -100, now: order.Course{Phase: order.PhaseQueued},
			after: -100,
		},
		{
			name: "waits when that begins", was: order.PhaseQueued, dialed: 3 - lull, now: order.Course{Phase: order.PhaseQueued},
			want: watchedAtFront(3, false), after: 3 - lull,
		},
		{
			name: "the first look at one that waits", now: order.Course{Phase: order.PhaseQueued},
		},
		{
			name: "the first look at one that was dialed: the front is past it, its rate unknown",
			now:  order.Course{Phase: order.PhaseBetween, Started: noon - 50*second, Since: noon - 30*second}, latest: []start{{0, noon - 50*second}},
		},
		{
			name: "that is dialed by now", now: order.Course{Phase: order.PhaseInCall, Started: noon + 4*second},
			latest: []start{{0, noon + 4*second}}, after: 4,
		},
		{
			name: "the first look at one that ended without a call", now: order.Course{Phase: order.PhaseEnded},
		},
		{
			name: "not in the answer", now: order.Course{},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlan(10)
			i := item("a", 1)
			if tt.was == order.PhaseUnheard {
				p.Ask(i, 0, noon, noon)
			} else {
				p.Restore(i, shown(tt.was, noon), 0, noon, noon)
			}
			k, l := i.task, i.list
			k.dialed = noon + tt.dialed*second
			p.Hold(i)
			f := order.Facts{Course: tt.now}
			if tt.now.Phase != order.PhaseUnheard {
				f.ChangedAt = answered
			}
			p.Looked(i, Sight{Facts: f, At: answered, News: 1}, answered)

			k.starts.faded, k.starts.answer, tt.want.inAnswer = 0, 0, k.starts.inAnswer
			if k.starts != tt.want {
				t.Errorf("of queued orders is learnt %v, want %v", k.starts, tt.want)
			}
			if latest := l.recent[1:]; !slices.Equal(latest, tt.latest) {
				t.Errorf("the latest starts are %v, want %v", latest, tt.latest)
			}
			if k.histories != ([order.Phases]*history{}) || p.fleet != k.histories {
				t.Error("something is learnt of phases")
			}
			if want := noon + tt.after*second; k.dialed != want {
				t.Errorf("the task was dialed %d s after noon, want %d", (k.dialed-noon)/second, tt.after)
			}
			if k.shown != (tt.now.Phase != order.PhaseUnheard || tt.was != order.PhaseUnheard) {
				t.Errorf("an answer showed one of its orders: %t", k.shown)
			}
			if i.phase != tt.now.Phase || (i.list != nil) != (tt.now.Phase <= order.PhaseQueued) {
				t.Errorf("is %v, in a list: %t", i.phase, i.list != nil)
			}
		})
	}
}

// watchedAtFront is what is learnt of an order 1 ahead of the front.
func watchedAtFront(units float64, began bool) (s starts) {
	s.watch(slot(1), units, began, 0)
	return s
}

// TestFirstLookAfterMissing teaches no more than one that was never missing.
func TestFirstLookAfterMissing(t *testing.T) {
	p := newPlan(10)
	i := ask(p, "a", 1, noon)[0]
	for k, f := range []order.Facts{{Tracking: order.Tracking{MissingSince: noon}}, shown(order.PhaseQueued, noon+10*second)} {
		p.Hold(i)
		p.Looked(i, Sight{Facts: f, At: noon + order.Millis(k)*10*second}, noon+order.Millis(k)*10*second)
	}
	if i.phase != order.PhaseQueued || i.task.starts != (starts{}) {
		t.Errorf("is %v, of queued orders is learnt %v", i.phase, i.task.starts)
	}
}

// TestACrowdBegins: where one answer shows that many orders of a list began, each
// was as far from the latest start as when it was asked for, not from the one
// before it in the answer.
func TestACrowdBegins(t *testing.T) {
	p := newPlan(10)
	crowd(p, "a", 10, order.PhaseQueued, noon, noon)
	now := noon + 4*second
	for n, i := range p.Take(now, false).Orders {
		c := order.Course{Phase: order.PhaseDialing, Started: noon + order.Millis(n+1), Since: noon + order.Millis(n+1)}
		p.Looked(i, Sight{Facts: order.Facts{ChangedAt: now, Course: c}, At: now}, now)
	}
	began := p.tasks["a"].starts.began
	for s, want := range []float64{1, 2, 4, 3} {
		if got := began[s]; got > want || got < 0.8*want {
			t.Errorf("%v orders of slot %d began, want %v but for what faded", got, s, want)
		}
	}
}
