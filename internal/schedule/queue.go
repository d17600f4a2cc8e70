package schedule

import (
	"time"

	"callstream/internal/order"
)

// Item is one order's place in a Queue. The zero Item with a Ref is in none.
type Item struct {
	Ref  order.Ref
	due  order.Millis
	from order.Millis // when the pause that ends at due began
	at   int
}

func (i *Item) before(other *Item) bool { return i.due < other.due }
func (i *Item) place() *int             { return &i.at }

// Queue holds the orders that are to be looked at and forms batches of them.
type Queue struct {
	size   int          // most orders a batch
	linger order.Millis // how long a due order waits for others
	tasks  map[string]*task
	byDue  nodes[*task] // tasks by their first due order
}

// task is the orders of one task.
type task struct {
	name  string
	items nodes[*Item]
	at    int
}

func (t *task) before(other *task) bool { return t.items[0].due < other.items[0].due }
func (t *task) place() *int             { return &t.at }

// NewQueue returns an empty queue whose batches have at most size orders; an
// order that is due waits for others of its task up to linger.
func NewQueue(size int, linger time.Duration) *Queue {
	return &Queue{size: size, linger: millis(linger), tasks: map[string]*task{}}
}

// Set puts an order into the queue, or moves it. A place in a request that goes
// out anyway costs nothing, so a batch with room takes an order early, once half
// of the pause since from is over: with from 100 s and due 160 s, from 130 s on.
// Where from is due, there is no pause to be cut short and it waits until then.
func (q *Queue) Set(i *Item, from, due order.Millis) {
	t := q.tasks[i.Ref.Task]
	if t == nil {
		t = &task{name: i.Ref.Task}
		q.tasks[t.name] = t
	}
	i.from, i.due = from, due
	t.items.set(i)
	q.byDue.set(t)
}

// Remove takes an order out, if it is in.
func (q *Queue) Remove(i *Item) {
	if i.at == 0 {
		return
	}
	t := q.tasks[i.Ref.Task]
	if len(t.items) == 1 {
		q.byDue.remove(t)
		delete(q.tasks, t.name)
	}
	t.items.remove(i)
	if len(t.items) > 0 {
		q.byDue.set(t)
	}
}

// Batch takes the next batch out of the queue: the orders due of the task that
// waited longest, and others of it that have waited half of their pause. It
// returns nil where none is ready yet.
func (q *Queue) Batch(now order.Millis) []*Item {
	at, ok := q.Next(now)
	if !ok || at > now {
		return nil
	}
	t := q.byDue[0]
	batch := make([]*Item, 0, min(q.size, len(t.items)))
	for len(batch) < q.size && len(t.items) > 0 {
		next := t.items[0]
		if next.due > now && now < next.from+(next.due-next.from)/2 {
			break
		}
		q.Remove(next)
		batch = append(batch, next)
	}
	return batch
}

// Next returns when a batch will be ready; not ok where the queue is empty.
func (q *Queue) Next(now order.Millis) (at order.Millis, ok bool) {
	if len(q.byDue) == 0 {
		return 0, false
	}
	t := q.byDue[0]
	first := t.items[0].due
	if first <= now && t.full(q.size, now) {
		return now, true
	}
	return first + q.linger, true
}

// full reports whether at least size orders are due. The items are a heap by
// due time: each is due no later than the two below it. So where one is not due,
// nothing below it is, and the walk turns back. It sees at most the due ones
// and the two below each.
func (t *task) full(size int, now order.Millis) bool {
	if len(t.items) < size {
		return false
	}
	due := 0
	var walk func(at int)
	walk = func(at int) {
		if due >= size || at >= len(t.items) || t.items[at].due > now {
			return
		}
		due++
		walk(2*at + 1)
		walk(2*at + 2)
	}
	walk(0)
	return due >= size
}
