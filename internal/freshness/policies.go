package freshness

import (
	"fmt"
	"time"

	"callstream/internal/order"
	"callstream/internal/schedule"
)

const pollMin = 2 * second

// ours is the schedule.
type ours struct {
	plan   *schedule.Plan
	back   map[*schedule.Item]*member
	scouts bool
	tasks  map[string][]*member
	Scouts int
}

func newOurs() *ours {
	t := schedule.Timing{PollMin: 2 * time.Second, PollMax: 5 * time.Minute, Terms: order.Terms{
		Settle: order.Millis(settle), NotFoundMax: 3600_000, FollowMax: 1e9, Retention: 1e9,
	}}
	return &ours{plan: schedule.NewPlan(batchSize, 0, t), back: map[*schedule.Item]*member{}}
}

// epoch keeps times away from 0, which means none.
const epoch = 1_000_000_000

func (o *ours) Know(m *member, now int64) {
	i := &schedule.Item{Ref: order.Ref{Task: fmt.Sprint(m.task), ID: fmt.Sprint(m.index)}}
	m.policy = i
	o.back[i] = m
	if o.scouts {
		if o.tasks == nil {
			o.tasks = map[string][]*member{}
		}
		o.tasks[i.Ref.Task] = append(o.tasks[i.Ref.Task], m)
	}
	o.plan.Ask(i, 0, order.Millis(now+epoch), order.Millis(now+epoch))
}

func (o *ours) Batch(now int64) []*member {
	if at, ok := o.plan.Next(order.Millis(now + epoch)); !ok || at > order.Millis(now+epoch) {
		return nil
	}
	r := o.plan.Take(order.Millis(now+epoch), o.scouts)
	if r.Scout {
		o.Scouts++
		var found []*schedule.Item
		for _, m := range o.tasks[r.Task] {
			in := false
			for _, c := range m.life {
				if c.at > now {
					break
				}
				switch c.what {
				case dialing:
					in = true
				case ended:
					in = false
				}
			}
			if in && len(found) < batchSize {
				found = append(found, m.policy.(*schedule.Item))
			}
		}
		o.plan.Scouted(found, order.Millis(now+epoch))
		return nil
	}
	var batch []*member
	for _, i := range r.Orders {
		batch = append(batch, o.back[i])
	}
	return batch
}

func (o *ours) Show(s sight, now int64, over bool) {
	i := s.order.policy.(*schedule.Item)
	if over {
		o.plan.Remove(i)
		return
	}
	f := order.Facts{ChangedAt: order.Millis(s.changed + epoch), Ended: s.ended}
	f.Phase = order.PhaseQueued
	if s.called {
		f.Phase = map[what]order.Phase{
			dialing: order.PhaseDialing, ringing: order.PhaseRinging, inCall: order.PhaseInCall, ended: order.PhaseBetween,
		}[s.phase]
		if s.ended {
			f.Phase = order.PhaseEnded
		}
		f.Started = order.Millis(s.started + epoch)
		if s.since > 0 {
			f.Since = order.Millis(s.since + epoch)
		}
	}
	o.plan.Looked(i, schedule.Sight{Facts: f, At: order.Millis(now + epoch), News: s.news}, order.Millis(now+epoch))
}

// roundRobin looks at all in turn, full requests only of one task.
type roundRobin struct {
	queues [][]*member
	looked [][]int64
	next   int
}

func (r *roundRobin) Know(m *member, _ int64) {
	for len(r.queues) <= m.task {
		r.queues = append(r.queues, nil)
	}
	r.queues[m.task] = append(r.queues[m.task], m)
	m.policy = -2 * pollMin
}

func (r *roundRobin) Batch(now int64) []*member {
	oldest, at := -1, now-pollMin+1
	for t, q := range r.queues {
		if len(q) > 0 && q[0].policy.(int64) < at {
			oldest, at = t, q[0].policy.(int64)
		}
	}
	if oldest < 0 {
		return nil
	}
	q := r.queues[oldest]
	n := 0
	for n < min(len(q), batchSize) && q[n].policy.(int64) <= now-pollMin {
		n++
	}
	batch := q[:n:n]
	r.queues[oldest] = q[n:]
	return batch
}

func (r *roundRobin) Show(s sight, now int64, over bool) {
	if !over {
		s.order.policy = now
		r.queues[s.order.task] = append(r.queues[s.order.task], s.order)
	}
}
