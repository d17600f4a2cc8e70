package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func setFaults(t *testing.T, s *Simulator, f Faults) {
	t.Helper()
	if err := s.SetFaults(f); err != nil {
		t.Fatal(err)
	}
}

// TestRefusals sends each request, where there is chance twenty times: what it
// meets is counted under the labels, and only what has a retCode is the API's own,
// signed.
func TestRefusals(t *testing.T) {
	good := query("t", "o", "p", "px")
	for name, tc := range map[string]struct {
		body   string
		faults Faults
		labels string
	}{
		"good":                 {good, Faults{}, "0"},
		"a full batch":         {query("t", numbered("done-", maxOrders)...), Faults{}, "0"},
		"too many orders":      {query("t", numbered("done-", maxOrders+1)...), Faults{}, "4001"},
		"no task":              {`{"productID":"callbot","orderList":["o"]}`, Faults{}, "2"},
		"no orders":            {query("t"), Faults{}, "2"},
		"no JSON":              {`{"productID":`, Faults{}, "3"},
		"an ID of wrong type":  {`{"productID":"callbot","userTaskID":"t","orderList":[1]}`, Faults{}, "3"},
		"a body too long":      {strings.Repeat(" ", maxBody+1), Faults{}, "3"},
		"another product":      {`{"productID":"sms","userTaskID":"t","orderList":["o"]}`, Faults{}, "4"},
		"an empty ID":          {query("t", ""), Faults{}, "4"},
		"an ID too long":       {query("t", strings.Repeat("x", maxID+1)), Faults{}, "4"},
		"busy":                 {good, Faults{Busy: 1}, "7"},
		"maintenance":          {good, Faults{Maintenance: 1}, "5"},
		"general":              {good, Faults{General: 1}, "1"},
		"internal":             {good, Faults{Internal: 1}, "5001"},
		"a share":              {good, Faults{Busy: 0.5}, "0 7"},
		"account refused":      {good, Faults{RejectAccount: true}, "6"},
		"all refused":          {good, Faults{RejectAll: true}, "4"},
		"poison":               {query("t", "o", "poison-1"), Faults{}, "4"},
		"poison by name":       {good, Faults{Poison: []string{"p"}, PoisonWith: "4001"}, "4001"},
		"poison by beginning":  {good, Faults{Poison: []string{"p*"}, PoisonWith: "500"}, "http-500"},
		"a beginning, no star": {query("t", "px"), Faults{Poison: []string{"p"}}, "0"},
		"error500":             {good, Faults{Error500: 1}, "http-500 http-502"},
		"too_many":             {good, Faults{TooMany: 1}, "http-429"},
		"html":                 {good, Faults{HTML: 1}, "html"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTest(newClock(), nil)
			setFaults(t, s, tc.faults)
			times := 1
			if strings.Contains(tc.labels, " ") {
				times = 20
			}
			for range times {
				w := post(s, tc.body)
				var a response
				isAPI := json.Unmarshal(w.Body.Bytes(), &a) == nil && w.Code == http.StatusOK
				if isAPI != (w.Header().Get(headerSign) != "") || isAPI && !slices.Contains(strings.Fields(tc.labels), strconv.Itoa(a.RetCode)) {
					t.Fatalf("answered %d %.100s", w.Code, w.Body)
				}
			}
			if got := strings.Join(slices.Sorted(maps.Keys(s.Stats().Answers)), " "); got != tc.labels {
				t.Errorf("met %s, want %s", got, tc.labels)
			}
		})
	}
}

