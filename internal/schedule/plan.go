package schedule

import (
	"time"

	"callstream/internal/order"
)

// place is where in a Plan an order is.
type place uint8

const (
	nowhere place = iota
	out           // it is being looked at, or something else is done with it
	resting       // it may not be asked for yet
	urgent        // it goes with the next request of its task
	first         // it waits for its first look, or for one that a request asked for
	paced         // it is in the course of its calls, or over
	listed        // its calls have not begun: see list
	places
)

// Item is one order's place in a Plan. The zero Item with a Ref is in none.
type Item struct {
	Ref       order.Ref
	task      *task
	list      *list // nil = in none
	pos       int32 // in the list
	partition int32
	mark      uint32 // of the latest gathering that found it
	place     place
	phase     order.Phase
	slot      uint8        // how far it was from the latest starts when it was taken out: see starts
	hinted    bool         // urgent as soon as it may be asked for
	wanted    bool         // first as soon as it may be asked for
	scouted   bool         // a scout named it, and no look followed yet
	asked     order.Millis // when it was last asked for; 0 = never
	looked    order.Millis // when an answer last told of it; 0 = none has
	since     order.Millis // when its phase began
	latest    order.Millis // when it must be looked at, however little is expected
	due       order.Millis // resting: until when. first: since when. paced: when it is worth its place
	at        int          // in a heap or queue
}

func (i *Item) time() order.Millis { return i.due }
func (i *Item) node() *int         { return &i.at }

// LookedAt returns when an answer last told of the order; 0 = none has.
func (i *Item) LookedAt() order.Millis { return i.looked }

// leeway is the part of POLL_MIN by which an order may be asked for too soon: a
// turn comes a little sooner or later than its slot begins, and without leeway
// half of the orders would miss the slot that is POLL_MIN later.
const leeway = 100

// Plan holds the orders that are to be looked at and forms requests of them. An
// order is in one place at a time; the methods move it.
type Plan struct {
	size   int
	linger order.Millis
	pause  order.Millis // least between two requests for an order
	timing Timing
	clock  clock

	tasks map[string]*task
	all   []*task                // the same
	rests nodes[*Item]           // orders that may not be asked for yet, by until when
	fleet [order.Phases]*history // of all tasks

	requests int // taken so far
	mark     uint32
	found    []candidate // of the latest gathering in this request
	foundOf  *task       // whose they are; nil = nobody's yet
	walk     []int       // for reuse: see task.soonest
}

// NewPlan returns an empty plan whose requests have at most size orders. An
// order that waits for its first look lets others of its task come, up to
// linger.
func NewPlan(size int, linger time.Duration, timing Timing) *Plan {
	return &Plan{
		size: size, linger: millis(linger), pause: millis(timing.PollMin - timing.PollMin/leeway), timing: timing,
		clock: clock{unit: max(1, float64(timing.PollMin.Milliseconds())/2)},
		tasks: map[string]*task{},
	}
}

// Ask has an order looked at before those that were looked at already, but not
// before the given moment. It is of the given partition.
func (p *Plan) Ask(i *Item, partition int, at, now order.Millis) {
	t := p.join(i, partition, now)
	if i.phase == order.PhaseUnheard && i.list == nil {
		t.list(i.partition).append(i)
	}
	i.wanted = true
	if at <= now && (i.place == first || i.place == urgent) {
		return // it keeps its turn: asked for again and again, it would never come to it
	}
	p.rest(i, at, now)
}

// Hint has an order looked at with the next request of its task. It does
// nothing for one that is urgent already, out, or not in the plan.
func (p *Plan) Hint(i *Item, now order.Millis) {
	if i.task == nil || i.place == out || i.place == urgent {
		return
	}
	i.hinted = true
	p.rest(i, now, now)
}

// Hold takes an order out for something else than a look. It does nothing for
// one that is not in the plan.
func (p *Plan) Hold(i *Item) {
	if i.task != nil {
		p.takeOut(i)
	}
}

// takeOut takes an order out until it is put back.
func (p *Plan) takeOut(i *Item) {
	p.leave(i)
	i.task.move(i, out)
	if i.list != nil {
		i.slot = uint8(slot(i.list.distance(int(i.pos)))) //nolint:gosec // there are few
	}
}

// Remove takes an order out for good, if it is in.
func (p *Plan) Remove(i *Item) {
	t := i.task
	if t == nil {
		return
	}
	p.leave(i)
	if i.list != nil {
		i.list.remove(i)
	}
	*i = Item{Ref: i.Ref}
	if t.members--; t.members == 0 {
		p.drop(t)
	}
}

