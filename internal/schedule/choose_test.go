package schedule

import (
	"math/rand/v2"
	"slices"
	"testing"

	"callstream/internal/order"
)

// TestPortions is of a request of 8 places for which more orders wait.
func TestPortions(t *testing.T) {
	const size = 8
	const calls, queued = order.PhaseInCall, order.PhaseQueued
	long := noon - 3600*second
	tests := []struct {
		name string
		fill func(p *Plan)
		want map[place]int
	}{
		{
			"first looks take half, calls the rest",
			func(p *Plan) { ask(p, "a", 20, noon); crowd(p, "a", 20, calls, long, noon) }, map[place]int{first: 4, paced: 4},
		},
		{
			"few first looks take what they need",
			func(p *Plan) { ask(p, "a", 3, noon); crowd(p, "a", 20, calls, long, noon) }, map[place]int{first: 3, paced: 5},
		},
		{
			"few calls leave them the rest",
			func(p *Plan) { ask(p, "a", 20, noon); crowd(p, "a", 3, calls, long, noon) }, map[place]int{first: 5, paced: 3},
		},
		{
			"calls of which little is expected wait",
			func(p *Plan) { ask(p, "a", 20, noon); crowd(p, "a", 20, calls, noon, noon) }, map[place]int{first: 8},
		},
		{
			"the sweep takes a quarter",
			func(p *Plan) { crowd(p, "a", 20, queued, noon, noon); crowd(p, "a", 20, calls, long, noon) }, map[place]int{listed: 2, paced: 6},
		},
		{
			"the sweep leaves first looks their half",
			func(p *Plan) {
				ask(p, "a", 20, noon)
				crowd(p, "a", 20, queued, noon, noon)
				crowd(p, "a", 20, calls, long, noon)
			}, map[place]int{first: 4, listed: 2, paced: 2},
		},
		{
			"queued orders that were not looked at for long go before calls just looked at",
			func(p *Plan) { crowd(p, "a", 20, queued, long, noon); crowd(p, "a", 20, calls, noon, noon) }, map[place]int{listed: 8},
		},
		{
			"the urgent go before all",
			func(p *Plan) {
				for _, i := range crowd(p, "a", 20, calls, noon, noon) {
					p.Hint(i, noon)
				}
				ask(p, "a", 20, noon)
				crowd(p, "a", 20, queued, long, noon)
			}, map[place]int{urgent: 8},
		},
		{
			"the rest is shared as ever",
			func(p *Plan) {
				for _, i := range ask(p, "a", 3, noon) {
					p.Hint(i, noon)
				}
				ask(p, "a", 20, noon)
				crowd(p, "a", 20, calls, long, noon)
			}, map[place]int{urgent: 3, first: 4, paced: 1},
		},
		{
			"a request that goes anyway takes all along",
			func(p *Plan) {
				ask(p, "a", 2, noon)
				crowd(p, "a", 2, queued, noon, noon)
				crowd(p, "a", 2, calls, noon, noon)
			}, map[place]int{first: 2, listed: 2, paced: 2},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlan(size)
			tt.fill(p)
			was := map[*Item]place{}
			for _, c := range p.gather(p.tasks["a"], noon) {
				was[c.item] = c.item.place
			}
			got := map[place]int{}
			for _, i := range p.Take(noon, false).Orders {
				got[was[i]]++
			}
			for at := range places {
				if got[at] != tt.want[at] {
					t.Fatalf("takes %v, want %v", got, tt.want)
				}
			}
		})
	}
}

// TestOnePlace: with one place a request, first looks and calls take turns.
func TestOnePlace(t *testing.T) {
	p := newPlan(1)
	firsts := ask(p, "a", 20, noon)
	crowd(p, "a", 20, order.PhaseInCall, noon-3600*second, noon)
	var got []bool
	for range 6 {
		got = append(got, slices.Contains(firsts, p.Take(noon, false).Orders[0]))
	}
	if want := []bool{false, true, false, true, false, true}; !slices.Equal(got, want) {
		t.Errorf("is a first look: %v, want %v", got, want)
	}
}

