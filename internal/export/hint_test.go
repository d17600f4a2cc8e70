package export

import (
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"callstream/internal/order"
)

// TestHints: what a hint makes of an order in each of its conditions, how soon,
// and that its request is done at once.
func TestHints(t *testing.T) {
	const (
		soon = 100 * time.Millisecond // the linger, and the time that a look takes
		turn = time.Second + soon     // to the next request, where they are scarce
	)
	slow := func(cfg *Config) { cfg.Timing.PollMin = 5 * time.Second }
	follows := func(cfg *Config) { cfg.CallbackFollow = true }
	tests := []struct {
		name     string
		story    story
		cfg      func(*Config) // nil = as it is
		before   string        // mode asked for at the beginning; empty: nobody asks
		then     step          // at 0 = nothing more
		crowded  bool          // asked for, and requests are scarce: the next look without the hint is far
		at       time.Duration // of the hint; where crowded, from a look on
		callback bool
		astray   bool          // put where the order is not at home
		calm     time.Duration // for so long after the hint nobody looks
		within   time.Duration // then there is a look by this time; 0 = there is none for two minutes
		effect   string
		rest     order.Rest // in the end
		gone     bool       // nothing is known of it in the end
	}{
		{name: "followed", story: done(), crowded: true, at: 2 * time.Second, within: turn, effect: HintTaken, rest: order.Settled},
		{
			name: "followed, by a callback", story: done(), crowded: true, at: 2 * time.Second, callback: true,
			within: turn, effect: HintTaken, rest: order.Settled,
		},
		{
			name: "followed, from elsewhere", story: done(), crowded: true, at: 2 * time.Second, astray: true,
			within: turn, effect: HintTaken, rest: order.Settled,
		},
		{
			name: "looked at less than POLL_MIN ago", story: done(), crowded: true, cfg: slow, at: time.Second,
			calm: 3 * time.Second, within: 4*time.Second + turn, effect: HintTaken, rest: order.Settled,
		},
		{name: "never heard of", story: done(), at: time.Second, effect: HintIgnored, gone: true},
		{name: "never heard of, by a callback", story: done(), at: time.Second, callback: true, effect: HintIgnored, gone: true},
		{name: "never heard of, where callbacks follow", story: done(), cfg: follows, at: time.Second, effect: HintIgnored, gone: true},
		{
			name: "never heard of, by a callback, where callbacks follow", story: done(), cfg: follows, at: time.Second, callback: true,
			within: soon, effect: HintFollowed, rest: order.Settled,
		},
		{
			name: "the same, from elsewhere", story: done(), cfg: follows, at: time.Second, callback: true, astray: true,
			within: soon, effect: HintFollowed, rest: order.Settled,
		},
		{
			name: "settled", story: done(), cfg: follows, before: "follow", at: 5 * time.Minute, callback: true,
			effect: HintIgnored, rest: order.Settled,
		},
		{
			name: "stopped", story: lively(), cfg: follows, before: "follow", at: time.Minute, callback: true,
			then:   step{30 * time.Second, func(w *world) { w.ask("stop", "a") }},
			effect: HintIgnored, rest: order.Stopped,
		},
		{
			name: "not to be looked at yet", story: done(), at: time.Minute, effect: HintIgnored, rest: order.Active,
			then: step{time.Second, func(w *world) { w.askFor("a", "notBefore", time.Hour) }},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.stories["a"] = tt.story
				cfg := testConfig()
				if tt.cfg != nil {
					tt.cfg(&cfg)
				}
				if tt.crowded {
					w.crowd(&cfg)
				}
				if tt.before != "" {
					w.ask(tt.before, "a")
				}
				proc := w.start(cfg)
				if tt.crowded {
					time.Sleep(30 * time.Second)
					w.awaitLook("a")
				}
				if tt.then.at > 0 {
					time.Sleep(tt.then.at)
					tt.then.do(w)
				}
				time.Sleep(tt.at - tt.then.at)
				saved := func() (n int) {
					w.set(func() { n = len(w.states) - w.others() })
					return n
				}
				looks, states := w.looksAt("a"), saved()
				home := homeOf("a")
				if tt.astray {
					home = 1 - home
				}
				w.hint("a", tt.callback, home)
				time.Sleep(tt.calm)
				if n := w.looksAt("a"); n != looks {
					t.Errorf("%d looks, where there should be calm", n-looks)
				}
				if tt.within > 0 {
					time.Sleep(tt.within - tt.calm)
					if n := w.looksAt("a"); n != looks+1 {
						t.Errorf("%d looks within %v, want 1", n-looks, tt.within)
					}
				}
				time.Sleep(2 * commitEvery)
				if !w.allCommitted() {
					t.Error("the hint's request is not done")
				}
				if n := saved(); tt.effect != HintFollowed && n != states {
					t.Errorf("%d states are saved for a hint", n-states)
				}
				time.Sleep(2 * time.Minute)
				if n := w.looksAt("a"); tt.within == 0 && n != looks {
					t.Errorf("%d looks, want none", n-looks)
				}
				proc.end(t)
				if want := map[string]int{tt.effect: 1}; !maps.Equal(proc.hints, want) {
					t.Errorf("effects %v, want %v", proc.hints, want)
				}
				st := w.lastState("a")
				if (st == nil) != tt.gone || st != nil && st.Rest != tt.rest {
					t.Errorf("state %+v, want rest %q, gone: %t", st, tt.rest, tt.gone)
				}
			})
		})
	}
}

