package order

// Change is something that happens to a call at a moment which the vendor gives,
// so that it can be told how late it was announced.
type Change uint8

// The kinds of changes.
const (
	ChangeStart  Change = iota // the call is dialed
	ChangeAnswer               // the user takes the call
	ChangeEnd                  // the call has ended
	ChangeLine                 // something is said
	changeCount                // stays last
)

var changeNames = [changeCount]string{ChangeStart: "start", ChangeAnswer: "answer", ChangeEnd: "end", ChangeLine: "line"}

// Changes returns all kinds of changes.
func Changes() []Change {
	changes := make([]Change, changeCount)
	for i := range changes {
		changes[i] = Change(i)
	}
	return changes
}

// String returns the change's name, "start".
func (c Change) String() string { return changeNames[c] }

// Lateness is how long after a change the answer arrived that showed it.
type Lateness struct {
	Change Change
	By     Millis
}

// maxSkew is by how much the vendor's clock may be ahead of ours. What is given
// for later than that is no moment of the past but an error or a plan.
const maxSkew Millis = 60_000

// AppendLateness appends how late an event announces the changes that it is the
// first to announce: none, one, or two, where a call was first seen in talk.
//
//   - The start: the call's first status beyond DISPATCHING, by startedAt.
//   - The answer: the status IN_CALL, by answeredAt. A call that was never seen in
//     talk tells nothing of it, for its answer was missed, not late.
//   - The end: the first revision of CallCompleted, by endedAt.
//   - A line: its first revision, by spokenAt.
//
// A change without a time of the vendor's does not count, nor does one before
// since, when the order was not asked for yet: to read an old call is no delay.
// Nor does a replay. A vendor's clock that is a little ahead of ours makes a
// lateness of 0. What counts is the way from the change to us, the vendor's own
// delay in showing it included; seconds that it cuts off make up to one more.
func (ev *Event) AppendLateness(to []Lateness, since Millis) []Lateness {
	if ev.Replay {
		return to
	}
	add := func(c Change, at Millis) {
		if at > 0 && at >= since && at <= ev.ObservedAt+maxSkew {
			to = append(to, Lateness{c, max(0, ev.ObservedAt-at)})
		}
	}
	switch b := ev.Body.(type) {
	case *StatusChanged:
		if b.Status > Dispatching && (!b.Previous.Set || b.Previous.N <= int64(Dispatching)) {
			add(ChangeStart, b.StartedAt)
		}
		if b.Status == InCall {
			add(ChangeAnswer, b.AnsweredAt)
		}
	case *CallCompleted:
		if b.Revision == 1 {
			add(ChangeEnd, b.EndedAt)
		}
	case *TranscriptLine:
		if b.Revision == 1 {
			add(ChangeLine, b.SpokenAt)
		}
	}
	return to
}

// WantedSince is when the present following, or the look that was asked for,
// began to be wanted: what happened before is not late. Asked for again while it
// is followed, an order is wanted anew, which leaves out what happened between the
// look before and that request.
func (t *Tracking) WantedSince() Millis { return max(t.FollowSince, t.NotBefore) }
