package callbot

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// firstPause is the pause after the first of a row of failures; each
	// further one doubles it. Half a second is the time between two requests
	// at the default rate of 2 a second.
	firstPause = 500 * time.Millisecond
	// maxPause bounds the pause: an API that is back is noticed within 10 s.
	maxPause = 10 * time.Second
	// maxRefusedPause bounds the pause while a person must act. Knocking often
	// may lock the account.
	maxRefusedPause = 30 * time.Second
	// jitter spreads the pauses of several instances: ±25 %.
	jitter = 0.25
	// minSlow is the part of the limit that Busy leaves at least. At the default
	// limit that is one request in 5 s, often enough to see the API recover.
	minSlow = 0.1
	// slowStep is what each good answer gives back of the limit.
	slowStep = 0.1
	// minStep is the least difference between two clocks that is taken for a
	// step, with long slots. Daemons step a clock that is off by more than 100 ms,
	// and slew less. It is longer than a thread may be put to sleep between
	// reading the two clocks.
	minStep = 50 * time.Millisecond
	// noSlotsWait is how long an instance that owns nothing is told to wait. New
	// slots wake it.
	noSlotsWait = time.Hour
)

// pacer decides when a request may go. It holds this instance to its slots of
// the group's limit and makes all its workers pause together after a failure.
//
// Slots are of wall time, as the instances have nothing else in common; pauses,
// and how long a caller sleeps, are of monotonic time. A slot that passes
// unused is lost, so that there is never more to send at once than a slot has.
type pacer struct {
	limit   float64               // requests a second for the whole group
	waiting atomic.Int32          // callers in Wait
	unix    func(time.Time) int64 // the wall clock, in Unix nanoseconds; of its own in tests alone

	mu        sync.Mutex
	slots     slots
	used      int64         // the newest slot in which a request went, or might have
	sent      int64         // how many did
	allowed   int64         // requests that own slots allowed, as far as they are counted
	uncounted int64         // the first slot that is not counted yet
	seen      time.Time     // when the clocks were last compared; zero = never
	seenUnix  int64         // what the wall clock said then
	slow      float64       // minSlow to 1: what Busy left of the rate
	failures  int           // since the last success
	counted   time.Time     // when the last failure was counted
	resume    time.Time     // no request before
	changed   chan struct{} // closed when slots or slow change
	turns     []time.Time   // taken by Turn, for the next Wait
}

// newPacer returns a pacer that owns all slots of the limit, in requests a
// second.
func newPacer(limit float64) *pacer {
	return &pacer{
		limit:   limit,
		unix:    time.Time.UnixNano,
		slots:   newSlots(limit),
		used:    -1,
		slow:    1,
		changed: make(chan struct{}),
	}
}

// SetSlots gives this instance the slots of the partitions that it owns now, of
// total. With none owned nothing may go.
//
// The present slot of a partition that was not owned before counts as used: its
// old owner may have used it. That of a partition that was owned before is as
// used as it was.
func (p *pacer) SetSlots(owned []int, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.look(now)
	had := p.slots
	p.slots = had.of(owned, total)
	slot := p.slots.at(p.unix(now))
	if kept := had.total == p.slots.total && had.owns(slot); !kept {
		p.bar(max(slot, p.used))
	}
	p.wake()
}

// wake lets those who wait ask anew.
func (p *pacer) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// bar lets nothing go in slots up to this one, and forgets what was used of them.
func (p *pacer) bar(slot int64) {
	p.used, p.sent, p.uncounted = slot, p.slots.each, slot+1
}

// look compares the clocks and counts what was allowed until now. It is called
// before anything is decided.
//
// A wall clock that was set, by a person or a daemon, must not stall the
// instance: after a step back by an hour the slots used last come only in an
// hour, and all up to them would pass for used. Nor must it let more go: after
// a step forward a new slot is there at once. So the numbers of used slots mean
// nothing across a step, and all begins anew with the first slot that starts
// at least a slot's length from now. It has been a step where the wall clock
// and the monotonic one disagree on how much time has passed. Slewing, which
// is how daemons mend small errors, changes both alike.
func (p *pacer) look(now time.Time) {
	unix := p.unix(now)
	if p.seen.IsZero() {
		p.uncounted = p.slots.at(unix)
	} else if step := unix - p.seenUnix - int64(now.Sub(p.seen)); max(step, -step) > min(p.slots.length/2, int64(minStep)) {
		p.bar(p.slots.at(unix) + 1)
	}
	p.seen, p.seenUnix = now, unix
	p.count(now, unix)
}

// count adds what own slots allowed, up to the present one, but for those that
// were over before a pause was.
func (p *pacer) count(now time.Time, unix int64) {
	if p.resume.After(now) {
		return
	}
	from := max(p.uncounted, p.slots.at(unix-int64(now.Sub(p.resume))))
	if next := p.slots.at(unix) + 1; next > from {
		p.allowed += p.upTo(p.slots.before(next)) - p.upTo(p.slots.before(from))
		p.uncounted = next
	}
}

