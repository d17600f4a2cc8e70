package export

import (
	"time"

	"callstream/internal/order"
	"callstream/internal/request"
)

// deadLetters writes the letters of a verdict as dead letters: each carries a
// request for the order alone, which asks again for what was asked.
func (co *checkout) deadLetters(now time.Time) []DeadLetter {
	if len(co.verdict.Letters) == 0 {
		return nil
	}
	offset := int64(-1) // the request is long marked
	if len(co.requests) > 0 {
		offset = co.requests[0].offset
	}
	value := request.JSON(co.requestAgain(now))
	letters := make([]DeadLetter, len(co.verdict.Letters))
	for i, l := range co.verdict.Letters {
		letters[i] = DeadLetter{
			Reason: l.Reason, Detail: l.Detail, Partition: co.partition, Offset: offset, Time: now,
			Key: []byte(co.ref.ID), Value: value,
		}
	}
	return letters
}

// requestAgain returns the request that, put on the request topic, would ask
// for the order as it was asked for before this job.
func (co *checkout) requestAgain(now time.Time) *order.Request {
	r := &order.Request{Task: co.ref.Task, Orders: []string{co.ref.ID}, Mode: order.LookOnce, NotBefore: co.facts.NotBefore}
	switch {
	case co.facts.FollowAt > 0:
		r.Mode = order.Follow
	case co.facts.ReplayAt > 0:
		r.Mode = order.Replay
	}
	if co.facts.Deadline > millis(now) { // one that is over would end a new try at once
		r.Deadline = co.facts.Deadline
	}
	return r
}
