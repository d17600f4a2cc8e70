package simulator

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// Truth is what an exporter's output about one order is compared with.
type Truth struct {
	UserTaskID string `json:"userTaskID"`
	OrderID    string `json:"orderID"`
	Finished   bool   `json:"finished"`   // the API's finish, now
	FirstShown int64  `json:"firstShown"` // Unix milliseconds; 0 = never shown
	// Now is the order as the API would show it without faults, but with all
	// timestamps in milliseconds; null while the order does not exist.
	Now json.RawMessage `json:"now"`
	// Final is the same at the end of the order's story.
	Final json.RawMessage `json:"final,omitempty"`
	// Shown are the distinct statuses of each call that answers really showed,
	// in order.
	Shown []Shown `json:"shown"`
}

// Shown is a status that an answer showed of a call.
type Shown struct {
	CallID string `json:"callID"`
	Status int    `json:"status"`
	At     int64  `json:"at"` // Unix milliseconds of the first time
}

// Truth returns the truth about an order, with Final. For one that was never
// asked for it is what a first request now would find.
func (s *Simulator) Truth(task, order string) Truth {
	st, rec := s.look(ref{task, order})
	return s.truth(st, rec, s.config.Now(), true)
}

// Final returns the order at the end of its story: see Truth.Final. nil for an
// order that never exists.
func (s *Simulator) Final(task, order string) json.RawMessage {
	return s.Truth(task, order).Final
}

// Shown returns the statuses that answers really showed: see Truth.Shown.
func (s *Simulator) Shown(task, order string) []Shown {
	_, rec := s.look(ref{task, order})
	return rec.shown
}

// Happened returns when something happened that an answer about an order dates
// so. At Config.Speed 1 that is the date itself; faster, dates keep lifelike
// distances (see epoch), and what happened half a second ago may be dated ten
// seconds back.
func (s *Simulator) Happened(task, order string, dated time.Time) time.Time {
	st, rec := s.look(ref{task, order})
	return rec.start.Add(s.lifeTime(time.Duration(dated.UnixMilli()-s.epoch(st, rec)) * time.Millisecond))
}

// look returns an order's story and a copy of its record, without starting it.
func (s *Simulator) look(r ref) (*story, *record) {
	now := s.config.Now()
	st := s.stories(r.task, []string{r.order}, now)[0]
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, ok := s.orders[r]
	if !ok {
		c := &record{start: s.startOf(st, now), version: -1}
		s.anchor(c, now)
		return st, c
	}
	c := *rec
	s.anchor(&c, now)
	c.shown = slices.Clone(rec.shown)
	return st, &c
}

func (s *Simulator) truth(st *story, rec *record, now time.Time, final bool) Truth {
	t := Truth{UserTaskID: st.task, OrderID: st.order, FirstShown: rec.firstShown, Now: json.RawMessage("null"), Shown: rec.shown}
	if t.Shown == nil {
		t.Shown = []Shown{}
	}
	if st.nonexistent {
		return t
	}
	v := view{epoch: s.epoch(st, rec), canonical: true}
	if v.version = s.versionAt(st, rec, now); v.version >= 0 {
		t.Now, t.Finished = st.render(nil, &v), st.finished(v.version)
	}
	if final {
		v.version = st.last()
		t.Final = st.render(nil, &v)
	}
	return t
}

// answeredOrders are the orders that an answer ever showed, by task and ID.
func (s *Simulator) answeredOrders() []ref {
	s.mu.Lock()
	defer s.mu.Unlock()
	refs := make([]ref, 0, len(s.orders))
	for r, rec := range s.orders {
		if rec.firstShown > 0 {
			refs = append(refs, r)
		}
	}
	slices.SortFunc(refs, func(a, b ref) int {
		return cmp.Or(cmp.Compare(a.task, b.task), cmp.Compare(a.order, b.order))
	})
	return refs
}
