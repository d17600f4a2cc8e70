package order

// A Phase is how far an order's latest call is: what an answer that shows the
// order next may show. The schedule learns how long each lasts.
type Phase uint8

// The phases of an order, in the order in which they are passed. One that is
// tried again goes from PhaseBetween back to PhaseDispatching.
const (
	PhaseUnheard     Phase = iota // no answer has shown it yet
	PhaseQueued                   // shown, and no call is further than being prepared
	PhaseDispatching              // its turn has come
	PhaseDialing
	PhaseRinging
	PhaseInCall
	PhaseBetween // its calls have ended, and it is not finished
	PhaseDetails // finished, and its answered call has no recording yet
	PhaseEnded   // finished: little may still come
	phaseCount
)

// Phases is how many there are.
const Phases = int(phaseCount)

// Course is where an order stands in the course of its calls.
type Course struct {
	Phase   Phase
	Since   Millis // when the phase began by the vendor's own times; 0 = they don't tell
	Started Millis // when the latest call began; 0 = none has, or no time tells
}

// Course returns where an order stands. A call with a status that is in no
// table counts as going on: such a call is best watched closely.
func (s *State) Course() Course {
	if s.ChangedAt == 0 {
		return Course{}
	}
	var latest *AnnouncedCall
	for i := range s.Calls {
		c := &s.Calls[i]
		if latest == nil || c.Attempt > latest.Attempt {
			latest = c
		}
	}
	var c Course
	if latest != nil {
		c.Started = latest.Status.StartedAt
	}
	switch {
	case s.Ended():
		c.Phase = PhaseEnded
	case latest == nil:
		c.Phase = PhaseQueued
		return c
	case latest.Completion == nil:
		c.Phase, c.Since = latest.Status.phase()
		return c
	default:
		c.Phase = PhaseBetween
	}
	if latest == nil {
		return c
	}
	c.Since = latest.Status.EndedAt
	if done := latest.Completion; done != nil {
		if done.EndedAt > 0 {
			c.Since = done.EndedAt
		}
		if c.Phase == PhaseEnded && done.Status.Answered() && done.RecordingURL == "" {
			c.Phase = PhaseDetails
		}
	}
	return c
}

// phase returns the phase of a call that goes on, and since when.
func (s *StatusChanged) phase() (Phase, Millis) {
	switch s.Status {
	case Preparing, NoStatus:
		return PhaseQueued, 0
	case Dispatching:
		return PhaseDispatching, 0
	case Dialing:
		return PhaseDialing, s.StartedAt
	case Ringing:
		return PhaseRinging, 0
	default:
		return PhaseInCall, s.AnsweredAt
	}
}
