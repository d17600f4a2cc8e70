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
	// CallbackFollow lets a callback's hint begin to follow an order that nobody asked for.
	CallbackFollow bool
	Timing         schedule.Timing
	Rules          order.Rules
	Now            func() time.Time // the process's clock, which never jumps; nil = a SteadyClock made by New
}

// Pipeline exports the orders of one generation's partitions. Three parts do
// the work, and each has its own goroutines: readers turn records into intakes,
// Run decides what happens when, and jobs of the worker act on the world.
type Pipeline struct {
	cfg      Config
	session  Session
	observer Observer
	log      *slog.Logger
	reader   reader
	worker   worker

	intakes chan *intake
	results chan func() // run by Run: what a job came to

	// Owned by Run's goroutine.
	book       *book
	watermarks watermarks
	errands    errands
	inFlight   int  // jobs in flight, looks among them
	looking    int  // looks in flight
	committing bool // a commit is in flight
	failure    error
}

// New returns a pipeline for a generation. It does nothing until Run.
func New(cfg Config, api API, out Output, session Session, states States, avro AvroRequests, observer Observer, log *slog.Logger) *Pipeline {
	if cfg.Now == nil {
		cfg.Now = SteadyClock(time.Now, time.Since)
	}
	p := &Pipeline{
		cfg: cfg, session: session, observer: observer, log: log,
		intakes: make(chan *intake), results: make(chan func()),
	}
	p.reader = reader{cfg: &p.cfg, session: session, avro: avro, observer: observer}
	p.worker = worker{cfg: &p.cfg, api: api, out: out, states: states, observer: observer, log: log}
	p.book = newBook(&p.cfg)
	return p
}

func (p *Pipeline) now() order.Millis { return millis(p.cfg.Now()) }

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
	p.watermarks = newWatermarks(p.session.Owned())
	for _, partition := range p.session.Owned() {
		readers.Go(func() error { return p.reader.read(reading, partition, p.intakes) })
	}
	grace := newGrace(reading, p.cfg.DrainFor)
	defer grace.end()
	p.loop(reading, grace)
	stopReading()
	p.drain(grace)
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
func (p *Pipeline) loop(ctx context.Context, g *grace) {
	commits := time.NewTicker(commitEvery)
	defer commits.Stop()
	wake := time.NewTimer(0)
	defer wake.Stop()
	for p.failure == nil {
		p.endTimes()
		p.startLook(g)
		p.startErrands(g)
		wake.Reset(p.sleep())
		intakes := p.intakes
		if p.full() {
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
			p.observer.Held(len(p.book.orders), p.watermarks.waiting, p.book.tasks)
			p.startCommit()
		case <-wake.C:
		}
	}
}

// full reports whether as much waits as may.
func (p *Pipeline) full() bool {
	return p.watermarks.waiting >= waitingBatches*p.cfg.BatchSize*p.cfg.Concurrency || p.errands.bytes >= passingBytes
}

// take takes a request in.
func (p *Pipeline) take(in *intake) {
	parts := 0
	if in.request != nil {
		parts = len(in.request.Orders)
	}
	passesOn := len(in.forwards)+len(in.letters) > 0
	if passesOn {
		parts++
	}
	r, err := p.watermarks.open(in.partition, in.offset, parts)
	if err != nil {
		p.fail("take requests", err)
		return
	}
	if passesOn {
		p.errands.passOn(in.forwards, in.letters, r)
	}
	if in.request == nil {
		return
	}
	for _, id := range in.request.Orders {
		ref := order.Ref{Task: in.request.Task, ID: id}
		if in.request.Mode == order.Hint {
			p.hint(ref, in, r)
			continue
		}
		p.ask(p.book.entry(ref, in.partition), ask{in.request, r})
	}
}

// ask lets a request have its effect on an order, or wait for it to be back.
func (p *Pipeline) ask(e *entry, a ask) {
	if e.out {
		e.asks = append(e.asks, a)
		return
	}
	now := p.now()
	then := e.facts.Ask(a.request, now)
	if then == order.Ignored && e.saved != nil && !e.facts.Unsaved {
		p.watermarks.done(a.from)
		return
	}
	e.requests = append(e.requests, a.from)
	if then == order.Ignored {
		return // done with the request that is waiting already
	}
	e.facts.Unsaved = true
	if then == order.Rests || e.facts.NotBefore > now {
		p.errands.next.changed = append(p.errands.next.changed, p.book.checkOut(e))
		return
	}
	p.book.lookSoon(e, now)
}

// endTimes sends off the orders whose time is over.
func (p *Pipeline) endTimes() {
	now := p.now()
	for co := p.book.timeOver(now); co != nil; co = p.book.timeOver(now) {
		p.errands.next.timeOver = append(p.errands.next.timeOver, co)
	}
}

