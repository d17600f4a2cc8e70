package export

import (
	"time"

	"callstream/internal/order"
	"callstream/internal/schedule"
)

// maxRetryPause bounds the pause before an unanswered order is asked for again.
const maxRetryPause = 5 * time.Second

// book holds the orders of a generation's partitions and when each is due. It
// belongs to the goroutine of Pipeline.Run.
type book struct {
	timing schedule.Timing
	orders map[order.Ref]*entry
	queue  *schedule.Queue // of orders that are to be looked at
	alarms schedule.Alarms // of the times that are over: order.Terms.TimeOver
}

// entry is an order as the book holds it: what the schedule and the verdict
// need to know, and the rest as the bytes that stand in the state topic.
type entry struct {
	item      schedule.Item
	alarm     schedule.Alarm
	partition int
	facts     order.Facts
	saved     []byte         // as it stands in the state topic; nil = it does not
	looked    order.Millis   // last look that was answered; 0 = none since the start or the last request
	tries     int            // looks in a row that went unanswered
	out       bool           // checked out to a job
	hinted    bool           // a hint came while it was out
	requests  []*openRequest // to be marked once the order is saved
	asks      []ask          // requests that came while it was out
}

// ask is what a request wants of one order.
type ask struct {
	request *order.Request
	from    *openRequest
}

// checkout is an order out with a job. The job works on a copy: what it finds
// out is true only once its effects are acknowledged, and then comes back with
// checkIn.
type checkout struct {
	entry     *entry // the book's; a job leaves it alone
	ref       order.Ref
	partition int
	requests  []*openRequest
	facts     order.Facts   // as the order went out
	saved     []byte        // as it stands in the state topic; keep brings it up to date
	verdict   order.Verdict // what the job came to
	answered  order.Millis  // when the API answered; 0 = nobody looked, or in vain
}

func newBook(cfg *Config) *book {
	return &book{timing: cfg.Timing, orders: map[order.Ref]*entry{}, queue: schedule.NewQueue(cfg.BatchSize, cfg.BatchLinger)}
}

// entry returns the entry of an order, a new one where there is none.
func (b *book) entry(ref order.Ref, partition int) *entry {
	e := b.orders[ref]
	if e == nil {
		e = &entry{partition: partition}
		e.item.Ref, e.alarm.Ref = ref, ref
		b.orders[ref] = e
	}
	return e
}

// checkOut takes an order out of the schedule for a job. It is out once at a
// time: until it is back, the schedule does not have it and requests queue up.
func (b *book) checkOut(e *entry) *checkout {
	b.queue.Remove(&e.item)
	b.alarms.Stop(&e.alarm)
	e.out = true
	co := &checkout{entry: e, ref: e.item.Ref, partition: e.partition, requests: e.requests, facts: e.facts, saved: e.saved}
	e.requests = nil
	return co
}

// checkIn takes an order back from a job whose effects are acknowledged. It
// returns the requests that are done now, and those that came meanwhile and
// are to be heeded next.
func (b *book) checkIn(co *checkout, now order.Millis) (done []*openRequest, came []ask) {
	e := co.entry
	came, e.asks = e.asks, nil
	e.out = false
	e.facts, e.saved = co.verdict.Facts, co.saved
	if co.verdict.Outcome == order.OutcomeUnanswered {
		e.requests = co.requests
		e.tries++
		b.lookAgain(e, now)
		return nil, came
	}
	e.looked, e.tries = max(e.looked, co.answered), 0
	if co.verdict.Fate == order.Forget && len(came) == 0 {
		delete(b.orders, co.ref)
	} else {
		b.plan(e)
	}
	return co.requests, came
}

// plan puts an order where its facts belong in the schedule.
func (b *book) plan(e *entry) {
	if e.facts.Rest == order.Active {
		b.queue.Set(&e.item, max(e.looked, e.facts.NotBefore), b.timing.NextLook(e.facts, e.looked))
	} else {
		b.queue.Remove(&e.item)
	}
	b.alarms.Set(&e.alarm, b.timing.Terms.TimeOver(e.facts))
}

// lookSoon has an order looked at at the given time, whatever its pause.
func (b *book) lookSoon(e *entry, at order.Millis) {
	b.plan(e)
	if e.facts.Rest == order.Active {
		b.queue.Set(&e.item, at, at)
	}
}

// hint has an active order looked at with the next request of its task. It
// counts as due from the moment it might have been looked at again, which puts
// it before those whose pause ended later, never shortens PollMin, and is the
// same however many hints come. One whose look went unanswered comes back soon
// by itself, and the pause is there to spare the API.
func (b *book) hint(e *entry, now order.Millis) {
	if e.facts.NotBefore > now || e.tries > 0 {
		return
	}
	at := e.looked + order.Millis(b.timing.PollMin.Milliseconds())
	b.queue.Set(&e.item, at, at)
}

// lookAgain schedules an order whose look went unanswered. The pauses that
// spare the API are the client's; this one only keeps a batch that fails alone
// from coming back at once.
func (b *book) lookAgain(e *entry, now order.Millis) {
	pause := min(b.timing.PollMin.Milliseconds()*int64(e.tries), maxRetryPause.Milliseconds())
	at := now + order.Millis(pause)
	b.queue.Set(&e.item, at, at)
	b.alarms.Resume(&e.alarm) // restore may have put it off: see lastLook
}

// batch checks out the orders of the next look; nil where none is ready.
func (b *book) batch(now order.Millis) []*checkout {
	items := b.queue.Batch(now)
	if items == nil {
		return nil
	}
	batch := make([]*checkout, len(items))
	for i, item := range items {
		batch[i] = b.checkOut(b.orders[item.Ref])
	}
	return batch
}

// timeOver checks out an order whose time is over; nil where there is none.
func (b *book) timeOver(now order.Millis) *checkout {
	a := b.alarms.Ring(now)
	if a == nil {
		return nil
	}
	return b.checkOut(b.orders[a.Ref])
}