// TestInTheOrderInWhichTheyCame is of more orders than fit, all worth the same.
func TestInTheOrderInWhichTheyCame(t *testing.T) {
	const size, n = 40, 200
	tests := []struct {
		name string
		fill func(p *Plan) []*Item
		want int // orders of each request that come in turn
	}{
		{"first looks", func(p *Plan) []*Item { return ask(p, "a", n, noon) }, size},
		{"first looks beside calls", func(p *Plan) []*Item {
			crowd(p, "a", n, order.PhaseInCall, noon-3600*second, noon)
			return ask(p, "a", n, noon)
		}, size / firstPart},
		{"the sweep", func(p *Plan) []*Item { return crowd(p, "a", n, order.PhaseQueued, noon-60*second, noon) }, size},
		{"the sweep beside calls", func(p *Plan) []*Item {
			crowd(p, "a", n, order.PhaseInCall, noon-3600*second, noon)
			queued := crowd(p, "a", n, order.PhaseQueued, noon-60*second, noon)
			for k := range reach { // nothing is hoped for at the front of the list
				p.tasks["a"].starts.began[k], p.tasks["a"].starts.watched[k] = 1e3, 1e9
			}
			return queued
		}, size / sweepPart},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlan(size)
			items := tt.fill(p)
			for k := range 3 {
				got := slices.DeleteFunc(p.Take(noon, false).Orders, func(i *Item) bool { return !slices.Contains(items, i) })
				if want := items[k*tt.want : (k+1)*tt.want]; !sameOrders(got, want) {
					t.Fatalf("request %d has %v, want %v", k, names(got), names(want))
				}
			}
		})
	}
}

// TestUnevenLists: that all that waits is in one of many lists leaves no place.
func TestUnevenLists(t *testing.T) {
	const size = 100
	p := newPlan(size)
	for k := range 3 * size {
		i := item("a", k)
		p.Restore(i, shown(order.PhaseQueued, noon), min(k, 9), noon, noon)
	}
	for range 2 {
		if got := len(p.Take(noon, false).Orders); got != size {
			t.Errorf("takes %d orders, want %d", got, size)
		}
	}
}

func TestTurns(t *testing.T) {
	const calls = order.PhaseInCall
	ago := func(s order.Millis) order.Millis { return noon - s*second }
	tests := []struct {
		name     string
		requests int // made before
		fill     func(p *Plan)
		want     string
	}{
		{"the larger sum", 1, func(p *Plan) { crowd(p, "a", 1, calls, ago(10), noon); crowd(p, "b", 5, calls, ago(10), noon) }, "b"},
		{"the longer wait", 1, func(p *Plan) { crowd(p, "a", 2, calls, ago(30), noon); crowd(p, "b", 2, calls, ago(10), noon) }, "a"},
		{"no more than fit count", 1, func(p *Plan) { crowd(p, "a", 8, calls, ago(12), noon); crowd(p, "b", 80, calls, ago(10), noon) }, "a"},
		{"nor do they where they came one after the other", 1, func(p *Plan) {
			crowd(p, "a", 8, calls, ago(12), noon-second)
			crowd(p, "b", 8, calls, ago(2), noon-second)
			p.mostWorth(noon - second)
			crowd(p, "b", 80, calls, ago(10), noon)
		}, "a"},
		{"what a request was worth long ago doesn't count", 1, func(p *Plan) {
			crowd(p, "a", 8, calls, ago(12), noon)
			crowd(p, "b", 8, calls, ago(10), noon)
			p.tasks["a"].sum = sum{at: noon, made: ago(stale + 1)}
		}, "a"},
		{"the urgent", 1, func(p *Plan) { p.Hint(ask(p, "a", 1, noon)[0], noon); crowd(p, "b", 80, calls, ago(3600), noon) }, "a"},
		{"first looks that have lingered, in their turn", 1, func(p *Plan) { ask(p, "a", 1, noon-100); crowd(p, "b", 5, calls, ago(100), noon) }, "a"},
		{"out of it, the larger sum", 2, func(p *Plan) { ask(p, "a", 1, noon-100); crowd(p, "b", 5, calls, ago(100), noon) }, "b"},
		{"first looks that linger have no turn", 1, func(p *Plan) { ask(p, "a", 1, noon); crowd(p, "b", 5, calls, ago(100), noon) }, "b"},
		{"of tasks with first looks, the one served longest ago", 1, func(p *Plan) {
			ask(p, "a", 20, noon)
			ask(p, "b", 5, noon-100)
			p.tasks["a"].served = 1
		}, "b"},
		{"the fair turn, to the larger share", 4, func(p *Plan) {
			crowd(p, "a", 1, calls, ago(3600), noon)
			crowd(p, "b", 80, order.PhaseEnded, noon, noon)
		}, "b"},
		{"tasks of which nothing may be asked for are passed over", 4, func(p *Plan) {
			crowd(p, "a", 1, calls, noon, noon)
			for _, i := range crowd(p, "b", 80, calls, noon, noon) {
				p.Hold(i)
			}
		}, "a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlan(8)
			tt.fill(p)
			p.requests = tt.requests
			if got := p.Take(noon, false).Task; got != tt.want {
				t.Errorf("takes a request for task %s, want %s", got, tt.want)
			}
		})
	}
}

