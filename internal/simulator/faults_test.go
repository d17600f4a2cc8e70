package simulator

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestTransportFaults(t *testing.T) {
	for _, c := range []struct {
		name     string
		faults   Faults
		statuses []int
		labels   []string
	}{
		{"error500", Faults{Error500: 1}, []int{500, 502}, []string{"http-500", "http-502"}},
		{"too_many", Faults{TooMany: 1}, []int{429}, []string{"http-429"}},
		{"html", Faults{HTML: 1}, []int{200}, []string{"html"}},
		{"poison with 500", Faults{Poison: []string{"o"}, PoisonWith: "500"}, []int{500}, []string{"http-500"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTest(newClock(), nil)
			setFaults(t, s, c.faults)
			met := map[int]bool{}
			for range 30 {
				w := post(s, query("t", "o"))
				met[w.Code] = true
				if json.Valid(w.Body.Bytes()) || w.Header().Get("sign") != "" {
					t.Fatalf("answered signed JSON: %s", w.Body)
				}
			}
			for _, status := range c.statuses {
				if !met[status] {
					t.Errorf("never answered %d", status)
				}
			}
			if len(met) != len(c.statuses) || len(s.Stats().Answers) != len(c.labels) {
				t.Errorf("met %v, counted %v", met, s.Stats().Answers)
			}
			for _, l := range c.labels {
				if s.Stats().Answers[l] == 0 {
					t.Errorf("counted %v, want %s", s.Stats().Answers, l)
				}
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	s := newTest(newClock(), nil)
	setFaults(t, s, Faults{TooMany: 1})
	met := map[string]bool{}
	for range 30 {
		met[post(s, query("t", "o")).Header().Get("Retry-After")] = true
	}
	if !met[""] || !met["1"] {
		t.Errorf("Retry-After was %v, want it sometimes", met)
	}
}

func TestHang(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults Faults
		leave  time.Duration
		want   time.Duration
	}{
		{"until the client leaves", Faults{Hang: 1}, 20 * time.Second, 20 * time.Second},
		{"two minutes at most", Faults{Hang: 1}, time.Hour, 2 * time.Minute},
		{"as long as told", Faults{Hang: 1, HangSeconds: 1.5}, time.Hour, 1500 * time.Millisecond},
		{"poisoned", Faults{Poison: []string{"o"}, PoisonWith: "hang"}, time.Minute, time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := New(Config{SecretKey: testKey})
				setFaults(t, s, c.faults)
				ctx, cancel := context.WithTimeout(t.Context(), c.leave)
				defer cancel()
				if took := hangingPost(t, ctx, s, query("t", "o")); took != c.want {
					t.Errorf("took %v, want %v", took, c.want)
				}
				if s.Stats().Answers["hang"] != 1 {
					t.Errorf("counted %v", s.Stats().Answers)
				}
			})
		})
	}
}

func TestBadSignature(t *testing.T) {
	s := newTest(newClock(), nil)
	setFaults(t, s, Faults{BadSignature: 1})
	w := post(s, query("t", "done-1"))
	h := signedOf(w.Header())
	if want, _ := h.sign(testKey, w.Body.Bytes()); w.Header().Get("sign") == want || len(w.Header().Get("sign")) != len(want) {
		t.Errorf("signed %q", w.Header().Get("sign"))
	}
	if shown := s.Shown("t", "done-1"); len(shown) != 0 {
		t.Errorf("noted %v of an answer that proves nothing", shown)
	}
}

func TestShares(t *testing.T) {
	s := newTest(newClock(), nil)
	setFaults(t, s, Faults{Busy: 0.3, Maintenance: 0.2})
	n := map[int]int{}
	for range 1000 {
		n[ask(t, s, "t", "o").RetCode]++
	}
	// 0.3, 0.2 of the other 0.7, and the rest; ±0.06 is four standard deviations.
	for code, want := range map[int]int{7: 300, 5: 140, 0: 560} {
		if n[code] < want-60 || n[code] > want+60 {
			t.Errorf("retCode %d: %d of 1000, want about %d", code, n[code], want)
		}
	}
}

// batch is a number of orders that are over when first asked for.
func batch(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("done-%d", i)
	}
	return ids
}

