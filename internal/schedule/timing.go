package schedule

import (
	"time"

	"callstream/internal/order"
)

// Timing bounds how often an order is looked at.
type Timing struct {
	PollMin time.Duration // shortest pause between two looks at an order
	PollMax time.Duration // longest pause, where the limit allows it
	Terms   order.Terms   // for looks that decide: when an order settles, and when it counts as not found
}

// missingPause returns when an order that was not in the answer of the given
// moment is asked for again. The pause is half of the time that it is missing,
// within the settings: an order that is about to be made comes soon, one that
// does not exist costs few places. The last look is the one that decides.
func (t Timing) missingPause(f order.Facts, looked order.Millis) order.Millis {
	due := looked + min(max((looked-f.MissingSince)/2, millis(t.PollMin)), millis(t.PollMax))
	if last := f.MissingSince + t.Terms.NotFoundMax; due > last && looked < last {
		due = last
	}
	return due
}

// latest returns when an order must be looked at again, however little is to be
// expected.
func (t Timing) latest(f order.Facts, looked order.Millis) order.Millis {
	due := looked + millis(t.PollMax)
	if settles := f.ChangedAt + t.Terms.Settle; f.Ended && settles > looked {
		due = min(due, settles)
	}
	return due
}

func millis(d time.Duration) order.Millis { return order.Millis(d.Milliseconds()) }
