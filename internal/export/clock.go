package export

import "time"

// SteadyClock returns a clock that reads the machine's wall clock now, once, and
// from then on counts by what since says went by: with time.Now and time.Since
// that is the monotonic clock, which nobody sets. Whether an order has settled,
// was given up or is due is a difference of two moments. Were one of them read
// after somebody set the machine's clock ten days ahead, every followed order
// would be ten days old at a stroke and a dead letter; an hour back, and nothing
// would be due for an hour.
//
// The price: an instance keeps the time it had when it started. Where the
// machine's clock was wrong by then and is corrected later, or the machine was
// suspended, in which the monotonic clock may stand still, notBefore, deadline
// and observedAt are off by as much until the instance is started again.
//
// One process has one such clock, for all its generations, and takes from it what
// is compared with the book: see Config.Now and the moment of an order.Look.
func SteadyClock(now func() time.Time, since func(time.Time) time.Duration) func() time.Time {
	start := now()
	return func() time.Time { return start.Add(since(start)) }
}
