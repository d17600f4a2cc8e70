package freshness

import (
	"container/heap"

	"callstream/internal/order"
)

// quiet is the rule that the schedule had before it learned: an order's pause is
// half of the time since its last change, within POLL_MIN and POLL_MAX. The task
// whose first order is due longest gets the request; what room it has is filled
// with orders of which half the pause is over.
type quiet struct {
	size  int
	tasks []pauses
}

// pause is an order's time until its next look.
type pause struct {
	order     *member
	from, due order.Millis
}

// pauses is a heap by when they are over.
type pauses []pause

func (p pauses) Len() int           { return len(p) }
func (p pauses) Less(i, j int) bool { return p[i].due < p[j].due }
func (p pauses) Swap(i, j int)      { p[i], p[j] = p[j], p[i] }
func (p *pauses) Push(x any)        { *p = append(*p, x.(pause)) }
func (p *pauses) Pop() any {
	last := len(*p) - 1
	x := (*p)[last]
	*p = (*p)[:last]
	return x
}

func (q *quiet) Know(members []member, now order.Millis) {
	if len(members) == 0 {
		return
	}
	for len(q.tasks) <= members[0].task {
		q.tasks = append(q.tasks, nil)
	}
	all := make(pauses, len(members)) // all due at once: a heap as it is
	for k := range members {
		all[k] = pause{&members[k], now, now}
	}
	q.tasks[members[0].task] = all
}

func (q *quiet) Batch(now order.Millis) []*member {
	first := -1
	for t, p := range q.tasks {
		if len(p) > 0 && p[0].due <= now && (first < 0 || p[0].due < q.tasks[first][0].due) {
			first = t
		}
	}
	if first < 0 {
		return nil
	}
	var batch []*member
	for p := &q.tasks[first]; len(batch) < q.size && len(*p) > 0; {
		if next := (*p)[0]; next.due > now && now < next.from+(next.due-next.from)/2 {
			break
		}
		batch = append(batch, heap.Pop(p).(pause).order)
	}
	return batch
}

func (q *quiet) Show(sights []sight, now order.Millis) {
	for k := range sights {
		s := &sights[k]
		if s.over {
			continue
		}
		due := now + min(max((now-s.changed)/2, pollMin), pollMax)
		if settles := s.changed + settle; s.ended && settles > now {
			due = min(due, max(settles, now+pollMin))
		}
		heap.Push(&q.tasks[s.order.task], pause{s.order, now, due})
	}
}
