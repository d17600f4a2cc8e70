package schedule

import (
	"time"

	"callstream/internal/order"
)

// Timing holds the settings of following.
type Timing struct {
	PollMin     time.Duration // shortest pause between two looks
	PollMax     time.Duration // longest pause
	Settle      time.Duration // finished and unchanged for this long: settled
	FollowMax   time.Duration // longest time an order is followed
	NotFoundMax time.Duration // longest time an order never seen is asked for
	Retention   time.Duration // how long the state of a resting order is kept
}

// Facts is what the schedule needs to know of an order.
type Facts struct {
	order.Tracking
	ChangedAt order.Millis // last answer that changed anything; 0 = never seen
	Ended     bool         // finished, all calls final
	Again     bool         // a correction waits for its second look
}

// NextLook returns when an order last looked at at the given time (0 = never)
// is due again. It must be active.
func (t Timing) NextLook(f Facts, looked order.Millis) order.Millis {
	due := looked
	switch {
	case looked == 0:
	case f.ChangedAt == 0:
		due = looked + t.pause(looked-f.MissingSince)
		if last := f.MissingSince + millis(t.NotFoundMax); due > last && looked < last {
			due = last
		}
	case f.Again:
		due = looked + millis(t.PollMin)
	default:
		due = looked + t.pause(looked-f.ChangedAt)
		if settles := f.ChangedAt + millis(t.Settle); f.Ended && settles > looked {
			due = min(due, max(settles, looked+millis(t.PollMin)))
		}
	}
	return max(due, f.NotBefore)
}

// pause is half of the time that nothing happened, within the settings: pauses
// grow by half each, and a restart changes nothing.
func (t Timing) pause(quiet order.Millis) order.Millis {
	return min(max(quiet/2, millis(t.PollMin)), millis(t.PollMax))
}

// Settled reports whether an order that an answer showed unchanged has
// settled.
func (t Timing) Settled(f Facts, at order.Millis) bool {
	return f.Ended && !f.Again && at-f.ChangedAt >= millis(t.Settle)
}

// NotFound reports whether an order never seen has been asked for long enough.
func (t Timing) NotFound(f Facts, at order.Millis) bool {
	return f.ChangedAt == 0 && f.MissingSince > 0 && at-f.MissingSince >= millis(t.NotFoundMax)
}

// End returns when the order's time is over: an active one is given up, a
// resting one's state removed.
func (t Timing) End(f Facts) order.Millis {
	if f.Rest != order.Active {
		return f.RestingSince + millis(t.Retention)
	}
	end := f.FollowSince + millis(t.FollowMax)
	if f.NotBefore > f.FollowSince {
		end = f.NotBefore + millis(t.FollowMax)
	}
	if f.Deadline > 0 {
		end = min(end, f.Deadline)
	}
	return end
}

func millis(d time.Duration) order.Millis { return order.Millis(d.Milliseconds()) }