func TestMissingOrders(t *testing.T) {
	s := newTest(newClock(), nil)
	setFaults(t, s, Faults{Missing: 0.5})
	a := ask(t, s, "t", batch(200)...)
	if n := len(a.Orders); n < 60 || n > 140 {
		t.Errorf("%d of 200 orders are there", n)
	}
	for i, id := range batch(200) {
		if shown := len(s.Shown("t", id)) > 0; shown != slices.Contains(idsOf(a), id) {
			t.Errorf("order %d: noted as shown: %v", i, shown)
		}
	}
}

func TestStale(t *testing.T) {
	s := newTest(newClock(), nil)
	fresh := ask(t, s, "t", batch(50)...)
	before := make([][]Shown, 50)
	for i, id := range batch(50) {
		before[i] = s.Shown("t", id)
	}
	setFaults(t, s, Faults{Stale: 1})
	older := 0
	stale := ask(t, s, "t", batch(50)...)
	for i, id := range batch(50) {
		if calls, were := len(callsOf(stale.Orders[i])), len(callsOf(fresh.Orders[i])); calls > were {
			t.Errorf("%s: %d calls, were %d", id, calls, were)
		}
		if !same(stale.Orders[i], fresh.Orders[i]) {
			older++
		}
		if !slices.Equal(s.Shown("t", id), before[i]) {
			t.Errorf("%s: a stale answer was noted as shown", id)
		}
	}
	if older < 45 { // a beat or two of a story may change nothing but a fault's doing
		t.Errorf("%d of 50 orders are older", older)
	}
	if a := ask(t, s, "t", "done-new"); a.Orders[0]["finish"] != true {
		t.Error("an order never shown before was stale")
	}
}

func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

func TestDuplicateEntry(t *testing.T) {
	s := newTest(newClock(), nil)
	fresh := ask(t, s, "t", batch(20)...)
	setFaults(t, s, Faults{DuplicateEntry: 1})
	a := ask(t, s, "t", batch(20)...)
	if len(a.Orders) != 40 {
		t.Fatalf("%d entries", len(a.Orders))
	}
	older := 0
	for i := range 20 {
		if a.Orders[2*i]["orderID"] != a.Orders[2*i+1]["orderID"] || !same(a.Orders[2*i+1], fresh.Orders[i]) {
			t.Errorf("order %d: the further entry is not the present one", i)
		}
		if !same(a.Orders[2*i], a.Orders[2*i+1]) {
			older++
		}
	}
	if older < 10 {
		t.Errorf("%d of 20 doubles are older", older)
	}
}

func TestUnasked(t *testing.T) {
	s := newTest(newClock(), nil)
	setFaults(t, s, Faults{Unasked: 1})
	ids := idsOf(ask(t, s, "t", batch(3)...))
	strangers := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return slices.Contains(batch(3), id) })
	if len(ids) != 4 || len(strangers) != 1 {
		t.Errorf("answered %v", ids)
	}
	if s.Stats().DistinctOrders != 3 {
		t.Error("a stranger was counted as asked for")
	}
}

func TestNoCallID(t *testing.T) {
	s := newTest(newClock(), nil)
	setFaults(t, s, Faults{NoCallID: 1})
	for _, o := range ask(t, s, "t", batch(30)...).Orders {
		without := 0
		for _, c := range callsOf(o) {
			if c["callID"] == nil {
				without++
			}
		}
		if without != 1 {
			t.Errorf("%v: %d calls have no callID", o["orderID"], without)
		}
	}
}

func TestNulls(t *testing.T) {
	s := newTest(newClock(), nil)
	fresh := ask(t, s, "t", batch(100)...)
	setFaults(t, s, Faults{Nulls: 1})
	a := ask(t, s, "t", batch(100)...)
	for i, o := range a.Orders {
		if same(o, fresh.Orders[i]) || o["orderID"] != fresh.Orders[i]["orderID"] {
			t.Errorf("order %d has no new null, or has lost its orderID", i)
		}
	}
}

func TestWrongType(t *testing.T) {
	s := newTest(newClock(), nil)
	fresh := ask(t, s, "t", batch(10)...)
	setFaults(t, s, Faults{WrongType: 1})
	spoilt := map[string]bool{}
	for range 40 {
		a := askRaw(t, s, batch(10)...)
		differ := 0
		for i, o := range a {
			if !same(o, fresh.Orders[i]) {
				differ++
				spoilt[fmt.Sprint(i)] = true
			}
		}
		if len(a) != 10 || differ != 1 {
			t.Errorf("%d orders, %d of a wrong type, want one of ten", len(a), differ)
		}
	}
	if len(spoilt) < 5 {
		t.Errorf("only the orders %v were ever spoilt", spoilt)
	}
}

