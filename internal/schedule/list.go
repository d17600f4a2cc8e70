package schedule

import (
	"cmp"
	"slices"

	"callstream/internal/order"
)

// recentStarts is how many starts of a list are remembered: so many lists may be
// dialed at a time, one within the other.
const recentStarts = 4

// mostYoung is how many times as many as are wanted the sweep passes over that
// were looked at lately.
const mostYoung = 8

// list is the orders of one task and partition whose calls have not begun, in
// the order of their requests. Where that is the order in which they are dialed
// too, the next start is near the latest ones: see starts. Partitions have lists
// of their own, because requests of different partitions are read in any order.
type list struct {
	items  []*Item // nil where one has left
	live   int     // of them that are there
	cursor int     // where the sweep goes on
	recent []start // the latest starts, oldest first
}

// start is where in a list and when an order's first call began.
type start struct {
	pos int
	at  order.Millis
}

// newList returns an empty list, which is expected to be dialed from its front.
func newList() *list { return &list{recent: []start{{pos: -1}}} }

func (l *list) append(i *Item) {
	i.list, i.pos = l, int32(len(l.items)) //nolint:gosec // 2^31 orders fit no memory
	l.items = append(l.items, i)
	l.live++
}

func (l *list) remove(i *Item) {
	l.items[i.pos] = nil
	i.list = nil
	if l.live--; l.live < len(l.items)/2 {
		l.close()
	}
}

// close closes the gaps, so that distances count orders that are there.
func (l *list) close() {
	moved := make([]int, len(l.items)+1) // where each position is from now on
	kept := 0
	for pos, i := range l.items {
		moved[pos] = kept
		if i != nil {
			l.items[kept], i.pos = i, int32(kept) //nolint:gosec // see append
			kept++
		}
	}
	moved[len(l.items)] = kept
	for k := range l.recent {
		l.recent[k].pos = moved[l.recent[k].pos+1] - 1
	}
	l.cursor = moved[l.cursor]
	clear(l.items[kept:])
	l.items = l.items[:kept]
}

// began notes a start.
func (l *list) began(s start) {
	at, _ := slices.BinarySearchFunc(l.recent, s, func(a, b start) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.pos, b.pos))
	})
	l.recent = slices.Insert(l.recent, at, s)
	if len(l.recent) > recentStarts {
		l.recent = slices.Delete(l.recent, 0, 1)
	}
}

// distance returns how far a position is from the nearest of the latest starts.
func (l *list) distance(pos int) int {
	nearest := pos - l.recent[0].pos
	for _, s := range l.recent[1:] {
		if d := pos - s.pos; max(d, -d) < max(nearest, -nearest) {
			nearest = d
		}
	}
	return nearest
}

// near calls each with the orders that may be asked for at the distances of a
// slot from one of the latest starts.
func (l *list) near(slot int, each func(*Item)) {
	from, to := span(slot)
	for _, s := range l.recent {
		for pos := max(s.pos+from, 0); pos <= min(s.pos+to, len(l.items)-1); pos++ {
			if i := l.items[pos]; i != nil && i.place == listed {
				each(i)
			}
		}
	}
}

// sweep calls each with the next n orders in turn that may be asked for and were
// not looked at after a moment, and how far ahead each is. Others are passed over
// until the sweep comes round again, once one behind them is taken; where they are
// many it ends among them.
func (l *list) sweep(n int, ripe order.Millis, each func(i *Item, ahead int)) {
	found, ahead, young := 0, 0, 0
	for steps := 0; found < n && young < mostYoung*n && steps < len(l.items); steps++ {
		pos := l.cursor + ahead
		if pos >= len(l.items) {
			pos -= len(l.items)
		}
		switch i := l.items[pos]; {
		case i == nil || i.place != listed:
			if ahead == 0 {
				l.advance(1)
				continue
			}
		case i.looked <= ripe:
			each(i, ahead)
			found++
		default:
			young++
		}
		ahead++
	}
}

// advance moves the sweep on.
func (l *list) advance(by int) {
	if l.cursor += by; l.cursor >= len(l.items) {
		l.cursor = max(0, l.cursor-len(l.items))
	}
}
