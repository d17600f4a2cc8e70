package simulator

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// storyOf tells an order's story by the defaults.
func storyOf(seed uint64, order string) *story {
	return newStory(seed, ref{"t", order}, defaultAnswered, defaultLines)
}

// showing decodes one version as a client would.
func showing(t *testing.T, st *story, version int) map[string]any {
	t.Helper()
	b := st.render(nil, &view{version: version, epoch: 1_780_000_000_000})
	if !utf8.Valid(b) {
		t.Fatal("not UTF-8")
	}
	var o map[string]any
	if err := json.Unmarshal(b, &o); err != nil {
		t.Fatalf("version %d: %v", version, err)
	}
	return o
}

func code(v any) int {
	n, ok := v.(float64)
	if !ok {
		return -1
	}
	return int(n)
}

// TestStoriesMoveForward walks through every version of many stories.
func TestStoriesMoveForward(t *testing.T) {
	for seed := range uint64(300) {
		st := storyOf(seed, "o")
		if !slices.IsSorted(st.beats) || st.beats[0] < 0 || st.end() > time.Hour {
			t.Fatalf("seed %d: beats from %v to %v", seed, st.beats[0], st.end())
		}
		finished := false
		var before []map[string]any
		for v := range st.beats {
			o := showing(t, st, v)
			if o["orderID"] != "o" || o["userTaskID"] != "t" {
				t.Fatalf("seed %d: shows order %v of task %v", seed, o["orderID"], o["userTaskID"])
			}
			if o["finish"] != (st.beats[v] >= st.finish) {
				t.Fatalf("seed %d, version %d: finish is %v, turns true at %v", seed, v, o["finish"], st.finish)
			}
			if finished && o["finish"] != true {
				t.Fatalf("seed %d, version %d: finish turned back", seed, v)
			}
			finished = o["finish"].(bool)
			calls := callsOf(o)
			if len(calls) < len(before) {
				t.Fatalf("seed %d, version %d: a call disappeared", seed, v)
			}
			for i, c := range calls {
				if i < len(before) {
					forward(t, before[i], c)
				}
				if final := code(c["callStatus"]) > 5; !final && (finished || i+1 < len(calls)) {
					t.Fatalf("seed %d, version %d: call %d goes on behind finish or a further call", seed, v, i)
				}
			}
			before = calls
		}
		if v := st.versionAt(st.finish); showing(t, st, v)["finish"] != true || showing(t, st, v-1)["finish"] != false {
			t.Fatalf("seed %d: finish does not turn true at its time", seed)
		}
		if !finished || len(before) == 0 {
			t.Fatalf("seed %d: the story never finishes", seed)
		}
	}
}

// forward checks one call in two successive versions.
func forward(t *testing.T, was, is map[string]any) {
	t.Helper()
	from, to := code(was["callStatus"]), code(is["callStatus"])
	if to < from && !(from == statusUnknownReason && to > 6) || from == 6 && to != 6 {
		t.Fatalf("status went from %d to %d", from, to)
	}
	if id := was["callID"]; id != nil && id != "" && id != is["callID"] {
		t.Fatalf("callID went from %v to %v", id, is["callID"])
	}
	linesWere, _ := was["recordDetail"].([]any)
	linesAre, _ := is["recordDetail"].([]any)
	if len(linesAre) < len(linesWere) {
		t.Fatalf("%d lines, were %d", len(linesAre), len(linesWere))
	}
	for i := range linesWere { // lines keep their place; only their text may be corrected
		a, b := linesWere[i].(map[string]any), linesAre[i].(map[string]any)
		if a["recordIndex"] != b["recordIndex"] || a["createTs"] != b["createTs"] || !strings.HasPrefix(b["recordWord"].(string), a["recordWord"].(string)) {
			t.Fatalf("line %d went from %v to %v", i, a, b)
		}
	}
}

// census counts what stories hold in their last version, and on the way.
type census struct {
	statuses, steps, sms, agents, lineTypes, roles, hungUpBy, rounds map[int]int
	seconds, millis, mixed                                           int
	corrected, twins, lateID, answerUnanswered, lateAudio, token     int
	nulls, empties, absents, passthrough                             int
	lines, answeredCalls, answeredOrders                             int
}

func TestStoriesHoldEverything(t *testing.T) {
	n := census{
		statuses: map[int]int{}, steps: map[int]int{}, sms: map[int]int{}, agents: map[int]int{},
		lineTypes: map[int]int{}, roles: map[int]int{}, hungUpBy: map[int]int{}, rounds: map[int]int{},
	}
	const orders = 2000
	for seed := range uint64(orders) {
		n.count(storyOf(seed, "o"))
	}
	for name, c := range map[string]struct {
		met  map[int]int
		want []int
	}{
		"callStatus":      {n.statuses, []int{6, 8, 9, 10, 11, 12, 13, 15, 16, 17, 18, 21, 22, 23, 24, 25}},
		"status on way":   {n.steps, []int{1, 2, 3, 4, 5}},
		"smsSendTs":       {n.sms, []int{0, 1, 2, 3, 4}},
		"agentCallStatus": {n.agents, []int{1, 2, 3, 4, 10, 12}},
		"manualHangupBy":  {n.hungUpBy, []int{0, 1, 2}},
		"recordType":      {n.lineTypes, []int{5, 6, 7, 8, 18}},
		"recordRole":      {n.roles, []int{0, 1, 2}},
		"rounds":          {n.rounds, []int{1, 2, 3}},
	} {
		for _, code := range c.want {
			if c.met[code] == 0 {
				t.Errorf("%s %d never occurs", name, code)
			}
		}
		if len(c.met) != len(c.want) {
			t.Errorf("%s: met %v", name, c.met)
		}
	}
	for name, met := range map[string]int{
		"seconds": n.seconds, "milliseconds": n.millis, "both units": n.mixed, "corrected line": n.corrected, "lines of one index": n.twins,
		"late callID": n.lateID, "answer time of an unanswered call": n.answerUnanswered, "late recording": n.lateAudio,
		"address with a token": n.token, "null": n.nulls, "empty": n.empties, "absent": n.absents, "passthrough": n.passthrough,
	} {
		if met == 0 {
			t.Errorf("%s never occurs", name)
		}
	}
	if mean := float64(n.lines) / float64(n.answeredCalls); math.Abs(mean-defaultLines) > 1 {
		t.Errorf("%.1f lines an answered call, want about %d", mean, defaultLines)
	}
	if share := float64(n.answeredOrders) / orders; share < 0.5 || share > 0.7 {
		t.Errorf("%.2f of the orders are answered", share)
	}
}

