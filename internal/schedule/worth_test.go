package schedule

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"callstream/internal/order"
)

// near reports whether two numbers are the same but for rounding.
func near(a, b, tolerance float64) bool {
	return math.Abs(a-b) <= tolerance*(1+max(math.Abs(a), math.Abs(b)))
}

// someRates returns rates of a phase that was seen by a task, by others, by both
// or by none.
func someRates(t *rapid.T) rates {
	return rates{
		phase: order.Phase(rapid.IntRange(int(order.PhaseQueued), order.Phases-1).Draw(t, "phase")),
		task:  someHistory(t, "of the task"), fleet: someHistory(t, "of all"),
	}
}

func someHistory(t *rapid.T, label string) *history {
	looks := rapid.IntRange(-1, 8).Draw(t, "looks "+label)
	if looks < 0 {
		return nil
	}
	var h history
	for range looks {
		from := rapid.Float64Range(0, 5000).Draw(t, "from")
		h.watch(from, from+rapid.Float64Range(0, 500).Draw(t, "for"), rapid.Float64Range(0, 20).Draw(t, "changes"))
		if rapid.Bool().Draw(t, "changed") {
			h.changed(from)
		}
	}
	return &h
}

// TestWorthIsExpectedWaiting holds the worth of a look against what it is
// defined as, added up moment by moment.
func TestWorthIsExpectedWaiting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := someRates(t)
		looked := rapid.Float64Range(0, 3000).Draw(t, "looked")
		now := looked + rapid.Float64Range(0, 1000).Draw(t, "passed")
		waiting, changes := 0.0, 0.0
		for b := range bins { // within a bin the rate is one
			from, until := max(looked, edges[b]), min(now, edges[b+1])
			const steps = 10
			step := max(0, until-from) / steps
			for k := range steps {
				at := from + (float64(k)+0.5)*step
				waiting += r.at(b) * (now - at) * step
				changes += r.at(b) * step
			}
		}
		got := r.outlook().since(looked, now)
		if !near(got.sum, waiting, 1e-9) || !near(got.rate, changes, 1e-9) {
			t.Fatalf("since(%v, %v) = %+v, want a sum of %v that grows by %v", looked, now, got, waiting, changes)
		}
	})
}

func TestReachesIsTheInverseOfSince(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := someRates(t)
		price := math.Exp(rapid.Float64Range(-20, 5).Draw(t, "log price"))
		looked := rapid.Float64Range(0, 3000).Draw(t, "looked")
		bound := looked + rapid.Float64Range(0, 2000).Draw(t, "longest")
		at := r.outlook().reaches(price, looked, bound)
		switch worth := r.outlook().since(looked, at).sum; {
		case at < looked || at > bound:
			t.Fatalf("reaches(%v, %v, %v) = %v", price, looked, bound, at)
		case at < bound && !near(worth, price, 1e-6), at == bound && worth > price*(1+1e-6):
			t.Fatalf("reaches(%v, %v, %v) = %v, when it is worth %v", price, looked, bound, at, worth)
		}
	})
}

func TestWorthArithmetic(t *testing.T) {
	w := worth{1, 2, 3}
	tests := []struct {
		name      string
		got, want worth
	}{
		{"a constant rate: half of rate times time squared", worth{bend: 0.25}.after(4), worth{2, 1, 0.25}},
		{"no time passes", w.after(0), w},
		{"some passes", w.after(2), worth{1 + 4 + 6, 8, 3}},
		{"in two steps as in one", w.after(1).after(3), w.after(4)},
		{"two orders", w.plus(worth{10, 20, 30}), worth{11, 22, 33}},
		{"a share", w.times(0.5), worth{0.5, 1, 1.5}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("got %+v, want %+v", tt.got, tt.want)
			}
		})
	}
}

func TestDialing(t *testing.T) {
	p := newPlan(10)
	unit := order.Millis(p.clock.unit)
	tests := []struct {
		name  string
		since order.Millis // the latest start
		want  float64
	}{
		{"a call just began", 0, 1},
		{"the answer is older than the start", -second, 1},
		{"a lull is no pause", lull * unit, 1},
		{"a pause", (lull + doubt) * unit, 1.0 / 2},
		{"a long pause", (lull + 3*doubt) * unit, 1.0 / 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := p.dialing(&task{dialed: noon}, noon+tt.since); !near(got, tt.want, 1e-9) {
				t.Errorf("dialing = %v, want %v", got, tt.want)
			}
		})
	}
}

