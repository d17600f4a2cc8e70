package schedule

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"callstream/internal/order"
)

// TestAlarmsModel does random things to alarms and to a plain map.
func TestAlarmsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Alarms
		alarms := make([]Alarm, 12)
		set := map[*Alarm]order.Millis{}
		now := noon
		for range rapid.IntRange(0, 100).Draw(t, "steps") {
			a := &alarms[rapid.IntRange(0, len(alarms)-1).Draw(t, "alarm")]
			switch rapid.SampledFrom([]string{"set", "stop", "resume", "ring"}).Draw(t, "what") {
			case "set":
				when := now + order.Millis(rapid.IntRange(-5, 50).Draw(t, "when"))
				s.Set(a, when)
				set[a] = when
			case "stop":
				s.Stop(a)
				delete(set, a)
			case "resume":
				s.Resume(a)
				set[a] = a.when
			default:
				now += order.Millis(rapid.IntRange(0, 20).Draw(t, "passes"))
				for a := s.Ring(now); a != nil; a = s.Ring(now) {
					if when, ok := set[a]; !ok || when > now || when > soonestOf(set) {
						t.Fatalf("an alarm rings at %d that is set for %d (%t)", now, when, ok)
					}
					delete(set, a)
				}
			}
			when, ok := s.Next()
			if ok != (len(set) > 0) || ok && (when != soonestOf(set) || when <= now && s.Ring(when-1) != nil) {
				t.Fatalf("Next = %d, %t of %v", when, ok, set)
			}
		}
	})
}

func soonestOf(set map[*Alarm]order.Millis) order.Millis {
	soonest := order.Millis(1 << 62)
	for _, when := range set {
		soonest = min(soonest, when)
	}
	return soonest
}

// TestSoonest holds the walk through a heap against sorting it.
func TestSoonest(t *testing.T) {
	var walk []int // used again, as by a plan
	rapid.Check(t, func(t *rapid.T) {
		var k task
		var dues []order.Millis
		for _, due := range rapid.SliceOfN(rapid.IntRange(0, 40), 0, 60).Draw(t, "dues") {
			i := &Item{due: order.Millis(due)}
			k.paced.set(i)
			dues = append(dues, i.due)
		}
		for range rapid.IntRange(0, len(k.paced)/2).Draw(t, "removed") {
			i := k.paced[rapid.IntRange(0, len(k.paced)-1).Draw(t, "which")].of
			k.paced.remove(i)
			dues = slices.Delete(dues, slices.Index(dues, i.due), slices.Index(dues, i.due)+1)
		}
		before := slices.Clone(k.paced)
		n := rapid.IntRange(0, 80).Draw(t, "n")
		var got []order.Millis
		found := map[*Item]bool{}
		k.soonest(n, &walk, func(i *Item) {
			got = append(got, i.due)
			found[i] = true
		})
		slices.Sort(dues)
		if want := dues[:min(n, len(dues))]; !slices.Equal(got, want) || len(found) != len(want) {
			t.Fatalf("soonest(%d) = %v, %d of them different; want %v", n, got, len(found), want)
		}
		if !slices.Equal(before, k.paced) {
			t.Fatal("the walk changed the heap")
		}
	})
}
