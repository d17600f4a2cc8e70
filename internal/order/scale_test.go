package order

import (
	"slices"
	"strconv"
	"testing"
	"time"
)

// manyCalls is an answer of n calls that have ended, each with a line.
func manyCalls(n int, id func(i int) string) *Answer {
	a := &Answer{Ref: storyRef, Finished: true, UserName: "Bo", Calls: make([]Call, n)}
	for i := range a.Calls {
		a.Calls[i] = Call{ID: id(i), Status: 10, Lines: []Line{{Index: 1, Text: "hello"}}}
	}
	return a
}

func numbered(i int) string { return "call-" + strconv.Itoa(i) }

func unnamedCall(int) string { return "" }

// longCall is an answer of one call that has ended, with n items of everything.
func longCall(n int, id func(i int) string, value string) *Answer {
	a := manyCalls(1, numbered)
	c := &a.Calls[0]
	c.Lines = nil
	for i := range n {
		c.Lines = append(c.Lines, Line{Index: i / 2, Text: value})
		c.SMS = append(c.SMS, SMS{MessageID: id(i), Content: value})
		c.Intents = append(c.Intents, Intent{ID: id(i), Tag: value})
		c.Params = append(c.Params, Param{Name: numbered(i), Value: value})
	}
	return a
}

// backwards is the answer with all its lists the other way round.
func backwards(a *Answer) *Answer {
	a = deepClone(a)
	slices.Reverse(a.Calls)
	for i := range a.Calls {
		c := &a.Calls[i]
		slices.Reverse(c.Lines)
		slices.Reverse(c.SMS)
		slices.Reverse(c.Intents)
		slices.Reverse(c.Params)
	}
	return a
}

// scales are answers in turn, of a size n, that once cost n² or would if places
// were searched for one by one.
var scales = []struct {
	name    string
	answers func(n int) []*Answer
}{
	{"calls", func(n int) []*Answer {
		a := manyCalls(n, numbered)
		return []*Answer{a, deepClone(a), backwards(a), manyCalls(n, func(i int) string { return numbered(n + i) })}
	}},
	{"calls without ID", func(n int) []*Answer {
		a := manyCalls(n, unnamedCall)
		b := manyCalls(n/2, unnamedCall)
		return []*Answer{a, b, deepClone(a), manyCalls(n, numbered)}
	}},
	{"calls twice", func(n int) []*Answer {
		a := manyCalls(n, func(i int) string { return numbered(i / 2) })
		return []*Answer{a, backwards(a)}
	}},
	{"calls that are not shown when the order ends", func(n int) []*Answer {
		a := manyCalls(n, numbered)
		a.Finished = false
		for i := range a.Calls {
			a.Calls[i].Status = 99
		}
		return []*Answer{a, manyCalls(n/2, numbered)}
	}},
	{"entries", func(n int) []*Answer {
		entries := make([]*Answer, n)
		for i := range entries {
			entries[i] = manyCalls(1, func(int) string { return numbered(i) })
		}
		return []*Answer{MergeAnswers(entries...), MergeAnswers(manyCalls(n, numbered), manyCalls(n+1, unnamedCall))}
	}},
	{"items of a call", func(n int) []*Answer {
		a, b := longCall(n, numbered, "a"), longCall(n, numbered, "b")
		return []*Answer{a, backwards(a), b, backwards(b), b}
	}},
	{"items without ID", func(n int) []*Answer {
		a, b := longCall(n, unnamedCall, "a"), longCall(n, unnamedCall, "b")
		return []*Answer{a, b, backwards(b), longCall(n, numbered, "b")}
	}},
}

// cost is how long a history takes to compare and to announce again.
func cost(answers func(n int) []*Answer, n int) time.Duration {
	best := time.Hour
	for range 3 { // the least of them is the work, the rest is the machine's
		all := answers(n)
		st := &State{Ref: storyRef}
		start := time.Now()
		for i, a := range all {
			st = Compare(st, a, Millis(1+i), Rules{Transcripts: true}).State
			Snapshot(st, a, 1, Rules{Transcripts: true})
		}
		best = min(best, time.Since(start))
	}
	return best
}

// No step grows faster than an order does. Ten times as much takes ten times as
// long, and a step of n² a hundred times: thirty is far from both, so that a busy
// machine does not decide.
func TestGrowsInStep(t *testing.T) {
	const small, factor, most = 2_000, 10, 30
	for _, s := range scales {
		t.Run(s.name, func(t *testing.T) {
			few, many := cost(s.answers, small), cost(s.answers, factor*small)
			t.Logf("%d: %v, %d: %v", small, few, factor*small, many)
			if many > most*few {
				t.Errorf("%d took %v and %d took %v, %.0f times as long", small, few, factor*small, many, float64(many)/float64(few))
			}
		})
	}
}

// BenchmarkManyCalls is the cost of an order of that many calls, first seen.
func BenchmarkManyCalls(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			ans := manyCalls(n, numbered)
			prev := &State{Ref: ans.Ref}
			b.ReportAllocs()
			for b.Loop() {
				if got := Compare(prev, ans, 1, Rules{Transcripts: true}); len(got.Events) != 3*n {
					b.Fatalf("%d events, want %d", len(got.Events), 3*n)
				}
			}
		})
	}
}
