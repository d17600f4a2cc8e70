package schedule

import "callstream/internal/order"

// Alarm is one order's place in Alarms. The zero Alarm is not set.
type Alarm struct {
	Ref  order.Ref
	when order.Millis
	at   int
}

func (a *Alarm) time() order.Millis { return a.when }
func (a *Alarm) node() *int         { return &a.at }

// Alarms holds when the time of each order is over. The zero Alarms is empty.
type Alarms struct{ alarms nodes[*Alarm] }

// Set sets or moves an alarm.
func (s *Alarms) Set(a *Alarm, when order.Millis) {
	a.when = when
	s.alarms.set(a)
}

// Stop takes an alarm back, if it is set.
func (s *Alarms) Stop(a *Alarm) { s.alarms.remove(a) }

// Resume sets an alarm that was stopped for the time that it had.
func (s *Alarms) Resume(a *Alarm) { s.alarms.set(a) }

// Ring takes out and returns an alarm whose time has come; nil where none has.
func (s *Alarms) Ring(now order.Millis) *Alarm {
	if len(s.alarms) == 0 || s.alarms[0].time > now {
		return nil
	}
	a := s.alarms[0].of
	s.alarms.remove(a)
	return a
}

// Next returns when the next alarm rings; not ok where none is set.
func (s *Alarms) Next() (when order.Millis, ok bool) {
	if len(s.alarms) == 0 {
		return 0, false
	}
	return s.alarms[0].time, true
}
