package callbot

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestPacerCountsWhatWasAllowed: each case passes 100 slots of half a second.
func TestPacerCountsWhatWasAllowed(t *testing.T) {
	for _, tc := range []struct {
		name string
		pass func(t *testing.T, p *pacer)
		want int64
	}{
		{"unused", func(*testing.T, *pacer) { time.Sleep(50 * time.Second) }, 100},
		{"used", func(t *testing.T, p *pacer) {
			for range 100 {
				waitFor(t, p)
			}
			time.Sleep(500 * time.Millisecond)
		}, 100},
		{"a quarter owned", func(_ *testing.T, p *pacer) {
			p.SetSlots([]int{1}, 4)
			time.Sleep(50 * time.Second)
		}, 25},
		{"owned for a while", func(_ *testing.T, p *pacer) {
			time.Sleep(20 * time.Second)
			p.SetSlots(nil, 4)
			time.Sleep(20 * time.Second)
			p.SetSlots([]int{0, 1, 2, 3}, 4)
			time.Sleep(10 * time.Second)
		}, 60},
		{"thinned for a while", func(_ *testing.T, p *pacer) {
			time.Sleep(10 * time.Second)
			p.slowTo(time.Now(), 0.5)
			time.Sleep(20 * time.Second)
			p.slowTo(time.Now(), 1)
			time.Sleep(20 * time.Second)
		}, 80},
		{"a pause", func(_ *testing.T, p *pacer) {
			time.Sleep(10 * time.Second)
			p.Pace(time.Now())
			p.resume = time.Now().Add(20 * time.Second)
			time.Sleep(10 * time.Second)
			p.Pace(time.Now()) // a scrape changes nothing
			time.Sleep(30 * time.Second)
		}, 60},
	} {
		inBubble(t, tc.name, func(t *testing.T) {
			p := newPacer(2)
			_, before := p.Pace(time.Now())
			tc.pass(t, p)
			_, after := p.Pace(time.Now())
			if got := after - before; got < tc.want-1 || got > tc.want+1 {
				t.Errorf("%d requests allowed, want %d", got, tc.want)
			}
		})
	}
}

// TestPacerSteppedClock: whoever sets the wall clock neither stalls an instance
// nor lets it send more.
func TestPacerSteppedClock(t *testing.T) {
	for _, step := range []time.Duration{
		-24 * time.Hour, -time.Hour, -700 * time.Millisecond, -300 * time.Millisecond, -200 * time.Millisecond, -20 * time.Millisecond,
		20 * time.Millisecond, 200 * time.Millisecond, 300 * time.Millisecond, 700 * time.Millisecond, time.Hour, 24 * time.Hour,
	} {
		inBubble(t, step.String(), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // not a secret
			p := newPacer(2)
			var off time.Duration
			p.unix = func(now time.Time) int64 { return now.Add(off).UnixNano() }
			sent := &sendings{}
			for i := range 400 {
				if rnd.IntN(3) == 0 {
					time.Sleep(time.Duration(rnd.IntN(750)) * time.Millisecond)
				}
				if i%7 == 0 {
					off += step
				}
				ready := p.Ready(time.Now())
				started, waited := waitFor(t, p)
				if waited != ready {
					t.Errorf("ready in %v, and went after %v", ready, waited)
				}
				if waited > 1500*time.Millisecond {
					t.Errorf("waited %v for a slot of half a second", waited)
				}
				sent.add(started)
			}
			sent.wantAtMost(t, 3)
		})
	}
}
