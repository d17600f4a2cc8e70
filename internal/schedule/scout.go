package schedule

import "callstream/internal/order"

// scouting is what was learnt of scouts of a task: requests that name the orders
// in calls, whichever were asked for, and may be wrong.
type scouting struct {
	at        order.Millis // when the latest began; 0 = none has
	promised  float64      // starts that it should have named
	confirmed float64      // orders that it named, and of which a look showed that they had begun
	yield     float64      // share of what was promised that was confirmed, of late
	tried     bool         // yield was measured
}

const (
	// hopedYield is what is believed of scouts that were never tried.
	hopedYield = 0.8
	// leastYield keeps a scout that was in vain from being the last.
	leastYield = 0.02
	// mostYield keeps the sweep going whatever scouts find.
	mostYield = 0.9
)

// hidden returns how many starts of a task are expected to be unknown: those of
// its queued orders, far from the latest starts, since it was last swept or
// scouted; and for how many units they may have been so.
func (p *Plan) hidden(t *task, now order.Millis) (starts, units float64) {
	units = t.swept
	if t.scouts.at > 0 {
		units = min(units, p.clock.age(now-t.scouts.at))
	}
	return float64(t.waiting()) * t.hazards[far] * p.dialing(t, now) * units, units
}

// scoutWorth returns what a scout of a task is worth: the expected waiting of the
// starts that it would name. A task of which no answer has shown an order may not
// exist, and the vendor's refusal would end all scouts.
func (p *Plan) scoutWorth(t *task, now order.Millis) float64 {
	if !t.shown {
		return 0
	}
	starts, units := p.hidden(t, now)
	return startWeight * starts * units / 2 * t.scouts.expects()
}

// orScout returns the task to be scouted, where that is worth more than the best
// request, else that request's task.
func (p *Plan) orScout(best *task, now order.Millis) (t *task, scout bool) {
	t, most := best, best.sum.sum
	for _, other := range p.all {
		if w := p.scoutWorth(other, now); w > most {
			t, most, scout = other, w, true
		}
	}
	return t, scout
}

func (s *scouting) expects() float64 {
	if !s.tried {
		return hopedYield
	}
	return max(leastYield, s.yield)
}

// beginScout notes that a scout begins, and judges the one before.
func (p *Plan) beginScout(t *task, now order.Millis) {
	const weight = 0.3
	s := &t.scouts
	if s.promised >= 1 {
		yield := min(1, s.confirmed/s.promised)
		if s.tried {
			yield = s.yield + weight*(yield-s.yield)
		}
		s.yield, s.tried = yield, true
	}
	s.promised, _ = p.hidden(t, now)
	s.confirmed, s.at = 0, now
}

// Scouted takes what a scout of a task named. They are looked at as if a hint had
// named them, but for those that are known to be in calls.
func (p *Plan) Scouted(found []*Item, now order.Millis) {
	for _, i := range found {
		if i.task == nil || i.phase >= order.PhaseDispatching && i.phase <= order.PhaseInCall {
			continue
		}
		i.scouted = true
		p.Hint(i, now)
	}
}
