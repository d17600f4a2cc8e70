package freshness

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
)

var (
	long = flag.Bool("long", false, "play all worlds at their full size, and print the table")
	seed = flag.Uint64("seed", 1, "of the worlds")
	only = flag.String("world", "", "play only the worlds whose names contain this")
)

// table reports whether the table is wanted, not only what it proves.
func table() bool { return *long || testing.Verbose() }

// policies are what is compared, by the name in the table.
var policies = []struct {
	name string
	make func(size int) Policy
}{
	{quietly, func(size int) Policy { return &quiet{size: size} }},
	{inTurn, func(size int) Policy { return &roundRobin{size: size} }},
	{learned, func(size int) Policy { return newOurs(size) }},
	{scouting, func(size int) Policy {
		o := newOurs(size)
		o.scouts = true
		return o
	}},
	{knowing, func(size int) Policy { return &clairvoyant{size: size} }},
}

const (
	quietly  = "pause by quiet"
	inTurn   = "round robin"
	learned  = "**learned**"
	scouting = "learned, scouts"
	knowing  = "clairvoyant, not causal"
)

// asked is what these worlds must come to, in percent and seconds.
var asked = map[string]struct{ missed, ended, endedLate, line, lineLate float64 }{
	small:    {1, 1.3, 3, 1.3, 3},
	inOrder:  {1, 1.3, 3, 1.3, 3},
	atRandom: {28, 8, anyTime, 3, anyTime},
}

const anyTime = 1e9

// TestFreshness holds the schedule to what it promises, in each world: never
// much later than round robin, and as fresh as was asked for where something was.
// With -v or -long it prints the table.
func TestFreshness(t *testing.T) {
	all := settings()
	rows := make([][]string, len(all))
	t.Run("worlds", func(t *testing.T) {
		for k, s := range all {
			if s.long && !*long || !strings.Contains(s.Name, *only) {
				continue
			}
			t.Run(s.Name, func(t *testing.T) {
				t.Parallel()
				var results map[string]*Result
				results, rows[k] = s.play()
				for _, complaint := range complaints(s.Name, results[learned], results[inTurn]) {
					t.Error(complaint)
				}
				if _, ok := asked[s.Name]; ok && len(complaints(s.Name, results[quietly], results[inTurn])) <= 3 { // those that all worlds have
					t.Error("the rule of before passes too: what is asked for asks for nothing")
				}
			})
		}
	})
	if table() {
		fmt.Println(heading)
		for _, row := range slices.Concat(rows...) {
			fmt.Println(row)
		}
	}
}

// play plays a world under the policies that it takes, and returns what they
// measured and the rows of the table.
func (s *setting) play() (results map[string]*Result, rows []string) {
	w := s.World
	w.Seed = *seed
	if !*long {
		w = shorter(w, s.whole)
	}
	lives := w.Play()
	results = map[string]*Result{}
	for _, p := range policies {
		if p.name == scouting && !s.chance || !table() && !s.checks(p.name) {
			continue
		}
		policy := p.make(w.size())
		r := Run(&w, lives, policy)
		if o, ok := policy.(*ours); ok {
			r.Spent, r.Taken = o.Spent, o.Taken
		}
		results[p.name] = r
		rows = append(rows, r.row(w.Name, p.name))
	}
	if w.Tasks[0].Steady != nil {
		rows = append(rows, fmt.Sprintf("| %s | *bound* | | | | | %.1f | | | | |", w.Name, steadyBound(&w)))
	}
	if s.chance {
		rows = append(rows, chanceOf(&w, lives).row(w.Name))
	}
	return results, rows
}

// checks reports whether a policy is needed for what is checked, not only for
// the table.
func (s *setting) checks(policy string) bool {
	_, ok := asked[s.Name]
	return policy == learned || policy == inTurn || ok && policy == quietly
}

// shorter returns a world for the short form.
func shorter(w World, whole bool) World {
	w.Lasts = min(w.end(), 30*minute)
	if !whole {
		w = w.tenth()
	}
	return w
}

// complaints returns where a result falls behind what was asked for, or behind
// round robin's, with 0.2 s for what a slot's length rounds.
func complaints(world string, got, robin *Result) (all []string) {
	type bound struct {
		what      string
		got, most float64
	}
	bounds := []bound{
		{"s ended p95, by round robin's", got.quantile(ended, .95), 1.1*robin.quantile(ended, .95) + .2},
		{"s line p95, by round robin's", got.quantile(line, .95), 1.1*robin.quantile(line, .95) + .2},
		{"s recording p95, by round robin's", got.quantile(recording, .95), 1.1*robin.quantile(recording, .95) + .2},
	}
	if most, ok := asked[world]; ok {
		bounds = append(bounds,
			bound{"% of IN_CALL missed", got.missed(inCall), most.missed},
			bound{"s ended p50", got.quantile(ended, .5), most.ended},
			bound{"s ended p95", got.quantile(ended, .95), most.endedLate},
			bound{"s line p50", got.quantile(line, .5), most.line},
			bound{"s line p95", got.quantile(line, .95), most.lineLate})
	}
	for _, b := range bounds {
		if b.got > b.most {
			all = append(all, fmt.Sprintf("%.1f %s, at most %.1f is right", b.got, b.what, b.most))
		}
	}
	return all
}
