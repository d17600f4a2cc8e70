package order

import "slices"

// MergeAnswers joins the entries for one order that stand in one API answer, one
// after the other, call by call. Of two entries for one call the further one
// wins. Where they are equally far the entry that says the order is finished is
// taken for the newer one, since orders finish and seldom go on again; else the
// one that came later in the answer. None of them may be used afterwards.
func MergeAnswers(entries ...*Answer) *Answer {
	whole := entries[0]
	list := merging{calls: whole.Calls}
	for _, entry := range entries[1:] {
		older, newer := whole, entry // newer says more
		if older.Finished && !newer.Finished {
			older, newer = newer, older
		}
		newer.TaskID = either(newer.TaskID, older.TaskID)
		newer.SceneID = either(newer.SceneID, older.SceneID)
		newer.UserPhone = either(newer.UserPhone, older.UserPhone)
		newer.Passthrough = either(newer.Passthrough, older.Passthrough)
		newer.UserName = either(newer.UserName, older.UserName)
		list.join(entry.Calls, newer == entry)
		whole = newer
	}
	whole.Calls = list.calls
	return whole
}

// uniqueCalls merges entries with the same callID within one list.
func uniqueCalls(calls []Call) []Call {
	first := firstRepeat(calls)
	if first == len(calls) {
		return calls
	}
	unique := merging{calls: calls[:first:first]}
	for _, c := range calls[first:] {
		unique.merge(-1, c, further)
	}
	return unique.calls
}

// firstRepeat returns the place of the first call whose callID was there before.
func firstRepeat(calls []Call) int {
	var before map[string]bool
	if len(calls) > few {
		before = make(map[string]bool, len(calls))
	}
	for i := range calls {
		id := calls[i].ID
		if id == "" {
			continue
		}
		if before[id] || before == nil && slices.ContainsFunc(calls[:i], func(c Call) bool { return c.ID == id }) {
			return i
		}
		if before != nil {
			before[id] = true
		}
	}
	return len(calls)
}

// merging is a list of calls into which others are merged.
type merging struct {
	calls []Call
	byID  map[string]int // the first place of each callID, once there are more than a few calls; nil before
}

// join merges another list into this one. The longer of the two keeps its places;
// where they are equally long, the newer one.
func (m *merging) join(other []Call, newer bool) {
	pick, more := further, other // of two views equally far, the other list's
	if !newer {
		pick = nearer
	}
	if len(other) > len(m.calls) || len(other) == len(m.calls) && newer {
		*m, more = merging{calls: other}, m.calls
		pick = nearer
		if !newer {
			pick = further
		}
	}
	for place, c := range more {
		m.merge(place, c, pick)
	}
}

// merge joins c, which stood at place in its own list (-1: it has none), into the
// calls. A call without an ID is the one at its place, where one of the two has
// no ID; pick chooses between two views of one call.
func (m *merging) merge(place int, c Call, pick func(known, other Call) Call) {
	if c.ID != "" {
		if i := m.find(c.ID); i >= 0 {
			m.calls[i] = pick(m.calls[i], c)
			return
		}
	}
	if place >= 0 && place < len(m.calls) && (m.calls[place].ID == "" || c.ID == "") {
		id := either(m.calls[place].ID, c.ID)
		m.calls[place] = pick(m.calls[place], c)
		m.calls[place].ID = id
		m.note(place)
		return
	}
	m.calls = append(m.calls, c)
	m.note(len(m.calls) - 1)
}

// find returns the first place of a callID, -1 where there is none.
func (m *merging) find(id string) int {
	if len(m.calls) <= few {
		return slices.IndexFunc(m.calls, func(c Call) bool { return c.ID == id })
	}
	if m.byID == nil {
		m.byID = make(map[string]int, len(m.calls))
		for i := range m.calls {
			m.note(i)
		}
	}
	if i, ok := m.byID[id]; ok {
		return i
	}
	return -1
}

// note takes the call at a place into the index.
func (m *merging) note(place int) {
	id := m.calls[place].ID
	if m.byID == nil || id == "" {
		return
	}
	if _, ok := m.byID[id]; !ok {
		m.byID[id] = place
	}
}

// nearer is further with the two changed about: where both are equally far, a.
func nearer(a, b Call) Call { return further(b, a) }

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