// Restore puts an order in whose state was read, and which was looked at last at
// the given moment or before. Orders come in the order of their requests.
func (p *Plan) Restore(i *Item, f order.Facts, partition int, looked, now order.Millis) {
	t := p.join(i, partition, now)
	if f.Seen() {
		i.looked = min(looked, now)
		i.phase, i.since = f.Phase, within(f.Since, 0, i.looked, min(f.ChangedAt, i.looked))
		i.latest = p.timing.latest(f, i.looked)
		t.shown = true
	}
	p.put(i, f, now)
}

// Sight is what an answer showed of an order.
type Sight struct {
	Facts order.Facts  // what is known from then on
	At    order.Millis // when it arrived
	News  int          // changes that were announced because of it
}

// Looked takes an order back of which an answer told, and learns from it.
func (p *Plan) Looked(i *Item, s Sight, now order.Millis) {
	p.learn(i, s)
	i.hinted, i.wanted = false, false
	i.looked = s.At
	i.latest = p.timing.latest(s.Facts, s.At)
	p.put(i, s.Facts, now)
}

// Retry takes an order back that went unanswered: it is not asked for before a
// moment. wanted tells that a request waits for it.
func (p *Plan) Retry(i *Item, at order.Millis, wanted bool, now order.Millis) {
	i.wanted = wanted || i.phase == order.PhaseUnheard
	p.rest(i, at, now)
}

// put puts an order where what is known of it belongs.
func (p *Plan) put(i *Item, f order.Facts, now order.Millis) {
	switch queued := i.phase <= order.PhaseQueued; {
	case queued && i.list == nil:
		i.task.list(i.partition).append(i)
	case !queued && i.list != nil:
		i.list.remove(i)
	}
	until := f.NotBefore
	switch {
	case !f.Seen():
		i.wanted = true
		if i.looked > 0 {
			until = max(until, p.timing.missingPause(f, i.looked))
		}
	case f.NotBefore > now:
		i.wanted = true
	case f.Unconfirmed:
		i.hinted = true
	}
	p.rest(i, until, now)
}

// rest lets an order wait until a moment, and POLL_MIN in any case.
func (p *Plan) rest(i *Item, until, now order.Millis) {
	p.leave(i)
	if i.asked > 0 {
		until = max(until, i.asked+p.pause)
	}
	if until <= now {
		p.wake(i, now)
		return
	}
	i.due = until
	i.task.move(i, resting)
	p.rests.set(i)
}

// wakeAll puts those orders where they are taken from whose rest is over.
func (p *Plan) wakeAll(now order.Millis) {
	for len(p.rests) > 0 && p.rests[0].time <= now {
		i := p.rests[0].of
		p.leave(i)
		p.wake(i, now)
	}
}

// wake puts an order where it is taken from.
func (p *Plan) wake(i *Item, now order.Millis) {
	t := i.task
	switch {
	case i.hinted:
		t.move(i, urgent)
		t.urgent.add(i)
	case i.wanted:
		i.due = now
		t.move(i, first)
		t.first.add(i)
	case i.list != nil:
		t.move(i, listed)
	default:
		i.due = p.worthAPlace(i, now)
		t.move(i, paced)
		t.paced.set(i)
	}
	t.sum.add(p.worthOf(i, now), p.clock, now)
}

// leave takes an order out of where it is.
func (p *Plan) leave(i *Item) {
	switch i.place {
	case resting:
		p.rests.remove(i)
	case urgent:
		i.task.urgent.remove(i)
	case first:
		i.task.first.remove(i)
	case paced:
		i.task.paced.remove(i)
	}
	i.task.move(i, nowhere)
}

// join returns the task of an order, which becomes a member of it.
func (p *Plan) join(i *Item, partition int, now order.Millis) *task {
	if i.task != nil {
		return i.task
	}
	t := p.tasks[i.Ref.Task]
	if t == nil {
		t = newTask(i.Ref.Task, now)
		p.tasks[t.name] = t
		p.all = append(p.all, t)
	}
	i.task, i.partition = t, int32(partition) //nolint:gosec // Kafka counts partitions in an int32
	t.members++
	return t
}

// drop forgets a task that has no orders left, and what was learnt of it.
func (p *Plan) drop(t *task) {
	delete(p.tasks, t.name)
	for k, other := range p.all {
		if other == t {
			last := len(p.all) - 1
			p.all[k], p.all[last] = p.all[last], nil
			p.all = p.all[:last]
			return
		}
	}
}