// live lets requests be made at a pace, and all that is asked for be answered as
// it was. It returns how many requests each task got.
func live(p *Plan, requests int, pause order.Millis) map[string]int {
	got := map[string]int{}
	now := noon
	for range requests {
		now += pause
		if at, ok := p.Next(now); !ok || at > now {
			continue
		}
		r := p.Take(now, false)
		got[r.Task]++
		for _, i := range r.Orders {
			f := order.Facts{ChangedAt: noon, Course: order.Course{Phase: i.phase, Since: i.since}}
			p.Looked(i, Sight{Facts: f, At: now}, now)
		}
	}
	return got
}

// TestNoTaskStarves: a task that is believed to be dead gets a quarter of its
// fair share at least.
func TestNoTaskStarves(t *testing.T) {
	const requests = 400
	for _, size := range []int{1, 10} {
		p := newPlan(size)
		crowd(p, "busy", 30*size, order.PhaseInCall, noon, noon)
		crowd(p, "dead", 10*size, order.PhaseEnded, noon, noon)
		p.tasks["busy"].histories[order.PhaseInCall] = everywhere(0.5)
		p.tasks["dead"].histories[order.PhaseEnded] = everywhere(0)
		got := live(p, requests, second/2)
		if share := requests / 4; got["dead"] < share/4 || got["dead"] > share {
			t.Errorf("with %d places the task got %d of %d requests, its share is %d", size, got["dead"], requests, share)
		}
	}
}

// TestSumIsNoLess than what a request is worth, while orders come and time passes.
func TestSumIsNoLess(t *testing.T) {
	p := newPlan(5)
	crowd(p, "a", 20, order.PhaseInCall, noon-2*second, noon)
	p.weigh(p.tasks["a"], noon)
	for now := noon; now < noon+60*second; now += second / 2 {
		crowd(p, "a", 1, order.PhaseInCall, now-2*second, now)
		k := p.tasks["a"]
		k.sum.bring(p.clock, now)
		guess := k.sum
		p.weigh(k, now)
		if guess.sum < k.sum.sum*(1-1e-9) {
			t.Fatalf("after %d ms the sum is %v, the request worth %v", now-noon, guess.sum, k.sum.sum)
		}
		k.sum = guess
	}
}

