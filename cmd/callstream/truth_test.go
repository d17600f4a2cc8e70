package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// The simulator's own JSON, read by nobody but this checker.
type (
	truthOrder struct {
		OrderID    string      `json:"orderID"`
		UserPhone  *string     `json:"userPhone"`
		UserTaskID string      `json:"userTaskID"`
		Calls      []truthCall `json:"callInfoDetailList"`
	}
	truthCall struct {
		CallID        string         `json:"callID"`
		Status        int            `json:"callStatus"`
		CallingNumber *string        `json:"callingNumber"`
		Start         *int64         `json:"callStartTs"`
		Answer        *int64         `json:"callAnswerTs"`
		End           *int64         `json:"callEndTs"`
		Duration      *int64         `json:"callDuration"`
		Recording     *string        `json:"callAudioUrl"`
		HangupCause   *string        `json:"hangupCause"`
		SIPCode       *string        `json:"termSipCode"`
		Intents       []truthIntent  `json:"intents"`
		SMS           []truthSMS     `json:"sms"`
		Params        []truthParam   `json:"params"`
		Agent         map[string]any `json:"agent"`
		Lines         []truthLine    `json:"recordDetail"`
	}
	truthIntent struct {
		ID *string `json:"intentID"`
	}
	truthSMS struct {
		ID      *string `json:"sysMessageID"`
		State   *int64  `json:"smsSendTs"`
		Content *string `json:"smsContent"`
	}
	truthParam struct{ Name, Value *string }
	truthLine  struct {
		Word   *string `json:"recordWord"`
		Index  int     `json:"recordIndex"`
		Role   int     `json:"recordRole"`
		Type   int     `json:"recordType"`
		NodeID *string `json:"nodeID"`
		At     *int64  `json:"createTs"`
	}
)

// reported is what a reader of the topics makes of one call: the later in the
// log wins.
type reported struct {
	statuses  map[int64]journalled // by sequence
	completed *journalled
	lines     map[string]journalled // by index/occurrence
}

// checker compares the topics with the simulator's truth.
type checker struct {
	t     *testing.T
	calls map[string]*reported // by order and call
	wrong int
	nulls bool // the API left fields out that it showed at other times
}

func (c *checker) errorf(format string, args ...any) {
	c.t.Helper()
	if c.wrong++; c.wrong <= 20 {
		c.t.Errorf(format, args...)
	}
}

func i64(v any) int64 {
	switch n := v.(type) {
	case int32:
		return int64(n)
	case int64:
		return n
	case int:
		return int64(n)
	}
	return -1
}

// check holds the journal against the truth about the orders: nothing lost,
// nothing wrong, no order of events broken, one content an ID. Repeats are
// allowed where something crashed.
func (l *lab) check(j *journal, repeats bool, ids ...string) {
	l.t.Helper()
	c := &checker{t: l.t, calls: map[string]*reported{}, nulls: l.nulls}
	j.mu.Lock()
	defer j.mu.Unlock()
	c.collect(j.events, repeats)
	calls := 0
	for _, id := range ids {
		truth := decodeTruth(l.t, l.sim.Final(testTask, id))
		for i := range truth.Calls {
			calls++
			c.alias(id, truth.Calls[i].CallID, i+1)
			c.call(id, &truth.Calls[i])
		}
	}
	if len(c.calls) != calls {
		c.errorf("events tell of %d calls, there are %d", len(c.calls), calls)
	}
	if !repeats {
		for _, id := range ids {
			c.shown(l, id)
		}
	}
	if c.wrong > 20 {
		c.t.Errorf("… and %d more", c.wrong-20)
	}
}

// shown holds that every status the API showed was announced.
func (c *checker) shown(l *lab, id string) {
	for _, s := range l.sim.Shown(testTask, id) {
		r := c.calls[id+" "+s.CallID]
		if r == nil {
			c.errorf("%s %s: shown, not announced", id, s.CallID)
			continue
		}
		found := false
		for _, e := range r.statuses {
			found = found || i64(e.Values["statusCode"]) == int64(s.Status)
		}
		if !found {
			c.errorf("%s %s: status %d was shown, not announced", id, s.CallID, s.Status)
		}
	}
}

