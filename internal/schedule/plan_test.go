package schedule

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"callstream/internal/order"
)

// newPlan returns a plan whose unit is a second.
func newPlan(size int) *Plan { return NewPlan(size, 100*time.Millisecond, timing()) }

// item returns an order of a task that is in no plan.
func item(task string, n int) *Item {
	return &Item{Ref: order.Ref{Task: task, ID: fmt.Sprint(n)}}
}

// shown is what is known of an order since an answer that showed a change.
func shown(phase order.Phase, at order.Millis) order.Facts {
	return order.Facts{ChangedAt: at, Course: order.Course{Phase: phase, Since: at}}
}

// crowd puts so many orders of a task into a plan, which were last looked at at
// some moment.
func crowd(p *Plan, task string, n int, phase order.Phase, looked, now order.Millis) (items []*Item) {
	for k := range n {
		i := item(task, 1000*int(phase)+k)
		p.Restore(i, shown(phase, looked), 0, looked, now)
		items = append(items, i)
	}
	return items
}

// ask puts so many new orders of a task into a plan.
func ask(p *Plan, task string, n int, now order.Millis) (items []*Item) {
	for k := range n {
		i := item(task, k)
		p.Ask(i, 0, now, now)
		items = append(items, i)
	}
	return items
}

func TestNext(t *testing.T) {
	const linger = 100
	tests := []struct {
		name string
		fill func(p *Plan)
		want order.Millis // after noon; -1 = never
	}{
		{"nothing to be looked at", func(*Plan) {}, -1},
		{"a first look lingers for others", func(p *Plan) { ask(p, "a", 1, noon) }, linger},
		{"the oldest says for how long", func(p *Plan) { ask(p, "a", 1, noon-30); ask(p, "a", 1, noon) }, linger - 30},
		{"it has lingered", func(p *Plan) { ask(p, "a", 1, noon-linger) }, 0},
		{"a full request needs no linger", func(p *Plan) { ask(p, "a", 3, noon) }, 0},
		{"first looks of two tasks fill no request", func(p *Plan) { ask(p, "a", 2, noon-10); ask(p, "b", 2, noon) }, linger - 10},
		{"calls don't linger", func(p *Plan) { crowd(p, "a", 1, order.PhaseInCall, noon, noon) }, 0},
		{"and take first looks along", func(p *Plan) { ask(p, "a", 1, noon); crowd(p, "a", 1, order.PhaseInCall, noon, noon) }, 0},
		{"nor do hints", func(p *Plan) { p.Hint(ask(p, "a", 1, noon)[0], noon) }, 0},
		{"not before", func(p *Plan) { p.Ask(item("a", 1), 0, noon+5*second, noon) }, 5 * second},
		{"a first look before one that rests", func(p *Plan) { p.Ask(item("a", 1), 0, noon+5*second, noon); ask(p, "b", 1, noon) }, linger},
		{"one that rests before a first look", func(p *Plan) { p.Ask(item("a", 1), 0, noon+50, noon); ask(p, "b", 1, noon) }, 50},
		{"asked for just now", func(p *Plan) {
			crowd(p, "a", 1, order.PhaseInCall, noon, noon)
			i := p.Take(noon, false).Orders[0]
			p.Looked(i, Sight{Facts: shown(order.PhaseInCall, noon), At: noon}, noon)
		}, 1980},
		{"all are out", func(p *Plan) { crowd(p, "a", 2, order.PhaseInCall, noon, noon); p.Take(noon, false) }, -1},
		{"one is out for something else", func(p *Plan) { p.Hold(ask(p, "a", 1, noon)[0]) }, -1},
		{"all have settled", func(p *Plan) {
			for _, i := range crowd(p, "a", 2, order.PhaseEnded, noon, noon) {
				p.Remove(i)
			}
		}, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlan(3)
			tt.fill(p)
			at, ok := p.Next(noon)
			if ok != (tt.want >= 0) || ok && at != noon+tt.want {
				t.Errorf("Next = %d after noon, %t; want %d", at-noon, ok, tt.want)
			}
			if got := p.Take(noon, false); (len(got.Orders) > 0) != (tt.want == 0) && !ok {
				t.Errorf("takes %d orders where nothing is to be looked at", len(got.Orders))
			}
		})
	}
}

