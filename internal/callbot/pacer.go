package callbot

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
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
	// minRate, in requests a second, is for an instance that owns few of very
	// many partitions: it still looks once a minute.
	minRate = 1.0 / 60
	// noShareWait is how long an instance that owns nothing is told to wait. A
	// new share wakes it.
	noShareWait = time.Hour
)

// pacer decides when a request may go. It holds this instance to its share of
// the group's rate and makes all its workers pause together after a failure.
type pacer struct {
	limit   float64      // requests a second for the whole group
	waiting atomic.Int32 // callers in Wait

	mu       sync.Mutex
	limiter  *rate.Limiter
	share    float64       // of the limit, 0 to 1; 0 = no request may go
	slow     float64       // minSlow to 1: what Busy left of the rate
	failures int           // counted since the last success
	counted  time.Time     // when the last failure was counted
	resume   time.Time     // no request before
	changed  chan struct{} // closed when the rate changes
}

// newPacer returns a pacer with the whole limit, in requests a second, as its
// share.
func newPacer(limit float64) *pacer {
	return &pacer{
		limit:   limit,
		limiter: rate.NewLimiter(rate.Limit(max(limit, minRate)), 1), // no bursts: the vendor counts each second
		share:   1,
		slow:    1,
		changed: make(chan struct{}),
	}
}

// SetShare gives this instance owned of total parts of the limit. With none
// owned nothing may go.
func (p *pacer) SetShare(owned, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.share = 0
	if owned > 0 && total > 0 {
		p.share = min(1, float64(owned)/float64(total))
	}
	p.applyRate()
}

// applyRate hands a changed rate to the limiter and wakes the waiting.
func (p *pacer) applyRate() {
	p.limiter.SetLimitAt(time.Now(), rate.Limit(max(minRate, p.limit*p.share*p.slow)))
	close(p.changed)
	p.changed = make(chan struct{})
}

// Ready returns how long from now until one more request could go, those that
// wait already going first; 0 = at once. It takes no turn.
func (p *pacer) Ready(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.readyAfter(now, int(p.waiting.Load()))
}

// readyAfter is how long until a request could go with others before it.
func (p *pacer) readyAfter(now time.Time, others int) time.Duration {
	if p.share == 0 {
		return noShareWait
	}
	from := now
	if p.resume.After(now) {
		from = p.resume
	}
	missing := float64(1+others) - p.limiter.TokensAt(from)
	wait := max(0, time.Duration(missing/float64(p.limiter.Limit())*float64(time.Second)))
	return from.Sub(now) + wait
}

// Wait returns when a request may go, and the moment it did, which report
// wants back. The error is the context's.
func (p *pacer) Wait(ctx context.Context) (started time.Time, err error) {
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
	if p.share > 0 && !p.resume.After(now) && p.limiter.AllowN(now, 1) {
		return 0, nil
	}
	// At least 1 µs: rounding must not make a busy loop.
	return max(time.Microsecond, p.readyAfter(now, 0)), p.changed
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
	if p.slow < 1 {
		p.slow = min(1, p.slow+slowStep)
		p.applyRate()
	}
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
	p.counted = now
	pause := min(maxPause, firstPause<<min(p.failures, 10)) // 2^10 × firstPause is over any maximum
	p.failures++
	spread := 1 - jitter + 2*jitter*rand.Float64() //nolint:gosec // not a secret
	p.resume = now.Add(min(maxPause, time.Duration(float64(pause)*spread)))
	if slower > 1 {
		p.slow = max(minSlow, p.slow/slower)
		p.applyRate()
	}
}
