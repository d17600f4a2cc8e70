package callbot

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// inBubble runs a test in synctest's fake time.
func inBubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

func waitFor(t *testing.T, p *pacer) (started time.Time, waited time.Duration) {
	t.Helper()
	before := time.Now()
	started, err := p.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return started, time.Since(before)
}

// wantAbout allows for rounding in the length of a slot.
func wantAbout(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if diff := got - want; diff < -time.Millisecond || diff > time.Millisecond {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func wantBetween(t *testing.T, what string, got, from, to time.Duration) {
	t.Helper()
	if got < from || got > to+time.Millisecond {
		t.Errorf("%s: %v, want %v to %v", what, got, from, to)
	}
}

// TestPacerRate: bubbles begin at the start of a slot of partition 0 in all of
// these, but for the last.
func TestPacerRate(t *testing.T) {
	const second = time.Second
	for _, tc := range []struct {
		name  string
		limit float64
		owned []int
		total int // 0 = SetSlots is not called
		waits []time.Duration
	}{
		{"all, from the start", 2, nil, 0, []time.Duration{0, second / 2, second / 2}},
		{"all, just acquired", 2, []int{0, 1, 2, 3, 4, 5}, 6, []time.Duration{second / 2, second / 2, second / 2}},
		{"a third", 2, []int{4, 1}, 6, []time.Duration{second / 2, 3 * second / 2, 3 * second / 2}},
		{"neighbours", 2, []int{1, 2}, 6, []time.Duration{second / 2, second / 2, 5 * second / 2, second / 2}},
		{"the present one, just acquired", 2, []int{0}, 6, []time.Duration{3 * second, 3 * second}},
		{"a third at half the rate", 1, []int{0, 3}, 6, []time.Duration{3 * second, 3 * second}},
		{"no such partitions, and one twice", 2, []int{5, 17, -1, 6, 5}, 6, []time.Duration{5 * second / 2, 3 * second}},
		{"more requests a second than slots", 400, nil, 0, []time.Duration{0, 0, second / 200, 0, second / 200, 0}},
		{"a fraction a second", 0.5, nil, 0, []time.Duration{0, 2 * second, 2 * second}},
		{"one of many, at the least limit", 0.01, []int{63}, 64, []time.Duration{3100 * second, 6400 * second, 6400 * second}},
	} {
		inBubble(t, tc.name, func(t *testing.T) {
			p := newPacer(tc.limit)
			if tc.total > 0 {
				p.SetSlots(tc.owned, tc.total)
			}
			for i, want := range tc.waits {
				wantAbout(t, "Ready", p.Ready(time.Now()), want)
				_, waited := waitFor(t, p)
				wantAbout(t, fmt.Sprint("request ", i), waited, want)
			}
		})
	}
	inBubble(t, "no burst after a rest", func(t *testing.T) {
		p := newPacer(2)
		time.Sleep(time.Hour)
		waitFor(t, p)
		_, waited := waitFor(t, p)
		wantAbout(t, "the second", waited, 500*time.Millisecond)
	})
	inBubble(t, "a slot is good until its end", func(t *testing.T) {
		p := newPacer(2)
		time.Sleep(490 * time.Millisecond)
		_, waited := waitFor(t, p)
		wantAbout(t, "the first", waited, 0)
		_, waited = waitFor(t, p)
		wantAbout(t, "the next slot's", waited, 10*time.Millisecond)
		_, waited = waitFor(t, p)
		wantAbout(t, "the one after", waited, 500*time.Millisecond)
	})
	inBubble(t, "many workers", func(t *testing.T) {
		p := newPacer(2)
		begin := time.Now()
		done := make(chan time.Time)
		for range 10 {
			go func() {
				started, err := p.Wait(t.Context())
				if err != nil {
					t.Error(err)
				}
				done <- started
			}()
		}
		var last time.Time
		for range 10 {
			last = <-done
		}
		wantAbout(t, "the tenth", last.Sub(begin), 4500*time.Millisecond)
	})
}

func TestPacerSetSlots(t *testing.T) {
	inBubble(t, "what is kept is as used as it was", func(t *testing.T) {
		p := newPacer(1)
		p.SetSlots([]int{0, 1}, 2)
		time.Sleep(1200 * time.Millisecond)
		p.SetSlots([]int{1}, 2)
		wantAbout(t, "not used", p.Ready(time.Now()), 0)
		waitFor(t, p)
		p.SetSlots([]int{0, 1}, 2)
		wantAbout(t, "used", p.Ready(time.Now()), 800*time.Millisecond)
	})
	inBubble(t, "what is acquired may have been used", func(t *testing.T) {
		p := newPacer(1)
		p.SetSlots([]int{0}, 2)
		time.Sleep(1200 * time.Millisecond) // slot 1
		p.SetSlots([]int{0, 1}, 2)
		wantAbout(t, "acquired", p.Ready(time.Now()), 800*time.Millisecond)
		time.Sleep(time.Second) // slot 2
		p.SetSlots(nil, 2)
		p.SetSlots([]int{0, 1}, 2)
		wantAbout(t, "given up and acquired", p.Ready(time.Now()), 800*time.Millisecond)
		time.Sleep(time.Second) // slot 3, which is 1 of 2 and 0 of 3
		p.SetSlots([]int{0, 1}, 3)
		wantAbout(t, "cut anew", p.Ready(time.Now()), 800*time.Millisecond)
	})
	inBubble(t, "a long wait ends with new slots", func(t *testing.T) {
		p := newPacer(0.01)
		p.SetSlots([]int{63}, 64)
		begin := time.Now()
		time.AfterFunc(10*time.Second, func() { p.SetSlots([]int{32, 33}, 64) })
		waitFor(t, p)
		wantAbout(t, "the next slot is 33", time.Since(begin), 100*time.Second)
	})
	inBubble(t, "none owned", func(t *testing.T) {
		p := newPacer(2)
		p.SetSlots(nil, 6)
		wantAbout(t, "Ready", p.Ready(time.Now()), noSlotsWait)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Hour)
		defer cancel()
		if _, err := p.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("a request went without a slot: %v", err)
		}
		begin := time.Now()
		time.AfterFunc(10200*time.Millisecond, func() { p.SetSlots([]int{0, 1, 2, 3, 4, 5}, 6) })
		waitFor(t, p)
		wantAbout(t, "woken by new slots", time.Since(begin), 10500*time.Millisecond)
	})
}

