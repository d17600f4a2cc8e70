package freshness

import "callstream/internal/order"

// roundRobin looks at all orders in turn: each request is of the task whose
// turn is longest ago.
type roundRobin struct {
	size  int
	tasks [][]turn
}

// turn is an order's turn in its task.
type turn struct {
	order *member
	from  order.Millis // when POLL_MIN is over since the last look
}

func (r *roundRobin) Know(members []member, now order.Millis) {
	turns := make([]turn, len(members))
	for k := range members {
		turns[k] = turn{&members[k], now}
	}
	for len(members) > 0 && len(r.tasks) <= members[0].task {
		r.tasks = append(r.tasks, nil)
	}
	if len(members) > 0 {
		r.tasks[members[0].task] = turns
	}
}

func (r *roundRobin) Batch(now order.Millis) []*member {
	oldest := -1
	for t, turns := range r.tasks {
		if len(turns) > 0 && turns[0].from <= now && (oldest < 0 || turns[0].from < r.tasks[oldest][0].from) {
			oldest = t
		}
	}
	if oldest < 0 {
		return nil
	}
	var batch []*member
	turns := r.tasks[oldest]
	for len(batch) < r.size && len(turns) > 0 && turns[0].from <= now {
		batch = append(batch, turns[0].order)
		turns = turns[1:]
	}
	r.tasks[oldest] = turns
	return batch
}

func (r *roundRobin) Show(sights []sight, now order.Millis) {
	for k := range sights {
		if m := sights[k].order; !sights[k].over {
			r.tasks[m.task] = append(r.tasks[m.task], turn{m, now + pollMin})
		}
	}
}