// askRaw reads an answer whose orders may be of any type.
func askRaw(t *testing.T, s *Simulator, ids ...string) []map[string]any {
	t.Helper()
	var a struct {
		Orders []map[string]any `json:"orderDetailList"`
	}
	if err := json.Unmarshal(post(s, query("t", ids...)).Body.Bytes(), &a); err != nil {
		t.Fatal(err)
	}
	return a.Orders
}

func TestUnknownStatus(t *testing.T) {
	c := newClock()
	s := newTest(c, func(c *Config) { c.Speed = 4 })
	setFaults(t, s, Faults{UnknownStatus: 1})
	ids := make([]string, 60)
	for i := range ids {
		ids[i] = fmt.Sprintf("live-%d", i)
	}
	for range 120 {
		post(s, query("t", ids...))
		c.advance(time.Second)
	}
	var onTheWay, forSomeTime, forEver int
	for _, id := range ids {
		last := map[string][]int{}
		for _, g := range s.Shown("t", id) {
			last[g.CallID] = append(last[g.CallID], g.Status)
		}
		for _, codes := range last {
			switch i := slices.Index(codes, 26); {
			case slices.Contains(codes, 7):
				onTheWay++
			case i >= 0 && i == len(codes)-1:
				forEver++
			case i >= 0:
				forSomeTime++
			}
		}
	}
	if onTheWay == 0 || forSomeTime == 0 || forEver == 0 {
		t.Errorf("on the way %d, for some time %d, for ever %d", onTheWay, forSomeTime, forEver)
	}
}

func TestNumericIDs(t *testing.T) {
	s := newTest(newClock(), nil)
	setFaults(t, s, Faults{NumericIDs: 1})
	for _, o := range ask(t, s, "t", batch(10)...).Orders {
		if _, ok := o["sceneID"].(float64); !ok {
			t.Errorf("sceneID is %v", o["sceneID"])
		}
	}
}

func TestFaultsOverHTTP(t *testing.T) {
	s := newTest(newClock(), nil)
	var got Faults
	read := func(method, body string, want int) {
		t.Helper()
		w := send(s, method, "/sim/faults", body)
		if w.Code != want {
			t.Fatalf("%s %s: %d %s", method, body, w.Code, w.Body)
		}
		if want == http.StatusOK {
			got = Faults{}
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
		}
	}
	read(http.MethodPut, `{"busy":0.5,"poison":["a","b*"],"poison_with":"hang"}`, 200)
	if got.Busy != 0.5 || !slices.Equal(got.Poison, []string{"a", "b*"}) || got.PoisonWith != "hang" {
		t.Errorf("set %+v", got)
	}
	read(http.MethodPost, `{"stale":0.1,"poison":["c"]}`, 200)
	if got.Busy != 0.5 || got.Stale != 0.1 || !slices.Equal(got.Poison, []string{"c"}) || got.PoisonWith != "hang" {
		t.Errorf("merged %+v", got)
	}
	for _, bad := range []string{`{"busy":1.5}`, `{"busy":-1}`, `{"bussy":1}`, `{"poison_with":"7"}`, `{"hang_seconds":-1}`, `{"poison":["z"],"busy":2}`, `{`, `{} {}`} {
		read(http.MethodPost, bad, 400)
	}
	read(http.MethodGet, "", 200)
	if got.Busy != 0.5 || got.Stale != 0.1 || !slices.Equal(got.Poison, []string{"c"}) {
		t.Errorf("a refused change left %+v", got)
	}
	read(http.MethodPut, `{"hang_seconds":30}`, 200)
	if got.Busy != 0 || got.Poison != nil || got.HangSeconds != 30 {
		t.Errorf("replaced by %+v", got)
	}
}

func TestFaultErrorsNameTheField(t *testing.T) {
	err := newTest(newClock(), nil).SetFaults(Faults{NoCallID: 2})
	if err == nil || !strings.Contains(err.Error(), "no_call_id") {
		t.Errorf("got %v", err)
	}
}
