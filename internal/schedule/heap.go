package schedule

import "callstream/internal/order"

// node is what a heap holds: something with a time and a place in the heap.
type node interface {
	time() order.Millis
	node() *int // 1 + the index in its heap; 0 = in none
}

// children is how many a node of a heap has: with four it is half as deep as with
// container/heap's two, which saves an order among millions half of its cache misses.
const children = 4

// nodes is a heap of T by time.
type nodes[T node] []timed[T]

// timed is a node and its time as of when it was set. With millions of nodes, to
// ask each for it would cost a cache miss a comparison.
type timed[T node] struct {
	time order.Millis
	of   T
}

// set puts n where its time belongs.
func (h *nodes[T]) set(n T) {
	at := *n.node() - 1
	if at < 0 {
		at = len(*h)
		*h = append(*h, timed[T]{})
	}
	h.fix(at, timed[T]{n.time(), n})
}

// remove takes n out, if it is in.
func (h *nodes[T]) remove(n T) {
	at := *n.node() - 1
	if at < 0 {
		return
	}
	last := len(*h) - 1
	moved := (*h)[last]
	(*h)[last] = timed[T]{}
	*h = (*h)[:last]
	if at < last {
		h.fix(at, moved)
	}
	*n.node() = 0
}

// fix puts n in, given that the place at is free, where its time belongs.
func (h nodes[T]) fix(at int, n timed[T]) {
	for at > 0 && n.time < h[(at-1)/children].time {
		h.put(at, h[(at-1)/children])
		at = (at - 1) / children
	}
	for {
		child, end := h.below(at)
		if child >= end {
			break
		}
		for other := child + 1; other < end; other++ {
			if h[other].time < h[child].time {
				child = other
			}
		}
		if n.time <= h[child].time {
			break
		}
		h.put(at, h[child])
		at = child
	}
	h.put(at, n)
}

// below returns the indexes of a node's children, from one to before another.
func (h nodes[T]) below(at int) (from, end int) {
	from = children*at + 1
	return from, min(from+children, len(h))
}

func (h nodes[T]) put(at int, n timed[T]) {
	h[at] = n
	*n.of.node() = at + 1
}

// sink moves the first of some indexes into a heap, themselves a heap, down to
// where it belongs.
func (h nodes[T]) sink(indexes []int) {
	for at := 0; ; {
		child := 2*at + 1
		if child >= len(indexes) {
			return
		}
		if other := child + 1; other < len(indexes) && h[indexes[other]].time < h[indexes[child]].time {
			child = other
		}
		if h[indexes[child]].time >= h[indexes[at]].time {
			return
		}
		indexes[at], indexes[child] = indexes[child], indexes[at]
		at = child
	}
}

// rise moves the last of them up to where it belongs.
func (h nodes[T]) rise(indexes []int) {
	for at := len(indexes) - 1; at > 0; {
		parent := (at - 1) / 2
		if h[indexes[at]].time >= h[indexes[parent]].time {
			return
		}
		indexes[at], indexes[parent] = indexes[parent], indexes[at]
		at = parent
	}
}
