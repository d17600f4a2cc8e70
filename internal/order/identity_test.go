package order

import (
	"bufio"
	"os"
	"strings"
	"testing"
)

// goldenEvents are the events that testdata/identity.py knows by the same names.
func goldenEvents() map[string]*Event {
	info := Info{TaskID: "t-1", SceneID: "s-1", UserPhone: "0032470000000", Passthrough: "crm-77"}
	event := func(body Body, info Info) *Event {
		return &Event{Ref: Ref{"task", "order-1"}, Info: info, CallID: "call-1", Body: body}
	}
	bare := func(body Body) *Event { return event(body, Info{}) }
	leg := Leg{
		CallingNumber: "0755", LineAddress: "line-7", StartedAt: 1_700_000_000_000, AnsweredAt: 1_700_000_007_000, EndedAt: 1_700_000_067_000,
		HangupCause: "NORMAL_CLEARING", SIPCode: "200",
	}
	return map[string]*Event{
		"status": event(&StatusChanged{
			Sequence: 3, Previous: Some(5), Status: 10, Final: true, Leg: leg,
		}, info),
		"status-bare": {Ref: Ref{"t", "ö"}, CallID: "ö#1", Body: &StatusChanged{Sequence: 1, Status: -7}},
		"completed": event(&CallCompleted{
			Revision: 2, ChangedFields: []string{"sms"}, Status: 6, UserName: "Bo",
			Details: Details{
				Leg: leg, DurationSeconds: Some(60), RecordingURL: "https://r/1.wav?s=a",
				Intents: []Intent{{"7", "A", "interested"}, {ID: "8"}},
				SMS:     []SMS{{"m-1", Some(2), "see you"}, {}},
				Agent: Agent{
					Name: "Ada", Group: "sales", Label: "gold", Status: Some(4), TalkSeconds: Some(0),
					StartedAt: 1, AnsweredAt: 2, EndedAt: 3, HungUpBy: Some(0),
				},
				Params: []Param{{"city", "Ghent"}},
			},
		}, info),
		"completed-bare":         bare(&CallCompleted{Revision: 1, Status: 22}),
		"completed-zero-seconds": bare(&CallCompleted{Revision: 1, Status: 22, Details: Details{DurationSeconds: Some(0)}}),
		"line": event(&TranscriptLine{
			Line:       Line{Index: 4, Role: 1, Type: 7, Text: "bonjour, çà va?", NodeID: "node-1", NodeDesc: "greeting", SpokenAt: 1_700_000_010_000},
			Occurrence: 2, Revision: 3,
		}, info),
		"line-bare": bare(&TranscriptLine{Line: Line{Role: NoCode, Type: NoCode}, Occurrence: 1, Revision: 1}),
	}
}

// IDs must never change: consumers know repeats by them, across releases too.
func TestIdentityGolden(t *testing.T) {
	file, err := os.Open("testdata/identity.golden")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	events := goldenEvents()
	for scan := bufio.NewScanner(file); scan.Scan(); {
		name, want, _ := strings.Cut(scan.Text(), " ")
		ev := events[name]
		if ev == nil {
			t.Fatalf("golden %q is no event of the test", name)
		}
		if got := identify(ev).String(); got != want {
			t.Errorf("%s: ID %s, want %s", name, got, want)
		}
		delete(events, name)
	}
	for name := range events {
		t.Errorf("%s has no golden ID", name)
	}
}

// What depends on when we looked, or on settings, is never part of an ID.
func TestIdentityLeavesOut(t *testing.T) {
	events := goldenEvents()
	for name, change := range map[string]func(*Event){
		"attempt":         func(e *Event) { e.Attempt = 9 },
		"tracked since":   func(e *Event) { e.TrackedSince = 9 },
		"observed at":     func(e *Event) { e.ObservedAt = 9 },
		"replay":          func(e *Event) { e.Replay = true },
		"transcript":      func(e *Event) { e.TranscriptLines, e.Transcript = 9, []Line{{Text: "x"}} },
		"order finished":  func(e *Event) { e.OrderFinished = true },
		"previous status": func(e *Event) { e.Body.(*StatusChanged).Previous = Some(4) },
		"final":           func(e *Event) { e.Body.(*StatusChanged).Final = false },
		"changed fields":  func(e *Event) { e.Body.(*CallCompleted).ChangedFields = nil },
	} {
		ev := events["status"]
		if name == "changed fields" {
			ev = events["completed"]
		}
		before := identify(ev)
		change(ev)
		if identify(ev) != before {
			t.Errorf("%s is part of the ID", name)
		}
	}
}

