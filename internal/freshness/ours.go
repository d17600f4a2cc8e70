package freshness

import (
	"strconv"
	"time"

	"callstream/internal/order"
	"callstream/internal/schedule"
)

// ours is the real schedule.
type ours struct {
	plan    *schedule.Plan
	scouts  bool // it may ask which orders of a task are in calls
	items   map[int][]schedule.Item
	members map[int][]member
	*Result // for what it costs
	reply   []order.Facts
	size    int
}

func newOurs(size int) *ours {
	return &ours{
		plan: schedule.NewPlan(size, 0, schedule.Timing{
			PollMin: time.Duration(pollMin) * time.Millisecond, PollMax: time.Duration(pollMax) * time.Millisecond,
			Terms: order.Terms{Settle: settle},
		}),
		items: map[int][]schedule.Item{}, members: map[int][]member{}, Result: &Result{}, size: size,
	}
}

// epoch keeps times away from 0, which means none.
const epoch = 1_000_000 * second

func (o *ours) Know(members []member, now order.Millis) {
	if len(members) == 0 {
		return
	}
	task := members[0].task
	items := make([]schedule.Item, len(members))
	o.items[task], o.members[task] = items, members
	name := strconv.Itoa(task)
	for k := range items {
		items[k].Ref = order.Ref{Task: name, ID: strconv.Itoa(k)}
		o.plan.Ask(&items[k], members[k].partition, now+epoch, now+epoch)
	}
}

func (o *ours) Batch(now order.Millis) []*member {
	begun := time.Now()
	at, ok := o.plan.Next(now + epoch)
	var request schedule.Request
	if ok && at <= now+epoch {
		request = o.plan.Take(now+epoch, o.scouts)
	}
	o.Spent += time.Since(begun)
	o.Taken += len(request.Orders)
	if request.Scout {
		o.scout(request.Task, now)
		return nil
	}
	batch := make([]*member, len(request.Orders))
	for k, i := range request.Orders {
		task, _ := strconv.Atoi(i.Ref.Task)
		index, _ := strconv.Atoi(i.Ref.ID)
		batch[k] = &o.members[task][index]
	}
	return batch
}

// scout answers a scout: it names the orders in calls, as many as a request
// carries. It takes a slot, but counts as no request in the table, which tells
// how full those are that look.
func (o *ours) scout(name string, now order.Millis) {
	task, _ := strconv.Atoi(name)
	var found []*schedule.Item
	for k := range o.members[task] {
		if o.members[task][k].inCall(now) && len(found) < o.size {
			found = append(found, &o.items[task][k])
		}
	}
	o.plan.Scouted(found, now+epoch)
}

func (o *ours) Show(sights []sight, now order.Millis) {
	o.reply = o.reply[:0]
	for k := range sights {
		o.reply = append(o.reply, facts(&sights[k]))
	}
	begun := time.Now()
	for k := range sights {
		s := &sights[k]
		i := &o.items[s.order.task][s.order.index]
		if s.over {
			o.plan.Remove(i)
		} else {
			o.plan.Looked(i, schedule.Sight{Facts: o.reply[k], At: now + epoch, News: s.news}, now+epoch)
		}
	}
	o.Spent += time.Since(begun)
}

// facts returns what an answer says to the schedule.
func facts(s *sight) order.Facts {
	f := order.Facts{ChangedAt: s.changed + epoch, Ended: s.ended}
	f.Phase = order.PhaseQueued
	if !s.called {
		return f
	}
	f.Phase = [...]order.Phase{order.PhaseDialing, order.PhaseRinging, order.PhaseInCall, order.PhaseBetween}[s.phase]
	if s.ended {
		f.Phase = order.PhaseEnded
		if s.answered && !s.recorded {
			f.Phase = order.PhaseDetails
		}
	}
	f.Started = s.started + epoch
	if s.since > 0 {
		f.Since = s.since + epoch
	}
	return f
}
