package freshness

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestTable(t *testing.T) {
	equal := func(n, orders, lines int) (all []Task) {
		for range n {
			all = append(all, Task{Orders: orders / n, Lines: lines / n})
		}
		return all
	}
	// Each task has 7 % fewer than the one before.
	unequal := func(n, orders, lines int) (all []Task) {
		rest := 1.0
		for range n {
			all = append(all, Task{Orders: max(1, int(float64(orders)*rest*.07)), Lines: max(1, int(float64(lines)*rest*.07))})
			rest *= 0.93
		}
		return all
	}
	for _, w := range []World{
		{Name: "10k list", Tasks: equal(2, 10_000, 100), Rate: 2, Seed: 1},
		{Name: "100k list", Tasks: equal(4, 100_000, 400), Rate: 2, Seed: 1},
		{Name: "100k random", Tasks: equal(4, 100_000, 400), Rate: 2, Seed: 1, Shuffled: true},
		{Name: "1k 1 task", Tasks: equal(1, 1_000, 20), Rate: 1, Seed: 1},
		{Name: "1k 20 tasks", Tasks: equal(20, 1_000, 40), Rate: 2, Seed: 1},
		{Name: "10k 100 tasks", Tasks: equal(100, 10_000, 200), Rate: 5, Seed: 1},
		{Name: "unequal", Tasks: unequal(100, 100_000, 1000), Rate: 5, Seed: 1},
		{Name: "unequal rand", Tasks: unequal(100, 100_000, 1000), Rate: 5, Seed: 1, Shuffled: true},
		{Name: "busy", Tasks: equal(2, 100_000, 4000), Rate: 1, Seed: 1},
		{Name: "busy rand", Tasks: equal(2, 100_000, 4000), Rate: 1, Seed: 1, Shuffled: true},
		{Name: "all busy", Tasks: equal(1, 100_000, 10000), Rate: 2, Seed: 1},
		{Name: "outage", Tasks: equal(4, 100_000, 400), Rate: 2, Seed: 1, Outage: [2]int64{20 * minute, 35 * minute}},
		{Name: "outage rand", Tasks: equal(4, 100_000, 400), Rate: 2, Seed: 1, Shuffled: true, Outage: [2]int64{20 * minute, 35 * minute}},
		{Name: "late task", Tasks: []Task{{20_000, 100, 0}, {20_000, 100, 20 * minute}}, Rate: 2, Seed: 1},
		{Name: "late rand", Tasks: []Task{{20_000, 100, 0}, {20_000, 100, 20 * minute}}, Rate: 2, Seed: 1, Shuffled: true},
		{Name: "50/s", Tasks: equal(20, 1_000_000, 10_000), Rate: 50, Seed: 1},
		{Name: "50/s rand", Tasks: equal(20, 1_000_000, 10_000), Rate: 50, Seed: 1, Shuffled: true},
	} {
		if f := os.Getenv("WORLD"); f != "" && !strings.Contains(w.Name, f) {
			continue
		}
		lives := w.lives()
		for _, p := range []struct {
			name   string
			policy Policy
		}{{"round robin", &roundRobin{}}, {"ours", newOurs()}, {"scouts", func() *ours { o := newOurs(); o.scouts = true; return o }()}} {
			begin := time.Now()
			r := Run(&w, lives, p.policy)
			took := time.Since(begin)
			row := fmt.Sprintf("%-14s %-12s missed", w.Name, p.name)
			for k := range ended {
				row += fmt.Sprintf(" %4.1f%%", 100*r.missed(k))
			}
			for k := ended; k < kinds; k++ {
				row += fmt.Sprintf(" %s %5.1f/%5.1f", names[k], quantile(r.Late[k], .5), quantile(r.Late[k], .95))
			}
			t.Logf("%s; %d of %d requests, fill %.0f, %.2f µs an order", row, r.Requests, r.Slots, float64(r.Orders)/float64(max(1, r.Requests)), float64(took.Microseconds())/float64(max(1, r.Orders)))
		}
	}
}