// alias finds a call that ended before the API gave its ID: it is announced
// under the order's ID and its attempt.
func (c *checker) alias(id, callID string, attempt int) {
	name := id + " " + callID
	if r := c.calls[fmt.Sprintf("%s %s#%d", id, id, attempt)]; r != nil && c.calls[name] == nil {
		c.calls[name] = r
		delete(c.calls, fmt.Sprintf("%s %s#%d", id, id, attempt))
	}
}

// content is what an ID stands for: all but what is never in it.
func content(e journalled) string {
	never := map[string]bool{
		"observedAt": true, "previousStatus": true, "previousStatusCode": true, "changedFields": true, "attempt": true,
		"transcriptLines": true, "transcriptText": true, "orderFinished": true, "trackedSince": true, "completed": true,
	}
	var b strings.Builder
	for _, f := range e.Fields {
		if !never[f] {
			fmt.Fprintf(&b, "%s=%v;", f, e.Values[f])
		}
	}
	return e.Name + b.String()
}

func (c *checker) collect(events []journalled, repeats bool) {
	byID, byContent := map[string]string{}, map[string]string{}
	last := map[string]int64{} // by topic and key: the last sequence, to see that order is kept
	for _, e := range events {
		id, text := e.Values["eventID"].(string), content(e)
		if was, ok := byID[id]; ok && was != text {
			c.errorf("ID %s stands for two contents:\n%s\n%s", id, was, text)
		}
		if _, ok := byID[id]; ok && !repeats {
			c.errorf("%s of %v came twice", e.Name, e.Values["orderID"])
		}
		if was, ok := byContent[text]; ok && was != id {
			c.errorf("one content has two IDs: %s and %s: %s", was, id, text)
		}
		byID[id], byContent[text] = text, id
		order := fmt.Sprint(e.Values["orderID"])
		if string(e.record.Key) != order || headerOf(e.record, "ce_id") != id {
			c.errorf("key %q and ce_id %q of the event %s of order %s", e.record.Key, headerOf(e.record, "ce_id"), id, order)
		}
		c.file(e, order, last, repeats)
	}
}

func (c *checker) file(e journalled, order string, last map[string]int64, repeats bool) {
	name := order + " " + fmt.Sprint(e.Values["callID"])
	r := c.calls[name]
	if r == nil {
		r = &reported{statuses: map[int64]journalled{}, lines: map[string]journalled{}}
		c.calls[name] = r
	}
	counter, key := int64(0), e.Name+" "+name
	switch e.Name {
	case "CallStatusChanged":
		counter = i64(e.Values["sequence"])
		r.statuses[counter] = e
	case "CallCompleted":
		counter = i64(e.Values["revision"])
		r.completed = &e
	case "TranscriptLine":
		line := fmt.Sprintf("%v/%v", e.Values["lineIndex"], e.Values["occurrence"])
		counter, key = i64(e.Values["revision"]), key+line
		r.lines[line] = e
	}
	if !repeats && counter != last[key]+1 {
		c.errorf("%s: counter %d after %d", key, counter, last[key])
	}
	last[key] = counter
}

// call holds one call's events against the truth.
func (c *checker) call(id string, want *truthCall) {
	name := id + " " + want.CallID
	r := c.calls[name]
	if r == nil {
		c.errorf("%s: not announced", name)
		return
	}
	sequences := make([]int64, 0, len(r.statuses))
	for s := range r.statuses {
		sequences = append(sequences, s)
	}
	slices.Sort(sequences)
	for i, s := range sequences {
		if s != int64(i+1) {
			c.errorf("%s: sequences %v have a gap", name, sequences)
		}
		if i > 0 {
			was, now := i64(r.statuses[s-1].Values["statusCode"]), i64(r.statuses[s].Values["statusCode"])
			if previous := i64(r.statuses[s].Values["previousStatusCode"]); previous != was || now < was && was < 6 {
				c.errorf("%s: status %d after %d, previous %d", name, now, was, previous)
			}
		}
	}
	end := r.statuses[int64(len(sequences))]
	c.equal(name, "last status", end.Values["statusCode"], int64(want.Status))
	if r.completed == nil {
		c.errorf("%s: no CallCompleted", name)
		return
	}
	c.completed(name, r.completed.Values, want)
	c.lines(name, r, want)
}

