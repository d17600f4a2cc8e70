package simulator

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"
)

// newTestCampaign is a simulator of a campaign that starts with StartCampaign.
func newTestCampaign(c *clock, speed float64, k Campaign) *Simulator {
	return newTest(c, func(config *Config) { config.Speed, config.Campaign = speed, &k })
}

// lived are a campaign's changes after some time, in lifelike lengths since its
// start, by call, and what there was of each kind.
type livedCall struct {
	task, order string
	attempt     int
	at          map[string]time.Duration
	lines       []time.Duration
}

func (l *livedCall) answered() bool { _, ok := l.at["in-call"]; return ok }

// live runs a campaign for a lifelike time and returns the calls it had, by start.
func live(t *testing.T, speed float64, k Campaign, lifelike time.Duration) []*livedCall {
	t.Helper()
	c := newClock()
	s := newTestCampaign(c, speed, k)
	start := s.StartCampaign().UnixMilli()
	c.advance(time.Duration(float64(lifelike) / speed))
	calls := map[string]*livedCall{}
	for change := range s.CampaignTruth() {
		l := calls[change.CallID]
		if l == nil {
			l = &livedCall{change.Task, change.Order, change.Attempt, map[string]time.Duration{}, nil}
			calls[change.CallID] = l
		}
		at := time.Duration(float64(change.At-start) * speed * float64(time.Millisecond))
		if change.What == "line" {
			l.lines = append(l.lines, at)
			continue
		}
		l.at[change.What] = at
	}
	var list []*livedCall
	for _, l := range calls {
		list = append(list, l)
	}
	slices.SortFunc(list, func(a, b *livedCall) int {
		return cmp.Or(cmp.Compare(a.at["dialing"], b.at["dialing"]), cmp.Compare(a.order, b.order))
	})
	return list
}

// sample collects lengths and holds them to the rule they were drawn by.
type sample struct {
	n        int
	sum      float64
	min, max float64
}

func (s *sample) add(d time.Duration) {
	v := d.Seconds()
	if s.n == 0 {
		s.min, s.max = v, v
	}
	s.n, s.sum, s.min, s.max = s.n+1, s.sum+v, min(s.min, v), max(s.max, v)
}

// TestCampaignLengths holds lengths to the rules, at life's pace and ten times
// that, where milliseconds are cut off.
func TestCampaignLengths(t *testing.T) {
	for _, speed := range []float64{1, 10} {
		var dialing, ringing, talk, gap, first, recording, answered sample
		for _, l := range live(t, speed, Campaign{Tasks: 2, Orders: 6000, Lines: 200}, 90*time.Minute) {
			end, ended := l.at["ended"]
			if !ended {
				continue
			}
			dialing.add(l.at["ringing"] - l.at["dialing"])
			rung := end
			answered.add(0)
			if l.answered() {
				rung = l.at["in-call"]
				answered.sum++
				talk.add(end - rung)
				for i, at := range l.lines {
					if i == 0 {
						first.add(at - rung)
						continue
					}
					gap.add(at - l.lines[i-1])
				}
				if at, ok := l.at["recording"]; ok {
					recording.add(at - end)
				}
			} else if len(l.lines) > 0 || l.at["recording"] > 0 {
				t.Fatalf("%s: an unanswered call with lines or a recording", l.order)
			}
			ringing.add(rung - l.at["ringing"])
		}
		slack := 0.001 * speed * 2
		for name, c := range map[string]struct {
			sample
			mean, tolerance, least, most float64
		}{
			"dialing": {dialing, 2.5, 0.05, 1, 4}, "ringing": {ringing, 13, 0.3, 3, 23}, "talk": {talk, 60, 3, 10, math.Inf(1)},
			"first line": {first, 1, 0.02, 1, 1}, "between lines": {gap, 4.5, 0.05, 2, 7}, "recording": {recording, 20, 0.6, 5, 35},
			"answered": {answered, 0.4, 0.02, 0, 1},
		} {
			mean := c.sum / float64(c.n)
			if math.Abs(mean-c.mean) > c.tolerance || c.min < c.least-slack || c.max > c.most+slack || c.n < 2000 {
				t.Errorf("speed %v, %s: %d, mean %.3f, from %.3f to %.3f", speed, name, c.n, mean, c.min, c.max)
			}
		}
	}
}

