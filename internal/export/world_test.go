package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"callstream/internal/order"
	"callstream/internal/record"
	"callstream/internal/request"
)

// world is the outside of pipelines, in memory: Kafka's topics and the API. It
// outlives processes, as the real one does, and what is durable polices itself
// (police_test.go): whatever writes to it too early, twice with another
// content, or backwards fails the test.
type world struct {
	t  *testing.T
	mu sync.Mutex

	requests  map[int][]record.Record
	arrived   chan struct{} // closed and made anew with each request
	committed map[int]int64
	states    []stored
	events    []*order.Event
	letters   []request.DeadLetter
	forwards  []record.Message
	seals     []seal

	stories  map[string]story
	began    time.Time
	asked    [][]string // batches, as they came
	down     error      // the API answers nothing
	reject   map[string]bool
	garbled  map[string]bool // orders whose part can't be decoded
	silent   bool            // Answering says no
	scouts   func() []string // what scouts name; nil = none are sent
	scouted  []string        // tasks
	scarce   bool            // requests go once a second
	nextTurn time.Time       // when the next may go, where scarce
	follows  bool            // the processes' CallbackFollow

	takes map[string]time.Duration // how long an effect takes, half of it before it takes place
	fault *fault                   // nil = none
}

// stored is a state as it stands in the log, and what it says (nil: removed).
type stored struct {
	SavedState
	says *order.State
}

// story is what the API shows of an order: versions, each from its time on.
type story []version

type version struct {
	from time.Duration
	show order.Answer
}

var errKilled = errors.New("killed")

func newWorld(t *testing.T) *world {
	return &world{
		t: t, requests: map[int][]record.Record{}, arrived: make(chan struct{}), committed: map[int]int64{}, stories: map[string]story{},
		reject: map[string]bool{}, garbled: map[string]bool{}, began: time.Now(), takes: map[string]time.Duration{fetch: 10 * time.Millisecond},
	}
}

// set changes the world while a process runs in it.
func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

const partitions = 2

func homeOf(id string) int {
	h := fnv.New32a()
	h.Write([]byte(id))
	return int(h.Sum32() % partitions)
}

// put appends a request to a partition.
func (w *world) put(value string, at int, headers ...record.Header) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.append(record.Record{Partition: at, Value: []byte(value), Headers: headers})
}

func (w *world) append(r record.Record) {
	r.Offset, r.Time = int64(len(w.requests[r.Partition])), time.Now()
	w.requests[r.Partition] = append(w.requests[r.Partition], r)
	close(w.arrived)
	w.arrived = make(chan struct{})
}

// ask asks for an order at its home.
func (w *world) ask(mode, id string) {
	w.put(fmt.Sprintf(`{"userTaskID":"t","orderID":%q,"mode":%q}`, id, mode), homeOf(id))
}

// askFor asks to follow an order, with a time from now on: notBefore, deadline.
func (w *world) askFor(id, field string, wait time.Duration) {
	at := request.FormatTime(millis(time.Now().Add(wait)))
	w.put(fmt.Sprintf(`{"userTaskID":"t","orderID":%q,%q:%q}`, id, field, at), homeOf(id))
}

// hint puts a hint for an order, one that claims to come from a callback where
// callback says so.
func (w *world) hint(id string, callback bool, at int) {
	m := request.CallbackHint(order.Ref{Task: "t", ID: id}, "requests")
	if !callback {
		m.Headers = nil
	}
	w.put(string(m.Value), at, m.Headers...)
}

// looksAt counts the requests to the API that asked for an order.
func (w *world) looksAt(id string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, batch := range w.asked {
		if slices.Contains(batch, id) {
			n++
		}
	}
	return n
}

// process runs a pipeline over the world until it is stopped or dies. It is
// the pipeline's API, Output, Session and States.
type process struct {
	*world
	*counter
	stop  func()        // as SIGTERM
	dead  chan struct{} // closed by kill -9: no effect takes place any more
	ended chan error
	now   func() time.Time // its clock
}

func (w *world) start(cfg Config) *process {
	ctx, cancel := context.WithCancel(context.Background())
	p := &process{world: w, counter: &counter{looked: map[order.Outcome]int{}, hints: map[string]int{}}, stop: cancel, dead: make(chan struct{}), ended: make(chan error, 1)}
	w.follows = cfg.CallbackFollow
	if p.now = cfg.Now; p.now == nil {
		p.now = time.Now
	}
	pipeline := p.pipeline(cfg)
	go func() { p.ended <- pipeline.Run(ctx, func() {}) }()
	return p
}

