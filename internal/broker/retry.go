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
	pauseMin = 50 * time.Millisecond // a leader election takes about that on an idle cluster
	pauseMax = 5 * time.Second       // a broker restarts in 5 to 15 s; looking more often helps nobody
	// pauseRefused is for what only a person mends: an ACL, a topic's setting.
	pauseRefused = 30 * time.Second
	// logEvery bounds how often one trouble is logged while it lasts.
	logEvery = 10 * time.Second
	// quietFailures in a row, half a second, are no trouble yet: leaders move,
	// connections break, a topic that was just created has no leader.
	quietFailures = 3
)

// pause waits before attempt n (1 = the first retry), doubling with jitter up to
// most. It returns false when ctx ended.
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

// troubles logs what keeps failing: each kind at once, then at most every
// logEvery with the number of times it was left out.
type troubles struct {
	log  *slog.Logger
	mu   sync.Mutex
	last map[string]trouble
}

type trouble struct {
	at       time.Time
	unlogged int // times it was reported and not logged since
}

// report logs that what failed for the nth time in a row.
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

// until does op until it works, with growing pauses. Its error is ctx's cause,
// with the last failure.
func (b *Broker) until(ctx context.Context, what string, op func(context.Context) error) error {
	for n := 1; ; n++ {
		err := op(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			b.troubles.report(what, n, err)
		}
		if !pause(ctx, n, patience(err)) {
			return fmt.Errorf("%s: %w (last: %v)", what, context.Cause(ctx), err)
		}
	}
}

// patience is the longest pause after err.
func patience(err error) time.Duration {
	if _, refused := remedy(err); refused {
		return pauseRefused
	}
	return pauseMax
}
