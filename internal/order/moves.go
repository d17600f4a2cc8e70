package order

import "strconv"

// A move is what an answer's status is to the one announced.
type move int

const (
	stays move = iota
	movesOn
	movesBack
	isCorrected
)

// isFinal reports whether a call with this status has ended. A number that is
// not in the table has ended once the call has an end time or the order is
// finished.
func isFinal(s Status, ended Millis, finished bool) bool {
	if s.Known() || s == NoStatus {
		return s.final()
	}
	return ended != 0 || finished
}

// move says what an answer's status is to the announced one.
func (c *comparison) move(call *AnnouncedCall, seen *Call, finished bool) move {
	from, to := call.Status.Status, seen.Status
	switch {
	case to == from || to == NoStatus:
		return stays
	case call.Completed == nil:
		if from == NoStatus || !from.Known() || !to.Known() || to > from {
			return movesOn
		}
		return movesBack
	case to == Completed || !isFinal(to, max(seen.EndedAt, call.Completed.EndedAt), finished):
		return movesBack
	}
	return isCorrected
}

// matchCalls finds, for each call of an answer, its place among the announced
// ones; -1 for one never seen. A call without ID is known by its place in the
// list, as is a call that was named by its place before it had an ID; where
// another call has that place, an ended one is the next that was named so.
func matchCalls(st *State, seen []Call) []int {
	known := st.Calls
	places := make([]int, len(seen))
	taken := make([]bool, len(known))
	for i := range seen {
		places[i] = -1
		for k := range known {
			if id := seen[i].ID; id != "" && !taken[k] && (known[k].ID == id || known[k].VendorID == id) {
				places[i], taken[k] = k, true
				break
			}
		}
	}
	for i := range seen {
		if places[i] >= 0 {
			continue
		}
		for k := range known {
			if known[k].Attempt == i+1 && !taken[k] && (seen[i].ID == "" || known[k].unnamed(st.ID)) {
				places[i], taken[k] = k, true
			}
		}
	}
	for i := range seen {
		for k := range known {
			if places[i] < 0 && !taken[k] && seen[i].mayHaveEnded() && known[k].unnamed(st.ID) {
				places[i], taken[k] = k, true
			}
		}
	}
	return places
}

// mayHaveEnded reports whether a call without ID may be one that was named by
// its place: those have ended.
func (c *Call) mayHaveEnded() bool {
	return c.ID == "" && c.Status != NoStatus && (c.Status.final() || !c.Status.Known())
}

// generatedID names a call that ended without an ID of the vendor's.
func generatedID(orderID string, attempt int) string {
	return orderID + "#" + strconv.Itoa(attempt)
}

// unnamed reports whether the vendor has never given the call an ID.
func (a *AnnouncedCall) unnamed(orderID string) bool {
	return a.VendorID == "" && a.ID == generatedID(orderID, a.Attempt)
}

// freeAttempt returns the number of a call first seen at the given place
// (1 = first): that place, or the next number where another call has it.
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
