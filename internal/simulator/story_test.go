package simulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// storyOf tells an order's story by the defaults.
func storyOf(seed uint64) *story {
	return newStory(seed, ref{"t", "o"}, defaultAnswered, defaultLines)
}

// showing decodes one version as a client would.
func showing(t *testing.T, st *story, version int) map[string]any {
	t.Helper()
	var o map[string]any
	decode(t, st.render(nil, &view{version: version, epoch: 1_780_000_000_000}), &o)
	return o
}

func decode(t *testing.T, b []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

func code(v any) int {
	n, ok := v.(float64)
	if !ok {
		return -1
	}
	return int(n)
}

// TestStoriesMoveForward walks through every version of many stories: without a
// fault nothing that was shown goes back, so what an exporter must announce is
// what answers showed.
func TestStoriesMoveForward(t *testing.T) {
	for seed := range uint64(200) {
		st := storyOf(seed)
		if !slices.IsSorted(st.beats) || st.beats[0] < 0 || st.end() > time.Hour {
			t.Fatalf("seed %d: beats from %v to %v", seed, st.beats[0], st.end())
		}
		finished := false
		var before []map[string]any
		for v := range st.beats {
			o := showing(t, st, v)
			if finished && o["finish"] != true || o["finish"] != (st.beats[v] >= st.finish) {
				t.Fatalf("seed %d, version %d: finish is %v, turns true at %v", seed, v, o["finish"], st.finish)
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

// TestStoriesHoldEverything: what never occurs in a story is tested by no run
// against the simulator.
func TestStoriesHoldEverything(t *testing.T) {
	met := map[string]bool{}
	for seed := range uint64(1000) {
		meet(met, storyOf(seed))
	}
	for what, codes := range map[string][]int{
		"status": {1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 15, 16, 17, 18, 21, 22, 23, 24, 25},
		"sms":    {0, 1, 2, 3, 4}, "agent": {1, 2, 3, 4, 10, 12}, "hung up by": {0, 1, 2},
		"line type": {5, 6, 7, 8, 18}, "role": {0, 1, 2}, "rounds": {1, 2, 3}, "blank": {int(absent), int(null), int(empty)},
		"call in seconds": {0, 1}, "units mixed": {0, 1}, "passthrough": {0, 1}, "late callID": {0, 1}, "answer time unanswered": {1},
		"late recording": {0, 1}, "recording token": {0, 1}, "corrected line": {0, 1}, "lines of one index": {0, 1},
	} {
		for _, code := range codes {
			if !met[fmt.Sprint(what, " ", code)] {
				t.Errorf("%s %d never occurs", what, code)
			}
		}
	}
}

// meet notes what a story holds.
func meet(met map[string]bool, st *story) {
	note := func(what string, code int) { met[fmt.Sprint(what, " ", code)] = true }
	is := func(what string, holds bool) { note(what, map[bool]int{true: 1}[holds]) }
	note("rounds", len(st.rounds))
	is("call in seconds", st.style.callSeconds)
	is("units mixed", st.style.callSeconds != st.style.lineSeconds)
	is("passthrough", st.passthrough != "")
	note("blank", int(st.style.blank(fieldName)))
	for _, r := range st.rounds {
		for _, s := range r.steps {
			note("status", s.code)
		}
		is("late callID", r.idAt > r.steps[0].at)
		is("answer time unanswered", r.final() != statusAnswered && r.answer > 0)
		is("late recording", r.audioAt > r.end)
		is("recording token", strings.HasSuffix(r.audio, "="))
		for _, m := range r.sms {
			for _, s := range m.states {
				note("sms", s.code)
			}
		}
		if r.agent != nil {
			note("hung up by", r.agent.hungUpBy)
			for _, s := range r.agent.states {
				note("agent", s.code)
			}
		}
		for i, l := range r.lines {
			note("line type", l.kind)
			note("role", l.role)
			is("corrected line", l.corrected != "")
			is("lines of one index", i > 0 && r.lines[i-1].index == l.index)
		}
	}
}

func FuzzQuoting(f *testing.F) {
	for _, s := range []string{"", `\"`, "\x00\x1f\x7f", "中文,é🙂 and <html> & \u2028", "tab\tline\nfeed\r"} {
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