func (c *checker) completed(name string, got map[string]any, want *truthCall) {
	c.equal(name, "statusCode", got["statusCode"], int64(want.Status))
	c.equal(name, "answered", got["answered"], want.Status == 5 || want.Status == 6)
	c.equal(name, "callingNumber", got["callingNumber"], text(want.CallingNumber))
	c.equal(name, "hangupCause", got["hangupCause"], text(want.HangupCause))
	c.equal(name, "sipCode", got["sipCode"], text(want.SIPCode))
	c.equal(name, "startedAt", got["startedAt"], moment(want.Start))
	c.equal(name, "answeredAt", got["answeredAt"], moment(want.Answer))
	c.equal(name, "endedAt", got["endedAt"], moment(want.End))
	recording := fmt.Sprint(got["recordingURL"])
	if got["recordingURL"] == nil {
		recording = ""
	}
	was, _, _ := strings.Cut(recording, "?")
	now := ""
	if want.Recording != nil {
		now, _, _ = strings.Cut(*want.Recording, "?")
	}
	c.equal(name, "recordingURL", was, now)
	if want.Duration != nil {
		c.equal(name, "durationSeconds", got["durationSeconds"], *want.Duration)
	}
	if n, m := listLen(got["intents"]), len(want.Intents); n != m {
		c.errorf("%s: %d intents, want %d", name, n, m)
	}
	if n, m := listLen(got["sms"]), len(want.SMS); n != m {
		c.errorf("%s: %d sms, want %d", name, n, m)
	}
	for i, s := range want.SMS {
		sms, ok := got["sms"].([]any)[i].(map[string]any)
		if !ok {
			c.errorf("%s: sms %v", name, got["sms"])
			continue
		}
		c.equal(name, "sms content", sms["content"], text(s.Content))
		if s.State != nil {
			c.equal(name, "sms stateCode", sms["stateCode"], *s.State)
		}
	}
	if agent, ok := want.Agent["agentName"].(string); ok && agent != "" {
		c.equal(name, "agentName", got["agentName"], agent)
	}
}

// echoes reports whether lines too many only repeat the text of true ones:
// where the API left out the index of a line that shares it with another, it
// can't be known that they are the same.
func (c *checker) echoes(r *reported, want *truthCall) bool {
	texts := map[string]bool{}
	for _, l := range want.Lines {
		texts[deref(l.Word)] = true
	}
	for _, e := range r.lines {
		if !texts[fmt.Sprint(e.Values["text"])] {
			return false
		}
	}
	return len(r.lines) > len(want.Lines)
}

func (c *checker) lines(name string, r *reported, want *truthCall) {
	if len(r.lines) != len(want.Lines) && !(c.nulls && c.echoes(r, want)) {
		c.errorf("%s: %d lines, want %d", name, len(r.lines), len(want.Lines))
	}
	occurrences := map[int]int{}

	for _, l := range want.Lines {
		occurrences[l.Index]++
		key := fmt.Sprintf("%d/%d", l.Index, occurrences[l.Index])
		got, ok := r.lines[key]
		if !ok {
			c.errorf("%s: line %s is missing", name, key)
			continue
		}
		c.equal(name, "line "+key, got.Values["text"], deref(l.Word))
		c.equal(name, "role of line "+key, got.Values["roleCode"], int64(l.Role))
		c.equal(name, "time of line "+key, got.Values["spokenAt"], moment(l.At))
	}
}

func (c *checker) equal(name, what string, got, want any) {
	c.t.Helper()
	if n := i64(got); n >= 0 {
		got = n
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		c.errorf("%s: %s is %v, want %v", name, what, got, want)
	}
}

func listLen(v any) int {
	list, _ := v.([]any)
	return len(list)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// text is the value an event has for a text of the API's: none for empty.
func text(s *string) any {
	if s == nil || *s == "" {
		return nil
	}
	return *s
}

// moment is the value an event has for a time of the API's.
func moment(ms *int64) any {
	if ms == nil || *ms == 0 {
		return nil
	}
	return time.UnixMilli(*ms).UTC().Format("2006-01-02T15:04:05.000Z")
}
