package order

import (
	"slices"
	"strconv"
	"strings"
)

// Which call of an answer is which of those announced. Most have a callID, and
// that settles it. The rest of this file is about those that have none: the
// vendor may name a call late, or never.

// matchCalls finds, for each call of an answer, its place among the announced
// ones; -1 for one never seen. A place is given away once, and the surest match
// comes first:
//
//  1. the same callID;
//  2. the same attempt, where one of the two has no callID of the vendor's: call
//     2 of the list is attempt 2, whether it was named meanwhile or not;
//  3. an ended call without a callID is the next announced one that the vendor
//     never named. Its place in the list says nothing any more: a call before
//     it disappeared, and what was third in the list is now second.
func matchCalls(st *State, seen []Call) []int {
	known := st.Calls
	places := make([]int, len(seen))
	taken := make([]bool, len(known))
	names := finder{taken: taken}
	for k := range known {
		if id := known[k].ID; id != "" {
			names.add(id, k)
		}
		if id := known[k].VendorID; id != "" {
			names.add(id, k)
		}
	}
	open := 0             // calls that have no place yet
	for i := range seen { // 1
		if places[i] = -1; seen[i].ID != "" {
			places[i] = names.take(seen[i].ID)
		}
		if places[i] < 0 {
			open++
		}
	}
	if open == 0 {
		return places
	}
	byAttempt := attempts(known, len(seen))
	for i := range seen { // 2
		for at := byAttempt.first[i]; at > 0 && places[i] < 0; at = byAttempt.next[at-1] {
			if k := at - 1; !taken[k] && (seen[i].ID == "" || known[k].unnamed(st.ID)) {
				places[i], taken[k] = k, true
			}
		}
	}
	k := 0                // all before are taken, or the vendor named them
	for i := range seen { // 3
		if places[i] >= 0 || !seen[i].mayHaveEnded() {
			continue
		}
		for k < len(known) && (taken[k] || !known[k].unnamed(st.ID)) {
			k++
		}
		if k < len(known) {
			places[i], taken[k] = k, true
		}
	}
	return places
}

// chains are the places of calls by attempt, counted from 1 so that 0 is none.
type chains struct {
	first []int // by attempt-1: the least place
	next  []int // by place: the next one with the same attempt
}

// attempts chains the calls with attempts 1 to most. No two should have the same
// one; what a state says is taken as it is.
func attempts(known []AnnouncedCall, most int) chains {
	c := chains{make([]int, most), make([]int, len(known))}
	for k := len(known) - 1; k >= 0; k-- {
		if n := known[k].Attempt - 1; n >= 0 && n < most {
			c.next[k], c.first[n] = c.first[n], k+1
		}
	}
	return c
}

// mayHaveEnded reports whether a call without a callID may be one that was
// announced under a name of ours: only calls that have ended are. A number that
// is not in the table may have ended too.
func (c *Call) mayHaveEnded() bool {
	return c.ID == "" && c.Status != NoStatus && (c.Status.final() || !c.Status.Known())
}

// generatedID names a call that ended before the vendor named it.
func generatedID(orderID string, attempt int) string {
	return orderID + "#" + strconv.Itoa(attempt)
}

// unnamed reports whether the vendor has never named the call.
func (a *AnnouncedCall) unnamed(orderID string) bool {
	if a.VendorID != "" {
		return false
	}
	attempt, ours := strings.CutPrefix(a.ID, orderID)
	return ours && strings.HasPrefix(attempt, "#") && attempt[1:] == strconv.Itoa(a.Attempt)
}

// numbering gives attempts to calls that are first seen.
type numbering struct {
	known *[]AnnouncedCall // all calls so far: it grows as they are announced
	had   map[int]bool     // their attempts, once there are more than a few; nil before
	count int              // how many of known are in had and last
	last  int              // the greatest attempt
}

// free returns the attempt of a call first seen at a place of the list
// (1 = first). That is the place itself, so that the first call is attempt 1.
// Where another call has that number, because the list was once longer or in
// another order, it is the next number that no call has had.
func (n *numbering) free(place int) int {
	if len(*n.known) > few && n.had == nil {
		n.had, n.count = make(map[int]bool, len(*n.known)), 0
	}
	for ; n.count < len(*n.known); n.count++ {
		attempt := (*n.known)[n.count].Attempt
		n.last = max(n.last, attempt)
		if n.had != nil {
			n.had[attempt] = true
		}
	}
	taken := n.had[place]
	if n.had == nil {
		taken = slices.ContainsFunc(*n.known, func(c AnnouncedCall) bool { return c.Attempt == place })
	}
	if taken {
		return n.last + 1
	}
	return place
}
