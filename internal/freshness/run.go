package freshness

import (
	"slices"

	"callstream/internal/order"
)

// Policy decides which orders of which task are looked at. It learns of orders
// by Know and Show alone, unless it says that it cheats.
type Policy interface {
	// Know takes in the orders of a task.
	Know(members []member, now order.Millis)
	// Batch returns the orders of one task for the request of this slot; none =
	// nothing is worth asking.
	Batch(now order.Millis) []*member
	// Show tells what the request's answer showed.
	Show(sights []sight, now order.Millis)
}

// member is an order as a run follows it.
type member struct {
	task, index int // index counts the task's orders that are followed
	partition   int
	life        life
	seen        int          // changes shown
	changed     order.Millis // when a look last showed a change
}

// inCall reports whether a call of the order is dialing, ringing or answered.
func (m *member) inCall(now order.Millis) bool {
	in := false
	for _, c := range m.life {
		if c.at > now {
			break
		}
		if c.what <= ended {
			in = c.what < ended
		}
	}
	return in
}

// sight is what a look shows of an order.
type sight struct {
	order    *member
	news     int // changes that no look before showed
	called   bool
	phase    what         // of the latest call: dialing, ringing, inCall, ended
	started  order.Millis // when the latest call began
	since    order.Millis // when the phase began, where the vendor tells; else 0
	answered bool         // the latest call
	recorded bool         // the same
	ended    bool         // finished
	changed  order.Millis // when a look last showed a change
	over     bool         // settled: it is to be looked at no more
}

const (
	pollMin = 2 * second
	pollMax = 5 * minute
	// settle is how long an order that is finished must show nothing new.
	settle = 15 * minute
)

// run is a world being looked at.
type run struct {
	world    *World
	measured Period
	all      [][]member
	*Result
}

// Run plays a world under a policy.
func Run(w *World, lives Lives, p Policy) *Result {
	r := run{world: w, measured: w.measured(), Result: &Result{}}
	var waiting []int // tasks, by when they come
	for t := range w.Tasks {
		waiting = append(waiting, t)
	}
	slices.SortStableFunc(waiting, func(a, b int) int { return int(w.Tasks[a].From - w.Tasks[b].From) })
	for slot := 0; ; slot++ {
		now := order.Millis(float64(slot) * 1000 / w.Rate)
		if now >= w.end() {
			break
		}
		for len(waiting) > 0 && w.Tasks[waiting[0]].From <= now {
			p.Know(r.join(waiting[0], lives), now)
			waiting = waiting[1:]
		}
		if !w.Deaf.holds(now) {
			r.slot(p, now)
		}
	}
	r.close()
	return r.Result
}

// join makes members of the orders of a task that are followed here.
func (r *run) join(task int, lives Lives) []member {
	var members []member
	for index, life := range lives[task] {
		if partition, owned := r.world.partition(index); owned {
			members = append(members, member{task: task, index: len(members), partition: partition, life: life})
		}
	}
	r.all = append(r.all, members)
	return members
}

func (r *run) slot(p Policy, now order.Millis) {
	batch := p.Batch(now)
	if r.measured.holds(now) {
		r.Slots++
		r.Looks += len(batch)
		if len(batch) > 0 {
			r.Requests++
		}
	}
	if len(batch) == 0 {
		return
	}
	sights := make([]sight, len(batch))
	for k, m := range batch {
		sights[k] = r.look(m, now)
	}
	p.Show(sights, now)
}

// look notes what a look at an order shows.
func (r *run) look(m *member, now order.Millis) sight {
	s := sight{order: m}
	for m.seen < len(m.life) && m.life[m.seen].at <= now {
		if r.measured.holds(m.life[m.seen].at) {
			r.note(m, now)
		}
		m.seen++
		s.news++
	}
	if s.news > 0 || m.changed == 0 {
		m.changed = now
	}
	s.changed = m.changed
	for k := m.seen - 1; k >= 0; k-- {
		c := m.life[k]
		s.answered = s.answered || c.what == inCall
		s.recorded = s.recorded || c.what == recording
		if c.what > ended {
			continue
		}
		if !s.called {
			s.called, s.phase, s.ended = true, c.what, c.last
			if c.what != ringing { // the one time that the vendor does not tell
				s.since = c.at
			}
		}
		if c.what == dialing {
			s.started = c.at
			break
		}
	}
	s.over = s.ended && s.news == 0 && now-m.changed >= settle
	return s
}

// note notes that the next change of an order is shown now. A status that
// another one has overtaken is missed.
func (r *run) note(m *member, now order.Millis) {
	c := m.life[m.seen]
	if c.what < ended {
		for _, next := range m.life[m.seen+1:] {
			if next.at > now {
				break
			}
			if next.what <= ended {
				r.Missed[c.what]++
				return
			}
		}
	}
	r.Late[c.what] = append(r.Late[c.what], now-c.at)
}

// close notes what was never shown: it is as late as the run is long.
func (r *run) close() {
	end := r.world.end()
	for _, members := range r.all {
		for k := range members {
			for m := &members[k]; m.seen < len(m.life); m.seen++ {
				if r.measured.holds(m.life[m.seen].at) {
					r.note(m, end)
				}
			}
		}
	}
	for k := range r.Late {
		slices.Sort(r.Late[k])
	}
}
