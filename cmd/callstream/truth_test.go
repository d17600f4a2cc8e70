package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"callstream/internal/simulator"
)

// announced is what a reader of the topics makes of one call; the later in the
// log wins.
type announced struct {
	codes     map[int64]int64 // of statuses, by sequence
	completed map[string]any
	lines     map[string]any // texts, by index/occurrence
}

// checker holds the topics against the simulator's truth: nothing lost, nothing
// made up, nothing twice or out of order without a crash. Whether each field has
// the right value is the end-to-end test's question (internal/e2e/checker.py).
type checker struct {
	*testing.T
	repeats bool                  // allowed: something crashed
	calls   map[string]*announced // by order and call
}

// check holds the journal against the truth about the orders. Repeats are
// allowed where something crashed.
func (l *lab) check(repeats bool, ids ...string) {
	l.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &checker{l.T, repeats, map[string]*announced{}}
	c.collect(l.events)
	calls := 0
	for _, id := range ids {
		calls += c.order(id, l.sim.Truth(testTask, id))
		if c.Failed() {
			return // one order's faults are enough to read
		}
	}
	if len(c.calls) != calls {
		c.Errorf("events tell of %d calls, there are %d", len(c.calls), calls)
	}
}

// collect files the events by call, and holds that none comes twice and that a
// call's numbers count up by one, unless something crashed.
func (c *checker) collect(events []journalled) {
	seen := map[any]bool{}
	last := map[string]int64{} // by what counts: a call's statuses, its completions, one of its lines
	for _, e := range events {
		v := e.Values
		order := fmt.Sprint(v["orderID"])
		if string(e.record.Key) != order || headerOf(e.record, "ce_id") != v["eventID"] {
			c.Fatalf("key %q and ce_id %q of the event %v of order %s", e.record.Key, headerOf(e.record, "ce_id"), v["eventID"], order)
		}
		if seen[v["eventID"]] && !c.repeats {
			c.Fatalf("%s of %s came twice", e.Name, order)
		}
		seen[v["eventID"]] = true
		name := order + " " + fmt.Sprint(v["callID"])
		a := c.calls[name]
		if a == nil {
			a = &announced{codes: map[int64]int64{}, lines: map[string]any{}}
			c.calls[name] = a
		}
		counter, key := i64(v["revision"]), e.Name+" "+name
		switch e.Name {
		case "CallStatusChanged":
			counter = i64(v["sequence"])
			a.codes[counter] = i64(v["statusCode"])
		case "CallCompleted":
			a.completed = v
		case "TranscriptLine":
			line := fmt.Sprintf("%v/%v", v["lineIndex"], v["occurrence"])
			key += line
			a.lines[line] = v["text"]
		}
		if counter != last[key]+1 && !c.repeats {
			c.Fatalf("%s: number %d after %d", key, counter, last[key])
		}
		last[key] = counter
	}
}

// order holds that the last that was announced of each call is its end (the last
// status, the completion, every line), and that every status the API showed was
// announced. It returns how many calls there are.
func (c *checker) order(id string, truth simulator.Truth) int {
	var final struct {
		Calls []struct {
			CallID string `json:"callID"`
			Status int64  `json:"callStatus"`
			Lines  []struct {
				Word  string `json:"recordWord"`
				Index int    `json:"recordIndex"`
			} `json:"recordDetail"`
		} `json:"callInfoDetailList"`
	}
	if err := json.Unmarshal(truth.Final, &final); err != nil {
		c.Fatal(err)
	}
	for i, want := range final.Calls {
		name := id + " " + want.CallID
		// A call that ended before the API gave its ID is announced under the
		// order's ID and its attempt.
		stand := fmt.Sprintf("%s %s#%d", id, id, i+1)
		if a := c.calls[stand]; a != nil && c.calls[name] == nil {
			c.calls[name] = a
			delete(c.calls, stand)
		}
		a := c.calls[name]
		if a == nil || a.completed == nil {
			c.Errorf("%s: not announced, or not its end", name)
			continue
		}
		last := int64(len(a.codes))
		for s := range last {
			if _, ok := a.codes[s+1]; !ok {
				c.Errorf("%s: sequences have a gap: %v", name, a.codes)
			}
		}
		if a.codes[last] != want.Status || i64(a.completed["statusCode"]) != want.Status {
			c.Errorf("%s: ends with %d, completed with %v, want %d", name, a.codes[last], a.completed["statusCode"], want.Status)
		}
		occurrences := map[int]int{}
		for _, l := range want.Lines {
			occurrences[l.Index]++
			key := fmt.Sprintf("%d/%d", l.Index, occurrences[l.Index])
			if text, ok := a.lines[key]; !ok || text != l.Word {
				c.Errorf("%s: line %s is %q, want %q", name, key, text, l.Word)
			}
		}
	}
	if c.repeats { // what an exporter saw that was killed then may be overtaken
		return len(final.Calls)
	}
	for _, s := range truth.Shown {
		a := c.calls[id+" "+s.CallID]
		if a == nil || !slices.Contains(slices.Collect(maps.Values(a.codes)), int64(s.Status)) {
			c.Errorf("%s %s: status %d was shown, not announced", id, s.CallID, s.Status)
		}
	}
	return len(final.Calls)
}

func i64(v any) int64 {
	switch n := v.(type) {
	case int32:
		return int64(n)
	case int64:
		return n
	}
	return -1
}
