package export

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"callstream/internal/order"
	"callstream/internal/record"
	"callstream/internal/request"
)

// The effects that can fail, each a method of a port.
const (
	fetch   = "fetch"
	publish = "publish"
	bury    = "bury"
	forward = "forward"
	save    = "save"
	commit  = "commit"
)

// how says what a fault does to an effect.
type how int

const (
	fails      how = iota // it does not take place, and says so
	unsaid                // it takes place, and says that it failed
	half                  // half of its parts take place, and it says that it failed
	diesBefore            // kill -9 before it takes place
	diesAfter             // kill -9 once it took place, before that is known
	stops                 // SIGTERM while it takes place; it succeeds
	stopsHangs            // SIGTERM, and it neither succeeds nor fails
)

var (
	errFault = errors.New("fault")
	errHangs = errors.New("hangs")
)

// fault strikes once: the first time that its effect takes place on what it
// waits for.
type fault struct {
	effect string
	how    how
	on     func(w *world, what any) bool // nil = whatever it is
	struck bool
}

// strike lets an effect take place, or the fault have its way with it.
func (f *fault) strike(p *process, effect string, what any, n int, apply func(int)) error {
	if f == nil || f.struck || f.effect != effect || f.on != nil && !f.on(p.world, what) {
		apply(n)
		return nil
	}
	f.struck = true
	switch f.how {
	case fails:
		return errFault
	case unsaid:
		apply(n)
		return errFault
	case half:
		apply((n + 1) / 2)
		return errFault
	case diesAfter:
		apply(n)
		p.kill()
		return errKilled
	case diesBefore:
		p.kill()
		return errKilled
	case stopsHangs:
		p.stop()
		return errHangs
	default:
		p.stop()
		apply(n)
		return nil
	}
}

// What a fault waits for.

func eventOf(id string, match func(order.Body) bool) func(*world, any) bool {
	return func(_ *world, what any) bool {
		return slices.ContainsFunc(what.([]*order.Event), func(ev *order.Event) bool { return ev.Ref.ID == id && match(ev.Body) })
	}
}

func revision(n int) func(order.Body) bool {
	return func(b order.Body) bool { c, ok := b.(*order.CallCompleted); return ok && c.Revision == n }
}

func anyBody(order.Body) bool { return true }

func letterOf(reason order.Reason) func(*world, any) bool {
	return func(_ *world, what any) bool {
		return slices.ContainsFunc(what.([]request.DeadLetter), func(l request.DeadLetter) bool { return l.Reason == reason })
	}
}

func stateOf(id string, match func(*order.State) bool) func(*world, any) bool {
	return func(w *world, what any) bool {
		return slices.ContainsFunc(what.([]SavedState), func(s SavedState) bool {
			if s.Ref.ID != id || s.Value == nil {
				return s.Ref.ID == id && match(nil)
			}
			return match(w.decode(s.Value))
		})
	}
}

func removed(st *order.State) bool { return st == nil }

func resting(why order.Rest) func(*order.State) bool {
	return func(st *order.State) bool { return st != nil && st.Rest == why }
}

// several waits for states of several orders whose requests are long marked.
func several(w *world, what any) bool {
	return len(what.([]SavedState)) > 1 && time.Since(w.began) > time.Minute
}

// lastRequests waits for the commit of all requests that the script puts.
func lastRequests(w *world, what any) bool {
	if time.Since(w.began) < scriptEnds {
		return false
	}
	for partition, offset := range what.(map[int]int64) {
		if offset != int64(len(w.requests[partition])) {
			return false
		}
	}
	return true
}

// hinted waits for a callback's hint.
func hinted(_ *world, what any) bool {
	return slices.ContainsFunc(what.([]record.Message), func(m record.Message) bool {
		return request.FromCallback(&record.Record{Headers: m.Headers})
	})
}

func reads(id string) func(*world, any) bool {
	return func(_ *world, what any) bool { return slices.Contains(what.([]string), id) }
}

