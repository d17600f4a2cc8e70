package main

import (
	"encoding/json"
	"fmt"
	"testing"
)

// truthOrder is what the checker reads of an order as the simulator shows it.
type truthOrder struct {
	Calls []struct {
		CallID string `json:"callID"`
		Status int    `json:"callStatus"`
		Lines  []struct {
			Word  string `json:"recordWord"`
			Index int    `json:"recordIndex"`
		} `json:"recordDetail"`
	} `json:"callInfoDetailList"`
}

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
	t     *testing.T
	calls map[string]*announced // by order and call
	wrong int
}

func (c *checker) errorf(format string, args ...any) {
	c.t.Helper()
	if c.wrong++; c.wrong <= 20 {
		c.t.Errorf(format, args...)
	}
}

// check holds the journal against the truth about the orders. Repeats are
// allowed where something crashed.
func (l *lab) check(j *journal, repeats bool, ids ...string) {
	l.t.Helper()
	c := &checker{t: l.t, calls: map[string]*announced{}}
	j.mu.Lock()
	defer j.mu.Unlock()
	c.collect(j.events, repeats)
	calls := 0
	for _, id := range ids {
		var truth truthOrder
		if err := json.Unmarshal(l.sim.Final(testTask, id), &truth); err != nil {
			l.t.Fatal(err)
		}
		for i := range truth.Calls {
			calls++
			c.alias(id, truth.Calls[i].CallID, i+1)
		}
		c.order(id, &truth)
		if !repeats { // what an exporter saw that was killed then may be overtaken
			c.shown(l, id)
		}
	}
	if len(c.calls) != calls {
		c.errorf("events tell of %d calls, there are %d", len(c.calls), calls)
	}
	if c.wrong > 20 {
		c.t.Errorf("… and %d more", c.wrong-20)
	}
}

// collect files the events by call, and holds that none comes twice and that a
// call's numbers count up by one, unless something crashed.
func (c *checker) collect(events []journalled, repeats bool) {
	seen := map[any]bool{}
	last := map[string]int64{} // by what counts: a call's statuses, its completions, one of its lines
	for _, e := range events {
		v := e.Values
		order := fmt.Sprint(v["orderID"])
		if string(e.record.Key) != order || headerOf(e.record, "ce_id") != v["eventID"] {
			c.errorf("key %q and ce_id %q of the event %v of order %s", e.record.Key, headerOf(e.record, "ce_id"), v["eventID"], order)
		}
		if seen[v["eventID"]] && !repeats {
			c.errorf("%s of %s came twice", e.Name, order)
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
		if counter != last[key]+1 && !repeats {
			c.errorf("%s: number %d after %d", key, counter, last[key])
		}
		last[key] = counter
	}
}

// alias finds a call that ended before the API gave its ID: it is announced
// under the order's ID and its attempt.
func (c *checker) alias(id, callID string, attempt int) {
	name, stand := id+" "+callID, fmt.Sprintf("%s %s#%d", id, id, attempt)
	if a := c.calls[stand]; a != nil && c.calls[name] == nil {
		c.calls[name] = a
		delete(c.calls, stand)
	}
}

// order holds that the last that was announced of each call is its end: the last
// status, the completion, every line.
func (c *checker) order(id string, truth *truthOrder) {
	for _, want := range truth.Calls {
		name := id + " " + want.CallID
		a := c.calls[name]
		if a == nil || a.completed == nil {
			c.errorf("%s: not announced, or not its end", name)
			continue
		}
		for s := int64(1); s <= int64(len(a.codes)); s++ {
			if _, ok := a.codes[s]; !ok {
				c.errorf("%s: sequences have a gap: %v", name, a.codes)
			}
		}
		status := int64(want.Status)
		if last := a.codes[int64(len(a.codes))]; last != status || i64(a.completed["statusCode"]) != status {
			c.errorf("%s: ends with %d, completed with %v, want %d", name, last, a.completed["statusCode"], status)
		}
		occurrences := map[int]int{}
		for _, l := range want.Lines {
			occurrences[l.Index]++
			key := fmt.Sprintf("%d/%d", l.Index, occurrences[l.Index])
			if text, ok := a.lines[key]; !ok || text != l.Word {
				c.errorf("%s: line %s is %q, want %q", name, key, text, l.Word)
			}
		}
	}
}

// shown holds that every status the API showed was announced.
func (c *checker) shown(l *lab, id string) {
	for _, s := range l.sim.Shown(testTask, id) {
		found := false
		if a := c.calls[id+" "+s.CallID]; a != nil {
			for _, code := range a.codes {
				found = found || code == int64(s.Status)
			}
		}
		if !found {
			c.errorf("%s %s: status %d was shown, not announced", id, s.CallID, s.Status)
		}
	}
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
