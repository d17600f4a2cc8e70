package schedule

import "container/heap"

// node is what a heap holds: something with a time and a place in the heap.
type node[T any] interface {
	before(other T) bool
	node() *int // 1 + the index in its heap; 0 = in none
}

// nodes is a heap of T by time.
type nodes[T node[T]] []T

func (h nodes[T]) Len() int           { return len(h) }
func (h nodes[T]) Less(i, j int) bool { return h[i].before(h[j]) }
func (h nodes[T]) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	*h[i].node(), *h[j].node() = i+1, j+1
}

// Push is for container/heap.
func (h *nodes[T]) Push(x any) {
	n := x.(T)
	*h = append(*h, n)
	*n.node() = len(*h)
}

// Pop is for container/heap.
func (h *nodes[T]) Pop() any {
	last := len(*h) - 1
	n := (*h)[last]
	var none T
	(*h)[last] = none
	*h = (*h)[:last]
	*n.node() = 0
	return n
}

// set puts n where its time belongs.
func (h *nodes[T]) set(n T) {
	if at := *n.node(); at > 0 {
		heap.Fix(h, at-1)
	} else {
		heap.Push(h, n)
	}
}

// remove takes n out, if it is in.
func (h *nodes[T]) remove(n T) {
	if at := *n.node(); at > 0 {
		heap.Remove(h, at-1)
	}
}

// sink moves the first of some indexes into a heap, themselves a heap, down to
// where it belongs.
func (h nodes[T]) sink(indexes []int) {
	for at := 0; ; {
		child := 2*at + 1
		if child >= len(indexes) {
			return
		}
		if other := child + 1; other < len(indexes) && h[indexes[other]].before(h[indexes[child]]) {
			child = other
		}
		if !h[indexes[child]].before(h[indexes[at]]) {
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
		if !h[indexes[at]].before(h[indexes[parent]]) {
			return
		}
		indexes[at], indexes[parent] = indexes[parent], indexes[at]
		at = parent
	}
}
