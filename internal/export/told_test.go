package export

import (
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"callstream/internal/order"
)

// TestFreshnessIsTold: what happened once the order was wanted counts, and how
// long ago each look before was. What was over by then and what is not published
// does not.
func TestFreshnessIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		at := func(d time.Duration) order.Millis { return millis(w.began.Add(d)) }
		old := order.Call{ID: "old", Status: 22, Details: order.Details{Leg: order.Leg{StartedAt: at(-9 * time.Minute), EndedAt: at(-8 * time.Minute)}}}
		dialed := order.Call{ID: "new", Status: order.Dialing, Details: order.Details{Leg: order.Leg{StartedAt: at(4 * time.Second)}}}
		talking := dialed
		talking.Status, talking.AnsweredAt = order.InCall, at(8*time.Second)
		talking.Lines = []order.Line{{Index: 0, Text: "hello", SpokenAt: at(9 * time.Second)}, {Index: 1, Text: "huge", SpokenAt: at(9 * time.Second)}}
		show := func(from time.Duration, calls ...order.Call) version {
			return version{from, order.Answer{Calls: calls}}
		}
		w.stories["a"] = story{show(0, old), show(5*time.Second, old, dialed), show(10*time.Second, old, talking)}
		w.ask("follow", "a")
		w.ask("once", "b") // which the API never shows
		proc := w.start(testConfig())
		time.Sleep(20 * time.Second)
		holds := func(when string, want int) {
			t.Helper()
			proc.lock.Lock()
			defer proc.lock.Unlock()
			if proc.held != want || !maps.Equal(proc.tasks, map[string]int{"t": want}) {
				t.Errorf("%s: %d orders held, by task %v, want %d", when, proc.held, proc.tasks, want)
			}
		}
		holds("asked for", 2)
		time.Sleep(12 * time.Minute)
		holds("b is not found", 1)
		proc.end(t)
		var changes []string
		for _, l := range proc.late {
			changes = append(changes, l.Change.String())
			if l.By < 1000 || l.By > 6000 { // shown a second or two after it happened, seen within a pause
				t.Errorf("%v late by %d ms", l.Change, l.By)
			}
		}
		if want := []string{"start", "answer", "line"}; !slices.Equal(changes, want) {
			t.Errorf("told of %q, want %q", changes, want)
		}
		if n := len(w.looks()); len(proc.ages) < n/2 || slices.Min(proc.ages) < 1 || slices.Max(proc.ages) > 31_000 {
			t.Errorf("%d looks, ages %v", n, proc.ages)
		}
		proc = w.start(testConfig())
		time.Sleep(2 * time.Second)
		holds("restored", 1)
		proc.end(t)
		if len(proc.late) > 0 {
			t.Errorf("told again after a start: %v", proc.late)
		}
	})
}
