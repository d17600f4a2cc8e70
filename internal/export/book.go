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
	tasks  census
	plan   *schedule.Plan  // of the orders that are to be looked at
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
	tries     int            // looks in a row that went unanswered
	out       bool           // checked out to a job
	hinted    bool           // a hint came while it was out
	owed      bool           // restored, and no look was answered since: see timeOver
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
	return &book{
		timing: cfg.Timing, orders: map[order.Ref]*entry{}, tasks: census{},
		plan: schedule.NewPlan(cfg.BatchSize, cfg.BatchLinger, cfg.Timing),
	}
}

// entry returns the entry of an order, a new one where there is none.
func (b *book) entry(ref order.Ref, partition int) *entry {
	e := b.orders[ref]
	if e == nil {
		e = &entry{partition: partition}
		e.item.Ref, e.alarm.Ref = ref, ref
		b.add(e)
	}
	return e
}

func (b *book) add(e *entry) {
	b.orders[e.item.Ref] = e
	b.tasks.add(e.item.Ref.Task, 1)
}

// restore puts an order in whose state was read, last looked at at some moment
// before the start.
func (b *book) restore(e *entry, looked, now order.Millis) {
	if e.facts.Rest == order.Active {
		e.owed = true
		b.plan.Restore(&e.item, e.facts, e.partition, looked, now)
	}
	b.setAlarm(e)
}

// checkOut takes an order out of the schedule for a job. It is out once at a
// time: until it is back, the schedule does not have it and requests queue up.
func (b *book) checkOut(e *entry) *checkout {
	b.plan.Hold(&e.item)
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
		b.lookAgain(e, now)
		return nil, came
	}
	e.tries = 0
	switch {
	case co.verdict.Fate == order.Forget && len(came) == 0:
		b.plan.Remove(&e.item)
		delete(b.orders, co.ref)
		b.tasks.add(co.ref.Task, -1)
		return co.requests, came
	case e.facts.Rest != order.Active:
		b.plan.Remove(&e.item)
	case co.answered > 0:
		b.plan.Looked(&e.item, schedule.Sight{Facts: e.facts, At: co.answered, News: co.news()}, now)
	default:
		b.plan.Ask(&e.item, e.partition, e.facts.NotBefore, now)
	}
	if co.answered > 0 {
		e.owed = false
	}
	b.setAlarm(e)
	return co.requests, came
}

// news counts what is announced of an order for the first time.
func (co *checkout) news() (n int) {
	for _, ev := range co.verdict.Events {
		if !ev.Replay {
			n++
		}
	}
	return n
}

func (b *book) setAlarm(e *entry) {
	b.alarms.Set(&e.alarm, b.timing.Terms.TimeOver(e.facts))
}

// lookSoon has an order looked at because of a request.
func (b *book) lookSoon(e *entry, now order.Millis) {
	b.plan.Ask(&e.item, e.partition, now, now)
	b.setAlarm(e)
}

// hint has an active order looked at with the next request of its task. One
// whose look went unanswered comes back soon by itself, and the pause is there to
// spare the API.
func (b *book) hint(e *entry, now order.Millis) {
	if e.facts.NotBefore <= now && e.tries == 0 {
		b.plan.Hint(&e.item, now)
	}
}

// lookAgain schedules an order whose look went unanswered. The pauses that
// spare the API are the client's; this one only keeps a batch that fails alone
// from coming back at once.
func (b *book) lookAgain(e *entry, now order.Millis) {
	e.tries++
	pause := min(b.timing.PollMin.Milliseconds()*int64(e.tries), maxRetryPause.Milliseconds())
	b.plan.Retry(&e.item, now+order.Millis(pause), len(e.requests) > 0, now)
	b.alarms.Resume(&e.alarm)
}

// ready reports whether a request is to be made.
func (b *book) ready(now order.Millis) bool {
	at, ok := b.plan.Next(now)
	return ok && at <= now
}

// take checks out the orders of the next request, of one task; none where it is
// a scout of the task. There must be one: see ready.
func (b *book) take(now order.Millis, scouts bool) (task string, batch []*checkout) {
	r := b.plan.Take(now, scouts)
	for _, item := range r.Orders {
		batch = append(batch, b.checkOut(b.orders[item.Ref]))
	}
	return r.Task, batch
}

// scouted has those orders of a task looked at that a scout named. It may name
// any; only orders that are to be looked at count.
func (b *book) scouted(task string, ids []string, now order.Millis) {
	var found []*schedule.Item
	for _, id := range ids {
		if e := b.orders[order.Ref{Task: task, ID: id}]; e != nil && !e.out && e.tries == 0 && e.facts.NotBefore <= now {
			found = append(found, &e.item)
		}
	}
	b.plan.Scouted(found, now)
}

// timeOver checks out an order whose time is over; nil where there is none.
//
// One that was restored is owed a last look: what happened while nobody looked is
// announced before it is given up. It is asked for like an order that a request
// names, until an answer comes; only then its alarm is set again, and rings.
func (b *book) timeOver(now order.Millis) *checkout {
	for {
		a := b.alarms.Ring(now)
		if a == nil {
			return nil
		}
		e := b.orders[a.Ref]
		if !e.owed || e.facts.Rest != order.Active {
			return b.checkOut(e)
		}
		b.plan.Ask(&e.item, e.partition, now, now)
	}
}