// startLook starts the next look, or scout, where the API may be asked and
// something is to be asked. What it is is decided at the last moment, when its
// turn is taken already: by then most is known of what is worth it.
func (p *Pipeline) startLook(g *grace) {
	now := p.now()
	if p.looking >= p.cfg.Concurrency || !p.book.ready(now) || p.worker.api.Turn() > 0 {
		return
	}
	task, batch := p.book.take(now, p.worker.api.Scouts())
	p.looking++
	if len(batch) == 0 {
		p.startScout(g, task)
		return
	}
	p.observer.LookBegins(lookAges(batch, now))
	p.start(func() func() {
		err := p.worker.look(g, batch)
		return func() {
			p.looking--
			p.back("look at orders", err, batch)
		}
	})
}

// startScout asks which orders of a task are in calls. What it finds says only
// when to look, so it does no harm where it fails.
func (p *Pipeline) startScout(g *grace, task string) {
	p.start(func() func() {
		ids, err := p.worker.api.Scout(g.asking, task)
		if err != nil && g.asking.Err() == nil {
			p.log.Debug("a scout failed", "task", task, "err", err)
		}
		return func() {
			p.looking--
			p.book.scouted(task, ids, p.now())
		}
	})
}

// lookAges returns how long ago the orders of a batch were last looked at.
func lookAges(batch []*checkout, now order.Millis) []order.Millis {
	ages := make([]order.Millis, 0, len(batch))
	for _, co := range batch {
		if looked := co.entry.item.LookedAt(); looked > 0 {
			ages = append(ages, now-looked)
		}
	}
	return ages
}

// startErrands starts the next lot, if there is one and none is out.
func (p *Pipeline) startErrands(g *grace) {
	l := p.errands.take()
	if l == nil {
		return
	}
	p.start(func() func() {
		err := p.worker.carry(g.writing, l)
		return func() {
			p.errands.out = false
			if p.back("forward, bury and save", err, l.orders()); err != nil {
				return
			}
			for _, r := range l.passedOn {
				p.watermarks.done(r)
			}
		}
	})
}

// back takes orders back from a job. Where it failed the outcome of its effects
// is unknown: the orders stay out, and their next owner goes on from the saved
// state.
func (p *Pipeline) back(doing string, err error, orders []*checkout) {
	if err != nil {
		p.fail(doing, err)
		return
	}
	for _, co := range orders {
		done, came := p.book.checkIn(co, p.now())
		for _, r := range done {
			p.watermarks.done(r)
		}
		for _, a := range came {
			p.ask(co.entry, a)
		}
		p.hastenBack(co.entry)
	}
}

// start runs a job; what it returns is run by Run's own goroutine.
func (p *Pipeline) start(job func() func()) {
	p.inFlight++
	go func() {
		result := job()
		p.results <- func() {
			p.inFlight--
			result()
		}
	}()
}

// sleep returns how long nothing needs to be done.
func (p *Pipeline) sleep() time.Duration {
	const long = time.Minute
	now, until := p.now(), p.now()+order.Millis(long.Milliseconds())
	if at, ok := p.book.alarms.Next(); ok {
		until = min(until, at)
	}
	quiet := time.Duration(max(until-now, 0)) * time.Millisecond
	if p.looking >= p.cfg.Concurrency {
		return quiet
	}
	at, ok := p.book.plan.Next(now)
	if !ok {
		return quiet
	}
	return min(quiet, max(time.Duration(at-now)*time.Millisecond, p.worker.api.Wait()))
}

// startCommit commits the watermarks that moved, in a job of its own: a slow
// coordinator holds up nothing else.
func (p *Pipeline) startCommit() {
	offsets := p.watermarks.toCommit()
	if p.committing || len(offsets) == 0 {
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

// committed notes the outcome of a commit. After a failure the offsets go
// again with the next one; until then a crash repeats requests.
func (p *Pipeline) committed(offsets map[int]int64, err error) {
	if err != nil {
		p.log.Warn("commit of offsets failed; it is tried again", "err", err)
		return
	}
	p.watermarks.committed(offsets)
	for partition, offset := range offsets {
		p.observer.Committed(partition, offset)
	}
}

// drain waits for the jobs in flight, which end within DrainFor, and commits
// what they got done.
func (p *Pipeline) drain(g *grace) {
	for p.startErrands(g); p.inFlight > 0; p.startErrands(g) {
		(<-p.results)()
	}
	if offsets := p.watermarks.toCommit(); len(offsets) > 0 {
		p.committed(offsets, p.session.Commit(offsets))
	}
}

// fail ends the pipeline with an error.
func (p *Pipeline) fail(doing string, err error) {
	if p.failure == nil {
		p.failure = fmt.Errorf("%s: %w", doing, err)
	}
}