// TestCampaignKeepsItsRules replays what happened: never more calls than lines,
// retries after their pause and before new ones, new ones in the list's order.
func TestCampaignKeepsItsRules(t *testing.T) {
	const lines, tasks = 40, 2
	calls := live(t, 1, Campaign{Tasks: tasks, Orders: 3000, Lines: lines}, 2*time.Hour)
	for n := 1; n <= tasks; n++ {
		var busy []time.Duration // when the lines are free again
		var due []*livedCall     // unanswered calls whose order is not dialed again yet
		next := 1
		for _, l := range calls {
			if l.task != taskName(n) {
				continue
			}
			at := l.at["dialing"]
			busy = slices.DeleteFunc(busy, func(free time.Duration) bool { return free <= at })
			if len(busy) == lines/tasks {
				t.Fatalf("%s at %v: all lines are busy", l.order, at)
			}
			if l.attempt > 1 {
				due = retried(t, due, l)
			} else {
				if waiting := slices.IndexFunc(due, func(d *livedCall) bool { return d.at["ended"]+retryAfter <= at }); waiting >= 0 {
					t.Fatalf("%s at %v: dialed before %s, which was due", l.order, at, due[waiting].order)
				}
				if want := fmt.Sprintf("c%d-%06d", n, next); l.order != want {
					t.Fatalf("dialed %s, the next of the list is %s", l.order, want)
				}
				next++
			}
			end, ended := l.at["ended"]
			if !ended {
				end = time.Hour * 9
			} else if !l.answered() && l.attempt < 3 {
				due = append(due, l)
			}
			busy = append(busy, end+lineGap)
		}
		if next < 1000 {
			t.Errorf("task %d: only %d orders were dialed", n, next-1)
		}
	}
}

// retried takes the call before l out of those that are due.
func retried(t *testing.T, due []*livedCall, l *livedCall) []*livedCall {
	t.Helper()
	i := slices.IndexFunc(due, func(d *livedCall) bool { return d.order == l.order && d.attempt == l.attempt-1 })
	if i < 0 || l.at["dialing"] < due[i].at["ended"]+retryAfter || l.attempt > 3 {
		t.Fatalf("%s: attempt %d at %v, not ten minutes after the one before", l.order, l.attempt, l.at["dialing"])
	}
	return slices.Delete(due, i, i+1)
}

// TestCampaignIdleLines: with lines to spare, an order is tried again exactly
// when it is due, and the end of the list ends the campaign.
func TestCampaignIdleLines(t *testing.T) {
	last := map[string]*livedCall{}
	for _, l := range live(t, 1, Campaign{Tasks: 1, Orders: 30, Lines: 50}, 3*time.Hour) {
		if before := last[l.order]; before != nil && l.at["dialing"] != before.at["ended"]+retryAfter {
			t.Errorf("%s: ended at %v and dialed again at %v", l.order, before.at["ended"], l.at["dialing"])
		}
		last[l.order] = l
	}
	for _, l := range last {
		if !l.answered() && l.attempt != 3 {
			t.Errorf("%s: not answered and not tried again", l.order)
		}
	}
	if len(last) != 30 {
		t.Errorf("%d orders dialed", len(last))
	}
}

func TestCampaignRandomList(t *testing.T) {
	first := map[string]int{}
	var sum float64
	for i, l := range live(t, 1, Campaign{Tasks: 1, Orders: 1000, Lines: 200, Random: true}, 2*time.Hour) {
		if _, ok := first[l.order]; !ok {
			first[l.order] = i
			if len(first) <= 200 {
				var n int
				fmt.Sscanf(l.order, "c1-%d", &n)
				sum += float64(n)
			}
		}
	}
	if mean := sum / 200; len(first) != 1000 || math.Abs(mean-500) > 80 {
		t.Errorf("%d orders dialed, the first 200 of them about the %.0fth of the list", len(first), mean)
	}
}

func TestCampaignOutage(t *testing.T) {
	k := Campaign{Tasks: 1, Orders: 3000, Lines: 20, OutageFrom: 20 * time.Minute, OutageTo: 50 * time.Minute}
	var before, after int
	for _, l := range live(t, 10, k, 70*time.Minute) {
		switch at := l.at["dialing"]; {
		case at < k.OutageFrom:
			before++
		case at < k.OutageTo:
			t.Fatalf("%s is dialed at %v", l.order, at)
		default:
			after++
		}
	}
	if before < 300 || after < 300 {
		t.Errorf("%d calls before, %d after", before, after)
	}
}

// TestCampaignIsDecidedBySeed, and by nothing else: not by when it is looked at.
func TestCampaignIsDecidedBySeed(t *testing.T) {
	world := func(seed uint64, step time.Duration) string {
		c := newClock()
		s := newTest(c, func(config *Config) {
			config.Seed, config.Campaign = seed, &Campaign{Tasks: 2, Orders: 100, Lines: 10, Random: true, StartIn: time.Minute}
		})
		for range time.Hour / step {
			c.advance(step)
			post(s, query("campaign-1", numberedOrders(1)...))
		}
		return control(s, http.MethodGet, "campaign/truth", "").Body.String()
	}
	if world(3, time.Second) != world(3, time.Minute) {
		t.Error("the same seed, another world")
	}
	if world(1, time.Minute) == world(2, time.Minute) {
		t.Error("another seed, the same world")
	}
}
