package export

import (
	"time"

	"callstream/internal/order"
	"callstream/internal/request"
)

// deadLetters writes the letters of a verdict as dead letters: each carries a
// request for the order alone, which asks again for what was asked.
func (co *checkout) deadLetters(now time.Time) []request.DeadLetter {
	offset := int64(-1)
	if len(co.requests) > 0 {
		offset = co.requests[0].offset
	}
	var letters []request.DeadLetter
	for _, l := range co.verdict.Letters {
		letters = append(letters, request.OrderLetter(l, co.requestAgain(now), co.ref.ID, co.partition, offset, now))
	}
	return letters
}

// requestAgain returns the request that, put on the request topic, would ask
// for the order as it was asked for before this job.
func (co *checkout) requestAgain(now time.Time) *order.Request {
	r := &order.Request{Task: co.ref.Task, Mode: order.LookOnce, NotBefore: co.facts.NotBefore}
	switch {
	case co.facts.Following():
		r.Mode = order.Follow
	case co.facts.ReplayAt > 0:
		r.Mode = order.Replay
	}
	if co.facts.Deadline > millis(now) { // one that is over would end a new try at once
		r.Deadline = co.facts.Deadline
	}
	return r
}
