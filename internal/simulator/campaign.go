package simulator

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"
)

// Campaign says how orders are dialed where a simulator lives a campaign in
// place of a story an order: all orders are known from the start, and wait for
// one of the telephone lines. Lengths are lifelike; Config.Speed divides them.
type Campaign struct {
	// Tasks are named campaign-1 and so on, and have equal shares of what follows.
	Tasks int
	// Orders are named c1-000001 and so on, the first number being the task's;
	// their list is in this order.
	Orders int
	// Lines are telephone lines: each carries one call at a time.
	Lines int
	// Random dials a shuffled list in place of the list.
	Random bool
	// StartIn is when dialing starts, from New on. 0: with StartCampaign.
	StartIn time.Duration
	// From OutageFrom until OutageTo, counted from the start, no call begins;
	// those under way go on. Both 0: no outage.
	OutageFrom, OutageTo time.Duration
}

// Validate says what is wrong with it.
func (c Campaign) Validate() error {
	switch {
	case c.Tasks < 1 || c.Orders < c.Tasks || c.Lines < c.Tasks:
		return errors.New("a campaign needs a task, and an order and a line for each task")
	case c.StartIn < 0:
		return fmt.Errorf("a campaign cannot start %v ago", -c.StartIn)
	case c.OutageFrom < 0 || c.OutageTo < c.OutageFrom:
		return fmt.Errorf("an outage cannot last from %v to %v", c.OutageFrom, c.OutageTo)
	}
	return nil
}

// campaign is one under way. Nothing runs: whoever asks first moves it on to the
// present, from event to event, so a hundred thousand orders cost what their
// calls cost. All its moments are wall time since the start, in whole
// milliseconds, so that the timestamps shown are exactly when things happened.
type campaign struct {
	Campaign
	seed    uint64
	speed   float64
	answers float64 // the chance that a call is answered
	dialers map[string]*dialer
	list    []*dialer // the same, in the order of the tasks' numbers

	mu    sync.Mutex // guards start and what the dialers' comments say
	start time.Time  // zero = not started, and no moment known
}

// newCampaign prepares what c describes.
func newCampaign(c *Config) *campaign {
	k := &campaign{Campaign: *c.Campaign, seed: c.Seed, speed: c.Speed, answers: c.Answered, dialers: map[string]*dialer{}}
	for i := range k.Tasks {
		d := newDialer(k, i+1, equalShare(k.Orders, k.Tasks, i), equalShare(k.Lines, k.Tasks, i))
		k.dialers[d.task] = d
		k.list = append(k.list, d)
	}
	if k.StartIn > 0 {
		k.start = c.Now().Add(k.StartIn).Truncate(time.Millisecond)
	}
	return k
}

// equalShare is the i-th of n equal shares; the first ones take what is over.
func equalShare(total, n, i int) int {
	if i < total%n {
		return total/n + 1
	}
	return total / n
}

// wall is how long something of a lifelike length takes.
func (c *campaign) wall(lifelike time.Duration) time.Duration {
	return time.Duration(float64(lifelike) / c.speed).Truncate(time.Millisecond)
}

// begin starts the dialing, unless it has started, and returns when that was.
func (c *campaign) begin(now time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.start.IsZero() || c.start.After(now) {
		c.start = now.Truncate(time.Millisecond)
	}
	return c.start
}

// origin is what the moments of stories told at now count from: the start, or
// now before it, where no call has any moment yet.
func (c *campaign) origin(now time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.start.IsZero() || c.start.After(now) {
		return now
	}
	return c.start
}

// stories tells what has become of orders by now. One that the campaign has not
// is one that does not exist.
func (c *campaign) stories(task string, orders []string, now time.Time) []*story {
	stories := make([]*story, len(orders))
	d := c.dialers[task]
	numbers, calls := make([]int, len(orders)), make([][]placedCall, len(orders))
	c.mu.Lock()
	if d != nil {
		c.advance(d, now)
		for i, id := range orders {
			if numbers[i] = d.number(id); numbers[i] >= 0 {
				calls[i] = d.calls[numbers[i]] // only ever appended to
			}
		}
	}
	c.mu.Unlock()
	for i, id := range orders {
		if d == nil || numbers[i] < 0 {
			stories[i] = &story{ref: ref{task, id}, nonexistent: true}
			continue
		}
		stories[i] = c.story(d, numbers[i], calls[i])
	}
	return stories
}

// advance lets a dialer dial until now. The lock is held.
func (c *campaign) advance(d *dialer, now time.Time) {
	if !c.start.IsZero() {
		d.advance(now.Sub(c.start))
	}
}

// snapshot returns the calls that a dialer's orders have had by now, and how
// long the campaign has lasted; before the start that is negative.
func (c *campaign) snapshot(d *dialer, now time.Time) ([][]placedCall, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.start.IsZero() {
		return nil, -1
	}
	c.advance(d, now)
	return append([][]placedCall(nil), d.calls...), now.Sub(c.start)
}

// dialed is the roster of a campaign: all orders of the list, also those that
// nobody asked for.
func (s *Simulator) dialed(task string, at time.Time) iter.Seq[listing] {
	return func(yield func(listing) bool) {
		d := s.campaign.dialers[task]
		if d == nil {
			return
		}
		calls, now := s.campaign.snapshot(d, at)
		for i, id := range d.ids {
			l := listing{id: id}
			if calls != nil {
				l.status, l.finished = statusOf(calls[i], now)
			}
			if !yield(l) {
				return
			}
		}
	}
}

// StartCampaign starts the dialing of a campaign that has not started, and
// returns when it started; the zero time without a campaign.
func (s *Simulator) StartCampaign() time.Time {
	if s.campaign == nil {
		return time.Time{}
	}
	return s.campaign.begin(s.config.Now())
}

// shuffled are the numbers below n in a chance order that a seed decides.
func shuffled(seed uint64, n int) []int {
	return rand.New(rand.NewPCG(seed, uint64(n))).Perm(n)
}

// taskName and orderPrefix name what a campaign has.
func taskName(task int) string    { return "campaign-" + strconv.Itoa(task) }
func orderPrefix(task int) string { return "c" + strconv.Itoa(task) + "-" }
