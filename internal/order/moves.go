package order

// A move says where a call went from the status that was announced of it.
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

// move compares an answer's status with the one announced. Before a call has
// ended it only moves on, or back, which is stale. Once it has ended another
// final status corrects it, but for plain 6: that is what the vendor shows before
// it knows the reason, so behind a reason it is an old answer.
func (c *comparison) move(call *AnnouncedCall, seen *Call, finished bool) move {
	from, to := call.Status.Status, seen.Status
	switch {
	case to == from || to == NoStatus:
		return stays
	case call.Completion == nil:
		if from == NoStatus || !from.Known() || !to.Known() || to > from {
			return movesOn
		}
		return movesBack
	case to == Completed || !isFinal(to, max(seen.EndedAt, call.Completion.EndedAt), finished):
		return movesBack
	}
	return isCorrected
}
