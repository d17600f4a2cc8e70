package export

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"testing"
	"time"

	"callstream/internal/order"
)

// world is the outside of a pipeline, in memory: Kafka's topics and the API.
// It outlives pipelines, as the real one outlives processes, and it polices
// the order of effects: a state may not claim what was not published, an
// offset may not pass a request that stands nowhere.
type world struct {
	t  *testing.T
	mu sync.Mutex

	requests  map[int][]Record
	committed map[int]int64
	states    []SavedState
	events    []*order.Event
	letters   []DeadLetter
	forwards  []Forward

	stories map[string]story
	began   time.Time
	asked   [][]string // batches, as they came
	down    error      // the API answers nothing
	reject  map[string]bool
	garbled map[string]bool // orders whose part can't be decoded
	silent  bool            // Answering says no

	fault *fault
	dead  func() // ends the process; nil: none runs
}

// story is what the API shows of an order: versions, each from its time on.
type story []version

type version struct {
	from time.Duration
	show order.Answer
}

// fault kills the process at the nth call of an effect.
type fault struct {
	effect  string
	nth     int
	applied bool // the effect takes place, its acknowledgement is lost
	fired   bool
}

var errKilled = errors.New("killed")

func newWorld(t *testing.T) *world {
	return &world{
		t: t, requests: map[int][]Record{}, committed: map[int]int64{}, stories: map[string]story{},
		reject: map[string]bool{}, garbled: map[string]bool{}, began: time.Now(),
	}
}

// set changes the world while a process runs in it.
func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

const partitions = 2

func (w *world) Home(id string) int {
	h := fnv.New32a()
	h.Write([]byte(id))
	return int(h.Sum32() % partitions)
}

// put appends a request to the partition of the first order it names.
func (w *world) put(value string, at int, headers ...Header) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests[at] = append(w.requests[at], Record{
		Partition: at, Offset: int64(len(w.requests[at])), Value: []byte(value), Headers: headers, Time: time.Now(),
	})
}

func (w *world) ask(mode, id string) {
	w.put(fmt.Sprintf(`{"userTaskID":"t","orderID":%q,"mode":%q}`, id, mode), w.Home(id))
}

// effect runs one effect, or dies before or after it.
func (w *world) effect(name string, apply func()) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead == nil {
		return errKilled // a dead process has no effects
	}
	f := w.fault
	if f == nil || f.fired || f.effect != name {
		apply()
		return nil
	}
	if f.nth--; f.nth > 0 {
		apply()
		return nil
	}
	f.fired = true
	if f.applied {
		apply()
	}
	w.dead()
	w.dead = nil
	return errKilled
}

func (w *world) Publish(_ context.Context, events []*order.Event) (big []TooLarge, err error) {
	err = w.effect("publish", func() {
		for _, ev := range events {
			if l, ok := ev.Body.(*order.TranscriptLine); ok && l.Text == "huge" {
				big = append(big, TooLarge{Event: ev, Bytes: 9_000_000})
				continue
			}
			w.events = append(w.events, ev)
		}
	})
	return big, err
}

func (w *world) Bury(_ context.Context, letters []DeadLetter) error {
	return w.effect("bury", func() { w.letters = append(w.letters, letters...) })
}

func (w *world) Forward(_ context.Context, forwards []Forward) error {
	if len(forwards) == 0 {
		return nil
	}
	return w.effect("forward", func() {
		w.forwards = append(w.forwards, forwards...)
		for _, f := range forwards {
			w.requests[f.Partition] = append(w.requests[f.Partition], Record{
				Partition: f.Partition, Offset: int64(len(w.requests[f.Partition])),
				Key: f.Key, Value: f.Value, Headers: f.Headers, Time: time.Now(),
			})
		}
	})
}

func (w *world) Save(_ context.Context, states []SavedState) error {
	return w.effect("save", func() {
		for _, s := range states {
			w.checkPublished(s)
			if s.Partition != w.Home(s.Ref.ID) {
				w.t.Errorf("state of %s saved in partition %d", s.Ref.ID, s.Partition)
			}
			w.states = append(w.states, s)
		}
	})
}