// upTo returns how many requests all own slots before the own slot i allow.
//
// While the API is busy only a part of each slot's requests is allowed. Which
// slots that leaves out follows from their numbers: at 0.5 each second own slot
// allows a request, at 0.3 three of ten do. So nothing has to be remembered, and
// a slot that passes unused is lost here too.
func (p *pacer) upTo(i int64) int64 { return int64(float64(i) * float64(p.slots.each) * p.slow) }

// left returns how many requests may still go in the own slot i.
func (p *pacer) left(i int64) int64 {
	quota := p.upTo(i+1) - p.upTo(i)
	switch slot := p.slots.nth(i); {
	case slot < p.used:
		return 0
	case slot == p.used:
		return max(0, quota-p.sent)
	}
	return quota
}

// Ready returns how long from now until one more request could go, those that
// wait already going first; 0 = at once. It takes no turn.
func (p *pacer) Ready(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.look(now)
	return p.readyAfter(now, int64(p.waiting.Load()))
}

// readyAfter is how long until a request could go with others before it.
func (p *pacer) readyAfter(now time.Time, others int64) time.Duration {
	if len(p.slots.owned) == 0 {
		return noSlotsWait
	}
	from := now
	if p.resume.After(now) {
		from = p.resume
	}
	pause := from.Sub(now)
	unix := p.unix(now) + int64(pause)
	i := p.slots.before(p.slots.at(unix))
	for left := p.left(i); left <= others; left = p.left(i) {
		others -= left
		i++
	}
	return pause + time.Duration(max(0, p.slots.start(p.slots.nth(i))-unix))
}

// Turn takes a turn, to be used by the next Wait, where a request may go now and
// nobody waits for that; else it returns how long until one may.
func (p *pacer) Turn(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.look(now)
	if wait := p.readyAfter(now, int64(p.waiting.Load())); wait > 0 {
		return wait
	}
	p.use(now)
	p.turns = append(p.turns, now)
	return 0
}

// turn returns a turn that was taken before, and when; not ok where none is.
func (p *pacer) turn() (taken time.Time, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.turns) == 0 {
		return time.Time{}, false
	}
	taken = p.turns[0]
	p.turns = p.turns[1:]
	return taken, true
}

// use notes that a request goes in the present slot.
func (p *pacer) use(now time.Time) {
	if slot := p.slots.at(p.unix(now)); slot != p.used {
		p.used, p.sent = slot, 0
	}
	p.sent++
}

// Wait returns when a request may go, and the moment it did, which report
// wants back. The error is the context's.
func (p *pacer) Wait(ctx context.Context) (started time.Time, err error) {
	if taken, ok := p.turn(); ok {
		return taken, nil
	}
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	for {
		if err := ctx.Err(); err != nil {
			return time.Time{}, err
		}
		now := time.Now()
		wait, changed := p.take(now)
		if wait == 0 {
			return now, nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// take lets one request go now, or returns how long to wait before asking
// again and what ends the wait early.
func (p *pacer) take(now time.Time) (wait time.Duration, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.look(now)
	if wait = p.readyAfter(now, 0); wait > 0 {
		return wait, p.changed
	}
	p.use(now)
	return 0, nil
}

// Pace returns how many requests a second may go at present, on average over
// this instance's slots, which is none in a pause; and how many might have gone
// so far.
func (p *pacer) Pace(now time.Time) (perSecond float64, allowed int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.look(now)
	if p.resume.After(now) {
		return 0, p.allowed
	}
	return p.limit * p.slots.share() * p.slow, p.allowed
}

// report says how the request that Wait let go at started has ended; an empty
// class is success.
func (p *pacer) report(started time.Time, class Class) {
	switch class {
	case "":
		p.succeeded()
	case Busy:
		p.failed(started, maxPause, 2)
	case Refused:
		p.failed(started, maxRefusedPause, 1)
	case Maintenance, Failing:
		p.failed(started, maxPause, 1)
	case Rejected: // says something of the batch and nothing of the pace
	}
}

func (p *pacer) succeeded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failures = 0
	p.slowTo(time.Now(), min(1, p.slow+slowStep))
}

// slowTo changes the part of the limit that is used.
func (p *pacer) slowTo(now time.Time, slow float64) {
	if slow == p.slow {
		return
	}
	p.look(now) // counts what was allowed before
	p.slow = slow
	p.wake()
}

// failed makes the next request wait, longer with each failure in a row, and
// divides the rate by slower.
//
// Requests on their way together meet the same trouble: four workers that all
// hear "busy" within a second are one failure, not four doublings of the pause.
// So only a request that started after the last counted failure counts.
func (p *pacer) failed(started time.Time, maxPause time.Duration, slower float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !started.After(p.counted) {
		return
	}
	now := time.Now()
	p.look(now)
	p.counted = now
	pause := min(maxPause, firstPause<<min(p.failures, 10)) // 2^10 × firstPause is over any maximum
	p.failures++
	spread := 1 - jitter + 2*jitter*rand.Float64() //nolint:gosec // not a secret
	p.resume = now.Add(min(maxPause, time.Duration(float64(pause)*spread)))
	p.slowTo(now, max(minSlow, p.slow/slower))
}
