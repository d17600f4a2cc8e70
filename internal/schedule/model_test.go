package schedule

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"callstream/internal/order"
)

// model is a plan and what is to be expected of it, whatever it believes.
type model struct {
	t      *rapid.T
	p      *Plan
	now    order.Millis
	items  []*Item
	in     map[*Item]bool         // it is in the plan
	out    map[*Item]bool         // it is also out
	asked  map[*Item]order.Millis // when it was asked for last
	not    map[*Item]order.Millis // before this it may not be asked for
	phases map[*Item]order.Phase  // as shown last
}

func newModel(t *rapid.T) *model {
	size := rapid.SampledFrom([]int{1, 2, 3, 8, 40}).Draw(t, "size")
	m := &model{
		t: t, p: NewPlan(size, time.Duration(rapid.IntRange(0, 300).Draw(t, "linger"))*time.Millisecond, timing()), now: noon,
		in: map[*Item]bool{}, out: map[*Item]bool{}, asked: map[*Item]order.Millis{}, not: map[*Item]order.Millis{}, phases: map[*Item]order.Phase{},
	}
	for n := range rapid.IntRange(6, 20).Draw(t, "orders") {
		m.items = append(m.items, item(fmt.Sprint("task ", n%3), n))
	}
	return m
}

func (m *model) millis(most int, what string) order.Millis {
	return order.Millis(rapid.IntRange(0, most).Draw(m.t, what))
}

// sight returns what an answer might show of an order, also what no API would.
func (m *model) sight(i *Item) Sight {
	s := Sight{At: m.now - m.millis(200, "answered ago"), News: rapid.IntRange(0, 50).Draw(m.t, "news")}
	if i.looked > 0 && i.task != nil {
		s.At = max(s.At, i.looked)
	}
	if rapid.IntRange(0, 4).Draw(m.t, "shows") == 0 && m.phases[i] == order.PhaseUnheard {
		s.Facts.MissingSince = s.At - m.millis(4_000_000, "missing for")
		return s
	}
	s.Facts = order.Facts{
		ChangedAt: s.At - m.millis(1_000_000, "quiet for"), Ended: rapid.Bool().Draw(m.t, "ended"),
		Unconfirmed: rapid.IntRange(0, 4).Draw(m.t, "unconfirmed") == 0,
		Course:      order.Course{Phase: order.Phase(rapid.IntRange(int(order.PhaseQueued), order.Phases-1).Draw(m.t, "phase"))},
	}
	if rapid.Bool().Draw(m.t, "times") {
		s.Facts.Since = s.At - m.millis(60_000, "since") + 2*second
		s.Facts.Started = s.Facts.Since - m.millis(60_000, "started")
	}
	if rapid.IntRange(0, 4).Draw(m.t, "later") == 0 {
		s.Facts.NotBefore = m.now + m.millis(60_000, "not before")
	}
	m.phases[i] = s.Facts.Phase
	return s
}

// isBack takes an order back from what was done with it.
func (m *model) isBack(i *Item, how string) {
	delete(m.out, i)
	switch how {
	case "looked at":
		s := m.sight(i)
		m.not[i] = s.Facts.NotBefore
		if !s.Facts.Seen() {
			m.not[i] = timing().missingPause(s.Facts, s.At)
		}
		m.p.Looked(i, s, m.now)
	case "unanswered":
		m.not[i] = m.now + m.millis(20_000, "again in")
		m.p.Retry(i, m.not[i], rapid.Bool().Draw(m.t, "wanted"), m.now)
	case "asked for":
		m.ask(i)
	default:
		m.remove(i)
	}
}

func (m *model) ask(i *Item) {
	at := m.now
	if rapid.IntRange(0, 3).Draw(m.t, "later") == 0 {
		at += m.millis(60_000, "not before")
	}
	m.in[i], m.not[i] = true, at
	m.p.Ask(i, rapid.IntRange(0, 2).Draw(m.t, "partition"), at, m.now)
}

func (m *model) remove(i *Item) {
	m.p.Remove(i)
	for _, of := range []map[*Item]bool{m.in, m.out} {
		delete(of, i)
	}
	delete(m.asked, i)
	delete(m.phases, i)
}

