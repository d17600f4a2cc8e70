package callbot

import (
	"context"
	"errors"
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

// wantAbout allows for rounding in the limiter.
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

func TestPacerRate(t *testing.T) {
	for _, tc := range []struct {
		name         string
		limit        float64
		owned, total int
		between      time.Duration
	}{
		{"the whole limit", 2, 6, 6, 500 * time.Millisecond},
		{"a third", 2, 2, 6, 1500 * time.Millisecond},
		{"more than there are", 2, 9, 6, 500 * time.Millisecond},
		{"a fraction a second", 0.5, 1, 1, 2 * time.Second},
		{"a very small share", 2, 1, 10_000, time.Minute},
	} {
		inBubble(t, tc.name, func(t *testing.T) {
			p := newPacer(tc.limit)
			p.SetShare(tc.owned, tc.total)
			_, first := waitFor(t, p)
			wantAbout(t, "the first request", first, 0)
			for range 3 {
				wantAbout(t, "Ready", p.Ready(time.Now()), tc.between)
				_, waited := waitFor(t, p)
				wantAbout(t, "the next", waited, tc.between)
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
		p := newPacer(3)
		for i := range 20 {
			started, _ := waitFor(t, p)
			if i%3 == 0 {
				p.report(started, Busy)
			}
			time.Sleep(p.Ready(time.Now()))
			wantAbout(t, "Ready", p.Ready(time.Now()), 0)
		}
	})
}

func TestPacerNoShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(2)
		p.SetShare(0, 6)
		wantAbout(t, "Ready", p.Ready(time.Now()), noShareWait)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Hour)
		defer cancel()
		if _, err := p.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("a request went without a share: %v", err)
		}
		begin := time.Now()
		time.AfterFunc(10*time.Second, func() { p.SetShare(6, 6) })
		waitFor(t, p)
		wantAbout(t, "woken by the new share", time.Since(begin), 10*time.Second)
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
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(10)
		rates := func(class Class, want ...float64) {
			t.Helper()
			for _, rate := range want {
				started, _ := waitFor(t, p)
				p.report(started, class)
				if got := float64(p.limiter.Limit()); got < rate-0.001 || got > rate+0.001 {
					t.Fatalf("after %q: %v requests a second, want %v", class, got, rate)
				}
			}
		}
		rates(Busy, 5, 2.5, 1.25, 1, 1)
		rates("", 2, 3, 4)
		rates(Busy, 2)
		rates(Failing, 2)
		rates("", 3, 4, 5, 6, 7, 8, 9, 10, 10)
		p.SetShare(1, 2)
		rates("", 5)
		rates(Busy, 2.5)
	})
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