// TestRests: an order that was asked for at noon rests after its answer, for how
// long and to be taken from where depends on what the answer shows.
func TestRests(t *testing.T) {
	const answered = noon + 50
	looked := func(f order.Facts) func(p *Plan, i *Item) {
		return func(p *Plan, i *Item) { p.Looked(i, Sight{Facts: f, At: answered}, answered+10) }
	}
	missing := func(since order.Millis) order.Facts {
		return order.Facts{Tracking: order.Tracking{MissingSince: since}}
	}
	with := func(edit func(f *order.Facts)) order.Facts {
		f := shown(order.PhaseInCall, answered)
		edit(&f)
		return f
	}
	tests := []struct {
		name  string
		back  func(p *Plan, i *Item)
		want  order.Millis // after noon
		place place
	}{
		{"queued", looked(shown(order.PhaseQueued, answered)), 1980, listed},
		{"in a call", looked(shown(order.PhaseInCall, answered)), 1980, paced},
		{"ended", looked(shown(order.PhaseEnded, answered)), 1980, paced},
		{"an unconfirmed correction: first of all", looked(with(func(f *order.Facts) { f.Unconfirmed = true })), 1980, urgent},
		{"not to be asked for before", looked(with(func(f *order.Facts) { f.NotBefore = noon + 60*second })), 60 * second, first},
		{"that is over", looked(with(func(f *order.Facts) { f.NotBefore = noon })), 1980, paced},
		{"missing", looked(missing(answered)), 2050, first},
		{"missing for 20 s", looked(missing(answered - 20*second)), 10_050, first},
		{"missing for long: its last look", looked(missing(noon - 3590*second)), 10 * second, first},
		{"unanswered", func(p *Plan, i *Item) { p.Retry(i, noon+5*second, false, answered) }, 5 * second, paced},
		{"unanswered, a request waits", func(p *Plan, i *Item) { p.Retry(i, noon+5*second, true, answered) }, 5 * second, first},
		{"unanswered, to be tried at once", func(p *Plan, i *Item) { p.Retry(i, answered, false, answered) }, 1980, paced},
		{"asked for again", func(p *Plan, i *Item) { p.Ask(i, 0, answered, answered) }, 1980, first},
		{"a hint while it was out is over", func(p *Plan, i *Item) {
			p.Hint(i, answered)
			looked(shown(order.PhaseInCall, answered))(p, i)
		}, 1980, paced},
		{"a hint while it rests", func(p *Plan, i *Item) {
			looked(with(func(f *order.Facts) { f.NotBefore = noon + 60*second }))(p, i)
			p.Hint(i, answered+20)
		}, 1980, urgent},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlan(3)
			i := crowd(p, "a", 1, order.PhaseInCall, noon, noon)[0]
			p.Take(noon, false)
			tt.back(p, i)
			if at, ok := p.Next(answered + 20); !ok || at != noon+tt.want {
				t.Fatalf("rests until %d after noon, %t; want %d", at-noon, ok, tt.want)
			}
			p.Next(noon + tt.want)
			if i.place != tt.place {
				t.Errorf("is then at place %d, want %d", i.place, tt.place)
			}
		})
	}
}

// TestUnheardIsAFirstLook also after a look that went unanswered.
func TestUnheardIsAFirstLook(t *testing.T) {
	p := newPlan(3)
	i := ask(p, "a", 1, noon)[0]
	p.Take(noon, false)
	p.Retry(i, noon+5*second, false, noon+100)
	p.Next(noon + 5*second)
	if i.place != first || i.LookedAt() != 0 {
		t.Errorf("is at place %d, looked at at %d", i.place, i.LookedAt())
	}
}