// end stops the process as SIGTERM does and waits for it.
func (p *process) end(t *testing.T) {
	t.Helper()
	p.stop()
	if err := <-p.ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func (p *process) kill() {
	close(p.dead)
	p.stop()
}

func (p *process) isDead() bool {
	select {
	case <-p.dead:
		return true
	default:
		return false
	}
}

// effect lets an effect of n parts take place, as far as the world's fault lets
// it: apply is called with how many of the parts do.
func (p *process) effect(ctx context.Context, name string, what any, n int, apply func(parts int)) error {
	half := p.takes[name] / 2
	if err := p.pass(ctx, half); err != nil {
		return err
	}
	p.mu.Lock()
	if p.isDead() {
		p.mu.Unlock()
		return errKilled
	}
	err := p.fault.strike(p, name, what, n, apply)
	p.mu.Unlock()
	if errors.Is(err, errHangs) {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	if err == nil {
		err = p.pass(ctx, half)
	}
	return err
}

// pass lets time pass for the process.
func (p *process) pass(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return nil
	}
	select {
	case <-time.After(d):
		return nil
	case <-p.dead:
		return errKilled
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *process) Publish(ctx context.Context, events []*order.Event) (big []TooLarge, err error) {
	err = p.effect(ctx, publish, events, len(events), func(n int) {
		for _, ev := range events[:n] {
			if l, ok := ev.Body.(*order.TranscriptLine); ok && l.Text == "huge" {
				big = append(big, TooLarge{Event: ev, Bytes: 9_000_000})
				continue
			}
			p.checkEvent(ev)
			p.events = append(p.events, ev)
			p.seal("event "+ev.ID.String(), func() string { return fmt.Sprintf("%s %+v", content(ev), ev.ObservedAt) })
		}
	})
	return big, err
}

func (p *process) Bury(ctx context.Context, letters []request.DeadLetter) error {
	return p.effect(ctx, bury, letters, len(letters), func(n int) {
		for _, l := range letters[:n] {
			p.letters = append(p.letters, l)
			p.seal("dead letter", func() string { return fmt.Sprintf("%s %s", l.Key, l.Value) })
		}
	})
}

func (p *process) Forward(ctx context.Context, forwards []record.Message) error {
	return p.effect(ctx, forward, forwards, len(forwards), func(n int) {
		for _, f := range forwards[:n] {
			p.forwards = append(p.forwards, f)
			p.append(record.Record{Partition: f.Partition, Key: f.Key, Value: f.Value, Headers: f.Headers})
		}
	})
}

func (p *process) Save(ctx context.Context, states []SavedState) error {
	return p.effect(ctx, save, states, len(states), func(n int) {
		for _, s := range states[:n] {
			st := stored{SavedState: s}
			if s.Value != nil {
				st.says = p.decode(s.Value)
			}
			p.checkState(st)
			p.states = append(p.states, st)
			p.seal("state of "+s.Ref.ID, func() string { return string(s.Value) })
		}
	})
}

func (p *process) Commit(offsets map[int]int64) error {
	offsets = maps.Clone(offsets)
	return p.effect(context.Background(), commit, offsets, 1, func(n int) {
		for partition, offset := range offsets {
			if n > 0 {
				p.checkCommit(partition, offset)
				p.committed[partition] = offset
			}
		}
	})
}

func (*process) Encode(st *order.State) ([]byte, error) { return json.Marshal(st) }

func (*process) Decode(b []byte) (*order.State, error) {
	st := &order.State{}
	return st, json.Unmarshal(b, st)
}

func (*process) Owned() []int { return []int{0, 1} }

func (*process) Home(id string) int { return homeOf(id) }

func (p *process) Restore(_ context.Context, partition int, each func(key, value []byte) error) error {
	p.mu.Lock()
	states := slices.Clone(p.states)
	p.mu.Unlock()
	for _, s := range states {
		if s.Partition == partition {
			if err := each([]byte(s.Ref.Task+"/"+s.Ref.ID), s.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *process) Read(ctx context.Context, partition int, each func(record.Record) error) error {
	p.mu.Lock()
	at := p.committed[partition]
	p.mu.Unlock()
	for {
		p.mu.Lock()
		log, more := p.requests[partition], p.arrived
		p.mu.Unlock()
		for ; at < int64(len(log)); at++ {
			if err := each(log[at]); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-more:
		}
	}
}

func (p *process) Wait() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, time.Until(p.nextTurn))
}

func (p *process) Turn() time.Duration {
	wait := p.Wait()
	if wait == 0 && p.scarce {
		p.set(func() { p.nextTurn = time.Now().Add(time.Second) })
	}
	return wait
}

func (p *process) Scouts() bool { return p.scouts != nil }

func (p *process) Scout(_ context.Context, task string) ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.scouted = append(p.scouted, task)
	return p.scouts(), nil
}

func (p *process) Answering() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.silent
}

func (p *process) Look(ctx context.Context, task string, ids []string) (look order.Look, err error) {
	failed := p.effect(ctx, fetch, ids, 1, func(int) {
		p.asked = append(p.asked, slices.Clone(ids))
		if p.down != nil {
			err = p.down
			return
		}
		look = order.Look{
			At: millis(p.now()), Seen: map[string]order.Sighting{}, Missing: map[string]bool{}, Rejected: map[string]string{},
		}
		for _, id := range ids {
			p.lookAt(&look, order.Ref{Task: task, ID: id})
		}
	})
	if failed != nil {
		return order.Look{}, failed
	}
	return look, err
}

func (w *world) lookAt(look *order.Look, ref order.Ref) {
	var shown *version
	number := uint64(0)
	for i, v := range w.stories[ref.ID] {
		if time.Since(w.began) >= v.from {
			shown, number = &v, uint64(i+1)
		}
	}
	switch {
	case w.reject[ref.ID]:
		look.Rejected[ref.ID] = "retCode 4"
	case w.garbled[ref.ID]:
		look.Seen[ref.ID] = order.Sighting{Hash: 99, Decode: func() (*order.Answer, error) {
			return nil, errors.New("callInfoDetailList: want a list, found a string")
		}}
	case shown == nil:
		look.Missing[ref.ID] = true
	default:
		look.Seen[ref.ID] = order.Sighting{Hash: number, Decode: func() (*order.Answer, error) {
			ans := shown.show
			ans.Ref = ref
			ans.Calls = slices.Clone(ans.Calls)
			return &ans, nil
		}}
	}
}
