package freshness

import (
	"math/rand/v2"

	"callstream/internal/order"
)

const (
	second = order.Millis(1000)
	minute = 60 * second
	// warmUp is from when on a world is measured that does not say: by then each order
	// was seen and retries come as steadily as first calls.
	warmUp = 10 * minute
	// hour is how long a world lasts unless it says otherwise.
	hour = 60 * minute
)

// World is what happens to the orders of some tasks, and how often they may be
// looked at. All times are from its beginning.
type World struct {
	Name  string
	Tasks []Task
	Rate  float64 // requests a second
	Lasts order.Millis
	// Measured is when the changes are that count; where it ends at 0, all after
	// warmUp.
	Measured Period
	// Size is how many orders a request carries; 0 = 500.
	Size int
	// Lull is when no line begins a call, Deaf is when the API answers nothing, so
	// that the slots of that time are lost; none where they end at 0.
	Lull, Deaf Period
	// Partitions is how many the orders are spread over, and Owned how many of
	// them are followed here, at this Rate; 0 = one, and all.
	Partitions, Owned int
	Seed              uint64
}

// Period is a time from a moment on until before another.
type Period struct{ From, To order.Millis }

func (p Period) holds(at order.Millis) bool { return at >= p.From && at < p.To }

// Task is one task of a world.
type Task struct {
	Orders, Lines int
	From          order.Millis // when its orders become known and its lines begin
	Sequence      sequence     // in which its orders are dialed; nil = as they are listed
	// Shuffles is when what was not dialed yet is shuffled; 0 = never.
	Shuffles order.Millis
	Lull     Period // as World.Lull
	Manner   *Manner
	// Steady is how the orders change where nobody dials them: see steady.go.
	Steady []Class
}

// Manner is how calls go.
type Manner struct {
	Talk       order.Millis // mean of what an answered call lasts beyond 10 s
	Line       Period       // shortest and longest time between two lines of a transcript
	Between    order.Millis // how long a telephone line rests between two calls
	Retry      order.Millis // after how long who did not answer is called again
	RetryLater order.Millis // the same, for calls that end after RetryFrom
	RetryFrom  order.Millis // 0 = Retry holds throughout
}

// usual is the manner of a task that has none of its own: the figures of issue 7 are
// measured with it.
var usual = Manner{Talk: 50 * second, Line: Period{2 * second, 7 * second}, Between: second / 2, Retry: 600 * second}

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

// change is one change of an order.
type change struct {
	at   order.Millis
	what what
	call uint8
	last bool // of an end: the order is finished
}

// life is all that happens to an order, in order of time.
type life []change

// Lives are the changes of each order, by task and order.
type Lives [][]life

// Play plays a world.
func (w *World) Play() Lives {
	dice := rand.New(rand.NewPCG(w.Seed, 1))
	all := make(Lives, len(w.Tasks))
	for t := range w.Tasks {
		if w.Tasks[t].Steady != nil {
			all[t] = w.steady(dice, &w.Tasks[t])
		} else {
			all[t] = w.campaign(dice, &w.Tasks[t])
		}
	}
	return all
}

func (w *World) end() order.Millis {
	if w.Lasts > 0 {
		return w.Lasts
	}
	return hour
}

// measured returns when the changes are that count. Of the last minute nothing is
// asked: what happens then may be shown too late for the run.
func (w *World) measured() Period {
	if w.Measured.To > 0 {
		return w.Measured
	}
	return Period{warmUp, w.end() - minute}
}

func (w *World) size() int {
	if w.Size > 0 {
		return w.Size
	}
	return 500
}

// partition returns where an order of a task lies, and whether that is followed
// here. Any mixing of the number will do: the real one is of the order's ID.
func (w *World) partition(index int) (partition int, owned bool) {
	if w.Partitions < 2 {
		return 0, true
	}
	mixed := uint64(index) * 0x9e3779b97f4a7c15
	partition = int(mixed >> 33 % uint64(w.Partitions))
	return partition, w.Owned == 0 || partition < w.Owned
}

// tenth returns the world with a tenth of the orders, lines and places in a
// request: what a request is worth among the orders stays as it is, and so do
// the times, at a tenth of the looks.
func (w World) tenth() World {
	part := func(n int) int { return max(1, n/10) }
	w.Size = part(w.size())
	tasks := make([]Task, len(w.Tasks))
	for t, task := range w.Tasks {
		task.Orders, task.Lines = part(task.Orders), part(task.Lines)
		classes := make([]Class, len(task.Steady))
		for c, class := range task.Steady {
			class.Orders = part(class.Orders)
			classes[c] = class
		}
		if task.Steady != nil {
			task.Steady = classes
		}
		tasks[t] = task
	}
	w.Tasks = tasks
	return w
}
