package export

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"callstream/internal/order"
	"callstream/internal/schedule"
)

// counter counts what looks came to; the rest is not of interest here.
type counter struct {
	mu     sync.Mutex
	looked map[order.Outcome]int
}

func (c *counter) Looked(_ order.Millis, _ float64, outcomes map[order.Outcome]int, _ order.Noticed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for outcome, n := range outcomes {
		c.looked[outcome] += n
	}
}
func (*counter) RequestRead(int)           {}
func (*counter) Forwarded(int)             {}
func (*counter) Published(order.Kind, int) {}
func (*counter) DeadLetter(order.Reason)   {}
func (*counter) Held(int, int)             {}
func (*counter) Committed(int, int64)      {}

const minute order.Millis = 60_000

func testConfig() Config {
	return Config{
		RequestTopic: "requests", BatchSize: 10, BatchLinger: 20 * time.Millisecond, Concurrency: 2,
		DrainFor: 5 * time.Second, StateLimit: 1 << 20, RequestLimit: 1 << 20,
		Timing: schedule.Timing{
			PollMin: time.Second, PollMax: 30 * time.Second,
			Terms: order.Terms{Settle: minute, NotFoundMax: 10 * minute, FollowMax: 24 * 60 * minute, Retention: 48 * 60 * minute},
		},
		Rules: order.Rules{Transcripts: true},
	}
}

// process runs a pipeline over the world until stop is called or it dies.
type process struct {
	*counter
	p    *Pipeline
	stop func() // as SIGTERM
	done chan error
}

func (w *world) start(cfg Config) *process {
	ctx, cancel := context.WithCancel(context.Background())
	w.mu.Lock()
	w.dead = cancel
	w.mu.Unlock()
	r := &run{world: w, owned: []int{0, 1}}
	c := &counter{looked: map[order.Outcome]int{}}
	p := New(cfg, w, w, r, w, nil, c, slog.New(slog.DiscardHandler))
	proc := &process{counter: c, p: p, stop: cancel, done: make(chan error, 1)}
	go func() { proc.done <- p.Run(ctx, func() {}) }()
	return proc
}

// end stops the process as SIGTERM does and waits for it.
func (p *process) end(t *testing.T) {
	t.Helper()
	p.stop()
	if err := <-p.done; err != nil {
		t.Errorf("Run: %v", err)
	}
}
