package export

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"callstream/internal/order"
)

func done() story {
	return story{{0, order.Answer{Finished: true, Calls: []order.Call{
		{ID: "c", Status: 22, Details: order.Details{Leg: order.Leg{EndedAt: 5}}},
	}}}}
}

// flickering shows another duration each second.
func flickering() story {
	var s story
	for i := range 120 {
		s = append(s, version{time.Duration(i) * time.Second, order.Answer{Calls: []order.Call{
			{ID: "c", Status: order.Completed, Details: order.Details{DurationSeconds: order.Some(int64(i))}},
		}}})
	}
	return s
}

func TestModes(t *testing.T) {
	type step struct {
		after time.Duration
		do    func(w *world)
	}
	tests := []struct {
		name    string
		story   story
		steps   []step
		run     time.Duration
		told    []string
		rest    order.Rest
		letters []order.Reason
		gone    bool
	}{
		{
			name: "once looks once", story: lively(),
			steps: []step{{0, func(w *world) { w.ask("once", "a") }}}, run: 5 * time.Minute,
			told: []string{"c1 DIALING"}, rest: order.Once,
		},
		{
			name: "once is not kept going by a value that never stays", story: flickering(),
			steps: []step{
				{0, func(w *world) { w.ask("once", "a") }},
				{10 * time.Second, func(w *world) { w.ask("once", "a") }},
			},
			run: time.Minute, told: []string{"c COMPLETED", "c completed 1"}, rest: order.Once,
		},
		{
			name: "a call without a name keeps the order from settling",
			story: story{{0, order.Answer{Finished: true, Calls: []order.Call{
				{ID: "c", Status: 22, Details: order.Details{Leg: order.Leg{EndedAt: 5}}}, {Status: order.Ringing},
			}}}},
			steps: []step{{0, func(w *world) { w.ask("follow", "a") }}},
			run:   time.Hour, told: []string{"c RING_MISSED", "c completed 1"}, rest: order.Active,
		},
		{
			name: "stop ends following", story: lively(),
			steps: []step{
				{0, func(w *world) { w.ask("follow", "a") }},
				{30 * time.Second, func(w *world) { w.ask("stop", "a") }},
			},
			run: 5 * time.Minute, told: []string{"c1 DIALING", "c1 RING_MISSED", "c1 completed 1"}, rest: order.Stopped,
		},
		{
			name: "stop of an order never heard of", story: lively(),
			steps: []step{{0, func(w *world) { w.ask("stop", "a") }}}, run: time.Minute, rest: order.Stopped,
		},
		{
			name: "once after follow keeps following", story: lively(),
			steps: []step{
				{0, func(w *world) { w.ask("follow", "a") }},
				{30 * time.Second, func(w *world) { w.ask("once", "a") }},
			},
			run: 5 * time.Minute, rest: order.Settled,
			told: []string{
				"c1 DIALING", "c1 RING_MISSED", "c1 completed 1", "c2 RINGING", "c2 IN_CALL", "c2 line 0/1 hello", "c2 line 1/1 yes",
				"c2 COMPLETED", "c2 completed 1", "c2 completed 2", "c2 line 1/2 yes please",
			},
		},
		{
			name: "replay tells it all again", story: done(),
			steps: []step{
				{0, func(w *world) { w.ask("follow", "a") }},
				{3 * time.Minute, func(w *world) { w.ask("replay", "a") }},
			},
			run:  time.Minute,
			told: []string{"c RING_MISSED", "c completed 1", "c RING_MISSED replay", "c completed 1 replay"}, rest: order.Once,
		},
		{
			name: "notBefore waits", story: done(),
			steps: []step{{0, func(w *world) {
				at := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
				w.put(`{"userTaskID":"t","orderID":"a","notBefore":"`+at+`"}`, homeOf("a"))
			}}},
			run: 59 * time.Minute, rest: order.Active,
		},
		{
			name: "notBefore over", story: done(),
			steps: []step{{0, func(w *world) {
				at := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
				w.put(`{"userTaskID":"t","orderID":"a","notBefore":"`+at+`"}`, homeOf("a"))
			}}},
			run: 61 * time.Minute, told: []string{"c RING_MISSED", "c completed 1"}, rest: order.Active,
		},
		{
			name: "deadline gives up", story: lively()[:3],
			steps: []step{{0, func(w *world) {
				at := time.Now().Add(10 * time.Minute).UTC().Format(time.RFC3339)
				w.put(`{"userTaskID":"t","orderID":"a","deadline":"`+at+`"}`, homeOf("a"))
			}}},
			run: 11 * time.Minute, told: []string{"c1 DIALING", "c1 RING_MISSED", "c1 completed 1", "c2 RINGING"},
			rest: order.GaveUp, letters: []order.Reason{order.ReasonGaveUp},
		},
		{
			name: "followed too long", story: lively()[:1],
			steps: []step{{0, func(w *world) { w.ask("follow", "a") }}},
			run:   25 * time.Hour, told: []string{"c1 DIALING"}, rest: order.GaveUp, letters: []order.Reason{order.ReasonGaveUp},
		},
		{
			name: "never found", steps: []step{{0, func(w *world) { w.ask("follow", "a") }}},
			run: 12 * time.Minute, letters: []order.Reason{order.ReasonNotFound}, gone: true,
		},
		{
			name: "never found while the API answers nobody",
			steps: []step{{0, func(w *world) {
				w.set(func() { w.silent = true })
				w.ask("follow", "a")
			}}},
			run: 5 * time.Hour, rest: order.Active,
		},
		{
			name: "found late", story: story{{5 * time.Minute, done()[0].show}},
			steps: []step{{0, func(w *world) { w.ask("follow", "a") }}},
			run:   20 * time.Minute, told: []string{"c RING_MISSED", "c completed 1"}, rest: order.Settled,
		},
		{
			name: "rejected", steps: []step{{0, func(w *world) {
				w.set(func() { w.reject["a"] = true })
				w.ask("follow", "a")
			}}},
			run: time.Minute, letters: []order.Reason{order.ReasonRejected}, gone: true,
		},
		{
			name: "answers that can't be read, then can", story: done(),
			steps: []step{
				{0, func(w *world) {
					w.set(func() { w.garbled["a"] = true })
					w.ask("follow", "a")
				}},
				{time.Minute, func(w *world) { w.set(func() { w.garbled["a"] = false }) }},
			},
			run: 10 * time.Minute, told: []string{"c RING_MISSED", "c completed 1"}, rest: order.Settled,
		},
		{
			name: "settled state is removed in the end", story: done(),
			steps: []step{{0, func(w *world) { w.ask("follow", "a") }}},
			run:   50 * time.Hour, told: []string{"c RING_MISSED", "c completed 1"}, gone: true,
		},
		{
			name: "the API is down for an hour", story: lively(),
			steps: []step{
				{0, func(w *world) {
					w.set(func() { w.down = errors.New("connection refused") })
					w.ask("follow", "a")
				}},
				{time.Hour, func(w *world) { w.set(func() { w.down = nil }) }},
			},
			run: 10 * time.Minute, rest: order.Settled,
			told: []string{
				"c1 RING_MISSED", "c1 completed 1", "c2 COMPLETED", "c2 line 0/1 hello", "c2 line 1/1 yes please", "c2 completed 1",
			},
		},
		{
			name: "a line too large is a dead letter, the rest goes on",
			story: story{{0, order.Answer{Finished: true, Calls: []order.Call{
				{ID: "c", Status: order.Completed, Lines: []order.Line{{Index: 0, Text: "huge"}, {Index: 1, Text: "fits"}}},
			}}}},
			steps: []step{{0, func(w *world) { w.ask("follow", "a") }}},
			run:   10 * time.Minute, told: []string{"c COMPLETED", "c line 1/1 fits", "c completed 1"},
			letters: []order.Reason{order.ReasonTooLarge}, rest: order.Settled,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				if tt.story != nil {
					w.stories["a"] = tt.story
				}
				proc := w.start(testConfig())
				for _, s := range tt.steps {
					time.Sleep(s.after)
					s.do(w)
				}
				time.Sleep(tt.run)
				proc.end(t)
				if got := w.told(); !slices.Equal(got, tt.told) {
					t.Errorf("told %q\nwant %q", got, tt.told)
				}
				var reasons []order.Reason
				for _, l := range w.letters {
					reasons = append(reasons, l.Reason)
				}
				if !slices.Equal(reasons, tt.letters) {
					t.Errorf("dead letters %q, want %q", reasons, tt.letters)
				}
				st := w.lastState("a")
				if (st == nil) != tt.gone {
					t.Fatalf("state %+v, want gone: %t", st, tt.gone)
				}
				if st != nil && st.Rest != tt.rest {
					t.Errorf("rests %q, want %q", st.Rest, tt.rest)
				}
				if !w.allCommitted() {
					t.Errorf("committed %v of %v", w.committed, len(w.requests[homeOf("a")]))
				}
			})
		})
	}
}