// TestFaults strikes each effect in each way, at a moment that matters, and
// runs on with a new process where the old one ended. Whatever ended, nothing
// that the API showed may be missing in the end, and only what the row names may
// stand twice.
func TestFaults(t *testing.T) {
	for _, row := range []struct {
		name     string
		fault    fault
		survives bool   // the process goes on, or ends well where it is told to end
		repeats  string // what stands twice afterwards
	}{
		{"the first look fails", fault{effect: fetch, how: fails}, true, ""},
		{"the answer is lost", fault{effect: fetch, how: unsaid, on: reads("late")}, true, ""},
		{"it dies while it asks", fault{effect: fetch, how: diesBefore, on: reads("deadline")}, false, ""},
		{"it dies with an answer in hand", fault{effect: fetch, how: diesAfter, on: reads("late")}, false, ""},
		{"it is stopped while it asks", fault{effect: fetch, how: stops, on: reads("list-1")}, true, ""},
		{"it is stopped while the API hangs", fault{effect: fetch, how: stopsHangs, on: reads("stopped")}, true, ""},

		{"events can't be written", fault{effect: publish, how: fails}, false, ""},
		{"events are written, nobody says so", fault{effect: publish, how: unsaid}, false, "events"},
		{"half of the events are written", fault{effect: publish, how: half, on: eventOf("stopped", anyBody)}, false, "events"},
		{"it dies before a recording is announced", fault{effect: publish, how: diesBefore, on: eventOf("early", revision(2))}, false, ""},
		{"it dies after a recording is announced", fault{effect: publish, how: diesAfter, on: eventOf("early", revision(2))}, false, "events"},
		{"it is stopped while events are written", fault{effect: publish, how: stops, on: eventOf("late", revision(1))}, true, ""},
		{"it is stopped and events hang", fault{effect: publish, how: stopsHangs, on: eventOf("late", revision(1))}, true, ""},

		{"an unreadable request can't be buried", fault{effect: bury, how: fails, on: letterOf(order.ReasonUnreadable)}, false, ""},
		{"an unreadable request is buried, nobody says so", fault{effect: bury, how: unsaid, on: letterOf(order.ReasonUnreadable)}, false, "letters"},
		{"it dies before an ID that can't be is buried", fault{effect: bury, how: diesBefore, on: letterOf(order.ReasonInvalidID)}, false, ""},
		{"it dies after an ID that can't be is buried", fault{effect: bury, how: diesAfter, on: letterOf(order.ReasonInvalidID)}, false, "letters"},
		{"it dies before a refused order is buried", fault{effect: bury, how: diesBefore, on: letterOf(order.ReasonRejected)}, false, ""},
		{"it dies after a refused order is buried", fault{effect: bury, how: diesAfter, on: letterOf(order.ReasonRejected)}, false, "letters"},
		{"it dies before an order given up is buried", fault{effect: bury, how: diesBefore, on: letterOf(order.ReasonGaveUp)}, false, ""},
		{"it dies after an order given up is buried", fault{effect: bury, how: diesAfter, on: letterOf(order.ReasonGaveUp)}, false, "letters"},
		{"it dies after an order never found is buried", fault{effect: bury, how: diesAfter, on: letterOf(order.ReasonNotFound)}, false, "letters"},
		{"it dies before a line too large is buried", fault{effect: bury, how: diesBefore, on: letterOf(order.ReasonTooLarge)}, false, "events"},
		{"it dies after a line too large is buried", fault{effect: bury, how: diesAfter, on: letterOf(order.ReasonTooLarge)}, false, "events letters"},
		{"it is stopped while it buries", fault{effect: bury, how: stops, on: letterOf(order.ReasonUnreadable)}, true, ""},

		{"a request can't be forwarded", fault{effect: forward, how: fails}, false, ""},
		{"a request is forwarded, nobody says so", fault{effect: forward, how: unsaid}, false, "forwards"},
		{"it dies after it forwarded a callback's hint", fault{effect: forward, how: diesAfter, on: hinted}, false, "forwards"},
		{"it dies before it forwards", fault{effect: forward, how: diesBefore}, false, ""},
		{"it dies after it forwarded", fault{effect: forward, how: diesAfter}, false, "forwards"},
		{"it is stopped while it forwards", fault{effect: forward, how: stops}, true, ""},

		{"the first state can't be saved", fault{effect: save, how: fails, on: stateOf("early", resting(order.Active))}, false, "events"},
		{"a state is saved, nobody says so", fault{effect: save, how: unsaid, on: stateOf("early", resting(order.Active))}, false, ""},
		{"half of the states are saved", fault{effect: save, how: half, on: several}, false, "events"},
		{"it dies before a stop is saved", fault{effect: save, how: diesBefore, on: stateOf("stopped", resting(order.Stopped))}, false, ""},
		{"it dies after a stop is saved", fault{effect: save, how: diesAfter, on: stateOf("stopped", resting(order.Stopped))}, false, ""},
		{"it dies before a settled order is saved", fault{effect: save, how: diesBefore, on: stateOf("early", resting(order.Settled))}, false, ""},
		{"it dies before an order given up is saved", fault{effect: save, how: diesBefore, on: stateOf("deadline", resting(order.GaveUp))}, false, "letters"},
		{"it dies before a state is removed", fault{effect: save, how: diesBefore, on: stateOf("nowhere", removed)}, false, "letters"},
		{"it dies after a state is removed", fault{effect: save, how: diesAfter, on: stateOf("nowhere", removed)}, false, ""},
		{"it dies before an order that a callback is about is saved", fault{effect: save, how: diesBefore, on: stateOf("called", anyState)}, false, "events forwards"},
		{"it dies after an order that a callback is about is saved", fault{effect: save, how: diesAfter, on: stateOf("called", anyState)}, false, "forwards"},
		{"it is stopped while states are saved", fault{effect: save, how: stops, on: stateOf("late", anyState)}, true, ""},
		{"it is stopped and a state hangs", fault{effect: save, how: stopsHangs, on: stateOf("stopped", anyState)}, true, "events"},

		{"the first commit fails", fault{effect: commit, how: fails}, true, ""},
		{"the last commit fails", fault{effect: commit, how: fails, on: lastRequests}, true, ""},
		{"a commit is done, nobody says so", fault{effect: commit, how: unsaid, on: lastRequests}, true, ""},
		{"it dies before the first commit", fault{effect: commit, how: diesBefore}, false, ""},
		{"it dies after a commit", fault{effect: commit, how: diesAfter}, false, ""},
		{"it is stopped while it commits", fault{effect: commit, how: stops, on: lastRequests}, true, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.takes = slow
				w.fault = &row.fault
				survived := w.play(t)
				if !row.fault.struck {
					t.Fatal("the fault never struck: the row shows nothing")
				}
				if survived != row.survives {
					t.Errorf("survived: %t, want %t", survived, row.survives)
				}
				if got := w.repeats(); got != row.repeats {
					t.Errorf("stand twice: %q, want %q", got, row.repeats)
				}
				w.checkEnd()
			})
		})
	}
}

