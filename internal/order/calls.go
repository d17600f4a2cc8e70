package order

import "strconv"

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
	find := func(i int, is func(k int) bool) {
		for k := range known {
			if places[i] < 0 && !taken[k] && is(k) {
				places[i], taken[k] = k, true
			}
		}
	}
	for i := range seen { // 1
		places[i] = -1
		id := seen[i].ID
		find(i, func(k int) bool { return id != "" && (known[k].ID == id || known[k].VendorID == id) })
	}
	for i := range seen { // 2
		find(i, func(k int) bool { return known[k].Attempt == i+1 && (seen[i].ID == "" || known[k].unnamed(st.ID)) })
	}
	for i := range seen { // 3
		find(i, func(k int) bool { return seen[i].mayHaveEnded() && known[k].unnamed(st.ID) })
	}
	return places
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
	return a.VendorID == "" && a.ID == generatedID(orderID, a.Attempt)
}

// freeAttempt returns the attempt of a call first seen at a place of the list
// (1 = first). That is the place itself, so that the first call is attempt 1.
// Where another call has that number, because the list was once longer or in
// another order, it is the next number that no call has had.
func freeAttempt(known []AnnouncedCall, place int) int {
	last, taken := 0, false
	for i := range known {
		last = max(last, known[i].Attempt)
		taken = taken || known[i].Attempt == place
	}
	if taken {
		return last + 1
	}
	return place
}
