package callbot

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"callstream/internal/simulator"
)

// TestReadList reads every shape that an answer of listOrder may have, as far
// as one can guess: its documentation names none.
func TestReadList(t *testing.T) {
	const none = "no list"
	long := strings.Repeat("x", maxID+1)
	for _, tc := range []struct{ name, answer, want string }{
		{"at the top", `{"retCode":0,"totalCount":7,"orderList":[{"orderID":"a","callStatus":3},{"orderID":"b","callStatus":5}]}`, "a=3 b=5 of 7, 2 entries"},
		{"the data itself", `{"data":[{"orderID":"a"}],"totalCount":1}`, "a=-1 of 1, 1 entries"},
		{"in data", `{"data":{"total":"12","list":[{"orderID":"a","callStatus":"4"}]}}`, "a=4 of 12, 1 entries"},
		{"in a page in data", `{"data":{"page":{"rows":[{"orderID":"a"}],"totalCount":3}}}`, "a=-1 of 3, 1 entries"},
		{"the count beside the list's object", `{"list":[{"orderID":"a"}],"paging":{"page":1,"totalCount":3}}`, "a=-1 of 3, 1 entries"},
		{"deeper than is looked", `{"a":{"b":{"c":{"rows":[{"orderID":"a"}]}}}}`, none},
		{"further out first", `{"deep":{"x":[{"orderID":"no"}]},"list":[{"orderID":"a"}]}`, "a=-1 of -1, 1 entries"},
		{"another list before it", `{"errors":[],"tags":["x"],"users":[{"id":1}],"list":[{"orderID":"a"}]}`, "a=-1 of -1, 1 entries"},
		{"names in another case", `{"TotalCount":2,"list":[{"orderId":"a","CallStatus":5}]}`, "a=5 of 2, 1 entries"},
		{"numbers for IDs", `{"list":[{"orderID":77,"callStatus":4.0}]}`, "77=4 of -1, 1 entries"},
		{"a call in the order", `{"list":[{"orderID":"a","lastCall":{"callID":"c","callStatus":5}}]}`, "a=5 of -1, 1 entries"},
		{"the last of its calls", `{"list":[{"orderID":"a","callInfoDetailList":[{"callStatus":9},{"callStatus":3}]}]}`, "a=3 of -1, 1 entries"},
		{"its own status first", `{"list":[{"calls":[{"callStatus":9}],"orderID":"a","callStatus":4}]}`, "a=4 of -1, 1 entries"},
		{"a status that is none", `{"list":[{"orderID":"a","callStatus":"x"},{"orderID":"b","callStatus":null},{"orderID":"c","callStatus":-3}]}`, "a=-1 b=-1 c=-1 of -1, 3 entries"},
		{"another task's", `{"list":[{"orderID":"a","userTaskID":"u"},{"orderID":"b","userTaskID":"t"}]}`, "b=-1 of -1, 2 entries, 1 of another task"},
		{"IDs that no order can have", `{"list":[{"orderID":"` + long + `"},{"orderID":""},{"orderID":{}},{"x":1},5,null,{"orderID":"a"}]}`, "a=-1 of -1, 6 entries, 5 unreadable"},
		{"none", `{"retCode":0,"data":{"list":[],"totalCount":0}}`, " of 0, 0 entries"},
		{"past the end", `{"retCode":0,"totalCount":250,"list":[]}`, " of 250, 0 entries"},
		{"null for none", `{"retCode":0,"data":null}`, " of -1, 0 entries"},
		{"nothing but a count of 0", `{"retCode":0,"totalCount":0}`, " of 0, 0 entries"},
		{"nothing", `{"retCode":0,"retMsg":null,"responseID":null}`, none},
		{"a list of something else", `{"retCode":0,"errors":[],"rows":[{"id":"a"}]}`, none},
		{"a list of IDs", `{"retCode":0,"orderList":["a","b"]}`, none},
		{"orders by their IDs", `{"retCode":0,"data":{"orders":{"a":{"callStatus":3}}}}`, none},
		{"a count that is none", `{"total":-5,"totalCount":"many","list":[{"orderID":"a"}]}`, "a=-1 of -1, 1 entries"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := listingText(readList(gjson.Parse(tc.answer), "t")); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func listingText(l listing, ok bool) string {
	if !ok {
		return "no list"
	}
	var orders []string
	for _, o := range l.page.Orders {
		orders = append(orders, fmt.Sprintf("%s=%d", o.ID, int(o.Status)))
	}
	text := fmt.Sprintf("%s of %d, %d entries", strings.Join(orders, " "), l.page.Total, l.page.Entries)
	if l.otherTask > 0 {
		text += fmt.Sprintf(", %d of another task", l.otherTask)
	}
	if l.unreadable > 0 {
		text += fmt.Sprintf(", %d unreadable", l.unreadable)
	}
	return text
}

// TestReadListIsBounded: an answer of millions of objects is looked through
// without keeping them.
func TestReadListIsBounded(t *testing.T) {
	wide := `{"data":{` + strings.Repeat(`"x":{},`, 100_000) + `"y":{}},"list":[{"orderID":"a"}]}`
	if allocated := testing.AllocsPerRun(1, func() { readList(gjson.Parse(wide), "t") }); allocated > 100 {
		t.Errorf("%v allocations", allocated)
	}
}

// FuzzList: any bytes are read without a panic, the list within its bounds.
func FuzzList(f *testing.F) {
	f.Add([]byte(`{"retCode":0,"totalCount":2,"orderList":[{"orderID":"a","userTaskID":"t","callStatus":3},{"orderID":5}]}`))
	f.Add([]byte(`{"retCode":"0","data":{"page":{"total":"9","rows":[{"orderId":"a","calls":[{"callStatus":"5"}]},null,7]}}}`))
	f.Add([]byte(`{"retCode":0,"data":null,"x":{"x":{"x":[{}]}}}`))
	f.Add([]byte("{\"retCode\":0,\"l\":[{\"orderID\":\"\xff\\ud800\",\"callStatus\":1e99}],\"total\":1e300}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		answer, err := readOutside(string(body))
		if err != nil {
			checkErrorText(t, err)
			return
		}
		l, ok := readList(answer.whole, "t")
		if !ok && len(l.page.Orders) > 0 {
			t.Fatal("orders of no list")
		}
		if l.page.Entries != len(l.page.Orders)+l.otherTask+l.unreadable || l.page.Total < -1 {
			t.Fatalf("%+v", l)
		}
		for _, o := range l.page.Orders {
			if o.ID == "" || len(o.ID) > maxID || !utf8.ValidString(o.ID) || o.Status < -1 {
				t.Fatalf("order %q, status %d", o.ID, int(o.Status))
			}
		}
	})
}

// lists is an API that answers listOrder as a test tells it to, and knows every
// order that is asked for otherwise.
type lists struct {
	script
	answer func(n, page, size int) http.HandlerFunc // n counts from 1
	asked  []string                                 // the bodies
}

func (l *lists) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/"+ListOrder) {
		l.script.ServeHTTP(w, r)
		return
	}
	var raw json.RawMessage
	_ = json.NewDecoder(r.Body).Decode(&raw)
	var q struct{ Page, Size int }
	_ = json.Unmarshal(raw, &q)
	l.asked = append(l.asked, string(raw))
	l.answer(len(l.asked), q.Page, q.Size)(w, r)
}

// pageOf answers with a page of orders o1, o2, … in calls.
func pageOf(page, size, total int) http.HandlerFunc {
	var entries []string
	for i := (page-1)*size + 1; i <= min(page*size, total); i++ {
		entries = append(entries, fmt.Sprintf(`{"orderID":"o%d","callStatus":5}`, i))
	}
	return signed(http.StatusOK, fmt.Sprintf(`{"retCode":0,"totalCount":%d,"orderList":[%s]}`, total, strings.Join(entries, ",")))
}

// playList runs a test in synctest's time against an API with listOrder.
func playList(t *testing.T, name string, answer func(n, page, size int) http.HandlerFunc, test func(s *scene, api *lists)) {
	t.Helper()
	play(t, name, func(s *scene) {
		api := &lists{script: script{entry: knows}, answer: answer}
		s.client.http.Transport = direct{api}
		test(s, api)
	})
}

// TestListFaults: what becomes of listOrder says nothing of the account and
// nothing of listOrderDetail's pace, but where all of the API is busy or failing.
func TestListFaults(t *testing.T) {
	for _, tc := range []struct {
		name        string
		fault       http.HandlerFunc
		class       Class
		unsupported bool
		waits       bool // the next request has to
		text        string
	}{
		{"not known", status(404), Refused, true, false, "callbot: listOrder: refused: HTTP 404; ask the vendor whether the account of CALLBOT_UUID may use listOrder"},
		{"not implemented", status(501), Failing, true, false, "HTTP 501; ask the vendor"},
		{"another method", status(405), Refused, true, false, "HTTP 405; ask"},
		{"refused", retCode(4), Rejected, true, false, "retCode 4 (invalid value)"},
		{"forbidden", retCode(6003), Refused, true, false, "retCode 6003 (no permission), responseID r-9, retMsg \"no ***********\"; ask the vendor whether"},
		{"too large", retCode(4001), Rejected, false, false, "ask for smaller pages"},
		{"a wrong key", retCode(6), Refused, false, false, "check CALLBOT_SECRET_KEY"},
		{"another shape", signed(200, `{"retCode":0,"rows":[{"id":"13800138000"}]}`), Failing, false, false, "callbot: listOrder: failing: the answer has no list of orders where one"},
		{"busy", retCode(7), Busy, false, true, "callbot: listOrder: busy: retCode 7"},
		{"busy at an unknown address", signed(404, `{"retCode":7}`), Busy, false, true, "retCode 7"},
		{"failing", status(500), Failing, false, true, "HTTP 500"},
	} {
		playList(t, tc.name, func(_, _, _ int) http.HandlerFunc { return tc.fault }, func(s *scene, _ *lists) {
			_, err := s.client.List(s.t.Context(), ListQuery{Task: "t", Page: 1, Size: 100})
			if !isClass(err, tc.class) || Unsupported(err) != tc.unsupported || !strings.Contains(err.Error(), tc.text) {
				s.t.Errorf("got %v (unsupported: %v)", err, Unsupported(err))
			}
			if strings.Contains(err.Error(), "13800138000") || strings.Contains(err.Error(), "secret") {
				s.t.Errorf("%q tells the answer's text", err)
			}
			s.wantTrouble("")
			if waits := s.client.Ready(time.Now()) > 10*time.Millisecond; waits != tc.waits {
				s.t.Errorf("the next request waits %v", s.client.Ready(time.Now()))
			}
			if s.client.Answering(time.Now()) {
				s.t.Error("listOrder vouches for listOrderDetail")
			}
			s.looks([]string{"o1"}, outcome{}) // all the same
		})
	}
}

// TestListGoodTellsNothing: a good page neither vouches for the API nor takes
// back what listOrderDetail was told.
func TestListGoodTellsNothing(t *testing.T) {
	playList(t, "good", func(_, page, size int) http.HandlerFunc { return pageOf(page, size, 5) }, func(s *scene, api *lists) {
		api.instead = always(retCode(6))
		s.looks([]string{"o1"}, outcome{class: Refused, unanswered: []string{"o1"}})
		page, err := s.client.List(s.t.Context(), ListQuery{Task: "t", Page: 1, Size: 3})
		if err != nil || len(page.Orders) != 3 || page.Total != 5 {
			s.t.Errorf("got %+v, %v", page, err)
		}
		s.wantTrouble(AccountRefused)
		if s.client.Answering(time.Now()) {
			s.t.Error("listOrder vouches for listOrderDetail")
		}
		s.looks([]string{"o1"}, outcome{class: Refused, unanswered: []string{"o1"}})
		// The second pause in a row, 1 s ± 25 %; the first is 0.5 s ± 25 %.
		if pause := s.client.Ready(time.Now()); pause < 700*time.Millisecond {
			s.t.Errorf("after the second refusal the next request waits %v", pause)
		}
		wantEqual(s.t, s.observer.requests, map[string]int{"refused 6": 2, "list ok 0": 1})
	})
}

// TestListFromSimulator makes a real round trip: the simulator checks what is
// asked and its signature by code of its own.
func TestListFromSimulator(t *testing.T) {
	sim := simulator.New(simulator.Config{UUID: testUUID, SecretKey: testKey})
	c := newTestClient(t, sim, nil)
	if _, err := c.Look(t.Context(), "t<&>", orders(25)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Look(t.Context(), "u", []string{"x"}); err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for page := 1; page <= 4; page++ {
		got, err := c.List(t.Context(), ListQuery{Task: "t<&>", Page: page, Size: 10})
		if want := max(0, min(10, 25-10*(page-1))); err != nil || len(got.Orders) != want || got.Entries != want || got.Total != 25 {
			t.Errorf("page %d: %+v, %v", page, got, err)
		}
		for _, o := range got.Orders {
			listed[o.ID] = true
		}
	}
	if len(listed) != 25 || !listed["o000"] || !listed["o024"] {
		t.Errorf("listed %v", listed)
	}
	for name, tc := range map[string]struct {
		faults      simulator.Faults
		unsupported bool
		good        bool
	}{
		"in good health": {simulator.Faults{}, false, true},
		"list_refuse":    {simulator.Faults{ListRefuse: true}, true, false},
		"list_unknown":   {simulator.Faults{ListUnknown: true}, true, false},
		"list_forbidden": {simulator.Faults{ListForbidden: true}, true, false},
		"list_shape":     {simulator.Faults{ListShape: true}, false, false},
		"list_lies":      {simulator.Faults{ListLies: true}, false, true},
		"list_size":      {simulator.Faults{ListSize: 50}, true, false},
		"busy":           {simulator.Faults{Busy: 1}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := sim.SetFaults(tc.faults); err != nil {
				t.Fatal(err)
			}
			_, err := c.List(t.Context(), ListQuery{Task: "t<&>", Page: 1, Size: 100})
			if (err == nil) != tc.good || Unsupported(err) != tc.unsupported {
				t.Errorf("got %v", err)
			}
			if c.Trouble() != "" {
				t.Error(c.Trouble())
			}
		})
	}
}

// TestListTakesItsTurn: each page waits for the limit as any request does.
func TestListTakesItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &lists{answer: func(_, page, size int) http.HandlerFunc { return pageOf(page, size, 10) }}
		c := New(Config{BaseURL: "http://api", SecretKey: fixed(testKey), RateLimit: 2, HTTP: direct{api}})
		start := time.Now()
		for range 5 {
			if _, err := c.List(t.Context(), ListQuery{Task: "t", Page: 1, Size: 10}); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took < 2*time.Second {
			t.Errorf("5 requests at 2 a second took %v", took)
		}
	})
}
