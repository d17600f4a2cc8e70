package simulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"
)

// TestCampaignWaitsForItsStart: before it, orders are there without calls; orders
// and tasks that the campaign has not don't exist.
func TestCampaignWaitsForItsStart(t *testing.T) {
	for name, k := range map[string]Campaign{"by request": {StartIn: 0}, "by time": {StartIn: time.Minute}} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			k.Tasks, k.Orders, k.Lines = 2, 5, 4
			s := newTestCampaign(c, 1, k)
			c.advance(30 * time.Second)
			a := ask(t, s, "campaign-1", "c1-000001", "c1-000003", "c1-000004", "c1-1", "c2-000001", "missing-1")
			if len(a.Orders) != 2 || len(callsOf(a.Orders[0])) != 0 || a.Orders[0]["finish"] != false {
				t.Fatalf("before its start: %v", a.Orders)
			}
			if len(ask(t, s, "campaign-3", "c3-000001").Orders) != 0 {
				t.Error("a task it has not")
			}
			if k.StartIn == 0 {
				var started struct{ StartedAt int64 }
				decode(t, control(s, http.MethodPost, "campaign/start", "").Body.Bytes(), &started)
				if started.StartedAt != c.now.UnixMilli() {
					t.Errorf("started at %d", started.StartedAt)
				}
			} else {
				c.advance(30 * time.Second)
			}
			c.advance(500 * time.Millisecond)
			calls := callsOf(ask(t, s, "campaign-1", "c1-000001").Orders[0])
			if len(calls) != 1 || code(calls[0]["callStatus"]) != 3 || int64(calls[0]["callStartTs"].(float64)) != c.now.UnixMilli()-500 {
				t.Errorf("at its start: %v", calls)
			}
			before := s.StartCampaign()
			c.advance(time.Second)
			if again := s.StartCampaign(); !again.Equal(before) {
				t.Errorf("started again, at %v", again)
			}
		})
	}
}

// TestCampaignTruthIsWhatIsServed asks at chance moments for all orders and holds
// each answer to the changes of the truth until then.
func TestCampaignTruthIsWhatIsServed(t *testing.T) {
	for _, speed := range []float64{0.5, 10, 300} {
		c, d := newClock(), rand.New(rand.NewPCG(5, 5))
		s := newTestCampaign(c, speed, Campaign{Tasks: 1, Orders: 60, Lines: 7})
		s.StartCampaign()
		ids := numberedOrders(60)
		seen := map[string]int{}
		for range 100 {
			c.advance(time.Duration(d.Int64N(int64(float64(80*time.Second) / speed))))
			want := map[string]string{}
			for _, o := range truthSays(s) {
				want[o.id] = o.String()
			}
			listed := slices.Collect(s.roster("campaign-1", c.now))
			for i, o := range ask(t, s, "campaign-1", ids...).Orders {
				id := o["orderID"].(string)
				got := answerSays(o)
				if expected := cmp.Or(want[id], truthOrder{id: id}.String()); got.String() != expected {
					t.Fatalf("speed %v: served\n%v\nthe truth is\n%v", speed, got, expected)
				}
				if (listed[i] != listing{id, got.status(), got.finished}) {
					t.Fatalf("speed %v: served %v, listed %+v", speed, got, listed[i])
				}
				seen[fmt.Sprint(got.status())]++
			}
		}
		for _, status := range []string{"0", "3", "4", "5", "6", "23"} {
			if seen[status] == 0 {
				t.Errorf("speed %v: status %s was never served: %v", speed, status, seen)
			}
		}
	}
}

func numberedOrders(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("c1-%06d", i+1)
	}
	return ids
}

// truthOrder is an order in a form that truth and answers have in common.
type truthOrder struct {
	id       string
	finished bool
	calls    []truthCall
}

type truthCall struct {
	id                 string
	status             int
	start, answer, end int64
	lines              []string
	recording          bool
}

func (o truthOrder) String() string {
	return fmt.Sprintf("%+v", struct {
		ID       string
		Finished bool
		Calls    []truthCall
	}{o.id, o.finished, o.calls})
}

