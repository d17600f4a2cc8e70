package simulator

import (
	"bytes"
	"encoding/json"
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
	w := send(s, http.MethodGet, "/sim/truth"+query, "")
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
	ids := []string{"missing-1", "late-1"}
	for i := range 40 {
		ids = append(ids, fmt.Sprintf("o-%02d", i))
	}
	shown := map[string][]Shown{}
	for range 60 {
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
		c.advance(10 * time.Second)
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

func TestTruthOfOne(t *testing.T) {
	c := newClock()
	s := newTest(c, func(c *Config) { c.Speed = 2 })
	if got := s.Truth("t", "missing-1"); string(got.Now) != "null" || got.Final != nil || got.Finished || s.EndOfStory("t", "missing-1") != 0 {
		t.Errorf("of an order that never exists: %+v", got)
	}
	if got := s.Truth("t", "late-1"); string(got.Now) != "null" || got.Final == nil {
		t.Errorf("of an order that does not exist yet: %+v", got)
	}
	if s.EndOfStory("t", "done-1") != 0 || !s.Truth("t", "done-1").Finished {
		t.Error("done-1 is not over")
	}
	if s.Stats().DistinctOrders != 0 {
		t.Error("asking for the truth began a story")
	}
	ask(t, s, "t", "live-1")
	final, end := s.Final("t", "live-1"), s.EndOfStory("t", "live-1")
	if now := s.Truth("t", "live-1").Now; bytes.Equal(now, final) {
		t.Errorf("at the beginning it is as at the end: %s", now)
	}
	c.advance(end)
	if now := s.Truth("t", "live-1").Now; !bytes.Equal(now, final) {
		t.Errorf("at the end it is\n%s\nnot\n%s", now, final)
	}
}

// TestTimestampsAreNotInTheFuture holds at any speed.
func TestTimestampsAreNotInTheFuture(t *testing.T) {
	for _, speed := range []float64{0.25, 1, 10, 500} {
		c := newClock()
		s := newTest(c, func(c *Config) { c.Speed, c.Finished = speed, 0.2 })
		ids := make([]string, 30)
		for i := range ids {
			ids[i] = fmt.Sprint("o", i)
		}
		for range 40 {
			for _, o := range ask(t, s, "t", ids...).Orders {
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

func TestFinishedShare(t *testing.T) {
	s := newTest(newClock(), func(c *Config) { c.Finished = 0.4 })
	ids := make([]string, 500)
	for i := range ids {
		ids[i] = fmt.Sprint("o", i)
	}
	finished := 0
	for _, o := range ask(t, s, "t", ids...).Orders {
		if o["finish"] == true {
			finished++
		}
	}
	if finished < 150 || finished > 250 {
		t.Errorf("%d of 500 are finished, want about 200", finished)
	}
}

func TestPrefixesDecide(t *testing.T) {
	for share, s := range map[float64]*Simulator{
		0: newTest(newClock(), nil),
		1: newTest(newClock(), func(c *Config) { c.Finished = 1 }),
	} {
		a := ask(t, s, "t", "done-1", "live-1", "o")
		if a.Orders[0]["finish"] != true || a.Orders[1]["finish"] != false || a.Orders[2]["finish"] != (share == 1) {
			t.Errorf("share %v: %v %v %v", share, a.Orders[0]["finish"], a.Orders[1]["finish"], a.Orders[2]["finish"])
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

func TestStatsOverHTTP(t *testing.T) {
	s := newTest(newClock(), nil)
	post(s, query("t", "a", "b", "c"))
	post(s, query("t", "a"))
	post(s, "{}")
	var got Stats
	if err := json.Unmarshal(send(s, http.MethodGet, "/sim/stats", "").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Requests != 3 || got.Answers["0"] != 2 || got.Answers["2"] != 1 || got.OrdersAnswered != 4 ||
		got.DistinctOrders != 3 || got.MeanFill != 2 || got.MaxPerSecond != 3 {
		t.Errorf("got %+v", got)
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
