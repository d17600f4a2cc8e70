package simulator

import (
	"cmp"
	"container/heap"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	// retryAfter is the pause between the end of a call that nobody answered and
	// the next call of its order.
	retryAfter = 10 * time.Minute
	// lineGap is a line's pause between two calls.
	lineGap = 500 * time.Millisecond
)

// placedCall is what is kept of a call: the moments that decide about others. The rest is
// told again from the seed whenever it is shown.
type placedCall struct {
	start, ring, answer, end time.Duration // answer 0 = none
	line                     int
}

// dialer dials the orders of one task over its lines.
type dialer struct {
	campaign *campaign
	task     string
	prefix   string   // of the order IDs
	ids      []string // the list
	turns    []int    // which of the list is dialed first, second, …; nil = as they stand

	// Guarded by the campaign's lock.
	dialed int            // how many have had their first call
	calls  [][]placedCall // by order; each list is only ever appended to
	due    []int          // orders to be tried again, the longest due first
	idle   []int          // lines that found nothing to dial
	events dialerQueue    // what happens next
	pushed int            // how many events there ever were
}

func newDialer(c *campaign, task, orders, lines int) *dialer {
	d := &dialer{campaign: c, task: taskName(task), prefix: orderPrefix(task), ids: make([]string, orders), calls: make([][]placedCall, orders)}
	for i := range d.ids {
		d.ids[i] = fmt.Sprintf("%s%06d", d.prefix, i+1)
	}
	if c.Random {
		sum := fingerprint(c.seed, "list", d.task)
		d.turns = shuffled(binary.BigEndian.Uint64(sum[:]), orders)
	}
	for line := range lines {
		d.push(dialerEvent{line: line, order: noOrder})
	}
	return d
}

// number is an order's place in the list; -1 for one that is not in it.
func (d *dialer) number(id string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(id, d.prefix))
	if err != nil || n < 1 || n > len(d.ids) || d.ids[n-1] != id {
		return -1
	}
	return n - 1
}

// advance lets happen what happens until a moment.
func (d *dialer) advance(until time.Duration) {
	for len(d.events) > 0 && d.events[0].at <= until {
		e := heap.Pop(&d.events).(dialerEvent)
		if e.order == noOrder {
			d.free(e.line, e.at)
			continue
		}
		d.due = append(d.due, e.order)
		if n := len(d.idle); n > 0 {
			d.push(dialerEvent{at: e.at, line: d.idle[n-1], order: noOrder})
			d.idle = d.idle[:n-1]
		}
	}
}

// free lets a line that is free dial what is next, if there is anything.
func (d *dialer) free(line int, at time.Duration) {
	c := d.campaign
	if from, to := c.wall(c.OutageFrom), c.wall(c.OutageTo); from <= at && at < to {
		d.push(dialerEvent{at: to, line: line, order: noOrder})
		return
	}
	order, ok := d.next()
	if !ok {
		d.idle = append(d.idle, line)
		return
	}
	r := c.round(d, order, len(d.calls[order])+1, at, line)
	d.calls[order] = append(d.calls[order], placedCall{start: r.start, ring: r.steps[1].at, answer: r.answer, end: r.end, line: line})
	d.push(dialerEvent{at: r.end + c.wall(lineGap), line: line, order: noOrder})
	if r.answer == 0 && len(d.calls[order]) < maxRounds {
		d.push(dialerEvent{at: r.end + c.wall(retryAfter), order: order})
	}
}

// next takes the order to be dialed: one that is due again before a new one.
func (d *dialer) next() (order int, ok bool) {
	switch {
	case len(d.due) > 0:
		order, d.due = d.due[0], d.due[1:]
	case d.dialed == len(d.ids):
		return 0, false
	default:
		order = d.dialed
		if d.turns != nil {
			order = d.turns[d.dialed]
		}
		d.dialed++
	}
	return order, true
}

func (d *dialer) push(e dialerEvent) {
	d.pushed++
	e.number = d.pushed
	heap.Push(&d.events, e)
}

// noOrder marks the event of a line that becomes free.
const noOrder = -1

// dialerEvent is a line that becomes free, or an order that is due again.
type dialerEvent struct {
	at     time.Duration
	line   int
	order  int // noOrder: the line becomes free
	number int // among the dialer's: of two at once, the same one is first each time
}

// dialerQueue is a heap by moment. Of one moment, orders that are due come before
// lines that are free, which so dial them and nothing new.
type dialerQueue []dialerEvent

func (q dialerQueue) Len() int      { return len(q) }
func (q dialerQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *dialerQueue) Push(x any)   { *q = append(*q, x.(dialerEvent)) }

func (q dialerQueue) Less(i, j int) bool {
	a, b := &q[i], &q[j]
	rank := func(e *dialerEvent) int { return cmp.Compare(noOrder, e.order) } // -1 for an order that is due
	return cmp.Or(cmp.Compare(a.at, b.at), rank(a)-rank(b), cmp.Compare(a.number, b.number)) < 0
}

func (q *dialerQueue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	*q = (*q)[:last]
	return e
}