func (o truthOrder) status() int {
	if len(o.calls) == 0 {
		return 0
	}
	return o.calls[len(o.calls)-1].status
}

// truthSays replays the changes.
func truthSays(s *Simulator) []*truthOrder {
	var list []*truthOrder
	for c := range s.CampaignTruth() {
		if len(list) == 0 || list[len(list)-1].id != c.Order {
			list = append(list, &truthOrder{id: c.Order})
		}
		o := list[len(list)-1]
		if len(o.calls) < c.Attempt {
			o.calls = append(o.calls, truthCall{id: c.CallID})
		}
		k := &o.calls[c.Attempt-1]
		switch c.What {
		case "dialing":
			k.status, k.start = 3, c.At
		case "ringing":
			k.status = 4
		case "in-call":
			k.status, k.answer = 5, c.At
		case "ended":
			k.status, k.end = 23, c.At
			if k.answer > 0 {
				k.status = 6
			}
			o.finished = k.answer > 0 || c.Attempt == 3
		case "line":
			k.lines = append(k.lines, fmt.Sprint(c.Index, " at ", c.At))
		case "recording":
			k.recording = true
		}
	}
	return list
}

// answerSays reads an order of an answer.
func answerSays(order map[string]any) truthOrder {
	millis := func(v any) int64 { n, _ := v.(float64); return int64(n) }
	o := truthOrder{id: order["orderID"].(string), finished: order["finish"].(bool)}
	for _, call := range callsOf(order) {
		k := truthCall{
			id: call["callID"].(string), status: code(call["callStatus"]), start: millis(call["callStartTs"]),
			answer: millis(call["callAnswerTs"]), end: millis(call["callEndTs"]),
		}
		lines, _ := call["recordDetail"].([]any)
		for _, l := range lines {
			l := l.(map[string]any)
			k.lines = append(k.lines, fmt.Sprint(code(l["recordIndex"]), " at ", millis(l["createTs"])))
		}
		audio, _ := call["callAudioUrl"].(string)
		k.recording = audio != ""
		o.calls = append(o.calls, k)
	}
	return o
}

// TestCampaignWithFaults: it meets the same faults as stories do.
func TestCampaignWithFaults(t *testing.T) {
	c := newClock()
	s := newTestCampaign(c, 10, Campaign{Tasks: 1, Orders: 60, Lines: 20})
	s.StartCampaign()
	setFaults(t, s, Faults{Busy: 0.2, Stale: 0.3, Missing: 0.1, DuplicateEntry: 0.1, Nulls: 0.1, NoCallID: 0.1, Unasked: 0.3, WrongType: 0.1, UnknownStatus: 0.2})
	codes := map[int]int{}
	for range 150 {
		c.advance(time.Second)
		var a struct {
			RetCode int `json:"retCode"`
		}
		if err := json.Unmarshal(post(s, query("campaign-1", numberedOrders(60)...)).Body.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
		codes[a.RetCode]++
	}
	if codes[0] < 75 || codes[codeBusy] < 10 {
		t.Errorf("answers by code: %v", codes)
	}
}

func TestCampaignIsChecked(t *testing.T) {
	good := Campaign{Tasks: 2, Orders: 10, Lines: 2}
	for name, change := range map[string]func(*Campaign){
		"no task": func(c *Campaign) { c.Tasks = 0 }, "too few orders": func(c *Campaign) { c.Orders = 1 }, "too few lines": func(c *Campaign) { c.Lines = 1 },
		"a start that was": func(c *Campaign) { c.StartIn = -1 }, "an outage backwards": func(c *Campaign) { c.OutageFrom = 1 },
	} {
		bad := good
		change(&bad)
		if bad.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
}

// TestWithoutCampaign: what is about one has nothing to say.
func TestWithoutCampaign(t *testing.T) {
	s := newTest(newClock(), nil)
	for range s.CampaignTruth() {
		t.Error("a change")
	}
	if !s.StartCampaign().IsZero() || control(s, http.MethodGet, "campaign/truth", "").Code != http.StatusNotFound {
		t.Error("something of a campaign")
	}
}
