package schedule

import (
	"math/rand/v2"
	"testing"

	"callstream/internal/order"
)

// TestScoutWorth is of a task with 1,000 queued orders of which one begins in 10
// units, and 20 units after noon.
func TestScoutWorth(t *testing.T) {
	const n, units = 1000, 20
	now := noon + units*second
	all := startWeight * 0.1 * units * units / 2 // a scout that finds all
	tests := []struct {
		name string
		edit func(t *task)
		want float64
	}{
		{"never scouted: since the sweep came by", func(*task) {}, all * hopedYield},
		{"no answer has shown the task", func(t *task) { t.shown = false }, 0},
		{"scouted just now", func(t *task) { t.scouts.at = now }, 0},
		{"scouted half as long ago: a quarter", func(t *task) { t.scouts.at = now - units/2*second }, all * hopedYield / 4},
		{"scouted longer ago than the sweep came by", func(t *task) { t.scouts.at = noon - 3600*second }, all * hopedYield},
		{"finds all", func(t *task) { t.scouts.tried, t.scouts.yield = true, 1 }, all},
		{"finds half", func(t *task) { t.scouts.tried, t.scouts.yield = true, 0.5 }, all / 2},
		{"finds nothing: now and then it may try again", func(t *task) { t.scouts.tried = true }, all * leastYield},
		{"nobody dials", func(t *task) { t.dialed = now - (lull+doubt)*second }, all * hopedYield / 2},
		{"calls begin where one knows", func(t *task) { t.hazards[far] = 0 }, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlan(10)
			crowd(p, "a", n, order.PhaseQueued, noon, noon)
			k := p.tasks["a"]
			k.hazards[far], k.swept, k.dialed = 0.1/n, units, now
			tt.edit(k)
			if got := p.scoutWorth(k, now); !near(got, tt.want, 1e-9) {
				t.Errorf("a scout is worth %v, want %v", got, tt.want)
			}
		})
	}
}

// TestScoutsCompete is of two tasks whose requests are worth little or much, and
// their scouts too.
func TestScoutsCompete(t *testing.T) {
	tests := []struct {
		name     string
		requests int // made before
		scouts   bool
		fill     func(p *Plan)
		want     Request // but for the orders
	}{
		{"a scout is worth more", 1, true, func(*Plan) {}, Request{Task: "a", Scout: true}},
		{"none is wanted", 1, false, func(*Plan) {}, Request{Task: "a"}},
		{"not in the fair turn", 4, true, func(*Plan) {}, Request{Task: "a"}},
		{"nor in that of first looks", 1, true, func(p *Plan) { ask(p, "b", 1, noon-100) }, Request{Task: "b"}},
		{"a request is worth more", 1, true, func(p *Plan) { crowd(p, "b", 10, order.PhaseInCall, noon-3600*second, noon) }, Request{Task: "b"}},
		{"the one that is worth most", 1, true, func(p *Plan) {
			crowd(p, "b", 10, order.PhaseInCall, noon-5*second, noon)
			crowd(p, "c", 1000, order.PhaseQueued, noon, noon)
			p.tasks["c"].hazards[far], p.tasks["c"].swept = 1, 20
		}, Request{Task: "c", Scout: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlan(10)
			crowd(p, "a", 1000, order.PhaseQueued, noon, noon)
			tt.fill(p)
			for _, k := range p.all { // their hazards are as set, not as learnt
				k.sum.made = noon
			}
			a := p.tasks["a"]
			a.swept, a.hazards[far] = 20, 1e-4
			p.requests = tt.requests
			got := p.Take(noon, tt.scouts)
			if got.Task != tt.want.Task || got.Scout != tt.want.Scout || (len(got.Orders) == 0) != tt.want.Scout {
				t.Errorf("takes a request for task %s, a scout: %t, of %d orders; want %+v", got.Task, got.Scout, len(got.Orders), tt.want)
			}
		})
	}
}

func TestScouted(t *testing.T) {
	put := func(phase order.Phase) func(p *Plan, i *Item) {
		return func(p *Plan, i *Item) { p.Restore(i, shown(phase, noon), 0, noon, noon) }
	}
	tests := []struct {
		name string
		put  func(p *Plan, i *Item)
		want place
	}{
		{"queued", put(order.PhaseQueued), urgent},
		{"waits for its first look", func(p *Plan, i *Item) { p.Ask(i, 0, noon, noon) }, urgent},
		{"dispatching: known", put(order.PhaseDispatching), paced},
		{"in a call: known", put(order.PhaseInCall), paced},
		{"between calls: the next one", put(order.PhaseBetween), urgent},
		{"ended, as one thought", put(order.PhaseEnded), urgent},
		{"out", func(p *Plan, i *Item) { put(order.PhaseQueued)(p, i); p.Hold(i) }, out},
		{"nobody asked for it", func(*Plan, *Item) {}, nowhere},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlan(10)
			i := item("a", 1)
			tt.put(p, i)
			p.Scouted([]*Item{i}, noon)
			if i.place != tt.want {
				t.Errorf("is at place %d, want %d", i.place, tt.want)
			}
		})
	}
}

// TestConfirmed: what a scout named counts as found once a look shows it.
func TestConfirmed(t *testing.T) {
	tests := []struct {
		name    string
		scouted bool
		shows   order.Phase
		want    float64
	}{
		{"it has begun", true, order.PhaseInCall, 1},
		{"it waits", true, order.PhaseQueued, 0},
		{"it has begun, and no scout named it", false, order.PhaseInCall, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlan(10)
			i := crowd(p, "a", 1, order.PhaseQueued, noon, noon)[0]
			if tt.scouted {
				p.Scouted([]*Item{i}, noon)
			}
			p.Hold(i)
			p.Looked(i, Sight{Facts: shown(tt.shows, noon+second), At: noon + second}, noon+second)
			if got := i.task.scouts.confirmed; got != tt.want || i.scouted {
				t.Errorf("%v are confirmed, want %v; named still: %t", got, tt.want, i.scouted)
			}
		})
	}
}