func TestPacerReady(t *testing.T) {
	inBubble(t, "takes nothing", func(t *testing.T) {
		p := newPacer(2)
		for range 5 {
			wantAbout(t, "Ready", p.Ready(time.Now()), 0)
		}
		_, waited := waitFor(t, p)
		wantAbout(t, "the first", waited, 0)
	})
	inBubble(t, "counts those waiting", func(t *testing.T) {
		p := newPacer(2)
		waitFor(t, p)
		ctx, cancel := context.WithCancel(t.Context())
		for range 2 {
			go p.Wait(ctx) //nolint:errcheck // canceled below
		}
		synctest.Wait()
		wantAbout(t, "Ready", p.Ready(time.Now()), 1500*time.Millisecond)
		cancel()
		synctest.Wait()
		wantAbout(t, "Ready after they left", p.Ready(time.Now()), 500*time.Millisecond)
	})
	inBubble(t, "what it says comes true", func(t *testing.T) {
		rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // not a secret
		for _, limit := range []float64{0.3, 2, 7, 450} {
			p := newPacer(limit)
			for range 300 {
				if rnd.IntN(4) == 0 {
					p.SetSlots(rnd.Perm(12)[:1+rnd.IntN(11)], 12)
				}
				time.Sleep(time.Duration(rnd.Float64() * 2 / limit * float64(time.Second)))
				ready := p.Ready(time.Now())
				started, waited := waitFor(t, p)
				if waited != ready {
					t.Fatalf("limit %v: ready in %v, and went after %v", limit, ready, waited)
				}
				if class := []Class{"", "", "", Busy, Failing}[rnd.IntN(5)]; rnd.IntN(2) == 0 {
					p.report(started, class)
				}
			}
		}
	})
}

