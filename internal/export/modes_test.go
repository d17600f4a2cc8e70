package export

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"callstream/internal/order"
	"callstream/internal/record"
	"callstream/internal/request"
)

// TestModes runs each way that an order goes through the pipeline once. What a
// reply means in all its cases, order.Decide's table tells.
func TestModes(t *testing.T) {
	ask := func(mode string) func(*world) { return func(w *world) { w.ask(mode, "a") } }
	whole := []string{
		"c1 DIALING", "c1 RING_MISSED", "c1 completed 1", "c2 RINGING", "c2 IN_CALL", "c2 line 0/1 hello", "c2 line 1/1 yes",
		"c2 COMPLETED", "c2 completed 1", "c2 completed 2", "c2 line 1/2 yes please",
	}
	told := []string{"c RING_MISSED", "c completed 1"} // of done
	tests := []struct {
		name    string
		story   story
		before  func(w *world) // nil = nothing
		mode    string         // asked for at the beginning; empty: before asks
		then    step           // at 0 = nothing more
		run     time.Duration
		told    []string
		rest    order.Rest
		letters []order.Reason
		gone    bool
	}{
		{name: "once looks once", story: lively(), mode: "once", run: 5 * time.Minute, told: whole[:1], rest: order.Once},
		{name: "follow tells all, once and in order", story: lively(), mode: "follow", run: 5 * time.Minute, told: whole, rest: order.Settled},
		{
			name: "stop ends following", story: lively(), mode: "follow", then: step{30 * time.Second, ask("stop")},
			run: 5 * time.Minute, told: whole[:3], rest: order.Stopped,
		},
		{
			name: "a request older than the one heeded is done, and changes nothing", story: done(), mode: "follow",
			then: step{3 * time.Minute, func(w *world) {
				w.put(`{"userTaskID":"t","orderID":"a","mode":"stop"}`, homeOf("a"), record.Header{Key: request.HeaderTime, Value: []byte("1")})
			}},
			run: 4 * time.Minute, told: told, rest: order.Settled,
		},
		{
			name: "replay tells it all again", story: done(), mode: "follow", then: step{3 * time.Minute, ask("replay")},
			run: 4 * time.Minute, told: append(told[:2:2], "c RING_MISSED replay", "c completed 1 replay"), rest: order.Once,
		},
		{
			name: "deadline gives up", story: lively()[:3], before: func(w *world) { w.askFor("a", "deadline", 10*time.Minute) },
			run: 11 * time.Minute, told: whole[:4], rest: order.GaveUp, letters: []order.Reason{order.ReasonGaveUp},
		},
		{name: "never found", mode: "follow", run: 12 * time.Minute, letters: []order.Reason{order.ReasonNotFound}, gone: true},
		{
			name: "never found while the API answers nobody", before: func(w *world) { w.silent = true }, mode: "follow",
			run: 5 * time.Hour, rest: order.Active,
		},
		{
			name: "rejected", before: func(w *world) { w.reject["a"] = true }, mode: "follow",
			run: time.Minute, letters: []order.Reason{order.ReasonRejected}, gone: true,
		},
		{
			name: "answers that can't be read, then can", story: done(), before: func(w *world) { w.garbled["a"] = true }, mode: "follow",
			then: step{time.Minute, func(w *world) { w.set(func() { w.garbled["a"] = false }) }},
			run:  10 * time.Minute, told: told, rest: order.Settled,
		},
		{name: "settled state is removed in the end", story: done(), mode: "follow", run: 50 * time.Hour, told: told, gone: true},
		{
			name: "the API is down for an hour", story: lively(), before: func(w *world) { w.down = errors.New("connection refused") }, mode: "follow",
			then: step{time.Hour, func(w *world) { w.set(func() { w.down = nil }) }}, run: 70 * time.Minute, rest: order.Settled,
			told: []string{
				"c1 RING_MISSED", "c1 completed 1", "c2 COMPLETED", "c2 line 0/1 hello", "c2 line 1/1 yes please", "c2 completed 1",
			},
		},
		{
			name: "a line too large is a dead letter, the rest goes on", story: tooLarge(), mode: "follow",
			run: 10 * time.Minute, told: []string{"c COMPLETED", "c line 1/1 fits", "c completed 1"},
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
				if tt.before != nil {
					tt.before(w)
				}
				if tt.mode != "" {
					w.ask(tt.mode, "a")
				}
				proc := w.start(testConfig())
				if tt.then.at > 0 {
					time.Sleep(tt.then.at)
					tt.then.do(w)
				}
				time.Sleep(tt.run - tt.then.at)
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
				if tt.gone && proc.held != 0 {
					t.Errorf("%d orders are held, though nothing is known of them", proc.held)
				}
				if (st == nil) != tt.gone {
					t.Fatalf("state %+v, want gone: %t", st, tt.gone)
				}
				if st != nil && st.Rest != tt.rest {
					t.Errorf("rests %q, want %q", st.Rest, tt.rest)
				}
				if tt.rest == order.Settled && proc.looked[order.OutcomeSame] == 0 {
					t.Error("no look was spared its decoding")
				}
				if !w.allCommitted() {
					t.Errorf("committed %v of %v", w.committed, len(w.requests[homeOf("a")]))
				}
			})
		})
	}
}