func anyState(st *order.State) bool { return st != nil }

// slow is how long effects take: longer than it takes to ask again, and some
// longer than it takes to commit, so that everything that may happen meanwhile
// does.
var slow = map[string]time.Duration{
	fetch: 300 * time.Millisecond, publish: 400 * time.Millisecond, bury: 2500 * time.Millisecond,
	forward: 2300 * time.Millisecond, save: 700 * time.Millisecond, commit: 200 * time.Millisecond,
}

// step is what somebody does to the world at a time.
type step struct {
	at time.Duration
	do func(w *world)
}

const scriptEnds = 6 * time.Minute

// script is who asks for what. Requests come over minutes; the orders end in
// every way there is.
func script() []step {
	ask := func(mode, id string) func(*world) { return func(w *world) { w.ask(mode, id) } }
	put := func(value string, at int) func(*world) { return func(w *world) { w.put(value, at) } }
	steps := []step{
		{0, ask("follow", "early")},
		{time.Second, ask("follow", "stopped")},
		{5 * time.Second, put(`{"userTaskID":"t","orderIDs":["list-1","list-2","list-3","list-4"]}`, homeOf("list-1"))},
		{8 * time.Second, put(`not JSON`, 0)},
		{11 * time.Second, put(`{"userTaskID":"t","orderIDs":["late",""]}`, homeOf("late"))},
		{15 * time.Second, ask("follow", "refused")},
		{20 * time.Second, ask("follow", "nowhere")},
		{23 * time.Second, ask("follow", "large")},
		{32 * time.Second, func(w *world) { w.askFor("deadline", "deadline", 2*time.Minute) }},
		{52 * time.Second, ask("stop", "stopped")},
		{70 * time.Second, func(w *world) { w.hint("called", true, 1-homeOf("called")) }},
		{75 * time.Second, func(w *world) { w.hint("early", false, homeOf("early")) }},
		{80 * time.Second, func(w *world) { w.hint("stopped", true, homeOf("stopped")) }},
		{3 * time.Minute, put(`also not JSON`, 1)},
	}
	for i := range 40 { // an order that is asked for more often than it can come back
		steps = append(steps, step{40*time.Second + time.Duration(i)*150*time.Millisecond, ask("follow", "early")})
	}
	steps = append(steps, step{scriptEnds - time.Second, ask("once", "early")}, step{scriptEnds - time.Second, ask("once", "list-2")})
	slices.SortStableFunc(steps, func(a, b step) int { return int(a.at - b.at) })
	return steps
}

