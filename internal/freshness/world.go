// Package freshness measures how late the schedule is, in virtual time: worlds
// of campaigns whose every change is known beforehand, a limit on the requests,
// and policies that spend it. It serves its tests and `make freshness` alone.
package freshness

import (
	"container/heap"
	"math"
	"math/rand/v2"
)

// World is a campaign: tasks whose orders are dialed over telephone lines. All
// times are in milliseconds from its beginning.
type World struct {
	Name     string
	Tasks    []Task
	Rate     float64  // requests a second
	Shuffled bool     // the lines dial a shuffled list, not the list's order
	Outage   [2]int64 // no line begins a call between these; 0, 0 = always
	Seed     uint64
}

// Task is one task of a world.
type Task struct {
	Orders, Lines int
	From          int64 // when its orders become known and its lines begin
}

const (
	second = int64(1000)
	minute = 60 * second
	// warmUp and end bound what is measured.
	warmUp, end = 10 * minute, 60 * minute
)

// what is a kind of change.
type what uint8

const (
	dialing what = iota
	ringing
	inCall
	ended
	line
	recording
	kinds
)

var names = [kinds]string{"dialing", "ringing", "in call", "ended", "line", "recording"}

// change is one change of an order.
type change struct {
	at   int64
	what what
	call uint8
	last bool // of an end: the order is finished
}

// life is all that happens to an order, in order of time.
type life []change

// lives plays a world: the changes of each order, by task and order. An order
// that is never dialed has none.
func (w *World) lives() [][]life {
	dice := rand.New(rand.NewPCG(w.Seed, 1)) //nolint:gosec // a world, not a secret
	all := make([][]life, len(w.Tasks))
	for t, task := range w.Tasks {
		all[t] = w.play(dice, task)
	}
	return all
}

// retries is a heap of orders to be tried again.
type retry struct {
	due   int64
	order int
	call  uint8
}
type retries []retry

func (r retries) Len() int           { return len(r) }
func (r retries) Less(i, j int) bool { return r[i].due < r[j].due }
func (r retries) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }
func (r *retries) Push(x any)        { *r = append(*r, x.(retry)) }
func (r *retries) Pop() any {
	x := (*r)[len(*r)-1]
	*r = (*r)[:len(*r)-1]
	return x
}

type freeLines []int64

func (f freeLines) Len() int           { return len(f) }
func (f freeLines) Less(i, j int) bool { return f[i] < f[j] }
func (f freeLines) Swap(i, j int)      { f[i], f[j] = f[j], f[i] }
func (f *freeLines) Push(x any)        { *f = append(*f, x.(int64)) }
func (f *freeLines) Pop() any {
	x := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return x
}

const (
	retryAfter = 600 * second
	attempts   = 3
)

func (w *World) play(dice *rand.Rand, task Task) []life {
	lives := make([]life, task.Orders)
	var list []int
	if w.Shuffled {
		list = dice.Perm(task.Orders)
	}
	next := 0
	var again retries
	lines := make(freeLines, task.Lines)
	for l := range lines {
		lines[l] = task.From + int64(dice.Float64()*float64(10*second))
	}
	heap.Init(&lines)
	for len(lines) > 0 {
		at := lines[0]
		if at >= end {
			break
		}
		if at >= w.Outage[0] && at < w.Outage[1] {
			lines[0] = w.Outage[1] + int64(dice.Float64()*float64(10*second))
			heap.Fix(&lines, 0)
			continue
		}
		r := retry{call: 1}
		switch {
		case len(again) > 0 && again[0].due <= at:
			r = heap.Pop(&again).(retry)
		case next < task.Orders:
			if r.order = next; list != nil {
				r.order = list[next]
			}
			next++
		case len(again) > 0:
			lines[0] = again[0].due
			heap.Fix(&lines, 0)
			continue
		default:
			heap.Pop(&lines)
			continue
		}
		over, answered := call(dice, &lives[r.order], at, r.call)
		if !answered && r.call < attempts {
			heap.Push(&again, retry{over + retryAfter, r.order, r.call + 1})
		}
		lines[0] = over + second/2
		heap.Fix(&lines, 0)
	}
	return lives
}

// call adds a call to an order's life and returns when it is over.
func call(dice *rand.Rand, l *life, at int64, n uint8) (over int64, answered bool) {
	uniform := func(from, to float64) int64 { return int64((from + dice.Float64()*(to-from)) * float64(second)) }
	*l = append(*l, change{at: at, what: dialing, call: n})
	at += uniform(1, 4)
	*l = append(*l, change{at: at, what: ringing, call: n})
	at += uniform(3, 23)
	if dice.Float64() >= 0.4 {
		*l = append(*l, change{at: at, what: ended, call: n, last: n == attempts})
		return at, false
	}
	*l = append(*l, change{at: at, what: inCall, call: n})
	over = at + 10*second + int64(-math.Log(1-dice.Float64())*float64(50*second))
	for spoken := at + second; spoken < over; spoken += uniform(2, 7) {
		*l = append(*l, change{at: spoken, what: line, call: n})
	}
	*l = append(*l, change{at: over, what: ended, call: n, last: true},
		change{at: over + uniform(5, 35), what: recording, call: n})
	return over, true
}
