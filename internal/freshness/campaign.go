package freshness

import (
	"container/heap"
	"math"
	"math/rand/v2"

	"callstream/internal/order"
)

// sequence returns the orders of a task in the order in which they are dialed.
type sequence func(dice *rand.Rand, orders int) []int

func shuffled(dice *rand.Rand, orders int) []int { return dice.Perm(orders) }

// middle begins in the middle of the list and goes on at its beginning.
func middle(_ *rand.Rand, orders int) []int {
	all := make([]int, orders)
	for k := range all {
		all[k] = (k + orders/2) % orders
	}
	return all
}

// within dials the two halves of the list at the same time, in turn.
func within(_ *rand.Rand, orders int) []int {
	all := make([]int, 0, orders)
	for k := range (orders + 1) / 2 {
		all = append(all, k)
		if second := k + (orders+1)/2; second < orders {
			all = append(all, second)
		}
	}
	return all
}

// attempts is how often an order is called at most.
const attempts = 3

// try is a call that is to be made.
type try struct {
	due   order.Millis
	order int
	call  uint8
}

// tries is a heap of calls by when they are due. Of a line that is free again
// only due is set.
type tries []try

func (t tries) Len() int           { return len(t) }
func (t tries) Less(i, j int) bool { return t[i].due < t[j].due }
func (t tries) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *tries) Push(x any)        { *t = append(*t, x.(try)) }
func (t *tries) Pop() any {
	last := len(*t) - 1
	x := (*t)[last]
	*t = (*t)[:last]
	return x
}

// desk is a task being dialed.
type desk struct {
	world    *World
	task     *Task
	manner   *Manner
	dice     *rand.Rand
	lives    []life
	sequence []int // nil = as listed
	next     int   // in the sequence
	again    tries
	shuffled bool
}

// campaign plays a task whose orders are dialed over telephone lines.
func (w *World) campaign(dice *rand.Rand, task *Task) []life {
	d := &desk{world: w, task: task, manner: task.Manner, dice: dice, lives: make([]life, task.Orders)}
	if d.manner == nil {
		d.manner = &usual
	}
	if task.Sequence != nil {
		d.sequence = task.Sequence(dice, task.Orders)
	}
	free := make(tries, task.Lines)
	for l := range free {
		free[l].due = task.From + d.uniform(0, 10*second)
	}
	heap.Init(&free)
	for len(free) > 0 && free[0].due < w.end() {
		at := free[0].due
		begin, ok := d.begin(at)
		switch {
		case !ok:
			heap.Pop(&free)
			continue
		case begin > at:
			free[0].due = begin
		default:
			free[0].due = d.dial(at) + d.manner.Between
		}
		heap.Fix(&free, 0)
	}
	return d.lives
}

// begin returns when a line that is free may begin its next call; not ok where
// there is none.
func (d *desk) begin(at order.Millis) (begin order.Millis, ok bool) {
	for _, lull := range []Period{d.world.Lull, d.task.Lull} {
		if lull.holds(at) {
			return lull.To + d.uniform(0, 10*second), true
		}
	}
	switch {
	case d.next < d.task.Orders:
		return at, true
	case len(d.again) > 0:
		return max(at, d.again[0].due), true
	}
	return 0, false
}

// dial makes the next call and returns when it is over: a retry that is due
// comes before a new one.
func (d *desk) dial(at order.Millis) order.Millis {
	next := try{call: 1}
	if len(d.again) > 0 && d.again[0].due <= at {
		next = heap.Pop(&d.again).(try)
	} else {
		next.order = d.new(at)
	}
	over, answered := d.call(&d.lives[next.order], at, next.call)
	if !answered && next.call < attempts {
		pause := d.manner.Retry
		if d.manner.RetryFrom > 0 && over >= d.manner.RetryFrom {
			pause = d.manner.RetryLater
		}
		heap.Push(&d.again, try{over + pause, next.order, next.call + 1})
	}
	return over
}

// new returns the next order that was not called yet.
func (d *desk) new(at order.Millis) int {
	if d.task.Shuffles > 0 && at >= d.task.Shuffles && !d.shuffled {
		d.shuffled = true
		rest := d.dice.Perm(d.task.Orders - d.next)
		for k := range rest {
			rest[k] += d.next
		}
		d.sequence = append(make([]int, d.next), rest...)
	}
	d.next++
	if d.sequence == nil {
		return d.next - 1
	}
	return d.sequence[d.next-1]
}

// call adds a call to an order's life and returns when it is over. Four in ten
// are answered.
func (d *desk) call(l *life, at order.Millis, n uint8) (over order.Millis, answered bool) {
	*l = append(*l, change{at: at, what: dialing, call: n})
	at += d.uniform(second, 4*second)
	*l = append(*l, change{at: at, what: ringing, call: n})
	at += d.uniform(3*second, 23*second)
	if d.dice.Float64() >= 0.4 {
		*l = append(*l, change{at: at, what: ended, call: n, last: n == attempts})
		return at, false
	}
	*l = append(*l, change{at: at, what: inCall, call: n})
	over = at + 10*second + d.exponential(d.manner.Talk)
	for spoken := at + second; spoken < over; spoken += d.uniform(d.manner.Line.From, d.manner.Line.To) {
		*l = append(*l, change{at: spoken, what: line, call: n})
	}
	*l = append(*l, change{at: over, what: ended, call: n, last: true},
		change{at: over + d.uniform(5*second, 35*second), what: recording, call: n})
	return over, true
}

func (d *desk) uniform(from, to order.Millis) order.Millis {
	return from + order.Millis(d.dice.Float64()*float64(to-from))
}

func (d *desk) exponential(mean order.Millis) order.Millis { return exponential(d.dice, mean) }

func exponential(dice *rand.Rand, mean order.Millis) order.Millis {
	return order.Millis(-math.Log(1-dice.Float64()) * float64(mean))
}
