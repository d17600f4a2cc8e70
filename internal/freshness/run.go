package freshness

import (
	"slices"
)

// sight is what a look shows of an order.
type sight struct {
	order   *member
	news    int // changes that no look before showed
	phase   what
	called  bool  // a call has begun
	started int64 // when the latest call began
	since   int64 // when the phase began, where the vendor tells; else 0
	ended   bool  // finished
	changed int64 // when its last change was shown
}

// member is an order as a run follows it.
type member struct {
	task, index int
	life        life
	seen        int // changes shown
	changed     int64
	policy      any
}

// Policy decides which orders of which task are looked at.
type Policy interface {
	// Know takes an order in.
	Know(m *member, now int64)
	// Batch returns up to 500 orders of one task; none = nothing is worth asking.
	Batch(now int64) []*member
	// Show tells what a look showed. over: the order has settled.
	Show(s sight, now int64, over bool)
}

// Result is what a run measured.
type Result struct {
	Late     [kinds][]int64 // of the changes that were shown
	Missed   [kinds]int     // statuses that were overtaken
	Requests int
	Slots    int
	Orders   int // looks at orders
}

const batchSize = 500

const settle = 15 * minute

// Run plays a world under a policy.
func Run(w *World, lives [][]life, p Policy) *Result {
	r := &Result{}
	type arrival struct {
		at   int64
		task int
	}
	var arrivals []arrival
	for t := range w.Tasks {
		arrivals = append(arrivals, arrival{w.Tasks[t].From, t})
	}
	slices.SortStableFunc(arrivals, func(a, b arrival) int { return int(a.at - b.at) })
	var all []*member
	for slot := 0; ; slot++ {
		now := int64(float64(slot) * 1000 / w.Rate)
		if now >= end {
			break
		}
		for len(arrivals) > 0 && arrivals[0].at <= now {
			t := arrivals[0].task
			arrivals = arrivals[1:]
			members := make([]member, len(lives[t]))
			for i := range members {
				members[i] = member{task: t, index: i, life: lives[t][i]}
				p.Know(&members[i], now)
				all = append(all, &members[i])
			}
		}
		if now >= warmUp {
			r.Slots++
		}
		batch := p.Batch(now)
		if len(batch) == 0 {
			continue
		}
		if now >= warmUp {
			r.Requests++
			r.Orders += len(batch)
		}
		for _, m := range batch {
			s := r.look(m, now)
			over := s.ended && s.news == 0 && now-m.changed >= settle
			p.Show(s, now, over)
		}
	}
	for _, m := range all { // what was not shown until the end is late by then
		for ; m.seen < len(m.life); m.seen++ {
			if c := m.life[m.seen]; c.at >= warmUp && c.at < end-minute {
				r.note(m, c, end)
			}
		}
	}
	for k := range r.Late {
		slices.Sort(r.Late[k])
	}
	return r
}

func (r *Result) look(m *member, now int64) sight {
	s := sight{order: m}
	for m.seen < len(m.life) && m.life[m.seen].at <= now {
		c := m.life[m.seen]
		if c.at >= warmUp {
			r.note(m, c, now)
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
		switch {
		case c.what == dialing:
			s.started = c.at
			if !s.called {
				s.phase, s.since = dialing, c.at
			}
			s.called = true
			return s
		case c.what == line || s.called:
		default:
			s.called = true
			s.phase, s.since = c.what, c.at
			switch c.what {
			case ringing:
				s.since = 0
			case recording:
				s.phase = ended
				s.called = false // its end tells
			case ended:
				s.ended = c.last
			}
		}
	}
	return s
}

// note notes that a change was shown.
func (r *Result) note(m *member, c change, now int64) {
	if c.what <= inCall { // a status, overtaken by the next one?
		for _, next := range m.life[m.seen+1:] {
			if next.at > now {
				break
			}
			if next.call != c.call || next.what == ringing || next.what == inCall || next.what == ended {
				r.Missed[c.what]++
				return
			}
		}
	}
	r.Late[c.what] = append(r.Late[c.what], now-c.at)
}

// quantile returns a quantile of sorted times, in seconds.
func quantile(sorted []int64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]) / 1000
}

// missed returns the share of a kind's changes that no look showed.
func (r *Result) missed(k what) float64 {
	all := r.Missed[k] + len(r.Late[k])
	if all == 0 {
		return 0
	}
	return float64(r.Missed[k]) / float64(all)
}
