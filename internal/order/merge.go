package order

// MergeAnswers joins two entries for one order in one API answer, call by
// call; of two entries for one call the further one wins, of equal ones the
// one of the order's entry that says it is finished, else b's. Neither a nor b
// may be used afterwards.
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
		if calls[i].ID == "" || !hasCall(calls[:i], calls[i].ID) {
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

func hasCall(calls []Call, id string) bool {
	for i := range calls {
		if calls[i].ID == id {
			return true
		}
	}
	return false
}

// mergeCall joins c, which stood at place in its own list, into calls; pick
// chooses between two views of one call.
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

// further returns the one of two views of a call that is further on; of equal
// ones the one with the longer transcript, then b.
func further(a, b Call) Call {
	ra, rb := progress(a), progress(b)
	if ra > rb || ra == rb && len(a.Lines) > len(b.Lines) {
		return a
	}
	return b
}

// progress orders views of one call: none, on its way, unknown, plainly
// completed, completed with a reason.
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