// TestFaultsOfOrders asks for orders that are over, once without and once with
// a fault, and looks at the difference.
func TestFaultsOfOrders(t *testing.T) {
	const n = 40
	differ := func(fresh, faulty []map[string]any) (differing int) {
		for i := range fresh {
			if !same(fresh[i], faulty[i]) {
				differing++
			}
		}
		return differing
	}
	for name, tc := range map[string]struct {
		faults Faults
		good   func(fresh, faulty []map[string]any) bool
	}{
		"missing": {Faults{Missing: 0.5}, func(_, faulty []map[string]any) bool { return len(faulty) > n/4 && len(faulty) < n*3/4 }},
		// A beat of a story may change nothing but what another fault shows.
		"stale": {Faults{Stale: 1}, func(fresh, faulty []map[string]any) bool { return len(faulty) == n && differ(fresh, faulty) > n*8/10 }},
		"duplicate_entry": {Faults{DuplicateEntry: 1}, func(fresh, faulty []map[string]any) bool {
			var older, present []map[string]any
			for pair := range slices.Chunk(faulty, 2) {
				older, present = append(older, pair[0]), append(present, pair[1])
			}
			return len(faulty) == 2*n && same(present, fresh) && differ(fresh, older) > n/2
		}},
		"unasked": {Faults{Unasked: 1}, func(_, faulty []map[string]any) bool {
			return len(slices.DeleteFunc(faulty, func(o map[string]any) bool { return slices.Contains(numbered("done-", n), o["orderID"].(string)) })) == 1
		}},
		"no_call_id": {Faults{NoCallID: 1}, func(_, faulty []map[string]any) bool {
			return !slices.ContainsFunc(faulty, func(o map[string]any) bool {
				return len(slices.DeleteFunc(callsOf(o), func(c map[string]any) bool { return c["callID"] != nil })) != 1
			})
		}},
		"nulls": {Faults{Nulls: 1}, func(fresh, faulty []map[string]any) bool {
			return differ(fresh, faulty) == n && faulty[0]["orderID"] == "done-0"
		}},
		"wrong_type": {Faults{WrongType: 1}, func(fresh, faulty []map[string]any) bool { return differ(fresh, faulty) == 1 }},
		"numeric_ids": {Faults{NumericIDs: 1}, func(_, faulty []map[string]any) bool {
			return !slices.ContainsFunc(faulty, func(o map[string]any) bool { _, ok := o["sceneID"].(float64); return !ok })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTest(newClock(), nil)
			fresh := ask(t, s, "t", numbered("done-", n)...).Orders
			before := s.Shown("t", "done-0")
			setFaults(t, s, tc.faults)
			if faulty := ask(t, s, "t", numbered("done-", n)...).Orders; !tc.good(fresh, faulty) {
				t.Errorf("answered %v", faulty)
			}
			if !slices.Equal(s.Shown("t", "done-0"), before) || s.Stats().DistinctOrders != n {
				t.Error("a fault's doing was noted as shown or asked for")
			}
		})
	}
}

func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

func TestUnknownStatus(t *testing.T) {
	c := newClock()
	s := newTest(c, func(c *Config) { c.Speed = 4 })
	setFaults(t, s, Faults{UnknownStatus: 1})
	ids := numbered("live-", 60)
	for range 120 {
		post(s, query("t", ids...))
		c.advance(time.Second)
	}
	met := map[string]bool{}
	for _, id := range ids {
		codes := map[string][]int{}
		for _, g := range s.Shown("t", id) {
			codes[g.CallID] = append(codes[g.CallID], g.Status)
		}
		for _, list := range codes {
			i := slices.Index(list, 26)
			met["on the way"] = met["on the way"] || slices.Contains(list, 7)
			met["for ever"] = met["for ever"] || i >= 0 && i == len(list)-1
			met["for some time"] = met["for some time"] || i >= 0 && i < len(list)-1
		}
	}
	for _, form := range []string{"on the way", "for ever", "for some time"} {
		if !met[form] {
			t.Errorf("never %s", form)
		}
	}
}

// TestWaits holds how long a request waits that gets no answer.
func TestWaits(t *testing.T) {
	for _, tc := range []struct {
		name        string
		latency     time.Duration
		faults      Faults
		leave, want time.Duration
		label       string
	}{
		{"hang until the client leaves", 0, Faults{Hang: 1}, 20 * time.Second, 20 * time.Second, "hang"},
		{"hang two minutes at most", 0, Faults{Hang: 1}, time.Hour, 2 * time.Minute, "hang"},
		{"hang as long as told", 0, Faults{Hang: 1, HangSeconds: 1.5}, time.Hour, 1500 * time.Millisecond, "hang"},
		{"poison that hangs", 0, Faults{Poison: []string{"o"}, PoisonWith: "hang"}, time.Minute, time.Minute, "hang"},
		{"the client leaves during the latency", 3 * time.Second, Faults{}, time.Second, time.Second, "client-left"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := New(Config{SecretKey: testKey, Latency: tc.latency})
				setFaults(t, s, tc.faults)
				ctx, cancel := context.WithTimeout(t.Context(), tc.leave)
				defer cancel()
				if took := hangingPost(t, ctx, s, query("t", "o")); took != tc.want || s.Stats().Answers[tc.label] != 1 {
					t.Errorf("took %v, want %v; counted %v", took, tc.want, s.Stats().Answers)
				}
			})
		})
	}
}