func TestYield(t *testing.T) {
	tests := []struct {
		name string
		was  scouting
		want scouting // but for what the next scout should name
	}{
		{"the first scout", scouting{}, scouting{}},
		{"the first that is judged: by itself", scouting{at: 1, promised: 4, confirmed: 1}, scouting{yield: 0.25, tried: true}},
		{"others: little by little", scouting{at: 1, promised: 4, confirmed: 1, yield: 0.75, tried: true}, scouting{yield: 0.75 - 0.3*0.5, tried: true}},
		{"more than was expected", scouting{at: 1, promised: 4, confirmed: 9}, scouting{yield: 1, tried: true}},
		{"too little was expected to judge", scouting{at: 1, promised: 0.9, yield: 0.5, tried: true}, scouting{yield: 0.5, tried: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlan(10)
			crowd(p, "a", 1000, order.PhaseQueued, noon, noon)
			k := p.tasks["a"]
			k.hazards[far], k.swept, k.scouts = 1e-3, 5, tt.was
			p.beginScout(k, noon)
			tt.want.at, tt.want.promised = noon, 5
			if got := k.scouts; !near(got.yield, tt.want.yield, 1e-9) || got.promised != tt.want.promised ||
				got.tried != tt.want.tried || got.confirmed != 0 || got.at != noon {
				t.Errorf("scouts are %+v, want %+v", got, tt.want)
			}
		})
	}
}

// campaign is a task whose orders are dialed at random, one a second, each for 20
// s; two requests a second of 20 orders are made, and scouts answered.
type campaign struct {
	p      *Plan
	items  []*Item
	begins map[*Item]order.Millis
	scouts [4]int       // by quarter of the time
	late   order.Millis // from the starts to the looks that showed them, together
	known  int          // starts
}

const campaignLasts = 1200 * second

func runCampaign(wanted bool, named func(c *campaign, now order.Millis) []*Item) *campaign {
	const calls = 20 * second
	c := &campaign{p: newPlan(20), begins: map[*Item]order.Millis{}}
	c.items = crowd(c.p, "a", 3000, order.PhaseQueued, noon, noon)
	rng := rand.New(rand.NewPCG(1, 2))
	for k, n := range rng.Perm(len(c.items)) {
		c.begins[c.items[n]] = noon + order.Millis(k)*second
	}
	for now := noon; now < noon+campaignLasts; now += second / 2 {
		if at, ok := c.p.Next(now); !ok || at > now {
			continue
		}
		r := c.p.Take(now, wanted)
		if r.Scout {
			c.scouts[4*(now-noon)/campaignLasts]++
			c.p.Scouted(named(c, now), now)
		}
		for _, i := range r.Orders {
			f := shown(order.PhaseQueued, noon)
			if began := c.begins[i]; began <= now {
				f = shown(order.PhaseInCall, began)
				f.Started = began
				if began+calls <= now {
					f = shown(order.PhaseEnded, began+calls)
					f.Started = began
				}
			}
			if i.phase == order.PhaseQueued && f.Phase != i.phase {
				c.late += now - f.Started
				c.known++
			}
			c.p.Looked(i, Sight{Facts: f, At: now}, now)
		}
	}
	return c
}

// inCalls names the orders in calls: an honest scout.
func inCalls(c *campaign, now order.Millis) (named []*Item) {
	for _, i := range c.items {
		if began := c.begins[i]; began <= now && now < began+20*second {
			named = append(named, i)
		}
	}
	return named
}

// liar names orders that are in no call.
func liar(c *campaign, now order.Millis) (named []*Item) {
	for _, i := range c.items {
		if c.begins[i] > now && len(named) < 20 {
			named = append(named, i)
		}
	}
	return named
}

// TestScoutsAreJudgedByWhatTheyFind: those that find calls save their lateness,
// those that find none become rare and cost next to nothing.
func TestScoutsAreJudgedByWhatTheyFind(t *testing.T) {
	without := runCampaign(false, nil)
	if without.scouts != [4]int{} {
		t.Errorf("makes %v scouts, none are wanted", without.scouts)
	}
	tests := []struct {
		name  string
		named func(c *campaign, now order.Millis) []*Item
		finds bool
	}{
		{"an honest vendor", inCalls, true},
		{"one that names nothing", func(*campaign, order.Millis) []*Item { return nil }, false},
		{"one that names others", liar, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := runCampaign(true, tt.named)
			early, late, yield := c.scouts[0], c.scouts[3], c.p.tasks["a"].scouts.yield
			switch {
			case tt.finds && (yield < 0.9 || late < early/2 || c.lateness() > without.lateness()/5):
				t.Errorf("yields %v, %v scouts, starts are learnt of after %v s, without scouts after %v s", yield, c.scouts, c.lateness(), without.lateness())
			case !tt.finds && (yield > 0 || late > early/2 || c.lateness() > 1.1*without.lateness()):
				t.Errorf("yields %v, %v scouts, starts are learnt of after %v s, without scouts after %v s", yield, c.scouts, c.lateness(), without.lateness())
			}
		})
	}
}

// lateness returns after how many seconds starts were learnt of.
func (c *campaign) lateness() float64 { return float64(c.late) / float64(second) / float64(c.known) }
