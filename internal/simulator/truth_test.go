package simulator

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// truths reads /sim/truth.
func truths(t *testing.T, s *Simulator, query string) []Truth {
	t.Helper()
	w := control(s, http.MethodGet, "truth"+query, "")
	var list []Truth
	for line := range strings.Lines(w.Body.String()) {
		var one Truth
		decode(t, []byte(line), &one)
		list = append(list, one)
	}
	return list
}

// toMillis turns the timestamps of an answer into the truth's.
func toMillis(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			n, ok := e.(float64)
			if ok && n > 0 && n < 1e11 && (strings.HasSuffix(k, "Ts") && k != "smsSendTs" || strings.HasPrefix(k, "manualCall")) {
				v[k] = n * 1000
			} else {
				v[k] = toMillis(e)
			}
		}
	case []any:
		for i := range v {
			v[i] = toMillis(v[i])
		}
	}
	return v
}

// TestTruthIsWhatIsServed follows orders of all kinds to their end and compares
// the truth with each answer.
func TestTruthIsWhatIsServed(t *testing.T) {
	c := newClock()
	s := newTest(c, func(c *Config) { c.Finished, c.Speed = 0.3, 3 })
	ids := append(numbered("o-", 40), "missing-1", "late-1")
	shown := map[string][]Shown{}
	for range 40 {
		a := ask(t, s, "t", ids...)
		list := truths(t, s, "")
		if len(list) != len(a.Orders) {
			t.Fatalf("%d orders answered, the truth has %d", len(a.Orders), len(list))
		}
		byID := map[string]Truth{}
		for _, one := range list {
			byID[one.OrderID] = one
		}
		for _, o := range a.Orders {
			id := o["orderID"].(string)
			watch(shown, o, c.now.UnixMilli())
			one := byID[id]
			var now map[string]any
			decode(t, one.Now, &now)
			if !same(now, toMillis(o)) || one.Finished != o["finish"] || one.Final != nil {
				t.Fatalf("order %s: served\n%v\nbut the truth is\n%s", id, o, one.Now)
			}
			if !slices.Equal(one.Shown, shown[id]) {
				t.Fatalf("order %s: shown %v, the truth says %v", id, shown[id], one.Shown)
			}
		}
		c.advance(15 * time.Second)
	}
	c.advance(time.Hour)
	for _, one := range truths(t, s, "?final=true") {
		if !one.Finished || !bytes.Equal(one.Now, one.Final) || one.FirstShown < newClock().now.UnixMilli() {
			t.Errorf("order %s: finished %v, now %s, final %s", one.OrderID, one.Finished, one.Now, one.Final)
		}
	}
}

// watch keeps what a client that reads every answer saw.
func watch(seen map[string][]Shown, order map[string]any, at int64) {
	id := order["orderID"].(string)
	for _, call := range callsOf(order) {
		callID, _ := call["callID"].(string)
		g := Shown{callID, code(call["callStatus"]), at}
		if callID != "" && !slices.ContainsFunc(seen[id], func(o Shown) bool { return o.CallID == g.CallID && o.Status == g.Status }) {
			seen[id] = append(seen[id], g)
		}
	}
}

// TestTimestampsAreNotInTheFuture holds at any speed.
func TestTimestampsAreNotInTheFuture(t *testing.T) {
	for _, speed := range []float64{0.25, 1, 10, 500} {
		c := newClock()
		s := newTest(c, func(c *Config) { c.Speed, c.Finished = speed, 0.2 })
		for range 40 {
			for _, o := range ask(t, s, "t", numbered("o", 30)...).Orders {
				for _, call := range callsOf(toMillis(o).(map[string]any)) {
					for _, field := range []string{"callStartTs", "callEndTs"} {
						if at, _ := call[field].(float64); int64(at) > c.now.UnixMilli() {
							t.Fatalf("speed %v: %s is %v ms ahead", speed, field, int64(at)-c.now.UnixMilli())
						}
					}
				}
			}
			c.advance(time.Duration(20 / speed * float64(time.Second)))
		}
	}
}

// TestPrefixesDecide: beginnings of IDs outweigh Config.Finished, and only
// late- orders come later.
func TestPrefixesDecide(t *testing.T) {
	for share, want := range map[float64]string{0: "done-1 true, live-1 false, o false", 1: "done-1 true, live-1 false, o true"} {
		c := newClock()
		s := newTest(c, func(c *Config) { c.Finished = share })
		shown := func() string {
			var list []string
			for _, o := range ask(t, s, "t", "done-1", "live-1", "o", "late-1", "missing-1", "o").Orders {
				list = append(list, fmt.Sprint(o["orderID"], " ", o["finish"]))
			}
			return strings.Join(list, ", ")
		}
		if got := shown(); got != want {
			t.Errorf("share %v: %s at once, want %s", share, got, want)
		}
		c.advance(100 * time.Hour)
		if got, want := shown(), "done-1 true, live-1 true, o true, late-1 true"; got != want {
			t.Errorf("share %v: %s in the end, want %s", share, got, want)
		}
	}
}

