package export

import (
	"callstream/internal/order"
	"callstream/internal/schedule"
)

// entry is an order as the pipeline holds it: what the schedule needs to know,
// and the rest as the bytes that stand in the state topic.
type entry struct {
	item      schedule.Item
	alarm     schedule.Alarm
	partition int
	known
	looked  order.Millis // last look that was answered; 0 = none since the start
	tries   int          // looks in a row that went unanswered
	out     bool         // checked out to a job; known is the job's
	waiting []*pending   // requests to be marked once the order is saved
	asks    []ask        // requests that came while it was out
}

// known is what is known of an order. A job works on a copy.
type known struct {
	facts schedule.Facts
	hash  uint64 // of the last answer; 0 = read the next one whatever it is
	saved []byte // as it stands in the state topic; nil = it does not
	dirty bool   // facts differ from saved
}

// pending is a request that is not done yet.
type pending struct {
	partition int
	offset    int64
	left      int // orders, and one for what is passed on, that are not done
}

// ask is what a request wants of one order.
type ask struct {
	request *order.Request
	from    *pending
}

// checkout is an order out with a job.
type checkout struct {
	ref       order.Ref
	partition int
	offset    int64 // of a request that waits for it; -1 = none
	known           // at first as in the entry, in the end as it is to be
	entry     *entry
	waiting   []*pending

	state      *order.State // as it is to be saved; nil = as in known.saved
	events     []*order.Event
	unreadable error // why its part of the answer can't be read
	letters    []DeadLetter
	answered   bool         // the API said something of it, or it was an errand
	at         order.Millis // when
	save       bool         // known.saved is to be written; nil removes it
}

// checkOut takes an order out of the schedule for a job.
func (p *Pipeline) checkOut(e *entry) *checkout {
	p.queue.Remove(&e.item)
	p.alarms.Stop(&e.alarm)
	e.out = true
	co := &checkout{ref: e.item.Ref, partition: e.partition, offset: -1, known: e.known, entry: e, waiting: e.waiting}
	if len(e.waiting) > 0 {
		co.offset = e.waiting[0].offset
	}
	e.waiting = nil
	return co
}

// checkIn takes an order back from a job whose effects are acknowledged.
func (p *Pipeline) checkIn(co *checkout) {
	e := co.entry
	e.out = false
	e.known = co.known
	asks := e.asks
	e.asks = nil
	if co.answered {
		e.looked, e.tries = max(e.looked, co.at), 0
		for _, r := range co.waiting {
			p.settle(r)
		}
		if e.saved == nil && len(asks) == 0 {
			p.drop(e)
			return
		}
		p.plan(e)
	} else {
		e.waiting = co.waiting
		e.tries++
		p.lookAgain(e)
	}
	for _, a := range asks {
		p.ask(e, a)
	}
}

// plan puts an order where its facts belong in the schedule.
func (p *Pipeline) plan(e *entry) {
	if e.facts.Rest == order.Active {
		p.queue.Set(&e.item, max(e.looked, e.facts.NotBefore), p.cfg.Timing.NextLook(e.facts, e.looked))
	} else {
		p.queue.Remove(&e.item)
	}
	p.alarms.Set(&e.alarm, p.cfg.Timing.End(e.facts))
}

// lookAgain schedules an order whose look went unanswered. The pauses that
// spare the API are the client's; this one only keeps a batch that fails alone
// from coming back at once.
func (p *Pipeline) lookAgain(e *entry) {
	p.plan(e)
	if e.facts.Rest == order.Active {
		pause := min(p.cfg.Timing.PollMin.Milliseconds()*int64(e.tries), maxRetryPause.Milliseconds())
		due := p.now() + order.Millis(pause)
		p.queue.Set(&e.item, due, due)
	}
}

// drop forgets an order.
func (p *Pipeline) drop(e *entry) {
	p.queue.Remove(&e.item)
	p.alarms.Stop(&e.alarm)
	delete(p.orders, e.item.Ref)
	p.observer.Tracked(len(p.orders))
}

// entryOf returns the entry of an order, a new one where there is none.
func (p *Pipeline) entryOf(ref order.Ref, partition int) *entry {
	e := p.orders[ref]
	if e == nil {
		e = &entry{partition: partition}
		e.item.Ref, e.alarm.Ref = ref, ref
		p.orders[ref] = e
		p.observer.Tracked(len(p.orders))
	}
	return e
}

// settle notes that one part of a request is done, and marks the request with
// the last one.
func (p *Pipeline) settle(r *pending) {
	r.left--
	p.waiting--
	if r.left == 0 {
		p.marks[r.partition].mark(r.offset)
	}
}