// play runs the script, with a new process whenever one ended, until long after
// all orders have ended. It reports whether no process ended but by being told.
func (w *world) play(t *testing.T) (survived bool) {
	for _, id := range []string{"early", "list-1", "list-2", "list-3", "list-4", "late", "stopped", "called"} {
		w.stories[id] = lively()
	}
	w.stories["deadline"] = lively()[:3]
	w.stories["large"] = tooLarge()
	w.reject["refused"] = true
	over := make(chan struct{})
	go func() {
		for _, s := range script() {
			time.Sleep(time.Until(w.began.Add(s.at)))
			s.do(w)
		}
		time.Sleep(time.Until(w.began.Add(20 * time.Minute)))
		close(over)
	}()
	survived = true
	for {
		cfg := testConfig()
		cfg.CallbackFollow = true
		p := w.start(cfg)
		select {
		case <-over:
			if !w.allCommitted() {
				t.Errorf("not all is committed while it runs: %v", w.committed)
			}
			p.end(t)
			return survived
		case err := <-p.ended:
			if err != nil || p.isDead() {
				survived = false
			} else {
				w.checkCommitted() // who is stopped leaves nothing uncommitted
			}
			time.Sleep(time.Second)
		}
	}
}

// checkEnd: everything is told, each order rests as it should, and each dead
// letter is there.
func (w *world) checkEnd() {
	w.t.Helper()
	w.checkSeals()
	w.checkTruth("early", "list-1", "list-2", "list-3", "list-4", "late", "called")
	rests := map[string]order.Rest{
		"early": order.Settled, "list-1": order.Settled, "list-2": order.Settled, "late": order.Settled, "large": order.Settled,
		"called":  order.Settled,
		"stopped": order.Stopped, "deadline": order.GaveUp,
	}
	for id, want := range rests {
		if st := w.lastState(id); st == nil || st.Rest != want && !(want == order.Settled && st.Rest == order.Once) {
			w.t.Errorf("%s does not rest as %s: %+v", id, want, st)
		}
	}
	for _, id := range []string{"refused", "nowhere"} {
		if st := w.lastState(id); st != nil {
			w.t.Errorf("the state of %s is still there: %+v", id, st)
		}
	}
	reasons := map[order.Reason]int{}
	for _, l := range w.letters {
		reasons[l.Reason]++
	}
	for reason, want := range map[order.Reason]int{
		order.ReasonUnreadable: 2, order.ReasonInvalidID: 1, order.ReasonRejected: 1, order.ReasonNotFound: 1, order.ReasonTooLarge: 1, order.ReasonGaveUp: 1,
	} {
		if n := reasons[reason]; n != want && !strings.Contains(w.repeats(), "letters") || n < want {
			w.t.Errorf("%d dead letters %s, want %d", n, reason, want)
		}
	}
}
