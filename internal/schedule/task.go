package schedule

import (
	"math"

	"callstream/internal/order"
)

// task is the orders of one task and what was learnt of it.
type task struct {
	name    string
	members int         // orders, those that are out too
	counts  [places]int // the same by place

	urgent  queue
	first   queue
	paced   nodes[*Item] // by when they are worth a place
	lists   map[int32]*list
	inLists []*list // the same

	price     float64 // what a place in a request has been worth
	histories [order.Phases]*history
	outlooks  [order.Phases]*outlook // of the histories, as of some units ago
	starts    starts
	hazards   [slots + 1]float64 // of the starts, as of the latest gathering
	dialed    order.Millis       // when its latest call began; before any, when the task came
	shown     bool               // an answer showed one of its orders
	swept     float64            // for how many units an order waits for the sweep
	scouts    scouting

	sum    sum     // what its next request is worth
	credit float64 // requests that it is owed by its fair share
	served int     // the number of its latest request
}

func newTask(name string, now order.Millis) *task {
	return &task{name: name, lists: map[int32]*list{}, price: firstWorth, dialed: now}
}

// move notes that an order goes from one place to another.
func (t *task) move(i *Item, to place) {
	if i.place != nowhere {
		t.counts[i.place]--
	}
	if i.place = to; to != nowhere {
		t.counts[to]++
	}
}

// ready counts the orders that may be asked for.
func (t *task) ready() int {
	return t.counts[urgent] + t.counts[first] + t.counts[paced] + t.counts[listed]
}

// list returns the list of a partition.
func (t *task) list(partition int32) *list {
	l := t.lists[partition]
	if l == nil {
		l = newList()
		t.lists[partition] = l
		t.inLists = append(t.inLists, l)
	}
	return l
}

// waiting counts the orders whose calls have not begun.
func (t *task) waiting() (n int) {
	for _, l := range t.inLists {
		n += l.live
	}
	return n
}

// share is how many requests of a round are the task's in which each order is
// looked at once.
func (t *task) share(size int) float64 { return math.Ceil(float64(t.members) / float64(size)) }

// oldest returns since when the first of the task waits for its first look.
func (t *task) oldest() (since order.Millis) {
	t.first.walk(1, func(i *Item) { since = i.due })
	return since
}

// lingered reports whether first looks have waited for others long enough.
func (t *task) lingered(p *Plan, now order.Millis) bool {
	return t.counts[first] >= p.size || t.oldest()+p.linger <= now
}

// ripe returns until when a queued order must have been looked at for the sweep to
// take it: half a round ago. What was looked at later, out of turn, comes with the
// next round: it is sooner than with the one after, if it were left to be overtaken.
func (t *task) ripe(c clock, now order.Millis) order.Millis {
	return now - order.Millis(t.swept/2*c.unit)
}

// queue holds orders in the order in which they came. One that leaves leaves a
// gap, so that it is neither kept alive nor found where it stood when it is back.
type queue struct {
	items []*Item // nil where one has left
	head  int     // all before have left
	gone  int     // how many were cut off the front
}

// add adds an order, which notes its number: 1 for the first that ever came.
func (q *queue) add(i *Item) {
	q.items = append(q.items, i)
	i.at = q.gone + len(q.items)
}

func (q *queue) remove(i *Item) {
	q.items[i.at-1-q.gone] = nil
	i.at = 0
	for q.head < len(q.items) && q.items[q.head] == nil {
		q.head++
	}
	if q.head > len(q.items)/2 { // the rest moves to the front, once for as many that left
		kept := copy(q.items, q.items[q.head:])
		clear(q.items[kept:])
		q.items, q.gone, q.head = q.items[:kept], q.gone+q.head, 0
	}
}

// walk calls each with the first n.
func (q *queue) walk(n int, each func(*Item)) {
	for _, i := range q.items[q.head:] {
		if n == 0 {
			return
		}
		if i != nil {
			each(i)
			n--
		}
	}
}

// soonest calls each with the n paced orders that are worth a place first,
// without taking them out. The heap is walked from its top: edge is itself a
// heap, of the indexes where the walk can go on.
func (t *task) soonest(n int, walk *[]int, each func(*Item)) {
	h, edge := t.paced, (*walk)[:0]
	if len(h) > 0 {
		edge = append(edge, 0)
	}
	for ; n > 0 && len(edge) > 0; n-- {
		top := edge[0]
		each(h[top].of)
		edge[0] = edge[len(edge)-1]
		edge = edge[:len(edge)-1]
		h.sink(edge)
		for child, end := h.below(top); child < end; child++ { // the walk goes on there
			edge = append(edge, child)
			h.rise(edge)
		}
	}
	*walk = edge
}
