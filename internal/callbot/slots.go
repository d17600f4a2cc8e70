package callbot

import (
	"math"
	"slices"
	"time"
)

// maxSlots is the most slots a second. A timer is late by a millisecond or so,
// and on a busy machine by a few: a slot of 5 ms is met all the same, and one of
// 1 ms that belongs to this instance alone would often be over before it wakes.
const maxSlots = 200

// slots cuts wall time into slots and says which of them are this instance's.
//
// Slot k is [k·length, (k+1)·length) of Unix time and belongs to partition
// k mod total, so each slot has one owner in the whole group without a word
// between the instances. In each slot go at most each requests.
//
// Up to maxSlots requests a second, each is 1. A second then touches at most
// the limit, rounded up, and one more slot at its edge, and so do the requests
// in it. At a higher limit a slot stands for several requests, which may go
// together, and the edge is 2·each, at most 1 % of the limit and two.
//
// An instance's own slots are numbered too, without gaps: the own slot i is the
// slot nth(i).
type slots struct {
	length int64 // of a slot, in nanoseconds
	each   int64 // requests in a slot
	owned  []int // partitions of this instance, in order
	total  int   // partitions of the group
}

// newSlots cuts time for a limit in requests a second; all slots are owned.
func newSlots(limit float64) slots {
	each := max(1, math.Ceil(limit/maxSlots))
	return slots{
		// Rounded up, so that the limit holds, and a whole number, so that all
		// instances cut alike and no slot is shorter than the others.
		length: int64(math.Ceil(each / limit * float64(time.Second))),
		each:   int64(each),
		owned:  []int{0},
		total:  1,
	}
}

// of returns the same slots for an instance that owns other partitions.
func (s slots) of(owned []int, total int) slots {
	s.owned = slices.DeleteFunc(slices.Clone(owned), func(p int) bool { return p < 0 || p >= total })
	slices.Sort(s.owned)
	s.owned = slices.Compact(s.owned)
	s.total = max(1, total)
	return s
}

// share is the part of all slots that is this instance's, 0 to 1.
func (s slots) share() float64 { return float64(len(s.owned)) / float64(s.total) }

// at returns the slot of a moment in Unix nanoseconds.
func (s slots) at(unix int64) int64 { return max(0, unix) / s.length }

// start returns the moment at which a slot begins, in Unix nanoseconds.
func (s slots) start(slot int64) int64 { return slot * s.length }

// owns reports whether a slot is this instance's.
func (s slots) owns(slot int64) bool {
	_, ok := slices.BinarySearch(s.owned, int(slot%int64(s.total)))
	return ok
}

// before returns how many own slots there are before a slot, which is the
// number of the first own slot from there on.
func (s slots) before(slot int64) int64 {
	total := int64(s.total)
	i, _ := slices.BinarySearch(s.owned, int(slot%total))
	return slot/total*int64(len(s.owned)) + int64(i)
}

// nth returns the slot that is the own slot i. There must be one.
func (s slots) nth(i int64) int64 {
	own := int64(len(s.owned))
	return i/own*int64(s.total) + int64(s.owned[i%own])
}
