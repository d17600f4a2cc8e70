package order

import "slices"

// MergeAnswers joins two entries for one order that stand in one API answer,
// call by call. Of two entries for one call the further one wins. Where they are
// equally far the entry that says the order is finished is taken for the newer
// one, since orders finish and seldom go on again; else b, which came later in
// the answer. Neither a nor b may be used afterwards.
func MergeAnswers(a, b *Answer) *Answer {
	if a.Finished && !b.Finished {
		a, b = b, a // b says more
	}
	b.TaskID = either(b.TaskID, a.TaskID)
	b.SceneID = either(b.SceneID, a.SceneID)
	b.UserPhone = either(b.UserPhone, a.UserPhone)
	b.Passthrough = either(b.Passthrough, a.Passthrough)
	b.UserName = either(b.UserName, a.UserName)
	calls, more, pick := b.Calls, a.Calls, func(known, other Call) Call { return further(other, known) }
	if len(more) > len(calls) {
		calls, more, pick = more, calls, further // keep the places of the longer list
	}
	for place, c := range more {
		calls = mergeCall(calls, place, c, pick)
	}
	b.Calls = calls
	return b
}

// uniqueCalls merges entries with the same callID within one list.
func uniqueCalls(calls []Call) []Call {
	for i := 1; i < len(calls); i++ {
		if calls[i].ID == "" || !slices.ContainsFunc(calls[:i], func(c Call) bool { return c.ID == calls[i].ID }) {
			continue
		}
		unique := calls[:i:i]
		for ; i < len(calls); i++ {
			unique = mergeCall(unique, -1, calls[i], further)
		}
		return unique
	}
	return calls
}

// mergeCall joins c, which stood at place in its own list (-1: it has none), into
// calls. A call without an ID is the one at its place, where one of the two has
// no ID; pick chooses between two views of one call.
func mergeCall(calls []Call, place int, c Call, pick func(known, other Call) Call) []Call {
	for i := range calls {
		if c.ID != "" && calls[i].ID == c.ID {
			calls[i] = pick(calls[i], c)
			return calls
		}
	}
	if place >= 0 && place < len(calls) && (calls[place].ID == "" || c.ID == "") {
		id := either(calls[place].ID, c.ID)
		calls[place] = pick(calls[place], c)
		calls[place].ID = id
		return calls
	}
	return append(calls, c)
}

// further returns the view of a call that is further on. Where both are equally
// far, a transcript only grows, so the longer one is newer; else b.
func further(a, b Call) Call {
	ra, rb := progress(a), progress(b)
	if ra > rb || ra == rb && len(a.Lines) > len(b.Lines) {
		return a
	}
	return b
}

// progress orders the views of one call: no status, on its way (1 to 5), a number
// that is not in the table, plainly completed, completed with a reason. Plain 6
// comes before a reason since the vendor fills the reason in later.
func progress(c Call) int {
	const unknownRank, endedRank, reasonRank = 6, 7, 8
	switch {
	case c.Status == NoStatus:
		return 0
	case !c.Status.Known() && c.EndedAt == 0:
		return unknownRank
	case c.Status == Completed:
		return endedRank
	case isFinal(c.Status, c.EndedAt, false):
		return reasonRank
	}
	return int(c.Status)
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
