package schedule

import (
	"cmp"
	"slices"

	"callstream/internal/order"
)

// What of the requests does not depend on beliefs: see the package's doc.
const (
	firstTurn = 2 // every so manieth request is of a task with first looks, if any has
	fairTurn  = 4 // every so manieth goes by fair shares
	firstPart = 2 // one in so many places is a first look's, if there are as many
	sweepPart = 4 // one in so many is the sweep's
)

const (
	// weighed is how many times as many paced orders are weighed as fit: they come in
	// the order in which they reach a price that was when they were put in.
	weighed = 2
	// priceWeight is how much the latest request counts for the price of a place.
	priceWeight = 0.2
	// leastPrice keeps the time at which an order is worth it finite.
	leastPrice = 1e-9
	// sweepWeight is how much one order counts for how long the sweep takes.
	sweepWeight = 0.002
	// stale is after how many units the sum of a task is made anew, as what is
	// learnt meanwhile changes it.
	stale = 60
)

// Request is what the API is asked next.
type Request struct {
	Task   string
	Scout  bool    // name the task's orders in calls
	Orders []*Item // look at these, which are out of the plan until they are back
}

// Next returns from when on a request may be made; not ok where nothing is to be
// looked at.
func (p *Plan) Next(now order.Millis) (at order.Millis, ok bool) {
	p.wakeAll(now)
	if len(p.rests) > 0 {
		at, ok = p.rests[0].time, true
	}
	for _, t := range p.all {
		ready := t.ready()
		if ready == 0 {
			continue
		}
		from := now
		if ready == t.counts[first] && !t.lingered(p, now) {
			from = t.oldest() + p.linger
		}
		if !ok || from < at {
			at, ok = from, true
		}
		if at <= now {
			return now, true
		}
	}
	return at, ok
}

// Take takes the next request. There must be one to be made now: see Next.
// scouts tells whether it may be a scout.
func (p *Plan) Take(now order.Millis, scouts bool) Request {
	p.wakeAll(now)
	p.requests++
	p.foundOf = nil
	t, scout := p.choose(now, scouts)
	switch {
	case t == nil:
		return Request{}
	case scout:
		p.beginScout(t, now)
		return Request{Task: t.name, Scout: true}
	}
	return Request{Task: t.name, Orders: p.batch(t, now)}
}

// choose returns the task of the next request, and whether that is a scout: the
// task whose most worthwhile orders are worth most, but for the turns of first
// looks and of fair shares.
func (p *Plan) choose(now order.Millis, scouts bool) (t *task, scout bool) {
	round := 0.0 // requests that a round takes in which each order is looked at once
	for _, t := range p.all {
		round += t.share(p.size)
	}
	var waits, starves *task
	for _, t := range p.all {
		share := t.share(p.size)
		t.credit = min(t.credit+share/round, share)
		if t.ready() == 0 {
			continue
		}
		if starves == nil || t.credit > starves.credit {
			starves = t
		}
		if t.counts[first] > 0 && t.lingered(p, now) && (waits == nil || t.served < waits.served) {
			waits = t
		}
	}
	switch {
	case p.requests%fairTurn == 1:
		return starves, false
	case p.requests%firstTurn == 0 && waits != nil:
		return waits, false
	}
	t = p.mostWorth(now)
	if t != nil && scouts {
		return p.orScout(t, now)
	}
	return t, false
}

// mostWorth returns the task whose next request is worth most. A sum grows by
// itself and with each order that may be asked for again, and is at least what a
// request is worth; so only those that come out on top are made anew.
func (p *Plan) mostWorth(now order.Millis) *task {
	for {
		var top *task
		for _, t := range p.all {
			if t.ready() == 0 {
				continue
			}
			if t.sum.made == 0 || p.clock.age(now-t.sum.made) > stale {
				p.weigh(t, now)
			}
			t.sum.bring(p.clock, now)
			if top == nil || t.sum.sum > top.sum.sum {
				top = t
			}
		}
		if top == nil || top.sum.made == now {
			return top
		}
		p.weigh(top, now)
	}
}

// sum is at least what a task's next request is worth.
type sum struct {
	worth
	at   order.Millis // when it was so
	made order.Millis // when it was exact; 0 = never
}

// bring brings a sum up to now.
func (s *sum) bring(c clock, now order.Millis) {
	s.worth = s.after(c.age(now - s.at))
	s.at = now
}

// add adds an order that may be asked for from now on.
func (s *sum) add(w worth, c clock, now order.Millis) {
	s.bring(c, now)
	s.worth = s.plus(w)
}

// weigh makes the sum of a task anew.
func (p *Plan) weigh(t *task, now order.Millis) {
	t.sum.of(p.gather(t, now), p.size, now)
}

// of makes a sum of the first candidates that fit a request.
func (s *sum) of(all []candidate, size int, now order.Millis) {
	*s = sum{at: now, made: now}
	for _, c := range all[:min(len(all), size)] {
		s.worth = s.plus(c.worth)
	}
}

// candidate is an order that may go with the next request.
type candidate struct {
	item  *Item
	worth worth
	ahead int // how far ahead of the sweep it is; -1 = the sweep did not come to it
}

