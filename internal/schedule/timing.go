package schedule

import (
	"time"

	"callstream/internal/order"
)

// Timing says how often an order is looked at.
type Timing struct {
	PollMin time.Duration // shortest pause between two looks
	PollMax time.Duration // longest pause
	Terms   order.Terms   // for looks that decide: when an order settles, and when it counts as not found
}

// NextLook returns when an order last looked at at the given time (0 = never)
// is due again. It must be active.
func (t Timing) NextLook(f order.Facts, looked order.Millis) order.Millis {
	due := looked
	switch {
	case looked == 0:
	case !f.Seen():
		due = looked + t.pause(looked-f.MissingSince)
		if last := f.MissingSince + t.Terms.NotFoundMax; due > last && looked < last {
			due = last
		}
	case f.Unconfirmed:
		due = looked + millis(t.PollMin)
	default:
		due = looked + t.pause(looked-f.ChangedAt)
		if settles := f.ChangedAt + t.Terms.Settle; f.Ended && settles > looked {
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

func millis(d time.Duration) order.Millis { return order.Millis(d.Milliseconds()) }