func TestPacerBackoff(t *testing.T) {
	for _, tc := range []struct {
		class Class
		limit time.Duration
	}{{Busy, maxPause}, {Maintenance, maxPause}, {Failing, maxPause}, {Refused, maxRefusedPause}} {
		inBubble(t, string(tc.class), func(t *testing.T) {
			p := newPacer(1000)
			for n := range 12 {
				started, _ := waitFor(t, p)
				p.report(started, tc.class)
				plain := min(float64(500*time.Millisecond)*float64(int(1)<<n), 1e12)
				from := time.Duration(min(float64(tc.limit)*0.75, plain*0.75))
				to := time.Duration(min(float64(tc.limit), plain*1.25))
				wantBetween(t, "pause", p.Ready(time.Now()), from, to)
			}
			started, _ := waitFor(t, p)
			p.report(started, "")
			started, waited := waitFor(t, p)
			wantBetween(t, "after a success", waited, 0, 10*time.Millisecond)
			p.report(started, tc.class)
			wantBetween(t, "a first failure again", p.Ready(time.Now()), 375*time.Millisecond, 625*time.Millisecond)
		})
	}
	inBubble(t, "rejected is no failure", func(t *testing.T) {
		p := newPacer(2)
		started, _ := waitFor(t, p)
		p.report(started, Rejected)
		wantAbout(t, "Ready", p.Ready(time.Now()), 500*time.Millisecond)
	})
	inBubble(t, "failures at the same time count once", func(t *testing.T) {
		p := newPacer(1000)
		var before []time.Time
		for range 4 {
			started, _ := waitFor(t, p)
			before = append(before, started)
		}
		time.Sleep(time.Second)
		for _, started := range before {
			p.report(started, Busy)
		}
		wantBetween(t, "pause", p.Ready(time.Now()), 375*time.Millisecond, 625*time.Millisecond)
		if p.slow != 0.5 {
			t.Errorf("slowed to %v", p.slow)
		}
	})
	inBubble(t, "all workers pause", func(t *testing.T) {
		p := newPacer(1000)
		started, _ := waitFor(t, p)
		other, _ := waitFor(t, p)
		p.report(started, Failing)
		p.report(other, "") // was on its way already: lifts nothing
		_, waited := waitFor(t, p)
		wantBetween(t, "pause", waited, 375*time.Millisecond, 625*time.Millisecond)
	})
}

func TestPacerBusySlowsDown(t *testing.T) {
	inBubble(t, "and good answers speed up", func(t *testing.T) {
		p := newPacer(10)
		rates := func(class Class, want ...float64) {
			t.Helper()
			for _, rate := range want {
				started, _ := waitFor(t, p)
				p.report(started, class)
				if pause := time.Until(p.resume); pause > 0 {
					wantPace(t, p, 0)
					time.Sleep(pause)
				}
				wantPace(t, p, rate)
			}
		}
		rates(Busy, 5, 2.5, 1.25, 1, 1)
		rates("", 2, 3, 4)
		rates(Busy, 2)
		rates(Failing, 2)
		rates("", 3, 4, 5, 6, 7, 8, 9, 10, 10)
		p.SetSlots([]int{1}, 2)
		rates("", 5)
		rates(Busy, 2.5)
		p.SetSlots(nil, 2)
		wantPace(t, p, 0)
	})
	for slow, gaps := range map[float64][]int{
		1: {1}, 0.9: {1, 2}, 0.5: {2}, 0.3: {3, 4}, 0.1: {10}, // in slots
	} {
		inBubble(t, fmt.Sprintf("evenly: %v of the slots", slow), func(t *testing.T) {
			p := newPacer(10)
			p.SetSlots([]int{0, 1, 2, 3}, 4)
			p.slowTo(time.Now(), slow)
			before, _ := waitFor(t, p)
			begin, requests := before, 0
			for before.Sub(begin) < 10*time.Second {
				started, _ := waitFor(t, p)
				gap := int(started.Sub(before) / (100 * time.Millisecond))
				if !slices.Contains(gaps, gap) {
					t.Errorf("%d slots from one request to the next, want %v", gap, gaps)
				}
				before = started
				requests++
			}
			if want := int(100 * slow); requests != want {
				t.Errorf("%d requests in 100 slots, want %d", requests, want)
			}
		})
	}
}

// wantPace allows for rounding in the multiplications.
func wantPace(t *testing.T, p *pacer, want float64) {
	t.Helper()
	if got, _ := p.Pace(time.Now()); got < want-0.001 || got > want+0.001 {
		t.Fatalf("%v requests a second, want %v", got, want)
	}
}

func TestPacerCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(2)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := p.Wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		_, waited := waitFor(t, p)
		wantAbout(t, "its turn is not lost", waited, 0)
	})
}

// TestPacerTurn: a turn that was taken is the next Wait's, and nobody else's.
func TestPacerTurn(t *testing.T) {
	inBubble(t, "", func(t *testing.T) {
		p := newPacer(2)
		if wait := p.Turn(time.Now()); wait != 0 {
			t.Fatalf("no turn for %v", wait)
		}
		wantAbout(t, "the next turn", p.Turn(time.Now()), time.Second/2)
		time.Sleep(100 * time.Millisecond)
		started, waited := waitFor(t, p)
		wantAbout(t, "whose turn was taken waits", waited, 0)
		wantAbout(t, "its turn was", time.Since(started), 100*time.Millisecond)
		_, waited = waitFor(t, p)
		wantAbout(t, "another one waits", waited, 400*time.Millisecond)
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		go func() { _, _ = p.Wait(ctx) }()
		synctest.Wait()
		wantAbout(t, "behind one that waits", p.Turn(time.Now()), time.Second)
	})
}
