package order

// Mode is what a request asks for.
type Mode string

// The modes of a request.
const (
	Follow     Mode = "follow" // look until finished and settled
	LookOnce   Mode = "once"   // look once
	StopFollow Mode = "stop"   // no longer follow
	Replay     Mode = "replay" // look, announce changes, then the present snapshot of every call again
	Hint       Mode = "hint"   // look with the next request of its task, if it is looked at anyway
)

// Request asks for orders of one task.
type Request struct {
	Task      string
	Orders    []string // 1 or more, unique, in the order given
	Mode      Mode
	NotBefore Millis
	Deadline  Millis
	Time      Millis // when it was asked: see docs/contract.md#requests
}

// A Consequence is what a request means for an order at once.
type Consequence uint8

// What follows from a request.
const (
	Ignored Consequence = iota // an older request than one already heeded
	Rests                      // the order is no longer looked at; nothing to look for
	Looks                      // the order is to be looked at
)

// Ask lets a request change what is done about the order. An older request
// never overrides a newer one, whichever arrives first, and follow outweighs
// once. now is when the request was read.
func (t *Tracking) Ask(r *Request, now Millis) Consequence {
	switch r.Mode {
	case Hint: // it says when to look; what is done about an order stays as it is
		return Ignored
	case StopFollow:
		return t.stop(r, now)
	case Replay:
		t.ReplayAt = max(t.ReplayAt, r.Time)
		t.once(r, now)
		return Looks
	case LookOnce:
		if r.Time < max(t.FollowAt, t.StopAt, t.OnceAt) {
			return Ignored
		}
		t.once(r, now)
		return Looks
	default:
		return t.follow(r, now)
	}
}

func (t *Tracking) follow(r *Request, now Millis) Consequence {
	if r.Time < max(t.FollowAt, t.StopAt) {
		return Ignored
	}
	t.FollowAt = r.Time
	t.wake(r, now)
	return Looks
}

func (t *Tracking) once(r *Request, now Millis) {
	newer := r.Time >= t.OnceAt
	t.OnceAt = max(t.OnceAt, r.Time)
	if t.Following() || !newer && t.Rest == Active {
		return // it is going to be looked at anyway
	}
	if t.FollowAt > 0 {
		// What was followed has ended, as by a stop right behind it: neither this
		// look nor an older follow that comes late brings it back.
		t.StopAt = max(t.StopAt, t.FollowAt+1)
	}
	t.wake(r, now)
}

func (t *Tracking) stop(r *Request, now Millis) Consequence {
	if r.Time < max(t.FollowAt, t.StopAt) {
		return Ignored
	}
	followed := t.Following()
	t.StopAt = r.Time
	switch {
	case r.Time >= t.OnceAt:
		t.Sleep(Stopped, now)
		return Rests
	case t.Rest != Active:
		return Rests
	case followed: // the look asked for later is still to come, and knows no limits
		t.NotBefore, t.Deadline = 0, 0
	}
	return Looks
}

func (t *Tracking) wake(r *Request, now Millis) {
	t.NotBefore, t.Deadline = r.NotBefore, r.Deadline
	t.FollowSince = now
	t.MissingSince = 0
	t.Rest, t.RestingSince = Active, 0
}

// Sleep ends the looking.
func (t *Tracking) Sleep(why Rest, now Millis) {
	t.Rest, t.RestingSince = why, now
	t.NotBefore, t.Deadline = 0, 0
	if why == Stopped {
		t.ReplayAt = 0
	}
}

// Following reports whether the order is looked at until it has settled.
func (t *Tracking) Following() bool {
	return t.Rest == Active && t.FollowAt > 0 && t.FollowAt >= t.StopAt
}

// Ended reports whether everything the order shows is final: it is finished
// and all calls known of it have ended.
func (s *State) Ended() bool {
	for i := range s.Calls {
		if s.Calls[i].Completion == nil {
			return false
		}
	}
	return s.Finished
}
