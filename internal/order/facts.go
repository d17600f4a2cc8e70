package order

// Facts are what is known of an order without reading its saved state: enough
// to schedule it and to decide what a reply means. The zero Facts are an order
// never heard of, or one that was forgotten.
type Facts struct {
	Tracking
	Course
	Hash        uint64 // of the last accepted answer's bytes; 0 = read the next answer whatever it is
	ChangedAt   Millis // when the last answer that changed anything arrived; 0 = no answer has shown the order yet
	Ended       bool   // finished, all calls final, none held back
	Unconfirmed bool   // a correction waits for its second look
	Unsaved     bool   // a request changed Tracking and the saved state does not have it yet
}

// FactsOf returns what a saved state says.
func FactsOf(st *State) Facts {
	return Facts{Tracking: st.Tracking, Course: st.Course(), Hash: st.Hash, ChangedAt: st.ChangedAt, Ended: st.Ended()}
}

// Seen reports whether an answer has ever shown the order. One that was never
// seen may not exist; one that was is followed on, whatever the API says.
func (f *Facts) Seen() bool { return f.ChangedAt > 0 }

// Terms say for how long things are waited for. All are spans in milliseconds.
type Terms struct {
	Settle      Millis // an order that has ended and stays unchanged for this long has settled
	NotFoundMax Millis // an order never seen is asked for this long
	FollowMax   Millis // an order is followed this long
	Retention   Millis // the state of a resting order is kept this long
}

// Settled reports whether an order that an answer of this time showed unchanged
// has settled.
func (t Terms) Settled(f Facts, at Millis) bool {
	return f.Ended && !f.Unconfirmed && at-f.ChangedAt >= t.Settle
}

// NotFound reports whether an order never seen was asked for long enough since
// it was first missing.
func (t Terms) NotFound(f Facts, at Millis) bool {
	return at-f.MissingSince >= t.NotFoundMax
}

// TimeOver returns when an order's time is over: an active one is given up then,
// the state of a resting one is removed. See the verdict TimeIsOver.
func (t Terms) TimeOver(f Facts) Millis {
	if f.Rest != Active {
		return f.RestingSince + t.Retention
	}
	end := max(f.FollowSince, f.NotBefore) + t.FollowMax
	if f.Deadline > 0 {
		end = min(end, f.Deadline)
	}
	return end
}
