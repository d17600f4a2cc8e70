package broker

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// pauseMin is the pause before the first retry: about what a leader election
	// takes on an idle cluster.
	pauseMin = 50 * time.Millisecond
	// pauseMax is the longest pause while something fails that time may mend. A
	// broker restarts in 5 to 15 s, so trying more often gains nothing.
	pauseMax = 5 * time.Second
	// pauseRefused is the longest pause while something fails that only a person
	// mends, such as a missing ACL. Not where the mend may be a file that is about
	// to be replaced (rotates): that is to be noticed soon.
	pauseRefused = 30 * time.Second
	// logEvery is the least time between two log lines about one trouble.
	logEvery = 10 * time.Second
	// quietFailures is how many failures in a row, about half a second, pass
	// without a warning. Leaders move, connections break, and a topic that was
	// just created has no leader: all of it mends itself.
	quietFailures = 3
)

// pause waits before the nth retry, n from 1: about pauseMin the first time,
// twice as long each time after, at most most. It waits between half and all of
// that, at random, so that instances which failed together don't return
// together. It returns false when ctx ended.
func pause(ctx context.Context, n int, most time.Duration) bool {
	d := min(pauseMin<<min(n-1, 16), most)
	timer := time.NewTimer(d/2 + rand.N(d/2+1))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// troubles logs what keeps failing. A broker that is down fails many things
// many times a second; each of them is logged when it begins, then at most every
// logEvery, with how often it failed in between.
type troubles struct {
	log  *slog.Logger
	mu   sync.Mutex
	last map[string]trouble
}

type trouble struct {
	at       time.Time
	unlogged int // times it was reported and not logged since
}

// report logs a failure, the nth in a row of the thing that what names: "write
// to callbot.transcript". What only a person mends is logged from the first
// failure on, as an error; all else once it has failed more than quietFailures
// times.
func (t *troubles) report(what string, n int, err error) {
	mend, refused := remedy(err)
	if n <= quietFailures && !refused {
		t.log.Debug(what+" failed, trying again", "error", err)
		return
	}
	t.mu.Lock()
	if t.last == nil {
		t.last = map[string]trouble{}
	}
	last, now := t.last[what], time.Now()
	if now.Sub(last.at) < logEvery {
		last.unlogged++
		t.last[what] = last
		t.mu.Unlock()
		return
	}
	t.last[what] = trouble{at: now}
	t.mu.Unlock()
	attrs := []any{"error", err, "attempts", n}
	if last.unlogged > 0 {
		attrs = append(attrs, "not_logged", last.unlogged)
	}
	if mend != "" {
		attrs = append(attrs, "mend", mend)
	}
	level := slog.LevelWarn
	if refused {
		level = slog.LevelError
	}
	t.log.Log(context.Background(), level, what+" failed, trying again", attrs...)
}

// again reports the nth failure in a row of what, and pauses before another try.
// There is none once ctx has ended: then it returns ctx's cause, with the failure.
func (b *Broker) again(ctx context.Context, what string, n int, err error) error {
	if ctx.Err() == nil { // else it failed because ctx ended
		b.troubles.report(what, n, err)
	}
	most := pauseMax
	if _, refused := remedy(err); refused && !rotates(err) {
		most = pauseRefused
	}
	if !pause(ctx, n, most) {
		return fmt.Errorf("%s: %w (last: %w)", what, context.Cause(ctx), err)
	}
	return nil
}