// TestWorthOf is of orders that were looked at at noon, 10 units ago.
func TestWorthOf(t *testing.T) {
	const units = 10
	p := newPlan(10)
	now := noon + units*order.Millis(p.clock.unit)
	of := func(phase order.Phase) float64 { return rates{phase: phase}.outlook().since(0, units).sum }
	queued := startWeight * 0.01 * units * units / 2
	tests := []struct {
		name string
		item Item
		edit func(t *task)
		want float64
	}{
		{"urgent", Item{place: urgent}, nil, urgentWorth},
		{"its first look", Item{place: first}, nil, firstWorth},
		{"in a call", Item{place: paced, phase: order.PhaseInCall}, nil, of(order.PhaseInCall)},
		{"between calls: one may begin", Item{place: paced, phase: order.PhaseBetween}, nil, startWeight * of(order.PhaseBetween)},
		{
			"between calls, the task pauses", Item{place: paced, phase: order.PhaseBetween},
			func(t *task) { t.dialed = now - (lull+doubt)*second }, startWeight * of(order.PhaseBetween) / 2,
		},
		{"overdue: as much as a place", Item{place: paced, phase: order.PhaseEnded, latest: now}, nil, 7},
		{"queued", Item{place: listed, phase: order.PhaseQueued}, nil, queued},
		{
			"queued, the task pauses", Item{place: listed, phase: order.PhaseQueued},
			func(t *task) { t.dialed = now - (lull+doubt)*second }, queued / 2,
		},
		{
			"queued, scouted before its look", Item{place: listed, phase: order.PhaseQueued},
			func(t *task) { t.scouts = scouting{at: noon - second, yield: 0.5} }, queued,
		},
		{
			"queued, scouted just now: what scouts don't find is left", Item{place: listed, phase: order.PhaseQueued},
			func(t *task) { t.scouts = scouting{at: now, yield: 0.5} }, queued / 2,
		},
		{
			"queued, scouted in between", Item{place: listed, phase: order.PhaseQueued},
			func(t *task) { t.scouts = scouting{at: now - units/2*second, yield: 0.5} }, queued/2 + queued/4/2,
		},
		{
			"queued, scouts find nothing: as if there were none", Item{place: listed, phase: order.PhaseQueued},
			func(t *task) { t.scouts = scouting{at: now, tried: true} }, queued,
		},
		{
			"queued, scouts find all: the sweep goes on", Item{place: listed, phase: order.PhaseQueued},
			func(t *task) { t.scouts = scouting{at: now, yield: 1} }, queued * (1 - mostYield),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			i := tt.item
			i.task, i.looked, i.since = newTask("a", now), noon, noon
			if i.latest == 0 {
				i.latest = now + 3600*second
			}
			i.task.price, i.task.hazards[far] = 7, 0.01
			if tt.edit != nil {
				tt.edit(i.task)
			}
			if i.place == listed {
				i.list = newList()
				i.pos = 1 << (reach + 1) // far from any start
			}
			if got := p.worthOf(&i, now); !near(got.sum, tt.want, 1e-9) {
				t.Errorf("worthOf = %+v, want a sum of %v", got, tt.want)
			}
		})
	}
}

// TestUrgentIsWorthMost: also after an outage that left calls without a look.
func TestUrgentIsWorthMost(t *testing.T) {
	r := rates{phase: order.PhaseInCall, task: everywhere(2)}
	if got := r.outlook().since(0, 7*24*3600).sum; got >= urgentWorth {
		t.Errorf("a call without a look for a week is worth %v, what is urgent %v", got, float64(urgentWorth))
	}
}

// everywhere returns a history of long watching with one rate at all ages.
func everywhere(rate float64) *history {
	h := &history{faded: float64(noon / second)}
	for b := range bins {
		h.watched[b], h.changes[b] = 1e6, float32(1e6*rate)
	}
	return h
}

func TestPrice(t *testing.T) {
	of := func(at place, worths ...float64) (all []candidate) {
		for _, w := range worths {
			all = append(all, candidate{item: &Item{place: at}, worth: worth{sum: w}})
		}
		return all
	}
	tests := []struct {
		name         string
		price        float64
		chosen, left []candidate
		want         float64 // that the price moves to
	}{
		{"rises to what the least worthwhile is worth", 1, of(paced, 9, 6), of(paced, 4, 5), 6},
		{"falls to that", 11, of(paced, 9, 6), of(paced, 4, 5), 6},
		{"where none is left too", 11, of(paced, 9, 6), of(listed, 4), 6},
		{"whatever that is", 11, append(of(paced, 900), of(listed, 3)...), of(listed, 2), 3},
		{"where less is left too", 11, append(of(paced, 900), of(listed, 3)...), of(paced, 2), 3},
		{"falls where places are left", 5, of(paced, 9, 6), nil, 0},
		{"but not to nothing", leastPrice, of(paced, 9, 6), nil, leastPrice},
		{"at least to what the best is worth that is left", 1, append(of(paced, 9, 6), of(listed, 0.001)...), of(paced, 5), 5},
		{"the urgent took all: as much as the best that is left", 1, of(urgent, urgentWorth), append(of(first, firstWorth), of(paced, 4, 8)...), 8},
		{"the urgent took some", 1, append(of(urgent, urgentWorth), of(paced, 9, 6)...), of(paced, 5), 6},
		{"none is in its course", 1, of(urgent, urgentWorth), of(listed, 5), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := task{price: tt.price}
			k.settlePrice(tt.chosen, tt.left)
			if want := max(leastPrice, tt.price+priceWeight*(tt.want-tt.price)); !near(k.price, want, 1e-12) {
				t.Errorf("price = %v, want %v", k.price, want)
			}
		})
	}
}

// TestWorthAPlace: a paced order comes into its own when a look at it is worth as
// much as a place in a request, by the same measure.
func TestWorthAPlace(t *testing.T) {
	for _, phase := range []order.Phase{order.PhaseDialing, order.PhaseInCall, order.PhaseBetween, order.PhaseDetails, order.PhaseEnded} {
		for _, price := range []float64{0.01, 0.3, 2} {
			p := newPlan(10)
			i := crowd(p, "a", 1, phase, noon, noon)[0]
			i.task.price, i.task.dialed, i.latest = price, noon+3600*second, noon+24*3600*second
			at := p.worthAPlace(i, noon)
			if got := p.worthOf(i, at).sum; !near(got, price, 0.01*price+0.001) {
				t.Errorf("phase %d is worth %v %d ms after it was looked at, want %v", phase, got, at-noon, price)
			}
		}
	}
}