// TestLongestPause: however little a look is worth, its place is due then.
func TestLongestPause(t *testing.T) {
	ended := shown(order.PhaseEnded, noon)
	ended.Ended = true
	tests := []struct {
		name   string
		facts  order.Facts
		looked order.Millis // after noon
		want   order.Millis // after noon
	}{
		{"POLL_MAX", shown(order.PhaseInCall, noon), 5 * second, 305 * second},
		{"when it settles", ended, 800 * second, 900 * second},
		{"not yet when it settles", ended, 5 * second, 305 * second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlan(3)
			crowd(p, "a", 1, order.PhaseInCall, noon, noon)
			p.tasks["a"].price = 1e9
			i := item("a", 1)
			p.Restore(i, tt.facts, 0, noon+tt.looked, noon+tt.looked)
			if i.place != paced || i.due != noon+tt.want || i.LookedAt() != noon+tt.looked {
				t.Errorf("is worth a place (%d) %d after noon, want %d", i.place, i.due-noon, tt.want)
			}
			now := i.due
			if got, price := p.worthOf(i, now).sum, p.tasks["a"].price; got < price {
				t.Errorf("is worth %v then, where a place is worth %v", got, price)
			}
		})
	}
}

func TestTasksComeAndGo(t *testing.T) {
	p := newPlan(3)
	items := append(ask(p, "a", 2, noon), crowd(p, "b", 2, order.PhaseInCall, noon, noon)...)
	for k, i := range items {
		if got, want := len(p.tasks), 2-k/2; got != want {
			t.Errorf("has %d tasks before order %d left, want %d", got, k, want)
		}
		p.Remove(i)
		p.Remove(i) // is not in: nothing
		p.Hint(i, noon)
		p.Hold(i)
		if *i != (Item{Ref: i.Ref}) {
			t.Errorf("an order that left is %+v", *i)
		}
	}
	if len(p.tasks)+len(p.all) > 0 {
		t.Errorf("keeps %d tasks", len(p.all))
	}
	if r := p.Take(noon, true); r.Task != "" || r.Scout || len(r.Orders) > 0 {
		t.Errorf("takes %+v", r)
	}
}

// TestRestored: orders whose state was read at the start are not all due at once.
// New requests go before them, then those in calls, then by what is expected.
func TestRestored(t *testing.T) {
	const now = noon + 60*second
	p := newPlan(8)
	queued := crowd(p, "a", 8, order.PhaseQueued, noon, now)
	var ended []*Item
	for k := range 8 { // one after the other, the latest first
		i := item("a", k)
		p.Restore(i, shown(order.PhaseEnded, noon-order.Millis(k)*500*second), 0, noon, now)
		ended = append(ended, i)
	}
	calls := crowd(p, "a", 4, order.PhaseInCall, noon, now)
	var newcomers []*Item
	for k := range 2 {
		i := item("a", 100+k)
		p.Ask(i, 0, now, now)
		newcomers = append(newcomers, i)
	}
	tests := []struct {
		name string
		want []*Item
	}{
		{"the new, those in calls, two of the sweep", slices.Concat(newcomers, calls, queued[:2])},
		{"calls that may have begun, details that may have come", slices.Concat(queued[2:], ended[:2])},
		{"the rest", ended[2:]},
	}
	for _, tt := range tests {
		if got := p.Take(now, false).Orders; !sameOrders(got, tt.want) {
			t.Errorf("%s: takes %v, want %v", tt.name, names(got), names(tt.want))
		}
	}
}

func names(items []*Item) (all []string) {
	for _, i := range items {
		all = append(all, i.Ref.Task+i.Ref.ID)
	}
	slices.Sort(all)
	return all
}

func sameOrders(a, b []*Item) bool { return slices.Equal(names(a), names(b)) }
