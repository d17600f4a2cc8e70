package freshness

import (
	"fmt"
	"runtime"
	"strconv"
	"testing"
	"time"

	"callstream/internal/order"
	"callstream/internal/schedule"
)

// TestScale holds the schedule's memory to 200 bytes an order, and tells what an
// order costs it in time. The order's names are not counted: the book has them
// anyway. With -long it does so for 10,000,000 orders, and bounds the time too.
func TestScale(t *testing.T) {
	orders := 200_000
	if *long {
		orders = 10_000_000
	}
	for _, tasks := range []int{1, 100} {
		t.Run(strconv.Itoa(tasks)+" tasks", func(t *testing.T) {
			s := newScale(orders, tasks)
			bytes := s.hold()
			take, looked := s.least()
			if table() {
				fmt.Printf("%d orders, %d tasks: %d bytes an order; %v to take one, %v to return one\n", orders, tasks, bytes, take, looked)
			}
			if bytes >= 200 {
				t.Errorf("%d bytes an order, less than 200 are to do", bytes)
			}
			if *long && max(take, looked) >= 2*time.Microsecond {
				t.Errorf("%v to take an order, %v to return it: each is to be under 2 µs", take, looked)
			}
		})
	}
}

// scale is a plan of many orders: of a hundred 90 are queued, one is in a call,
// and the rest are between two calls, at all ages.
type scale struct {
	refs  []order.Ref
	items []schedule.Item
	plan  *schedule.Plan
	now   order.Millis
}

func newScale(orders, tasks int) *scale {
	s := &scale{refs: make([]order.Ref, orders), now: epoch}
	for k := range s.refs {
		s.refs[k] = order.Ref{Task: "task " + strconv.Itoa(k%tasks), ID: strconv.Itoa(k)}
	}
	return s
}

// hold puts the orders in as if each had been looked at, and returns how many bytes
// the plan has for each.
func (s *scale) hold() uint64 {
	before := inUse()
	s.plan = newOurs(500).plan
	s.items = make([]schedule.Item, len(s.refs))
	for k := range s.items {
		s.items[k].Ref = s.refs[k]
		f := s.facts(k)
		s.plan.Restore(&s.items[k], f, k%6, s.now-minute, s.now)
	}
	held := inUse() - before
	runtime.KeepAlive(s)
	return held / uint64(len(s.refs))
}

// inUse returns how many bytes are in use.
func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// facts are what is known of an order.
func (s *scale) facts(k int) order.Facts {
	age := order.Millis(k % 3_600_000)
	f := order.Facts{ChangedAt: s.now - age - 1}
	switch {
	case k%100 < 90:
		f.Phase = order.PhaseQueued
	case k%100 == 90:
		f.Phase, f.Since, f.Started = order.PhaseInCall, s.now-age%minute, s.now-age%minute-10*second
	default:
		f.Phase, f.Since, f.Started = order.PhaseBetween, s.now-age, s.now-age-minute
	}
	return f
}

// least returns what an order took to be chosen and to be returned in the fastest
// of some rounds: what else runs on the machine makes others slower.
func (s *scale) least() (take, looked time.Duration) {
	known := make([]order.Facts, len(s.items))
	for k := range known {
		known[k] = s.facts(k)
	}
	take, looked = time.Hour, time.Hour
	for range 8 {
		t, l := s.rounds(known, 250)
		take, looked = min(take, t), min(looked, l)
	}
	return take, looked
}

// rounds makes some requests, two a second, that show nothing new, and returns
// what an order took to be chosen and to be returned.
func (s *scale) rounds(known []order.Facts, requests int) (take, looked time.Duration) {
	taken := 0
	for range requests {
		s.now += second / 2
		begun := time.Now()
		var request schedule.Request
		if at, ok := s.plan.Next(s.now); ok && at <= s.now {
			request = s.plan.Take(s.now, false)
		}
		take += time.Since(begun)
		taken += len(request.Orders)
		begun = time.Now()
		for _, i := range request.Orders {
			k, _ := strconv.Atoi(i.Ref.ID)
			s.plan.Looked(i, schedule.Sight{Facts: known[k], At: s.now}, s.now)
		}
		looked += time.Since(begun)
	}
	return take / time.Duration(max(1, taken)), looked / time.Duration(max(1, taken))
}
