package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// sighting is one order of an answer: what is noted as shown once it is sent.
type sighting struct {
	ref
	version int
	calls   []Shown // without At
}

// answering is an answer under construction.
type answering struct {
	sim     *Simulator
	v       fate
	now     time.Time
	touched bool
	task    string
	spoil   int    // the index of the order whose type will be wrong; -1 = none
	b       []byte // the answer so far
	shown   []sighting
	calls   []Shown // backs the sightings' calls
	entries int
}

// answer builds a successful answer.
func (s *Simulator) answer(v fate, task string, orders []string, buf []byte) reply {
	a := &answering{
		sim: s, v: v, task: task, now: s.config.Now(), spoil: -1, touched: v.faults.touchesOrders(),
		shown: make([]sighting, 0, len(orders)), calls: make([]Shown, 0, 2*len(orders)),
	}
	if v.wrongType {
		a.spoil = v.dice.IntN(len(orders))
	}
	unasked := -1
	if v.unasked {
		unasked = v.dice.IntN(len(orders))
	}
	a.b = append(buf, `{"retCode":0,"retMsg":"success","responseID":"`...)
	a.b = append(append(a.b, responseID(v)...), `","orderDetailList":[`...)
	records, stories := s.recall(task, orders, a.now)
	for i, st := range stories {
		if i == unasked {
			a.stranger()
		}
		a.order(i, st, &records[i])
	}
	a.b = append(a.b, ']', '}')
	return reply{label: "0", status: http.StatusOK, body: a.b, entries: a.entries, sightings: a.shown}
}

// recall returns the orders' stories and a copy of what is remembered of each,
// which begins for those that are asked for the first time.
func (s *Simulator) recall(task string, orders []string, now time.Time) ([]record, []*story) {
	stories := s.stories(task, orders, now)
	records := make([]record, len(orders))
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, st := range stories {
		rec := s.orders[st.ref]
		if rec == nil {
			rec = &record{start: s.startOf(st, now), version: -1}
			s.orders[st.ref] = rec
			s.expect(st, rec, 0, now)
		}
		records[i] = *rec
		s.anchor(&records[i], now)
	}
	return records, stories
}

// view is how a version of a story is shown in this answer.
func (a *answering) view(st *story, rec *record, version int) *view {
	return &view{
		version: version, epoch: a.sim.epoch(st, rec), seed: a.sim.config.Seed,
		unknown: a.v.faults.UnknownStatus, numeric: a.v.faults.NumericIDs,
	}
}

// order adds one order that was asked for, with what faults make of it.
func (a *answering) order(i int, st *story, rec *record) {
	version := -1
	if !st.nonexistent {
		version = a.sim.versionAt(st, rec, a.now)
	}
	f, hit := a.v.faults, func(share float64) bool { return share > 0 && a.v.dice.Float64() < share }
	if version < 0 || a.touched && hit(f.Missing) {
		return
	}
	present := a.view(st, rec, version)
	if !a.touched && i != a.spoil {
		a.add(st, present)
		a.saw(st, present)
		return
	}
	if rec.version > 0 && hit(f.Stale) {
		a.add(st, a.view(st, rec, a.v.dice.IntN(rec.version)))
		return
	}
	if hit(f.DuplicateEntry) {
		a.add(st, a.view(st, rec, a.v.dice.IntN(version+1)))
	}
	spoilt, nulls, noID := i == a.spoil, hit(f.Nulls), hit(f.NoCallID)
	if !spoilt && !nulls && !noID {
		a.add(st, present)
		a.saw(st, present)
		return
	}
	a.comma()
	a.b = a.mangle(st.render(nil, present), spoilt, nulls, noID)
}

// stranger adds an order that nobody asked for, at its end.
func (a *answering) stranger() {
	id := fmt.Sprintf("unasked-%08x", a.v.dice.Uint32())
	st := a.sim.tell(ref{a.task, id})
	rec := &record{start: a.now.Add(-a.sim.lifeTime(st.end()) - st.age)}
	a.add(st, a.view(st, rec, st.last()))
}

// add adds an order as a view shows it.
func (a *answering) add(st *story, v *view) {
	a.comma()
	a.b = st.render(a.b, v)
}

func (a *answering) comma() {
	if a.entries++; a.entries > 1 {
		a.b = append(a.b, ',')
	}
}

// saw notes which statuses an order shows under which call IDs.
func (a *answering) saw(st *story, v *view) {
	from, at := len(a.calls), st.beats[v.version]
	for i := range st.rounds {
		r := &st.rounds[i]
		if code, ok := v.statusShown(r, at); ok && r.idAt <= at {
			a.calls = append(a.calls, Shown{CallID: r.id, Status: code})
		}
	}
	a.shown = append(a.shown, sighting{st.ref, v.version, a.calls[from:len(a.calls):len(a.calls)]})
}

// note remembers what a sent answer showed.
func (s *Simulator) note(sightings []sighting) {
	at := s.config.Now().UnixMilli()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range sightings {
		rec := s.orders[g.ref]
		if rec.firstShown == 0 {
			rec.firstShown = at
		}
		if g.version < rec.version { // overtaken by an answer that was built later
			continue
		}
		rec.version = g.version
		for _, c := range g.calls {
			rec.show(c, at)
		}
	}
}

// show appends a status that the call has not shown before.
func (r *record) show(c Shown, at int64) {
	known := func(old Shown) bool { return old.CallID == c.CallID && old.Status == c.Status }
	if !slices.ContainsFunc(r.shown, known) {
		c.At = at
		r.shown = append(r.shown, c)
	}
}