// step does a random thing.
func (m *model) step() {
	i := m.items[rapid.IntRange(0, len(m.items)-1).Draw(m.t, "order")]
	what := rapid.SampledFrom([]string{"pass", "take", "take", "take", "ask", "hint", "hold", "remove", "restore", "back", "back"}).Draw(m.t, "what")
	switch {
	case what == "pass":
		m.now += m.millis(3000, "passes")
	case what == "take":
		m.take()
	case what == "hint":
		m.p.Hint(i, m.now)
		m.not[i] = min(m.not[i], m.now)
	case what == "remove":
		m.remove(i)
	case m.out[i]:
		m.isBack(i, rapid.SampledFrom([]string{"looked at", "looked at", "looked at", "unanswered", "asked for", "done with"}).Draw(m.t, "how"))
	case what == "ask":
		m.ask(i)
	case what == "hold":
		m.p.Hold(i)
		if m.in[i] {
			m.out[i] = true
		}
	case what == "restore" && !m.in[i]:
		s := m.sight(i)
		m.in[i], m.not[i] = true, s.Facts.NotBefore
		m.p.Restore(i, s.Facts, rapid.IntRange(0, 2).Draw(m.t, "partition"), s.At, m.now)
	}
}

// take takes a request if one is to be made, and checks it.
func (m *model) take() {
	at, ok := m.p.Next(m.now)
	if !ok || at > m.now {
		m.idle(at, ok)
		return
	}
	ready := map[string]int{}
	for _, t := range m.p.all {
		ready[t.name] = t.ready()
	}
	r := m.p.Take(m.now, rapid.Bool().Draw(m.t, "scouts"))
	if r.Scout {
		if len(r.Orders) > 0 || !m.p.tasks[r.Task].shown {
			m.t.Fatalf("a scout of task %q, never shown: %t, with %d orders", r.Task, !m.p.tasks[r.Task].shown, len(r.Orders))
		}
		m.scouted()
		return
	}
	if want := min(m.p.size, ready[r.Task]); len(r.Orders) != want || want == 0 {
		m.t.Fatalf("a request has %d orders, want %d", len(r.Orders), want)
	}
	for _, i := range r.Orders {
		switch asked, again := m.asked[i]; {
		case !m.in[i] || m.out[i] || i.Ref.Task != r.Task:
			m.t.Fatalf("takes order %v of a request for %q: in the plan %t, out %t", i.Ref, r.Task, m.in[i], m.out[i])
		case again && m.now-asked < 1980:
			m.t.Fatalf("asks for order %v again after %d ms", i.Ref, m.now-asked)
		case m.not[i] > m.now:
			m.t.Fatalf("asks for order %v %d ms too soon", i.Ref, m.not[i]-m.now)
		}
		m.out[i], m.asked[i] = true, m.now
	}
}

// scouted names orders, also some of which nobody knows.
func (m *model) scouted() {
	for _, i := range m.items {
		if rapid.Bool().Draw(m.t, "named") {
			m.p.Scouted([]*Item{i}, m.now)
			m.not[i] = min(m.not[i], m.now)
		}
	}
}

// idle checks that no request is to be made indeed.
func (m *model) idle(at order.Millis, ok bool) {
	for i := range m.in {
		t := m.p.tasks[i.Ref.Task]
		switch {
		case i.place == out:
		case !ok:
			m.t.Fatalf("nothing is to be asked for, but order %v is at place %d", i.Ref, i.place)
		case i.place != resting && (i.place != first || t.counts[first] >= m.p.size || m.now >= i.due+m.p.linger):
			m.t.Fatalf("no request before %d ms from now, but order %v waits at place %d", at-m.now, i.Ref, i.place)
		case i.place == resting && i.due < at:
			m.t.Fatalf("no request before %d ms from now, but order %v rests for %d", at-m.now, i.Ref, i.due-m.now)
		}
	}
}

