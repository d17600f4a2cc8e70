package callbot

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// sendings are the moments at which requests of a whole group went.
type sendings struct {
	mu sync.Mutex
	at []time.Time
}

func (s *sendings) add(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = append(s.at, at)
}

func (s *sendings) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.at)
}

// within returns the most requests in any window, wherever it begins.
func (s *sendings) within(window time.Duration) (most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.SortFunc(s.at, time.Time.Compare)
	first := 0
	for i, at := range s.at {
		for at.Sub(s.at[first]) >= window {
			first++
		}
		most = max(most, i+1-first)
	}
	return most
}

func (s *sendings) wantAtMost(t *testing.T, want int) {
	t.Helper()
	if got := s.within(time.Second); got > want {
		t.Errorf("%d requests in one second, want %d at most", got, want)
	}
}

// wantOneASlot is stricter than a window: no slot is used twice.
func (s *sendings) wantOneASlot(t *testing.T, slots slots) {
	t.Helper()
	used := map[int64]int64{}
	for _, at := range s.at {
		slot := slots.at(at.UnixNano())
		if used[slot]++; used[slot] == slots.each+1 {
			t.Errorf("more than %d requests in slot %d", slots.each, slot)
		}
	}
}

// instances are the pacers of a group. Each has workers that send whenever they
// may: hungry ones at once again, and lazy ones after a while, so that requests
// go at any time within a slot.
type instances struct {
	pacers []*pacer
	sent   sendings
}

func (g *instances) send(ctx context.Context, limit float64, n int, lazy bool) (wait func()) {
	var workers sync.WaitGroup
	for i := range n {
		p := newPacer(limit)
		p.SetSlots(nil, 1)
		g.pacers = append(g.pacers, p)
		for worker := range 2 {
			rnd := rand.New(rand.NewPCG(uint64(i), uint64(worker))) //nolint:gosec // not a secret
			workers.Go(func() {
				for {
					started, err := p.Wait(ctx)
					if err != nil {
						return
					}
					g.sent.add(started)
					if lazy {
						time.Sleep(time.Duration(rnd.Int64N(3 * newSlots(limit).length)))
					}
				}
			})
		}
	}
	return workers.Wait
}

// assign gives each instance the partitions that are its own.
func (g *instances) assign(owner []int) {
	for i, p := range g.pacers {
		var owned []int
		for partition, o := range owner {
			if o == i {
				owned = append(owned, partition)
			}
		}
		p.SetSlots(owned, len(owner))
	}
}

// most is how many requests a second may hold: the limit, rounded up, and one
// slot more at its edge.
func most(limit float64) int {
	each := math.Ceil(limit / maxSlots)
	return int(each * (math.Ceil(limit/each) + 1))
}

// TestGroupKeepsTheLimit: however many instances and partitions there are, no
// second of the group's holds more than the limit and one, and nothing is left
// unspent.
func TestGroupKeepsTheLimit(t *testing.T) {
	const second = time.Second
	for _, limit := range []float64{0.5, 1, 2, 2.5, 7, 50, 300} {
		for _, partitions := range []int{6, 12, 64} {
			for _, n := range []int{1, 2, 3, 6} {
				for _, lazy := range []bool{false, true} {
					inBubble(t, fmt.Sprintf("%v a second, %d partitions, %d instances, lazy %v", limit, partitions, n, lazy), func(t *testing.T) {
						ctx, cancel := context.WithTimeout(t.Context(), 70*second)
						defer cancel()
						g := &instances{}
						wait := g.send(ctx, limit, n, lazy)
						owner := make([]int, partitions)
						for partition := range owner {
							owner[partition] = partition * n / partitions // ranges, as the group has them
						}
						time.Sleep(second / 3)
						g.assign(owner)
						wait()
						g.sent.wantAtMost(t, most(limit))
						g.sent.wantOneASlot(t, newSlots(limit))
						if !lazy {
							g.sent.wantSpent(t, limit)
						}
					})
				}
			}
		}
	}
}

// wantSpent wants 99 % of the limit spent in the minute after the first request.
func (s *sendings) wantSpent(t *testing.T, limit float64) {
	t.Helper()
	n := 0
	for _, at := range s.at {
		if at.Sub(s.at[0]) < time.Minute {
			n++
		}
	}
	if want := 60 * limit * 0.99; float64(n) < want {
		t.Errorf("%d requests in a minute, want %v at least", n, want)
	}
}

