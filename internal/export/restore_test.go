package export

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"callstream/internal/order"
)

// TestForeignState refuses to start where the state is not at home.
func TestForeignState(t *testing.T) {
	w := newWorld(t)
	st := &order.State{Ref: order.Ref{Task: "t", ID: "a"}}
	p := &process{world: w, counter: &counter{looked: map[order.Outcome]int{}}}
	value, err := p.Encode(st)
	if err != nil {
		t.Fatal(err)
	}
	w.states = []stored{{SavedState: SavedState{Ref: st.Ref, Partition: 1 - homeOf("a"), Value: value}}}
	if err := p.pipeline(testConfig()).Run(t.Context(), func() {}); err == nil || !strings.Contains(err.Error(), "partition count") {
		t.Errorf("Run = %v, want a refusal", err)
	}
}

// TestRestoredComeInTurn: after a start, those in calls are looked at before those
// that have not begun, and a new order does not wait behind either.
func TestRestoredComeInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		cfg := testConfig()
		cfg.BatchSize = 4
		w.scarce = true
		var queued, talking []string
		for i := range 40 {
			id := fmt.Sprint("order", i)
			w.stories[id] = story{{0, order.Answer{}}}
			if i%10 == 9 {
				w.stories[id] = story{{0, order.Answer{Calls: []order.Call{{ID: id, Status: order.InCall}}}}}
				talking = append(talking, id)
			} else {
				queued = append(queued, id)
			}
			w.ask("follow", id)
		}
		proc := w.start(cfg)
		time.Sleep(2 * time.Minute)
		proc.end(t)
		time.Sleep(time.Minute)
		w.asked = nil
		w.stories["new"] = done()
		proc = w.start(cfg)
		w.ask("follow", "new")
		time.Sleep(3 * time.Second)
		var early []string
		w.set(func() { early = slices.Concat(w.asked...) })
		for _, id := range append([]string{"new"}, talking...) {
			if !slices.Contains(early, id) {
				t.Errorf("%s was not looked at within 3 s: %v", id, early)
			}
		}
		time.Sleep(30 * time.Second)
		for _, id := range queued {
			if w.looksAt(id) == 0 {
				t.Errorf("%s was not looked at", id)
			}
		}
		proc.end(t)
	})
}

// TestRestoredInOrder: what was restored stands in the order of its requests, and
// where they came at one moment, in that of the log.
func TestRestoredInOrder(t *testing.T) {
	w := newWorld(t)
	p := &process{world: w, counter: &counter{looked: map[order.Outcome]int{}}}
	var want []string
	for i := 0; len(want) < 20; i++ {
		id := fmt.Sprint("order", i)
		if homeOf(id) != 0 {
			continue
		}
		st := &order.State{Ref: order.Ref{Task: "t", ID: id}, Tracking: order.Tracking{FollowAt: order.Millis(1000 - i/10)}}
		value, err := p.Encode(st)
		if err != nil {
			t.Fatal(err)
		}
		w.states = append(w.states, stored{SavedState: SavedState{Ref: st.Ref, Partition: 0, Value: value}})
		want = append(want, fmt.Sprintf("%04d %03d", st.FollowAt, i))
	}
	slices.Sort(want)
	entries, err := p.pipeline(testConfig()).restorePartition(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		var n int
		if _, err := fmt.Sscanf(e.item.Ref.ID, "order%d", &n); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%04d %03d", e.facts.FollowAt, n))
	}
	if !slices.Equal(got, want) {
		t.Errorf("restored in order %v, want %v", got, want)
	}
}