// Each of the vendor's values is: an ID differs where one of them does.
func TestIdentityCovers(t *testing.T) {
	changes := map[string][]func(*Event){
		"status": {
			func(e *Event) { e.Body.(*StatusChanged).Sequence++ },
			func(e *Event) { e.Body.(*StatusChanged).Status++ },
			func(e *Event) { e.Body.(*StatusChanged).CallingNumber += "x" },
			func(e *Event) { e.Body.(*StatusChanged).LineAddress += "x" },
			func(e *Event) { e.Body.(*StatusChanged).StartedAt++ },
			func(e *Event) { e.Body.(*StatusChanged).AnsweredAt++ },
			func(e *Event) { e.Body.(*StatusChanged).EndedAt++ },
			func(e *Event) { e.Body.(*StatusChanged).HangupCause += "x" },
			func(e *Event) { e.Body.(*StatusChanged).SIPCode += "x" },
		},
		"completed": {
			func(e *Event) { e.Body.(*CallCompleted).Revision++ },
			func(e *Event) { e.Body.(*CallCompleted).Status++ },
			func(e *Event) { e.Body.(*CallCompleted).UserName += "x" },
			func(e *Event) { e.Body.(*CallCompleted).DurationSeconds = Opt{} },
			func(e *Event) { e.Body.(*CallCompleted).RecordingURL += "x" },
			func(e *Event) { e.Body.(*CallCompleted).Intents[1].Name = "x" },
			func(e *Event) { e.Body.(*CallCompleted).SMS[1].State = Some(0) },
			func(e *Event) { e.Body.(*CallCompleted).Agent.Status = Some(10) },
			func(e *Event) { e.Body.(*CallCompleted).Agent.HungUpBy = Opt{} },
			func(e *Event) {
				e.Body.(*CallCompleted).Agent.Group, e.Body.(*CallCompleted).Agent.Label = "gold", "sales"
			},
			func(e *Event) { e.Body.(*CallCompleted).Params[0].Value = "Bruges" },
			func(e *Event) { e.Body.(*CallCompleted).Params = nil },
		},
		"line": {
			func(e *Event) { e.Body.(*TranscriptLine).Index++ },
			func(e *Event) { e.Body.(*TranscriptLine).Occurrence++ },
			func(e *Event) { e.Body.(*TranscriptLine).Revision++ },
			func(e *Event) { e.Body.(*TranscriptLine).Role++ },
			func(e *Event) { e.Body.(*TranscriptLine).Type++ },
			func(e *Event) { e.Body.(*TranscriptLine).Text += "x" },
			func(e *Event) { e.Body.(*TranscriptLine).NodeID += "x" },
			func(e *Event) { e.Body.(*TranscriptLine).NodeDesc += "x" },
			func(e *Event) { e.Body.(*TranscriptLine).SpokenAt++ },
			func(e *Event) { e.Task += "x" },
			func(e *Event) { e.Ref.ID += "x" },
			func(e *Event) { e.CallID += "x" },
			func(e *Event) { e.TaskID += "x" },
			func(e *Event) { e.SceneID += "x" },
			func(e *Event) { e.UserPhone += "x" },
			func(e *Event) { e.Passthrough += "x" },
			// the same bytes, cut elsewhere
			func(e *Event) { e.Task, e.Ref.ID = "taskorder", "-1" },
		},
	}
	seen := map[ID]bool{}
	for name, list := range changes {
		for i, change := range list {
			ev := goldenEvents()[name]
			if i == 0 {
				seen[identify(ev)] = true
			}
			change(ev)
			id := identify(ev)
			if seen[id] {
				t.Errorf("%s: change %d leaves the ID as it was, or gives that of another", name, i)
			}
			seen[id] = true
		}
	}
}

func TestDigest(t *testing.T) {
	// printf a | sha256sum
	if got, want := ID(digest("a")).String(), "ca978112ca1bbdcafac231b39a23dc4d"; got != want {
		t.Errorf("digest of a is %s, want %s", got, want)
	}
	if digest("") != (Digest{}) {
		t.Error("empty text has a digest")
	}
}
