package export

import (
	"fmt"
	"sort"
)

// watermark is the offset up to which all requests of a partition are done.
// Requests get done in any order; only the contiguous part is committed, so
// that a crash repeats requests and skips none.
type watermark struct {
	open  []openRequest // in order of offset; the first is not done
	next  int64         // the offset to commit
	moved bool          // next is not committed yet
}

type openRequest struct {
	offset int64
	done   bool
}

// add notes a request that was read. Offsets rise, with gaps where the log was
// compacted or holds control records.
func (w *watermark) add(offset int64) error {
	if n := len(w.open); n > 0 && offset <= w.open[n-1].offset || offset < w.next {
		return fmt.Errorf("offset %d comes after %d: the log was cut", offset, w.next)
	}
	w.open = append(w.open, openRequest{offset: offset})
	return nil
}

// mark notes that a request is done.
func (w *watermark) mark(offset int64) {
	at := sort.Search(len(w.open), func(i int) bool { return w.open[i].offset >= offset })
	w.open[at].done = true
	n := 0
	for n < len(w.open) && w.open[n].done {
		n++
	}
	if n > 0 {
		w.next, w.moved = w.open[n-1].offset+1, true
		w.open = w.open[n:]
	}
}
