package order

import (
	"fmt"
	"strings"
	"testing"
)

// The tests tell stories: the answers of the API to one order, in turn, and
// what each must announce.

var storyRef = Ref{Task: "task", ID: "o"}

// A step is one answer and what it must lead to.
type step struct {
	show  *Answer
	want  string // the announcements, as said() writes them
	stale int
	again bool
}

type (
	callOption  func(*Call)
	orderOption func(*Answer)
)

// on is an unfinished order that shows the calls; done a finished one.
func on(calls ...Call) *Answer   { return &Answer{Ref: storyRef, Calls: calls} }
func done(calls ...Call) *Answer { return &Answer{Ref: storyRef, Calls: calls, Finished: true} }

// with is the answer with more said of the order.
func (a *Answer) with(options ...orderOption) *Answer {
	for _, set := range options {
		set(a)
	}
	return a
}

func phone(s string) orderOption       { return func(a *Answer) { a.UserPhone = s } }
func passthrough(s string) orderOption { return func(a *Answer) { a.Passthrough = s } }
func sceneID(s string) orderOption     { return func(a *Answer) { a.SceneID = s } }
func taskID(s string) orderOption      { return func(a *Answer) { a.TaskID = s } }
func userName(s string) orderOption    { return func(a *Answer) { a.UserName = s } }

func call(id string, status Status, options ...callOption) Call {
	c := Call{ID: id, Status: status}
	for _, set := range options {
		set(&c)
	}
	return c
}

func ended(at Millis) callOption            { return func(c *Call) { c.EndedAt = at } }
func recording(url string) callOption       { return func(c *Call) { c.RecordingURL = url } }
func lasted(seconds int64) callOption       { return func(c *Call) { c.DurationSeconds = Some(seconds) } }
func number(s string) callOption            { return func(c *Call) { c.CallingNumber = s } }
func messages(list ...SMS) callOption       { return func(c *Call) { c.SMS = list } }
func intents(list ...Intent) callOption     { return func(c *Call) { c.Intents = list } }
func params(list ...Param) callOption       { return func(c *Call) { c.Params = list } }
func agent(a Agent) callOption              { return func(c *Call) { c.Agent = a } }
func lines(list ...Line) callOption         { return func(c *Call) { c.Lines = list } }
func details(set func(*Details)) callOption { return func(c *Call) { set(&c.Details) } }

func line(index int, text string) Line { return Line{Index: index, Role: 1, Type: 7, Text: text} }

// said writes what was announced:
//
//	c1 status 2: 3>4         the second status of call c1, from 3 to 4
//	c1 completed 2: 6 [sms]  the second revision, in which sms changed
//	c1 line 3: hello         rev n and the occurrence follow where not 1
func said(events []*Event) string {
	words := make([]string, len(events))
	for i, ev := range events {
		words[i] = ev.CallID + " " + saidBody(ev.Body)
		if ev.Replay {
			words[i] = "again " + words[i]
		}
	}
	return strings.Join(words, "; ")
}

func saidBody(body Body) string {
	switch b := body.(type) {
	case *StatusChanged:
		from, end := "", ""
		if b.Previous.Set {
			from = fmt.Sprintf("%d>", b.Previous.N)
		}
		if b.Final {
			end = " end"
		}
		return fmt.Sprintf("status %d: %s%d%s", b.Sequence, from, b.Status, end)
	case *CallCompleted:
		s := fmt.Sprintf("completed %d: %d", b.Revision, b.Status)
		if b.Revision > 1 {
			s += fmt.Sprint(" ", b.ChangedFields)
		}
		return s
	case *TranscriptLine:
		s := fmt.Sprintf("line %d", b.Index)
		if b.Occurrence > 1 {
			s += fmt.Sprintf("/%d", b.Occurrence)
		}
		if b.Revision > 1 {
			s += fmt.Sprintf(" rev %d", b.Revision)
		}
		return s + ": " + b.Text
	}
	return fmt.Sprintf("%T", body)
}

// tell lays the answers over each other and checks what each announces. It
// returns the last state and all that was announced.
func tell(t *testing.T, steps ...step) (*State, []*Event) {
	t.Helper()
	st, all := &State{Ref: storyRef}, []*Event(nil)
	for i, s := range steps {
		before := jsonOf(st)
		got := Compare(st, s.show, Millis(1000+i), Rules{Transcripts: true})
		if after := jsonOf(st); after != before {
			t.Fatalf("answer %d changed the state before it:\n%s\n%s", i+1, before, after)
		}
		if text := said(got.Events); text != s.want {
			t.Errorf("answer %d announced\n %s\nwant\n %s", i+1, text, s.want)
		}
		if got.Stale != s.stale || got.Unconfirmed != s.again {
			t.Errorf("answer %d: stale %d, again %t; want %d, %t", i+1, got.Stale, got.Unconfirmed, s.stale, s.again)
		}
		if !got.Save && got.State != st || got.Save && got.State == st {
			t.Errorf("answer %d: save %t does not fit the state returned", i+1, got.Save)
		}
		if len(got.Events) > 0 && !(got.Changed && got.Save && got.State.ChangedAt == Millis(1000+i)) {
			t.Errorf("answer %d announced something, yet changed %t, save %t", i+1, got.Changed, got.Save)
		}
		if got.Changed != (len(got.Events) > 0 || i == 0 || st.Finished != got.State.Finished) {
			t.Errorf("answer %d: changed %t, with %d events", i+1, got.Changed, len(got.Events))
		}
		st, all = got.State, append(all, got.Events...)
	}
	return st, all
}