// crowd asks for an order among others, of which each waits for its turn: a
// request a second, and one order in each.
func (w *world) crowd(cfg *Config) {
	cfg.BatchSize, w.scarce = 1, true
	for i := range 10 {
		id := fmt.Sprint("other", i)
		w.stories[id] = story{{0, order.Answer{Calls: []order.Call{{ID: id, Status: order.InCall}}}}}
		w.ask("follow", id)
	}
	w.ask("follow", "a")
}

// others counts the states of the crowd.
func (w *world) others() (n int) {
	for _, s := range w.states {
		if s.Ref.ID != "a" {
			n++
		}
	}
	return n
}

// awaitLook returns once an order was looked at.
func (w *world) awaitLook(id string) {
	for n := w.looksAt(id); w.looksAt(id) == n; {
		time.Sleep(10 * time.Millisecond)
	}
}

// TestCrowd: without a hint, an order in a crowd is not looked at for longer than
// the rows of TestHints with one wait.
func TestCrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.stories["a"] = done()
		cfg := testConfig()
		w.crowd(&cfg)
		proc := w.start(cfg)
		time.Sleep(30 * time.Second)
		w.awaitLook("a")
		looks := w.looksAt("a")
		time.Sleep(6 * time.Second)
		if n := w.looksAt("a"); n != looks {
			t.Errorf("looked at %d times within 6 s", n-looks)
		}
		proc.end(t)
	})
}

// TestHintWhileOut: a hint for an order that is out with a look is done at once
// and counts when the order is back, for the answer may be older than the hint;
// an order that comes to rest by the look stays at rest, and one that it forgets
// stays forgotten.
func TestHintWhileOut(t *testing.T) {
	for _, tt := range []struct {
		name  string
		story story // nil = the API does not know it
		mode  string
		since time.Duration // when it goes out, at the soonest; by then the request before the hint is done
		// crowded: requests are scarce, as in TestCrowd: without the hint it would
		// not be looked at again so soon.
		crowded bool
		looks   int // after the one that it was out with
		held    int
	}{
		{name: "comes back", story: done(), mode: "follow", since: 40 * time.Second, crowded: true, looks: 1, held: 11},
		{name: "comes to rest", story: done(), mode: "once", looks: 0, held: 1},
		{name: "is forgotten", mode: "follow", looks: 0, held: 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.takes[fetch] = 10 * time.Second
				calm := 10 * time.Second
				if tt.story != nil {
					w.stories["a"] = tt.story
				}
				cfg := testConfig()
				cfg.Timing.Terms.Settle, cfg.Timing.Terms.NotFoundMax = 60*minute, 0
				if tt.crowded {
					w.takes[fetch], calm = time.Second, 2*time.Second
					w.crowd(&cfg)
				}
				w.ask(tt.mode, "a")
				proc := w.start(cfg)
				time.Sleep(tt.since)
				before := w.looksAt("a")
				for w.looksAt("a") == before { // it is out for as long again
					time.Sleep(10 * time.Millisecond)
				}
				w.hint("a", false, homeOf("a"))
				time.Sleep(2 * commitEvery)
				if tt.since > 0 && !w.allCommitted() {
					t.Error("the hint's request waits for the order to be back")
				}
				time.Sleep(calm)
				if n := w.looksAt("a") - before - 1; n != tt.looks {
					t.Errorf("%d looks behind the one that it was out with, want %d", n, tt.looks)
				}
				proc.end(t)
				if proc.held != tt.held {
					t.Errorf("%d orders are held, want %d", proc.held, tt.held)
				}
			})
		})
	}
}