// TestRestartGoesOn holds that a fixed start makes a simulator forgetful without
// harm: its successor shows what it would have shown.
func TestRestartGoesOn(t *testing.T) {
	c := newClock()
	start := c.now.Add(-10 * time.Second)
	fixed := func(k *Config) { k.Start = start }
	first := newTest(c, fixed)
	post(first, query("t", "o1", "o2"))
	c.advance(40 * time.Second)
	second := newTest(c, fixed)
	if a, b := ask(t, first, "t", "o1", "o2"), ask(t, second, "t", "o1", "o2"); !same(a.Orders, b.Orders) {
		t.Error("the successor shows something else")
	}
}

// TestSameRequestsSameAnswers holds for all faults together, byte by byte.
func TestSameRequestsSameAnswers(t *testing.T) {
	run := func(seed uint64) []string {
		c := newClock()
		s := newTest(c, func(c *Config) { c.Seed = seed })
		setFaults(t, s, Faults{
			Busy: 0.1, Maintenance: 0.1, Error500: 0.1, HTML: 0.1, Stale: 0.2, Missing: 0.2, UnknownStatus: 0.3, WrongType: 0.3,
			DuplicateEntry: 0.2, NoCallID: 0.2, Unasked: 0.3, Nulls: 0.3, BadSignature: 0.2, NumericIDs: 0.2,
		})
		var out []string
		for i := range 40 {
			w := post(s, query("t", fmt.Sprint("a", i%3), "b", "c", "done-d"))
			out = append(out, fmt.Sprint(w.Code, w.Header(), w.Body))
			c.advance(3 * time.Second)
		}
		return out
	}
	first := run(1)
	if !slices.Equal(run(1), first) {
		t.Error("the same seed answers differently")
	}
	if slices.Equal(run(2), first) {
		t.Error("another seed answers alike")
	}
}

// TestAnswersDoNotGoBack holds without the fault that makes them: neither a
// clock set back nor an answer that is sent late undoes what was shown.
func TestAnswersDoNotGoBack(t *testing.T) {
	c := newClock()
	s := newTest(c, nil)
	post(s, query("t", "live-1"))
	c.advance(time.Hour)
	end := ask(t, s, "t", "live-1")
	c.advance(-time.Hour)
	if again := ask(t, s, "t", "live-1"); !same(again.Orders, end.Orders) {
		t.Error("a clock set back turned the story back")
	}
	before := s.Shown("t", "live-1")
	s.note([]sighting{{ref: ref{"t", "live-1"}, version: 1, calls: []Shown{{CallID: "late", Status: 1}}}})
	if got := s.Shown("t", "live-1"); !slices.Equal(got, before) {
		t.Errorf("an answer overtaken by a later one was noted: %v", got)
	}
}

// TestHappened: however fast stories run, what an answer is the first to show of
// a call's end happened since the answer before, give or take a second of story
// where dates are cut to seconds.
func TestHappened(t *testing.T) {
	for _, speed := range []float64{1, 20} {
		const step = 50 * time.Millisecond
		second := time.Duration(float64(time.Second) / speed)
		c := newClock()
		s := newTest(c, func(c *Config) { c.Speed = speed })
		ended := map[string]bool{}
		for begin := c.now; c.now.Sub(begin) < time.Duration(float64(5*time.Minute)/speed); c.advance(step) {
			for _, o := range ask(t, s, "t", "live-1", "live-2", "live-3").Orders {
				for i, call := range callsOf(o) {
					end, _ := call["callEndTs"].(float64)
					name := fmt.Sprint(o["orderID"], i)
					if end == 0 || ended[name] {
						continue
					}
					ended[name] = true
					if end < 1e11 {
						end *= 1000
					}
					ago := c.now.Sub(s.Happened("t", o["orderID"].(string), time.UnixMilli(int64(end))))
					if ago < -time.Millisecond || ago > step+second {
						t.Errorf("speed %v, %v: its end shows at once, and happened %v ago", speed, o["orderID"], ago)
					}
				}
			}
		}
		if len(ended) < 3 {
			t.Errorf("speed %v: only %d calls ended", speed, len(ended))
		}
	}
}
