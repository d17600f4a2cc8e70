package schedule

import "callstream/internal/order"

// most bounds how many changes one answer can show, for what is learnt of it.
const most = 20

// learn learns from an answer of how long orders stay in a phase and how often
// they change in it, by the vendor's own times where it gives them.
func (p *Plan) learn(i *Item, s Sight) {
	t, c := i.task, s.Facts.Course
	if c.Phase == order.PhaseUnheard {
		return // it is not in the answer
	}
	t.shown = true
	t.dialed = max(t.dialed, min(c.Started, s.At))
	if i.looked == 0 || i.phase == order.PhaseUnheard {
		// What was before its first look nobody waited for; but where its call
		// began tells how far the list was dialed.
		i.phase, i.since = c.Phase, within(c.Since, 0, s.At, s.At)
		if c.Phase != order.PhaseQueued && i.list != nil && c.Started > 0 {
			i.list.began(start{int(i.pos), c.Started})
		}
		return
	}
	over := c.Phase != i.phase || c.Phase == order.PhaseBetween && c.Started > i.since
	end := s.At // of what was seen of the phase
	if over {
		end = within(ended(i.phase, c), i.looked, s.At, i.looked+(s.At-i.looked)/2)
	}
	if i.phase == order.PhaseQueued {
		p.learnStart(i, end, s.At, over)
	} else {
		p.learnPhase(i, end, over, min(s.News, most))
	}
	if over {
		if i.scouted {
			t.scouts.confirmed++
		}
		i.phase, i.since = c.Phase, within(c.Since, end, s.At, end)
	}
	i.scouted = false
}

// ended returns when a phase ended that was followed by what the order shows now,
// by the vendor's times: where a call began, it ended what was before; else the
// phase that is now did.
func ended(was order.Phase, now order.Course) order.Millis {
	switch was {
	case order.PhaseQueued, order.PhaseDispatching, order.PhaseBetween:
		return now.Started
	default:
		return now.Since
	}
}

// watchedUntil returns until when an order that waits for a call was watched:
// that none begins while the task is not dialed at all says nothing of when it is.
func (p *Plan) watchedUntil(i *Item, end order.Millis) order.Millis {
	return max(i.looked, min(end, i.task.dialed+order.Millis(lull*p.clock.unit)))
}

func (p *Plan) learnStart(i *Item, end, at order.Millis, began bool) {
	i.task.starts.watch(int(i.slot), p.clock.age(p.watchedUntil(i, end)-i.looked), began, p.clock.age(at))
	if began {
		i.list.began(start{int(i.pos), end})
	}
}

func (p *Plan) learnPhase(i *Item, end order.Millis, over bool, news int) {
	until := end
	if i.phase == order.PhaseBetween {
		until = p.watchedUntil(i, end)
	}
	during := float64(news) // changes in the phase, nobody knows when
	switch {
	case over && i.phase == order.PhaseInCall:
		during = max(0, during-1) // lines, and the end
	case over:
		during = 0 // what else is new is of phases that came after
	}
	for _, h := range []*history{i.task.history(i.phase), p.history(i.phase)} {
		h.fade(p.clock.age(end))
		h.watch(p.clock.age(i.looked-i.since), p.clock.age(until-i.since), during)
		if over {
			h.changed(p.clock.age(end - i.since))
		}
	}
}

// within returns a moment where it lies between two others, else another one.
func within(at, from, to, otherwise order.Millis) order.Millis {
	if at > from && at <= to {
		return at
	}
	return otherwise
}
