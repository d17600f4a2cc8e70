package schedule

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSlots(t *testing.T) {
	for d := -(1 << 11); d <= 1<<11; d++ {
		s := slot(d)
		if d == 0 || d >= 1<<reach || d <= -(1<<reach) {
			if s != far {
				t.Errorf("slot(%d) = %d, want far", d, s)
			}
			continue
		}
		if from, to := span(s); s == far || d < from || d > to {
			t.Errorf("slot(%d) = %d, which is from %d to %d", d, s, from, to)
		}
	}
	for s := range slots {
		from, to := span(s)
		if slot(from) != s || slot(to) != s || from > to {
			t.Errorf("slot %d is from %d to %d, of slots %d and %d", s, from, to, slot(from), slot(to))
		}
		if slot(from-1) == s || slot(to+1) == s {
			t.Errorf("slot %d is wider than from %d to %d", s, from, to)
		}
	}
}

func TestEstimate(t *testing.T) {
	const believed = 0.001
	tests := []struct {
		name           string
		began, watched float64
		from, to       float64
	}{
		{"nothing seen: what is believed", 0, 0, believed, believed},
		{"only watched: the longer, the less", 0, 1000, believed / 2, believed / 2},
		{"only watched, for very long", 0, 1e6, 0, 1e-6},
		{"one start at once: no more than twice", 1, 0, believed, 2 * believed},
		{"one start after long", 1, 1e6, 0, 2e-6},
		{"many starts in little time: their rate, nearly", 64, 640, 0.08, 0.1},
		{"many starts in much time: their rate", 64, 64_000, 0.0008, 0.0012},
		{"few starts in little time: in between", 3, 6, 0.01, 0.5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := estimate(tt.began, tt.watched, believed); got < tt.from*(1-1e-9) || got > tt.to*(1+1e-9) {
				t.Errorf("estimate = %v, want from %v to %v", got, tt.from, tt.to)
			}
		})
	}
}

func TestEstimateFallsAsMoreIsWatched(t *testing.T) {
	for _, began := range []float64{0, 0.5, 1, 1.5, 3, 60} {
		last := math.Inf(1)
		for watched := 0.0; watched < 1e7; watched = 2*watched + 1 {
			got := estimate(began, watched, 0.001)
			if got > last*(1+1e-9) {
				t.Errorf("%v starts: %v after %v units, %v before", began, got, watched, last)
			}
			last = got
		}
	}
}

// dialed is a list of 3,000 orders of which one begins each unit, and what its
// looks teach: the orders around the latest start are looked at each unit, of the
// rest 200.
type dialed struct {
	starts
	now float64
	rng *rand.Rand
}

const (
	ofList   = 3000
	farLooks = 200
)

// inOrder lets orders begin that are 1 to 3 ahead of the latest start.
func (d *dialed) inOrder(n int) {
	for range n {
		began := 1 + d.rng.IntN(3)
		d.look(func(distance int) bool { return distance == began })
	}
}

// atRandom lets orders begin anywhere.
func (d *dialed) atRandom(n int) {
	for range n {
		began := d.rng.IntN(ofList) - ofList/2
		d.look(func(distance int) bool { return distance == began })
	}
}

func (d *dialed) look(began func(distance int) bool) {
	d.now++
	for distance := -16; distance <= 16; distance++ {
		d.watch(slot(distance), 1, began(distance), d.now)
	}
	// Of those far away a few are looked at, each after the longer time.
	units := float64(ofList) / farLooks
	for k := range farLooks {
		begun := false
		for distance := range int(units) {
			begun = begun || began(17+int(units)*(k-farLooks/2)+distance)
		}
		d.watch(far, units, begun, d.now)
	}
}

func (d *dialed) expect(t *testing.T, when string, inOrder bool) {
	t.Helper()
	h := d.hazards(ofList)
	switch {
	case inOrder && (h[slot(1)] < 100*h[far] || h[slot(2)] < 100*h[far]):
		t.Errorf("%s: expects %v starts a unit 1 ahead, %v far away; want a hundred times more", when, h[slot(1)], h[far])
	case inOrder && h[slot(-1)] > h[slot(1)]/10:
		t.Errorf("%s: expects %v starts a unit 1 behind, %v ahead", when, h[slot(-1)], h[slot(1)])
	case !inOrder:
		for s := range slots {
			if h[s] != h[far] && h[s] > 2*hope { // hope goes on
				t.Errorf("%s: expects %v starts a unit in slot %d, %v far away; want the same", when, h[s], s, h[far])
			}
		}
	}
}

func TestHazards(t *testing.T) {
	tests := []struct {
		name    string
		live    func(d *dialed)
		inOrder bool
	}{
		{"nothing seen", func(*dialed) {}, false},
		{"one start ahead", func(d *dialed) { d.watch(slot(1), 1, true, 1) }, false},
		{"dialed in order", func(d *dialed) { d.inOrder(40) }, true},
		{"dialed in order for long", func(d *dialed) { d.inOrder(1000) }, true},
		{"dialed at random", func(d *dialed) { d.atRandom(40) }, false},
		{"dialed at random for long", func(d *dialed) { d.atRandom(1000) }, false},
		{"at random after a list", func(d *dialed) { d.inOrder(300); d.atRandom(2 * startsKept) }, false},
		{"a list after random", func(d *dialed) { d.atRandom(300); d.inOrder(startsKept) }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := &dialed{rng: rand.New(rand.NewPCG(1, 2))}
			tt.live(d)
			d.expect(t, tt.name, tt.inOrder)
		})
	}
}

