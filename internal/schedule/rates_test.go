package schedule

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"callstream/internal/order"
)

func TestBins(t *testing.T) {
	for b := range bins {
		middle := (edges[b] + min(edges[b+1], 2*edges[bins-1])) / 2
		if got := bin(middle); got != b {
			t.Errorf("bin(%v) = %d, want %d, which is from %v to %v", middle, got, b, edges[b], edges[b+1])
		}
		if b > 0 && edges[b+1]/edges[b] > 1.1 && b < bins-1 && edges[b] > 1 {
			t.Errorf("bin %d is from %v to %v: too wide", b, edges[b], edges[b+1])
		}
	}
	tests := []struct {
		name string
		age  float64
		want int
	}{
		{"none", 0, 0},
		{"less than can be seen", 0.999, 0},
		{"one unit", 1, 1},
		{"two", 2, 1 + octave},
		{"a day and a half", 1 << 17, bins - 1},
		{"ever", math.MaxInt64, bins - 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := bin(tt.age); got != tt.want {
				t.Errorf("bin(%v) = %d, want %d", tt.age, got, tt.want)
			}
		})
	}
}

func TestAge(t *testing.T) {
	c := newPlan(1).clock
	tests := []struct {
		name string
		span order.Millis
		want float64
	}{
		{"POLL_MIN is two units", 2 * second, 2},
		{"parts count", second / 4, 0.25},
		{"none", 0, 0},
		{"clocks that disagree", -second, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := c.age(tt.span); got != tt.want {
				t.Errorf("age(%d) = %v, want %v", tt.span, got, tt.want)
			}
		})
	}
}

// added returns all that was watched and all changes.
func added(h *history) (watched, changes float64) {
	for b := range bins {
		watched += float64(h.watched[b])
		changes += float64(h.changes[b])
	}
	return watched, changes
}

func TestWatchSpreadsOverBins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.Float64Range(0, 1e5).Draw(t, "from")
		to := from + rapid.Float64Range(0.001, 1e5).Draw(t, "for")
		news := rapid.Float64Range(0, 20).Draw(t, "changes")
		var h history
		h.watch(from, to, news)
		watched, changes := added(&h)
		if !near(watched, to-from, 1e-4) || !near(changes, news, 1e-4) {
			t.Fatalf("watched %v units and %v changes, want %v and %v", watched, changes, to-from, news)
		}
		for b := range bins {
			want := max(0, min(to, edges[b+1])-max(from, edges[b]))
			if !near(float64(h.watched[b]), want, 1e-4) || !near(float64(h.changes[b]), news*want/(to-from), 1e-4) {
				t.Fatalf("bin %d, from %v: watched %v units and %v changes, want %v and %v",
					b, edges[b], h.watched[b], h.changes[b], want, news*want/(to-from))
			}
		}
	})
}

func TestHistory(t *testing.T) {
	tests := []struct {
		name             string
		see              func(h *history)
		watched, changes map[int]float32 // by bin
	}{
		{"nothing", func(*history) {}, nil, nil},
		{"watched for no time", func(h *history) { h.watch(5, 5, 3) }, nil, nil},
		{"the first unit", func(h *history) { h.watch(0, 1, 0) }, map[int]float32{0: 1}, nil},
		{"a change at its age", func(h *history) { h.changed(4) }, nil, map[int]float32{bin(4): 1}},
		{
			"lines are spread over the time of which nobody knows when", func(h *history) { h.watch(0.5, math.Exp2(1.0/octave), 2) },
			map[int]float32{0: 0.5, 1: float32(math.Exp2(1.0/octave) - 1)},
			map[int]float32{0: float32(1 / (math.Exp2(1.0/octave) - 0.5)), 1: float32(2 - 1/(math.Exp2(1.0/octave)-0.5))},
		},
		{"the end of time", func(h *history) { h.watch(1<<17, 1<<18, 1) }, map[int]float32{bins - 1: 1 << 17}, map[int]float32{bins - 1: 1}},
		{
			"old evidence counts for a third after its time", func(h *history) { h.watch(0, 1, 3); h.fade(memory) },
			map[int]float32{0: float32(math.Exp(-1))}, map[int]float32{0: 3 * float32(math.Exp(-1))},
		},
		{"a moment takes no weight", func(h *history) { h.watch(0, 1, 3); h.fade(memory/32 - 1) }, map[int]float32{0: 1}, map[int]float32{0: 3}},
		{"nor does one that comes late", func(h *history) { h.faded = memory; h.watch(0, 1, 3); h.fade(0) }, map[int]float32{0: 1}, map[int]float32{0: 3}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var h history
			tt.see(&h)
			for b := range bins {
				if math.Abs(float64(h.watched[b]-tt.watched[b])) > 1e-5 || math.Abs(float64(h.changes[b]-tt.changes[b])) > 1e-5 {
					t.Errorf("bin %d: watched %v units and %v changes, want %v and %v", b, h.watched[b], h.changes[b], tt.watched[b], tt.changes[b])
				}
			}
		})
	}
}

func TestFadingInStepsIsFadingAtOnce(t *testing.T) {
	var h history
	h.watch(0, 1, 0)
	for now := 0.0; now <= memory; now++ {
		h.fade(now)
	}
	if watched, _ := added(&h); watched < math.Exp(-1) || watched > math.Exp(-31.0/32) {
		t.Errorf("watched %v after %d units, want a third", watched, memory)
	}
}

// seen returns a history of one bin with so many changes a unit.
func seen(b int, rate, units float64) *history {
	var h history
	h.watched[b], h.changes[b] = float32(units), float32(rate*units)
	return &h
}

func TestShrinkage(t *testing.T) {
	b := bin(5)
	prior := prior(order.PhaseInCall, edges[b])
	tests := []struct {
		name        string
		task, fleet *history
		want, by    float64
	}{
		{"nothing seen: the prior", nil, nil, prior, 0},
		{"histories of other ages say nothing", seen(b+1, 9, 1e6), seen(b-1, 9, 1e6), prior, 1e-6},
		{"much seen by all tasks, nothing by this one", nil, seen(b, 0.01, 1e6), 0.01, 0.05},
		{"much seen by all tasks, this one saw another age", seen(b+1, 9, 100), seen(b, 0.01, 1e6), 0.01, 0.05},
		{"much seen by this task", seen(b, 0.02, 1e5), seen(b, 5, 1e6), 0.02, 0.05},
		{"nothing happened for long", seen(b, 0, 1e6), nil, 0, 1e-5},
		{"one change at once proves little", seen(b, 1000, 0.001), nil, prior * (belief + 1) / belief, 0.01},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := rates{order.PhaseInCall, tt.task, tt.fleet}.at(b)
			if math.Abs(got-tt.want) > tt.by*max(tt.want, 1) && math.Abs(got-tt.want) > tt.by*tt.want {
				t.Errorf("rate = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestPriors(t *testing.T) {
	for phase := range order.Phase(order.Phases) {
		for b := 1; b < bins; b++ {
			was, now := prior(phase, edges[b-1]), prior(phase, edges[b])
			if now <= 0 || now > was {
				t.Errorf("%v: %v changes a unit at age %v after %v", phase, now, edges[b], was)
			}
		}
	}
}
