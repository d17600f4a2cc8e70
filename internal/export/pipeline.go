package export

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"callstream/internal/order"
	"callstream/internal/schedule"
)

const (
	// maxRetryPause bounds the pause before an unanswered order is asked for
	// again.
	maxRetryPause = 5 * time.Second
	// commitEvery bounds for how long what is done stays uncommitted; a kill -9
	// repeats it, and all behind the first request that was not done.
	commitEvery = time.Second
	// passingBytes bounds the forwards and dead letters that wait to be written.
	passingBytes = 16 << 20
	// waitingBatches bounds the orders of unmarked requests, in batches a
	// concurrent look: enough to fill batches, little enough to hold in memory.
	waitingBatches = 5
)

// Config holds the settings of a Pipeline.
type Config struct {
	RequestTopic string
	BatchSize    int
	BatchLinger  time.Duration
	Concurrency  int           // looks at once
	DrainFor     time.Duration // how long work in flight may go on once the generation ended
	StateLimit   int           // bytes of the largest state that can be saved
	RequestLimit int           // bytes of the largest request that can be forwarded, headers and all
	Timing       schedule.Timing
	Rules        order.Rules
}

// Pipeline exports the orders of one generation's partitions.
type Pipeline struct {
	cfg      Config
	api      API
	out      Output
	session  Session
	states   States
	avro     AvroRequests
	observer Observer
	log      *slog.Logger

	intakes chan *intake
	results chan func() // run by Run: what a job came to

	// Owned by Run's goroutine.
	orders     map[order.Ref]*entry
	queue      *schedule.Queue
	alarms     schedule.Alarms
	marks      map[int]*watermark
	errands    errands
	inFlight   int  // jobs in flight, looks among them
	looking    int  // looks in flight
	waiting    int  // orders of requests that are not marked
	committing bool // a commit is in flight
	failure    error
}

// New returns a pipeline for a generation. It does nothing until Run.
func New(cfg Config, api API, out Output, session Session, states States, avro AvroRequests, observer Observer, log *slog.Logger) *Pipeline {
	return &Pipeline{
		cfg: cfg, api: api, out: out, session: session, states: states, avro: avro, observer: observer, log: log,
		intakes: make(chan *intake), results: make(chan func()),
		orders: map[order.Ref]*entry{}, marks: map[int]*watermark{},
		queue: schedule.NewQueue(cfg.BatchSize, cfg.BatchLinger),
	}
}

func (p *Pipeline) now() order.Millis { return order.Millis(time.Now().UnixMilli()) }

// Run restores the state of the partitions, says so by calling restored, and
// exports until ctx ends, which is how it is told that the generation ended.
// Then it finishes what is in flight within DrainFor, commits, and returns nil.
func (p *Pipeline) Run(ctx context.Context, restored func()) error {
	if err := p.restore(ctx); err != nil {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the generation ended first
		}
		return err
	}
	restored()
	reading, stopReading := context.WithCancel(ctx)
	defer stopReading()
	readers, reading := errgroup.WithContext(reading)
	for _, partition := range p.session.Owned() {
		p.marks[partition] = &watermark{}
		readers.Go(func() error { return p.read(reading, partition) })
	}
	jobs := newJobs(reading, p.cfg.DrainFor)
	defer jobs.end()
	p.loop(reading, jobs)
	stopReading()
	p.drain(jobs)
	if err := readers.Wait(); err != nil && p.failure == nil {
		p.failure = err
	}
	if ctx.Err() != nil && p.failure != nil {
		p.log.Warn("work in flight was given up; it is repeated from the saved state", "err", p.failure)
		return nil
	}
	return p.failure
}

// loop is the pipeline at work, until ctx ends or something fails.
func (p *Pipeline) loop(ctx context.Context, jobs *jobs) {
	commits := time.NewTicker(commitEvery)
	defer commits.Stop()
	wake := time.NewTimer(0)
	defer wake.Stop()
	for p.failure == nil {
		p.ring()
		p.dispatch(jobs)
		p.runErrands(jobs)
		wake.Reset(p.sleep())
		intakes := p.intakes
		if p.waiting >= waitingBatches*p.cfg.BatchSize*p.cfg.Concurrency || p.errands.bytes >= passingBytes {
			intakes = nil // the rest waits in Kafka
		}
		select {
		case <-ctx.Done():
			return
		case in := <-intakes:
			p.take(in)
		case result := <-p.results:
			result()
		case <-commits.C:
			p.observer.Waiting(p.waiting)
			p.commit()
		case <-wake.C:
		}
	}
}