// TestHope: before anything was seen, some more is expected next to a start, on
// both sides, and the less the farther out.
func TestHope(t *testing.T) {
	var s starts
	h := s.hazards(ofList)
	for _, k := range [...]int{slot(1), slot(-1)} {
		if !near(h[k], hope, 1e-9) || !near(h[k+1], hope/spread, 1e-9) {
			t.Errorf("expects %v in slot %d and %v in the next, want %v and %v", h[k], k, h[k+1], hope, hope/spread)
		}
	}
}

// TestOutward: of what was never watched is expected what its neighbour shows,
// the less the farther out, and nothing less than anywhere.
func TestOutward(t *testing.T) {
	var s starts
	s.watched[far], s.began[far] = 1e7, 10
	s.watched[slot(1)], s.began[slot(1)] = 100, 50
	h := s.hazards(ofList)
	if h[far] < 0.5e-6 || h[far] > 1.5e-6 {
		t.Errorf("expects %v far away, want what was seen there", h[far])
	}
	for k := 1; k < reach; k++ {
		if want := h[k-1] / spread; want > nearFactor*1e-5 && !near(h[k], want, 1e-9) {
			t.Errorf("expects %v in slot %d, want %v", h[k], k, want)
		}
		if h[k] > h[k-1] || h[k] < h[far] || h[k] > h[far] && h[k] <= nearFactor*h[far] {
			t.Errorf("expects %v in slot %d after %v; %v far away", h[k], k, h[k-1], h[far])
		}
	}
}

// TestNothingFar: of a list so short that all of it is near some start, dialed at
// random, the same is expected everywhere.
func TestNothingFar(t *testing.T) {
	var s starts
	for k := range slots {
		s.watched[k], s.began[k] = 20_000, 4
	}
	h := s.hazards(10 * ofList) // of all lists
	for k := range slots + 1 {
		if h[k] != h[far] {
			t.Errorf("expects %v in slot %d, %v far away; want the same", h[k], k, h[far])
		}
	}
	if want := 4.0 / 20_000; h[far] < want/2 || h[far] > 2*want {
		t.Errorf("expects %v starts a unit, %v were seen", h[far], want)
	}
}

// TestFrontAlone: all starts that were seen were near, for that is where most looks
// are. They are no less near for that.
func TestFrontAlone(t *testing.T) {
	type seen struct{ began, watched float64 }
	tests := []struct {
		name string
		seen map[int]seen
		near []int // nil = nothing is
	}{
		{"in one slot", map[int]seen{3: {61, 1827}, 9: {0, 9024}, far: {0, 9635}}, []int{3}},
		{
			"in some slots, none of which is much above the others",
			map[int]seen{0: {5, 57}, 1: {11, 117}, 2: {25, 268}, 3: {57, 708}, 4: {51, 1063}, 5: {0, 748}, 6: {0, 1307}},
			[]int{0, 1, 2, 3, 4},
		},
		{"nothing else was watched", map[int]seen{0: {5, 21}, 1: {10, 38}, 2: {22, 76}, 3: {46, 168}, 4: {60, 271}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s starts
			for k, v := range tt.seen {
				s.began[k], s.watched[k] = v.began, v.watched
			}
			h := s.hazards(ofList)
			for k := range slots {
				switch seen := s.began[k] / s.watched[k]; {
				case slices.Contains(tt.near, k) && (h[k] == h[far] || h[k] < seen/2 || h[k] > 2*seen):
					t.Errorf("expects %v in slot %d, %v far away; %v were seen", h[k], k, h[far], seen)
				case !slices.Contains(tt.near, k) && s.watched[k] > 0 && h[k] != h[far], tt.near == nil && h[k] != h[far]:
					t.Errorf("expects %v in slot %d, %v far away; want the same", h[k], k, h[far])
				}
			}
		})
	}
}

func TestStartsFade(t *testing.T) {
	tests := []struct {
		name           string
		live           func(s *starts)
		began, watched float64
	}{
		{"watched", func(s *starts) { s.watch(far, 10, false, 0) }, 0, 10},
		{"a start makes the others count less", func(s *starts) {
			s.watch(far, 10, true, 1)
			s.watch(far, 0, true, 1)
		}, 1 + (1 - 1.0/startsKept), 10 * (1 - 1.0/startsKept) * (1 - 1.0/startsKept)},
		{"a crowd in one answer, as an eighth of all that are kept", func(s *starts) {
			s.watch(far, 10, false, 0)
			for range 500 {
				s.watch(slot(1), 1, true, 1)
			}
		}, 0, 10 * math.Pow(1-1.0/startsKept, startsKept/answersKept)},
		{"as does time", func(s *starts) {
			s.watch(far, 10, false, 0)
			s.watch(far, 0, false, startMemory)
		}, 0, 10 * math.Exp(-1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s starts
			tt.live(&s)
			if !near(s.began[far], tt.began, 1e-9) || !near(s.watched[far], tt.watched, 1e-9) {
				t.Errorf("%v began in %v units, want %v in %v", s.began[far], s.watched[far], tt.began, tt.watched)
			}
		})
	}
}