// TestGroupKeepsTheLimitWhilePartitionsMove: partitions move at any moment, a
// few of them or all at once, and new owners begin the very moment after the
// old ones have given them up, or later.
func TestGroupKeepsTheLimitWhilePartitionsMove(t *testing.T) {
	for _, limit := range []float64{0.5, 1, 2, 2.5, 7, 50, 300} {
		for _, partitions := range []int{6, 12, 64} {
			for _, n := range []int{2, 3, 6} {
				inBubble(t, fmt.Sprintf("%v a second, %d partitions, %d instances", limit, partitions, n), func(t *testing.T) {
					ctx, cancel := context.WithCancel(t.Context())
					g := &instances{}
					wait := g.send(ctx, limit, n, true)
					rnd := rand.New(rand.NewPCG(5, uint64(partitions*n))) //nolint:gosec // not a secret
					owner := make([]int, partitions)
					for range 60 {
						g.assign(owner)
						time.Sleep(time.Duration(rnd.Int64N(int64(2 * time.Second))))
						moved := slices.Clone(owner)
						for partition := range owner {
							if rnd.IntN(2) == 0 {
								owner[partition], moved[partition] = -1, rnd.IntN(n)
							}
						}
						if rnd.IntN(2) == 0 { // as the group does it: all give up all
							owner = slices.Repeat([]int{-1}, partitions)
						}
						g.assign(owner)
						if rnd.IntN(2) == 0 {
							time.Sleep(time.Duration(rnd.Int64N(int64(time.Second / 2))))
						}
						owner = moved
					}
					cancel()
					wait()
					g.sent.wantAtMost(t, most(limit))
					g.sent.wantOneASlot(t, newSlots(limit))
					if len(g.sent.at) < int(10*limit) {
						t.Errorf("only %d requests went", len(g.sent.at))
					}
				})
			}
		}
	}
}

func TestSlots(t *testing.T) {
	t.Run("own slots are numbered without gaps", func(t *testing.T) {
		for _, owned := range [][]int{{0}, {3}, {0, 1, 2, 3, 4, 5}, {1, 4}, {5, 0}} {
			s := newSlots(2).of(owned, 6)
			next := s.before(600)
			for slot := int64(600); slot < 640; slot++ {
				if got := s.before(slot); got != next {
					t.Errorf("%v: %d own slots before %d, want %d", owned, got, slot, next)
				}
				if !s.owns(slot) {
					continue
				}
				if got := s.nth(next); got != slot {
					t.Errorf("%v: own slot %d is %d, want %d", owned, next, got, slot)
				}
				next++
			}
		}
	})
	t.Run("no limit is exceeded by rounding", func(t *testing.T) {
		for _, limit := range []float64{0.01, 0.3, 1, 3, 7, 60, 199, 200, 201, 399, 1000, 12345} {
			s := newSlots(limit)
			rate := float64(s.each) / float64(s.length) * float64(time.Second)
			if rate > limit || rate < limit*0.99999 || limit <= maxSlots && s.each != 1 {
				t.Errorf("limit %v: %d requests in each %d ns, %v a second", limit, s.each, s.length, rate)
			}
		}
	})
}

// TestArrivals measures in real time what a server sees of six instances that
// send whenever they may. On a busy machine a request may be late, so that the
// next ones come sooner after it: windows are shorter by that.
func TestArrivals(t *testing.T) {
	const late = 200 * time.Millisecond
	if testing.Short() {
		t.Skip("takes 5 s")
	}
	for _, limit := range []float64{2, 20} {
		t.Run(fmt.Sprint(limit, " a second"), func(t *testing.T) {
			t.Parallel()
			var arrived sendings
			api := &script{entry: knows}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			var looks sync.WaitGroup
			for i := range 6 {
				c := newTestClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					arrived.add(time.Now())
					api.ServeHTTP(w, r)
				}), func(c *Config) { c.RateLimit = limit })
				c.SetSlots([]int{i}, 6)
				for range 2 {
					looks.Go(func() {
						for ctx.Err() == nil {
							_, _ = c.Look(ctx, "t", []string{"o"})
						}
					})
				}
			}
			looks.Wait()
			all := arrived.count()
			t.Logf("%d arrived in 5 s, at most %d in one second", all, arrived.within(time.Second))
			if got, want := arrived.within(time.Second-late), int(limit)+1; got > want {
				t.Errorf("%d arrived in one second, want %d at most", got, want)
			}
			if want := int(limit) * 5 / 2; all < want {
				t.Errorf("%d arrived in 5 s, want %d at least", all, want)
			}
		})
	}
}