// TestPriceFallsWhereThereIsRoom, and with it the time until an order is worth a
// place.
func TestPriceFallsWhereThereIsRoom(t *testing.T) {
	tests := []struct {
		name  string
		calls int
		more  bool
	}{
		{"room for all", 4, false},
		{"five times as many as fit", 40, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlan(4)
			crowd(p, "a", tt.calls, order.PhaseInCall, noon, noon)
			live(p, 100, second/2)
			if got := p.tasks["a"].price; got > firstWorth != tt.more {
				t.Errorf("a place is worth %v, more than at the start: %t", got, !tt.more)
			}
		})
	}
}

// TestWeighedTooSoon: orders of which less is expected by now than when they were
// put in don't hide calls, where queued orders keep them from a place.
func TestWeighedTooSoon(t *testing.T) {
	const size, requests = 10, 20
	p := newPlan(size)
	crowd(p, "a", 2*weighed*size, order.PhaseEnded, noon, noon)
	crowd(p, "a", 100*size, order.PhaseQueued, noon, noon)
	k := p.tasks["a"]
	k.histories[order.PhaseEnded], k.outlooks[order.PhaseEnded] = everywhere(1e-9), nil
	now := noon + 100*second
	calls := crowd(p, "a", 5*size, order.PhaseInCall, now-3*second, now)
	asked := 0
	for range requests {
		now += second
		for _, i := range p.Take(now, false).Orders {
			if slices.Contains(calls, i) {
				asked++
			}
			p.Looked(i, Sight{Facts: shown(i.phase, i.since), At: now}, now)
		}
	}
	if want := requests * size / 2; asked < want {
		t.Errorf("calls find %d of %d places, want at least %d", asked, requests*size, want)
	}
}

// TestSweepIsEven: where orders were looked at out of turn, the sweep does not leave
// any to be overtaken a second time.
func TestSweepIsEven(t *testing.T) {
	const size, n, round = 40, 400, 20 // seconds that a round takes
	dice := rand.New(rand.NewPCG(1, 1))
	p := newPlan(size)
	for k := range n {
		p.Restore(item("a", k), shown(order.PhaseQueued, noon-100*second), k%6, noon-order.Millis(dice.Int64N(round*1000)), noon)
	}
	p.tasks["a"].swept = round
	var longest order.Millis
	for now := noon; now < noon+10*round*second; now += 2 * second {
		for _, i := range p.Take(now, false).Orders {
			longest = max(longest, now-i.looked)
			p.Looked(i, Sight{Facts: shown(i.phase, i.since), At: now}, now)
		}
	}
	if most := round * second * 8 / 5; longest > most {
		t.Errorf("an order was not looked at for %d ms, want at most %d", longest, most)
	}
}

// TestSweepAfterAnOutage: rounds were long, so all was looked at half of one ago or
// later. The sweep's part is its own all the same, in turn, and it learns that rounds
// are short again.
func TestSweepAfterAnOutage(t *testing.T) {
	const size = 40
	p := newPlan(size)
	crowd(p, "a", 3*size, order.PhaseInCall, noon-3600*second, noon)
	queued := crowd(p, "a", 10*size, order.PhaseQueued, noon-100*second, noon)
	k := p.tasks["a"]
	k.swept = 3600
	for s := range slots { // nothing is near
		k.starts.began[s], k.starts.watched[s] = 1e3, 1e9
	}
	for n := range 3 {
		got := slices.DeleteFunc(p.Take(noon, false).Orders, func(i *Item) bool { return !slices.Contains(queued, i) })
		if want := queued[n*size/sweepPart : (n+1)*size/sweepPart]; !sameOrders(got, want) {
			t.Fatalf("request %d has %v of the sweep, want %v", n, names(got), names(want))
		}
	}
	if k.swept >= 3600 {
		t.Errorf("a round still takes %v units", k.swept)
	}
}

func TestInTurn(t *testing.T) {
	all := make([]candidate, 4)
	for k, sum := range []float64{1, 3, 2, 0} {
		all[k].worth.sum = sum
	}
	inTurn(all)
	for k, want := range []float64{3, 3, 2, 0} {
		if got := all[k].worth.sum; got != want {
			t.Errorf("order %d is worth %v, want %v", k, got, want)
		}
	}
}