// take takes a request in.
func (p *Pipeline) take(in *intake) {
	r := &pending{partition: in.partition, offset: in.offset}
	if err := p.marks[in.partition].add(in.offset); err != nil {
		p.fail("take requests", err)
		return
	}
	if in.request != nil {
		r.left = len(in.request.Orders)
	}
	if len(in.forwards)+len(in.letters) > 0 {
		r.left++
		p.errands.pass(in.forwards, in.letters, r)
	}
	p.waiting += r.left
	if in.request == nil {
		return
	}
	for _, id := range in.request.Orders {
		ref := order.Ref{Task: in.request.Task, ID: id}
		p.ask(p.entryOf(ref, in.partition), ask{in.request, r})
	}
}

// ask lets a request have its effect on an order, or wait for it to be back.
func (p *Pipeline) ask(e *entry, a ask) {
	if e.out {
		e.asks = append(e.asks, a)
		return
	}
	effect := e.facts.Ask(a.request, p.now())
	if effect == order.Ignored && e.saved != nil && !e.dirty {
		p.settle(a.from)
		return
	}
	e.waiting = append(e.waiting, a.from)
	if effect == order.Ignored {
		return // done with the request that is waiting already
	}
	e.dirty = true
	e.looked = 0 // what was planned after the last look is void
	now := p.now()
	if effect == order.Rests || e.facts.NotBefore > now {
		p.plan(e)
		p.errands.save(p.checkOut(e))
		return
	}
	p.plan(e)
	p.queue.Set(&e.item, now, now)
}

// ring handles the orders whose time is over.
func (p *Pipeline) ring() {
	now := p.now()
	for a := p.alarms.Ring(now); a != nil; a = p.alarms.Ring(now) {
		co := p.checkOut(p.orders[a.Ref])
		if co.facts.Rest == order.Active {
			p.errands.giveUp(co, now)
		} else {
			p.errands.remove(co)
		}
	}
}

// sleep returns how long nothing needs to be done.
func (p *Pipeline) sleep() time.Duration {
	const long = time.Minute
	now, until := p.now(), p.now()+order.Millis(long.Milliseconds())
	if at, ok := p.alarms.Next(); ok {
		until = min(until, at)
	}
	rest := time.Duration(max(until-now, 0)) * time.Millisecond
	if p.looking >= p.cfg.Concurrency {
		return rest
	}
	at, ok := p.queue.Next(now)
	if !ok {
		return rest
	}
	return min(rest, max(time.Duration(at-now)*time.Millisecond, p.api.Wait()))
}

// commit saves the watermarks that moved, in a job of its own: a slow
// coordinator holds up nothing else.
func (p *Pipeline) commit() {
	if p.committing {
		return
	}
	offsets := p.moved()
	if len(offsets) == 0 {
		return
	}
	p.committing = true
	p.start(func() func() {
		err := p.session.Commit(offsets)
		return func() {
			p.committing = false
			p.committed(offsets, err)
		}
	})
}

func (p *Pipeline) moved() map[int]int64 {
	offsets := map[int]int64{}
	for partition, w := range p.marks {
		if w.moved {
			offsets[partition] = w.next
		}
	}
	return offsets
}

// committed notes the outcome of a commit. After a failure the offsets go
// again with the next one; until then a crash repeats requests.
func (p *Pipeline) committed(offsets map[int]int64, err error) {
	if err != nil {
		p.log.Warn("commit of offsets failed; it is tried again", "err", err)
		return
	}
	for partition, offset := range offsets {
		p.observer.Committed(partition, offset)
		if w := p.marks[partition]; w.next == offset {
			w.moved = false
		}
	}
}

// drain waits for the jobs in flight, which end within DrainFor, and commits
// what they got done.
func (p *Pipeline) drain(jobs *jobs) {
	for p.runErrands(jobs); p.inFlight > 0; p.runErrands(jobs) {
		(<-p.results)()
	}
	if offsets := p.moved(); len(offsets) > 0 {
		p.committed(offsets, p.session.Commit(offsets))
	}
}

// fail ends the pipeline with an error.
func (p *Pipeline) fail(doing string, err error) {
	if p.failure == nil {
		p.failure = fmt.Errorf("%s: %w", doing, err)
	}
}
