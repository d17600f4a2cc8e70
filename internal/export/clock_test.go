package export

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"callstream/internal/order"
)

// TestWallClockSteps: somebody sets the machine's clock while an order is
// followed that goes on, and one that is a minute from having settled. Neither
// is settled or given up by that, and both are looked at as before.
func TestWallClockSteps(t *testing.T) {
	for _, step := range []time.Duration{10 * 24 * time.Hour, -time.Hour} {
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.stories["goes on"], w.stories["ended"] = lively()[:2], done()
				w.ask("follow", "goes on")
				w.ask("follow", "ended")
				var wall atomic.Int64 // how far the machine's clock was set from where it was
				cfg := testConfig()
				cfg.Now = SteadyClock(func() time.Time { return time.Now().Add(time.Duration(wall.Load())) }, time.Since)
				proc := w.start(cfg)
				time.Sleep(15 * time.Second)
				wall.Store(int64(step))
				before := len(w.looks())
				time.Sleep(30 * time.Second)
				if n := len(w.looks()) - before; n < 2 {
					t.Errorf("%d looks in half a minute after the step", n)
				}
				for _, id := range []string{"goes on", "ended"} {
					if st := w.lastState(id); st == nil || st.Rest != order.Active {
						t.Errorf("order %q after the step: %+v", id, st)
					}
				}
				time.Sleep(2 * time.Minute)
				if st := w.lastState("ended"); st == nil || st.Rest != order.Settled {
					t.Errorf("an order that ended has not settled in its time: %+v", st)
				}
				proc.end(t)
				if len(w.letters) > 0 {
					t.Errorf("dead letters %+v", w.letters)
				}
			})
		})
	}
}

// looks returns the batches asked for so far.
func (w *world) looks() [][]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked
}