func (n *census) count(st *story) {
	n.rounds[len(st.rounds)]++
	switch s := st.style; {
	case s.callSeconds != s.lineSeconds:
		n.mixed++
	case s.callSeconds:
		n.seconds++
	default:
		n.millis++
	}
	if st.passthrough != "" {
		n.passthrough++
	}
	for f := fieldName; f <= fieldIntentTag; f++ {
		switch st.style.blank(f) {
		case null:
			n.nulls++
		case empty:
			n.empties++
		default:
			n.absents++
		}
	}
	for i := range st.rounds {
		n.countRound(&st.rounds[i])
	}
	if st.rounds[len(st.rounds)-1].final() == statusAnswered {
		n.answeredOrders++
	}
}

func (n *census) countRound(r *round) {
	for _, s := range r.steps {
		if s.code > 5 {
			n.statuses[s.code]++
		} else {
			n.steps[s.code]++
		}
	}
	if r.idAt > r.steps[0].at {
		n.lateID++
	}
	if r.final() != statusAnswered && r.answer > 0 {
		n.answerUnanswered++
	}
	if r.audioAt > r.end {
		n.lateAudio++
	}
	if strings.HasSuffix(r.audio, "=") {
		n.token++
	}
	for _, m := range r.sms {
		for _, s := range m.states {
			n.sms[s.code]++
		}
	}
	if r.agent != nil {
		n.hungUpBy[r.agent.hungUpBy]++
		for _, s := range r.agent.states {
			n.agents[s.code]++
		}
	}
	if r.final() == statusAnswered {
		n.answeredCalls++
		n.lines += len(r.lines)
	}
	for i, l := range r.lines {
		n.lineTypes[l.kind]++
		n.roles[l.role]++
		if l.corrected != "" {
			n.corrected++
		}
		if i > 0 && r.lines[i-1].index == l.index {
			n.twins++
		}
	}
}

func TestUnits(t *testing.T) {
	met := map[bool]int{}
	for seed := range uint64(50) {
		st := storyOf(seed, "o")
		v := view{version: st.last(), epoch: 1_780_000_000_123}
		var shown, canonical map[string]any
		decode(t, st.render(nil, &v), &shown)
		v.canonical = true
		decode(t, st.render(nil, &v), &canonical)
		for i, c := range callsOf(shown) {
			// Under 100,000,000,000 is seconds, says the vendor.
			start, want := c["callStartTs"].(float64), callsOf(canonical)[i]["callStartTs"].(float64)
			seconds := start < 1e11
			met[seconds]++
			if seconds {
				start *= 1000
			}
			if seconds != st.style.callSeconds || start != want {
				t.Errorf("seed %d: shown %v, canonical %v", seed, c["callStartTs"], want)
			}
		}
	}
	if met[true] == 0 || met[false] == 0 {
		t.Errorf("met %v", met)
	}
}

func decode(t *testing.T, b []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

func TestSameSeedSameStory(t *testing.T) {
	render := func(seed uint64, task, order string) string {
		st := newStory(seed, ref{task, order}, defaultAnswered, defaultLines)
		out := fmt.Sprint(st.beats)
		for v := range st.beats {
			out += string(st.render(nil, &view{version: v}))
		}
		return out
	}
	first := render(1, "t", "o")
	if render(1, "t", "o") != first {
		t.Error("the same order has two stories")
	}
	for _, other := range []string{render(2, "t", "o"), render(1, "t2", "o"), render(1, "t", "o2"), render(1, "to", "")} {
		if other == first {
			t.Error("two orders have the same story")
		}
	}
}

func TestQuoting(t *testing.T) {
	for _, s := range []string{"", "plain", `"quoted" \ back`, "tab\tline\nfeed\rnul\x00unit\x1f", "中文,emoji 🙂 and <html> & \u2028", "ctl \x7f"} {
		var got string
		decode(t, appendQuoted(nil, s), &got)
		if got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func FuzzQuoting(f *testing.F) {
	for _, s := range []string{"", `\"`, "\x00\x1f", "é🙂"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "�")
		var got string
		decode(t, appendQuoted(nil, s), &got)
		if got != s {
			t.Errorf("%q became %q", s, got)
		}
	})
}

// FuzzQuery holds that no body gets an answer that is not JSON with a retCode.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{emptyQuery, query("t", "done-1", "live-2", "poison-3", "\"\\\n"), `{"orderList":{}}`, "", "null"} {
		f.Add(s)
	}
	s := New(Config{SecretKey: testKey})
	f.Fuzz(func(t *testing.T, body string) {
		var a response
		decode(t, post(s, body).Body.Bytes(), &a)
		if a.RetMsg == "" || a.ResponseID == "" {
			t.Errorf("answered %+v", a)
		}
	})
}