// checkPublished holds a state against the log: what it claims must be there.
func (w *world) checkPublished(s SavedState) {
	if s.Value == nil {
		return
	}
	st, err := w.Decode(s.Value)
	if err != nil {
		w.t.Errorf("saved state can't be read: %v", err)
		return
	}
	for _, c := range st.Calls {
		has := func(match func(*order.Event) bool) bool {
			return slices.ContainsFunc(w.events, func(ev *order.Event) bool {
				return ev.Ref == s.Ref && ev.CallID == c.ID && match(ev)
			})
		}
		if !has(func(ev *order.Event) bool {
			b, ok := ev.Body.(*order.StatusChanged)
			return ok && b.Sequence == c.Status.Sequence && b.Status == c.Status.Status
		}) {
			w.t.Errorf("state of %s claims status %v of %s, which was not published", s.Ref.ID, c.Status.Status, c.ID)
		}
		if c.Completed != nil && !has(func(ev *order.Event) bool {
			b, ok := ev.Body.(*order.CallCompleted)
			return ok && b.Revision == c.Completed.Revision
		}) {
			w.t.Errorf("state of %s claims revision %d of %s, which was not published", s.Ref.ID, c.Completed.Revision, c.ID)
		}
	}
}

func (w *world) Encode(st *order.State) ([]byte, error) { return json.Marshal(st) }

func (w *world) Decode(b []byte) (*order.State, error) {
	st := &order.State{}
	return st, json.Unmarshal(b, st)
}

// run is one process's session.
type run struct {
	*world
	owned []int
}

func (r *run) Owned() []int { return r.owned }

func (r *run) Restore(_ context.Context, partition int, each func(key, value []byte) error) error {
	r.mu.Lock()
	states := slices.Clone(r.states)
	r.mu.Unlock()
	for _, s := range states {
		if s.Partition == partition {
			if err := each([]byte(s.Ref.Task+"/"+s.Ref.ID), s.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) Read(ctx context.Context, partition int, each func(Record) error) error {
	r.mu.Lock()
	at := r.committed[partition]
	r.mu.Unlock()
	for {
		r.mu.Lock()
		log := r.requests[partition]
		r.mu.Unlock()
		for ; at < int64(len(log)); at++ {
			if err := each(log[at]); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (r *run) Commit(offsets map[int]int64) error {
	return r.effect("commit", func() {
		for partition, offset := range offsets {
			if offset < r.committed[partition] {
				r.t.Errorf("partition %d: offset went back from %d to %d", partition, r.committed[partition], offset)
			}
			for _, rec := range r.requests[partition][:offset] {
				r.checkDone(rec)
			}
			r.committed[partition] = offset
		}
	})
}

// checkDone holds a committed request against the log: each order it names
// stands in the state, in a dead letter, or was forwarded.
func (r *run) checkDone(rec Record) {
	req, _, err := readRequest(context.Background(), rec.Value, nil)
	if err != nil {
		if !slices.ContainsFunc(r.letters, func(l DeadLetter) bool {
			return l.Reason == order.ReasonUnreadable && l.Partition == rec.Partition && l.Offset == rec.Offset
		}) {
			r.t.Errorf("unreadable request %d/%d was committed and is no dead letter", rec.Partition, rec.Offset)
		}
		return
	}
	for _, id := range req.Orders {
		stands := slices.ContainsFunc(r.states, func(s SavedState) bool { return s.Ref.ID == id }) ||
			slices.ContainsFunc(r.letters, func(l DeadLetter) bool { return string(l.Key) == id }) ||
			slices.ContainsFunc(r.forwards, func(f Forward) bool { return bytes.Contains(f.Value, []byte(id)) })
		if !stands {
			r.t.Errorf("request %d/%d was committed, but order %s stands nowhere", rec.Partition, rec.Offset, id)
		}
	}
}

func (w *world) Wait() time.Duration { return 0 }
func (w *world) Answering() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.silent
}

func (w *world) Look(_ context.Context, task string, ids []string) (look order.Look, err error) {
	time.Sleep(10 * time.Millisecond) // virtual: an answer takes its time
	failed := w.effect("fetch", func() {
		w.asked = append(w.asked, slices.Clone(ids))
		if w.down != nil {
			err = w.down
			return
		}
		look = order.Look{
			At: order.Millis(time.Now().UnixMilli()), Seen: map[string]order.Sighting{}, Missing: map[string]bool{}, Rejected: map[string]string{},
		}
		for _, id := range ids {
			w.lookAt(&look, order.Ref{Task: task, ID: id})
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