// hangingPost sends a request that must end with a closed connection and returns
// how long that took.
func hangingPost(t *testing.T, ctx context.Context, s *Simulator, body string) (took time.Duration) {
	t.Helper()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, apiPath, strings.NewReader(body))
	r.Header = signedAs(testKey, body)
	begin := time.Now()
	defer func() {
		t.Helper()
		took = time.Since(begin)
		if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("ended with %v, want a closed connection", err)
		}
	}()
	s.ServeHTTP(httptest.NewRecorder(), r)
	return 0
}

func TestRateLimit(t *testing.T) {
	c := newClock()
	s := newTest(c, func(c *Config) { c.RateLimit = 2 })
	var got []int
	for _, wait := range []time.Duration{0, 0, 0, 500 * time.Millisecond, 0, 10 * time.Second, 0, 0} {
		c.advance(wait)
		got = append(got, ask(t, s, "t", "o", "p").RetCode)
	}
	if want := []int{0, 0, 7, 0, 7, 0, 0, 7}; !slices.Equal(got, want) {
		t.Errorf("answered %v, want %v", got, want)
	}
	var st Stats
	decode(t, control(s, http.MethodGet, "stats", "").Body.Bytes(), &st)
	if st.MaxPerSecond != 5 || st.Requests != 8 || st.MeanFill != 2 || st.DistinctOrders != 2 || st.OrdersAnswered != 10 || st.Answers["7"] != 3 {
		t.Errorf("counted %+v", st)
	}
}

func TestFaultsOverHTTP(t *testing.T) {
	s := newTest(newClock(), nil)
	for _, step := range []struct {
		method, body string
		code         int
		want         Faults
	}{
		{http.MethodPut, `{"busy":0.5,"poison":["a","b*"],"poison_with":"hang"}`, 200, Faults{Busy: 0.5, Poison: []string{"a", "b*"}, PoisonWith: "hang"}},
		{http.MethodPost, `{"stale":0.1,"poison":["c"]}`, 200, Faults{Busy: 0.5, Stale: 0.1, Poison: []string{"c"}, PoisonWith: "hang"}},
		{http.MethodPost, `{"poison":["z"],"busy":1.5}`, 400, Faults{Busy: 0.5, Stale: 0.1, Poison: []string{"c"}, PoisonWith: "hang"}},
		{http.MethodPost, `{"bussy":1}`, 400, Faults{Busy: 0.5, Stale: 0.1, Poison: []string{"c"}, PoisonWith: "hang"}},
		{http.MethodPost, `{} {}`, 400, Faults{Busy: 0.5, Stale: 0.1, Poison: []string{"c"}, PoisonWith: "hang"}},
		{http.MethodPut, `{"hang_seconds":30}`, 200, Faults{HangSeconds: 30}},
		{http.MethodPut, `{"hang_seconds":-1}`, 400, Faults{HangSeconds: 30}},
		{http.MethodPut, `{"poison_with":"7"}`, 400, Faults{HangSeconds: 30}},
	} {
		if w := control(s, step.method, "faults", step.body); w.Code != step.code {
			t.Errorf("%s %s: %d %s", step.method, step.body, w.Code, w.Body)
		}
		var got Faults
		decode(t, control(s, http.MethodGet, "faults", "").Body.Bytes(), &got)
		if !same(got, step.want) {
			t.Errorf("after %s %s: %+v", step.method, step.body, got)
		}
	}
	if err := s.SetFaults(Faults{NoCallID: 2}); err == nil || !strings.Contains(err.Error(), "no_call_id") {
		t.Errorf("the error does not name the field: %v", err)
	}
}
