package export

import (
	"log/slog"
	"maps"
	"sync"
	"time"

	"callstream/internal/order"
	"callstream/internal/schedule"
)

// counter counts what looks and hints came to and the orders held; the rest is not of
// interest here.
type counter struct {
	lock   sync.Mutex
	looked map[order.Outcome]int
	hints  map[string]int
	held   int
	tasks  map[string]int
	late   []order.Lateness
	ages   []order.Millis
}

func (c *counter) Looked(_ float64, outcomes map[order.Outcome]int, _ order.Noticed) {
	c.lock.Lock()
	defer c.lock.Unlock()
	for outcome, n := range outcomes {
		c.looked[outcome] += n
	}
}

func (c *counter) Held(orders, _ int, tasks map[string]int) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.held, c.tasks = orders, maps.Clone(tasks)
}

func (c *counter) Hinted(effect string) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.hints[effect]++
}

func (c *counter) LookBegins(ages []order.Millis) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.ages = append(c.ages, ages...)
}

func (c *counter) Published(_ string, _ map[order.Kind]int, late []order.Lateness) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.late = append(c.late, late...)
}

func (*counter) RequestRead(int)         {}
func (*counter) Forwarded(int)           {}
func (*counter) DeadLetter(order.Reason) {}
func (*counter) Committed(int, int64)    {}

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

func (p *process) pipeline(cfg Config) *Pipeline {
	return New(cfg, p, p, p, p, nil, p.counter, slog.New(slog.DiscardHandler))
}
