package export

import (
	"fmt"
	"sort"
)

// openRequest is a request that is not done yet.
type openRequest struct {
	partition int
	offset    int64
	left      int // orders, and one for what is passed on, that are not done
}

// watermarks says up to where the requests of each partition are done.
type watermarks struct {
	partitions map[int]*watermark
	waiting    int // parts of requests that are not done
}

func newWatermarks(owned []int) watermarks {
	w := watermarks{partitions: map[int]*watermark{}}
	for _, partition := range owned {
		w.partitions[partition] = &watermark{}
	}
	return w
}

// open notes a request that was read and has so many parts to be done.
func (w *watermarks) open(partition int, offset int64, parts int) (*openRequest, error) {
	if err := w.partitions[partition].add(offset); err != nil {
		return nil, fmt.Errorf("partition %d: %w", partition, err)
	}
	w.waiting += parts
	return &openRequest{partition: partition, offset: offset, left: parts}, nil
}

// done notes that a part of a request is done, and marks the request with the
// last one.
func (w *watermarks) done(r *openRequest) {
	r.left--
	w.waiting--
	if r.left == 0 {
		w.partitions[r.partition].mark(r.offset)
	}
}

// toCommit returns the offsets that moved since they were committed.
func (w *watermarks) toCommit() map[int]int64 {
	offsets := map[int]int64{}
	for partition, m := range w.partitions {
		if m.moved {
			offsets[partition] = m.next
		}
	}
	return offsets
}

// committed notes that offsets are committed. One that moved on meanwhile is
// still to be.
func (w *watermarks) committed(offsets map[int]int64) {
	for partition, offset := range offsets {
		if m := w.partitions[partition]; m.next == offset {
			m.moved = false
		}
	}
}

// watermark is the offset up to which all requests of a partition are done.
// Requests get done in any order; only the contiguous part is committed, so
// that a crash repeats requests and skips none.
type watermark struct {
	read  []readOffset // in order; the first is not done
	next  int64        // the offset to commit
	moved bool         // next is not committed yet
}

type readOffset struct {
	offset int64
	done   bool
}

// add notes a request that was read. Offsets rise, with gaps where the log was
// compacted or holds control records.
func (w *watermark) add(offset int64) error {
	if n := len(w.read); n > 0 && offset <= w.read[n-1].offset || offset < w.next {
		return fmt.Errorf("offset %d comes after %d: the log was cut", offset, w.next)
	}
	w.read = append(w.read, readOffset{offset: offset})
	return nil
}

// mark notes that a request is done.
func (w *watermark) mark(offset int64) {
	at := sort.Search(len(w.read), func(i int) bool { return w.read[i].offset >= offset })
	w.read[at].done = true
	n := 0
	for n < len(w.read) && w.read[n].done {
		n++
	}
	if n > 0 {
		w.next, w.moved = w.read[n-1].offset+1, true
		w.read = w.read[n:]
	}
}