// check checks that each order is in one place, and known there.
func (m *model) check() {
	members := map[string]*task{}
	inLists, inQueues := map[*list]int{}, map[*Item]int{}
	for _, t := range m.p.all {
		if m.p.tasks[t.name] != t || t.members == 0 {
			m.t.Fatalf("task %q has %d orders and is known: %t", t.name, t.members, m.p.tasks[t.name] == t)
		}
		for _, q := range []*queue{&t.urgent, &t.first} {
			q.walk(len(m.items)+1, func(i *Item) { inQueues[i]++ })
		}
		members[t.name] = &task{}
	}
	if len(m.p.tasks) != len(m.p.all) {
		m.t.Fatalf("%d tasks, %d of them in turn", len(m.p.tasks), len(m.p.all))
	}
	for _, i := range m.items {
		if !m.in[i] {
			if *i != (Item{Ref: i.Ref}) {
				m.t.Fatalf("order %v is not in the plan, but %+v", i.Ref, *i)
			}
			continue
		}
		k := members[i.Ref.Task]
		k.members++
		k.counts[i.place]++
		if i.list != nil {
			inLists[i.list]++
		}
		m.checkPlace(i, inQueues)
	}
	for name, want := range members {
		t := m.p.tasks[name]
		if t.members != want.members || t.counts != want.counts || len(t.paced) != want.counts[paced] {
			m.t.Fatalf("task %q has %d orders, by place %v; want %d, %v", name, t.members, t.counts, want.members, want.counts)
		}
		for _, l := range t.inLists {
			if l.live != inLists[l] {
				m.t.Fatalf("a list of task %q has %d orders, want %d", name, l.live, inLists[l])
			}
		}
	}
}

func (m *model) checkPlace(i *Item, inQueues map[*Item]int) {
	t := m.p.tasks[i.Ref.Task]
	where := map[place]bool{
		out: m.out[i], resting: holds(m.p.rests, i), paced: holds(t.paced, i),
		urgent: inQueues[i] == 1 && i.hinted, first: inQueues[i] == 1 && i.wanted && !i.hinted,
		listed: i.list != nil && i.list.items[i.pos] == i && i.at == 0,
	}
	if !where[i.place] || i.task != t || inQueues[i] > 0 != (i.place == urgent || i.place == first) || m.out[i] != (i.place == out) {
		m.t.Fatalf("order %v is at place %d, but %v; %d times in queues", i.Ref, i.place, where, inQueues[i])
	}
	if (i.phase <= order.PhaseQueued) != (i.list != nil) {
		m.t.Fatalf("order %v is %v, in a list: %t", i.Ref, i.phase, i.list != nil)
	}
}

// drain lets time pass until each order was looked at: nothing is lost.
func (m *model) drain() {
	waits := map[*Item]bool{}
	for _, i := range m.items {
		if m.out[i] {
			m.isBack(i, "unanswered")
		}
		if m.in[i] {
			waits[i] = true
		}
	}
	begin := m.now
	for range 200 * len(m.items) {
		if len(waits) == 0 {
			return
		}
		at, ok := m.p.Next(m.now)
		if !ok {
			m.t.Fatalf("%d orders wait, and nothing is to be asked for", len(waits))
		}
		m.now = max(at, m.now+second/2)
		for _, i := range m.p.Take(m.now, false).Orders {
			delete(waits, i)
			m.p.Looked(i, Sight{Facts: order.Facts{ChangedAt: 1, Course: order.Course{Phase: max(m.phases[i], order.PhaseQueued)}}, At: m.now}, m.now)
		}
	}
	for i := range waits {
		m.t.Errorf("order %v (%v, place %d) is not asked for within %d s", i.Ref, i.phase, i.place, (m.now-begin)/second)
	}
	m.t.FailNow()
}

// TestPlanModel does random things to a plan. Whatever happens and whatever is
// learnt of it, an order is in one place, no request is empty, has one twice or
// too soon, or leaves a place free, and no order is lost.
func TestPlanModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		for range rapid.IntRange(80, 200).Draw(t, "steps") {
			m.step()
			m.check()
		}
		m.drain()
		for _, i := range m.items {
			m.remove(i)
		}
		m.check()
		if at, ok := m.p.Next(m.now); ok || len(m.p.tasks)+len(m.p.rests) > 0 {
			t.Fatalf("an empty plan asks at %d, %t", at, ok)
		}
	})
}

func holds(h nodes[*Item], i *Item) bool {
	return slices.ContainsFunc(h, func(n timed[*Item]) bool { return n.of == i })
}