// gather returns orders of a task that may go with its next request, the most
// worthwhile first: all that can be among them are there, as are enough to fill
// it where the task has as many.
func (p *Plan) gather(t *task, now order.Millis) []candidate {
	if p.foundOf == t {
		return p.found
	}
	p.mark++
	p.found, p.foundOf = p.found[:0], t
	add := func(i *Item, ahead int) {
		if i.mark != p.mark {
			i.mark = p.mark
			p.found = append(p.found, candidate{i, p.worthOf(i, now), ahead})
		}
	}
	alone := func(i *Item) { add(i, -1) }
	sweep := func(n int, ripe order.Millis) (found int) {
		all := len(p.found)
		for _, l := range t.inLists {
			from := len(p.found)
			l.sweep(n, ripe, add)
			inTurn(p.found[from:])
		}
		return len(p.found) - all
	}
	t.urgent.walk(p.size, alone)
	t.first.walk(p.size, alone)
	t.soonest(weighed*p.size, &p.walk, alone)
	if t.counts[listed] > 0 {
		t.hazards = t.starts.hazards(t.waiting())
		for s := range slots {
			if t.hazards[s] > t.hazards[far] {
				for _, l := range t.inLists {
					l.near(s, alone)
				}
			}
		}
		each := p.size/len(t.inLists) + sweepPart*4
		if sweep(each, t.ripe(p.clock, now)) < p.size/sweepPart { // as after an outage: rounds were longer
			sweep(each, now)
		}
		if len(p.found) < min(t.ready(), p.size) { // what waits is in few of the lists
			sweep(p.size, now)
		}
	}
	slices.SortFunc(p.found, func(a, b candidate) int {
		switch { // faster than cmp.Compare, which provides for what is no number
		case a.worth.sum > b.worth.sum:
			return -1
		case a.worth.sum < b.worth.sum:
			return 1
		}
		// First looks go in the order in which they came. So do the sweep's.
		return cmp.Or(cmp.Compare(a.ahead, b.ahead), cmp.Compare(a.item.at, b.item.at))
	})
	return p.found
}

// inTurn lets none of the sweep's orders of a list be worth less than those behind
// it: where they overtook it, it would wait for the next round.
func inTurn(swept []candidate) {
	for k := len(swept) - 2; k >= 0; k-- {
		swept[k].worth.sum = max(swept[k].worth.sum, swept[k+1].worth.sum)
	}
}

// batch takes the orders of a task's next request out.
func (p *Plan) batch(t *task, now order.Millis) []*Item {
	t.served = p.requests
	t.credit = max(t.credit-1, -t.share(p.size))
	chosen := p.portion(p.gather(t, now))
	t.settlePrice(chosen, p.found[len(chosen):])
	batch := make([]*Item, len(chosen))
	ahead := map[*list]int{}
	for k, c := range chosen {
		i := c.item
		batch[k] = i
		if c.ahead >= 0 {
			t.swept += sweepWeight * (p.clock.age(now-i.looked) - t.swept)
			ahead[i.list] = max(ahead[i.list], c.ahead+1)
		}
		p.takeOut(i)
		i.asked = now
	}
	for l, by := range ahead {
		l.advance(by)
	}
	p.putOff(t, p.found[len(chosen):], now)
	t.sum.of(p.found[len(chosen):], p.size, now)
	t.sum.made-- // others that were not gathered come up: it is not exact
	p.foundOf = nil
	return batch
}

// putOff puts off paced orders that were weighed too soon, so that others are
// weighed in their stead: the price rose since they were put in, or less is
// expected of them by now. What is overdue stays.
func (p *Plan) putOff(t *task, left []candidate, now order.Millis) {
	for _, c := range left {
		if c.item.place == paced && c.worth.sum < t.price {
			c.item.due = p.worthAPlace(c.item, now)
			t.paced.set(c.item)
		}
	}
}

// portion cuts candidates down to a request: the most worthwhile, but for the
// parts that are first looks' and the sweep's.
func (p *Plan) portion(all []candidate) []candidate {
	chosen := all[:min(len(all), p.size)]
	if len(chosen) == len(all) {
		return chosen
	}
	isFirst := func(c candidate) bool { return c.item.place == first }
	firsts := (p.size + (p.requests+1)%2) / firstPart // with one place a request, every second one
	guarantee(chosen, all, firsts, isFirst, func(candidate) bool { return false })
	guarantee(chosen, all, p.size/sweepPart, func(c candidate) bool { return c.ahead >= 0 }, isFirst)
	return chosen
}

// guarantee sees to it that at least n of the chosen are of a kind, where there
// are as many: others give way, the least worthwhile first, but for the urgent
// and those spared.
func guarantee(chosen, all []candidate, n int, kind, spared func(candidate) bool) {
	for _, c := range chosen {
		if kind(c) {
			n--
		}
	}
	at := len(chosen) - 1
	for k := len(chosen); k < len(all) && n > 0; k++ {
		if !kind(all[k]) {
			continue
		}
		for at >= 0 && (kind(chosen[at]) || spared(chosen[at]) || chosen[at].item.place == urgent) {
			at--
		}
		if at < 0 {
			return
		}
		chosen[at], all[k] = all[k], chosen[at]
		at--
		n--
	}
}
