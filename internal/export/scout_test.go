package export

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"callstream/internal/order"
)

// TestScouts: what a scout names is looked at with the next request. What it
// should not name changes nothing.
func TestScouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		cfg := testConfig()
		w.crowd(&cfg)
		w.stories["rests"], w.stories["waits"] = done(), done()
		w.ask("once", "rests")
		w.askFor("waits", "notBefore", time.Hour)
		var calling string // the order that a scout named last: not one that is being looked at
		w.scouts = func() []string {
			if len(w.asked) > 5 {
				calling = w.asked[len(w.asked)-5][0]
			}
			return []string{calling, "nobody asked for it", "rests", "waits", ""}
		}
		// The crowd waits for its calls: only then there is something to scout for.
		for id := range w.stories {
			if id != "rests" && id != "waits" {
				w.stories[id] = story{{0, order.Answer{}}}
			}
		}
		proc := w.start(cfg)
		time.Sleep(10 * time.Minute)
		var named string
		var latest []string
		scouts := func() (n int) {
			w.set(func() { n = len(w.scouted) })
			return n
		}
		for began := scouts(); scouts() == began; {
			time.Sleep(10 * time.Millisecond)
		}
		w.set(func() { named = calling })
		time.Sleep(1100 * time.Millisecond) // to the next request
		w.set(func() { latest = slices.Concat(w.asked[len(w.asked)-2:]...) })
		if !slices.Contains(latest, named) {
			t.Errorf("a scout named %s, but the next request asks for %v", named, latest)
		}
		time.Sleep(time.Minute)
		if n := w.looksAt("rests"); n != 1 {
			t.Errorf("the order that rests was looked at %d times", n)
		}
		if n := w.looksAt("waits") + w.looksAt("nobody asked for it"); n != 0 {
			t.Errorf("%d looks at orders that are not to be looked at", n)
		}
		proc.end(t)
		if !slices.Contains(w.scouted, "t") || slices.ContainsFunc(w.scouted, func(task string) bool { return task != "t" }) {
			t.Errorf("scouted %v", w.scouted)
		}
	})
}
