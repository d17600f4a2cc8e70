package order

import (
	"bufio"
	"fmt"
	"os"
	"reflect"
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

// An ID stands for each field of an event, but for what depends on when we
// looked or on settings. A new field is in one or the other.
func TestIdentityCovers(t *testing.T) {
	leftOut := map[string]bool{
		".ID": true, ".Attempt": true, ".TrackedSince": true, ".ObservedAt": true, ".Replay": true, ".TranscriptLines": true, ".Transcript": true,
		".OrderFinished": true, ".Body.Previous": true, ".Body.Final": true, ".Body.ChangedFields": true,
	}
	for name, ev := range goldenEvents() {
		was := identify(ev)
		ids := map[ID]string{}
		eachField("", reflect.ValueOf(ev).Elem(), leftOut, func(path string, v reflect.Value) {
			before := reflect.ValueOf(v.Interface())
			v.Set(another(v))
			id := identify(ev)
			v.Set(before)
			if leftOut[path] != (id == was) {
				t.Errorf("%s%s is part of the ID: %t", name, path, id != was)
			}
			if other, taken := ids[id]; taken && id != was {
				t.Errorf("%s: another %s gives the ID that another %s gives", name, path, other)
			}
			ids[id] = path
		})
	}
}

// eachField visits all that an event holds, lists also as a whole; what is
// named whole is visited as one.
func eachField(path string, v reflect.Value, whole map[string]bool, visit func(string, reflect.Value)) {
	switch _, isOpt := v.Interface().(Opt); {
	case isOpt || whole[path]:
		visit(path, v)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			eachField(path+"."+v.Type().Field(i).Name, v.Field(i), whole, visit)
		}
	case v.Kind() == reflect.Interface:
		eachField(path, v.Elem().Elem(), whole, visit)
	case v.Kind() == reflect.Slice:
		visit(path, v)
		for i := range v.Len() {
			eachField(fmt.Sprintf("%s[%d]", path, i), v.Index(i), whole, visit)
		}
	default:
		visit(path, v)
	}
}

// another is a value that differs from v.
func another(v reflect.Value) reflect.Value {
	to := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		to.SetString(v.String() + "x")
	case reflect.Bool:
		to.SetBool(!v.Bool())
	case reflect.Int, reflect.Int64:
		to.SetInt(v.Int() + 1)
	case reflect.Slice:
		return reflect.Append(v, reflect.Zero(v.Type().Elem()))
	case reflect.Array: // an ID
		to.Index(0).SetUint(v.Index(0).Uint() + 1)
	case reflect.Struct: // an Opt
		to.Set(reflect.ValueOf(Some(v.Field(0).Int() + 1)))
	}
	return to
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
