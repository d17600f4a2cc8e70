package avro

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	hamba "github.com/hamba/avro/v2"
	"pgregory.net/rapid"

	"callstream/internal/order"
	"callstream/schemas"
)

// The rows that consumers see, for hamba/avro, another implementation of Avro.

type CommonRow struct {
	EventID      string    `avro:"eventID"`
	ObservedAt   time.Time `avro:"observedAt"`
	OrderID      string    `avro:"orderID"`
	UserTaskID   string    `avro:"userTaskID"`
	CallID       string    `avro:"callID"`
	TaskID       *string   `avro:"taskID"`
	SceneID      *string   `avro:"sceneID"`
	UserPhone    *string   `avro:"userPhone"`
	Passthrough  *string   `avro:"passthrough"`
	Attempt      int       `avro:"attempt"`
	TrackedSince time.Time `avro:"trackedSince"`
}

type LegRow struct {
	CallingNumber *string    `avro:"callingNumber"`
	LineAddress   *string    `avro:"lineAddress"`
	StartedAt     *time.Time `avro:"startedAt"`
	AnsweredAt    *time.Time `avro:"answeredAt"`
	EndedAt       *time.Time `avro:"endedAt"`
	HangupCause   *string    `avro:"hangupCause"`
	SIPCode       *string    `avro:"sipCode"`
}

type statusRow struct {
	CommonRow
	LegRow
	Sequence           int     `avro:"sequence"`
	PreviousStatus     *string `avro:"previousStatus"`
	PreviousStatusCode *int    `avro:"previousStatusCode"`
	Status             string  `avro:"status"`
	StatusCode         int     `avro:"statusCode"`
	Completed          bool    `avro:"completed"`
}

type intentRow struct {
	ID   *string `avro:"intentID"`
	Tag  *string `avro:"intentTag"`
	Name *string `avro:"intentName"`
}

type smsRow struct {
	MessageID *string `avro:"messageID"`
	State     *string `avro:"state"`
	StateCode *int    `avro:"stateCode"`
	Content   *string `avro:"content"`
}

type completedRow struct {
	CommonRow
	LegRow
	Revision         int               `avro:"revision"`
	ChangedFields    []string          `avro:"changedFields"`
	Status           string            `avro:"status"`
	StatusCode       int               `avro:"statusCode"`
	Outcome          string            `avro:"outcome"`
	Answered         bool              `avro:"answered"`
	UserName         *string           `avro:"userName"`
	RingSeconds      *int              `avro:"ringSeconds"`
	DurationSeconds  *int              `avro:"durationSeconds"`
	RecordingURL     *string           `avro:"recordingURL"`
	Intents          []intentRow       `avro:"intents"`
	SMS              []smsRow          `avro:"sms"`
	AgentName        *string           `avro:"agentName"`
	AgentGroup       *string           `avro:"agentGroup"`
	AgentStatus      *string           `avro:"agentStatus"`
	AgentLabel       *string           `avro:"agentLabel"`
	AgentHungUpBy    *string           `avro:"agentHungUpBy"`
	AgentStatusCode  *int              `avro:"agentStatusCode"`
	AgentTalkSeconds *int              `avro:"agentTalkSeconds"`
	AgentStartedAt   *time.Time        `avro:"agentStartedAt"`
	AgentAnsweredAt  *time.Time        `avro:"agentAnsweredAt"`
	AgentEndedAt     *time.Time        `avro:"agentEndedAt"`
	Params           map[string]string `avro:"params"`
	TranscriptLines  int               `avro:"transcriptLines"`
	TranscriptText   *string           `avro:"transcriptText"`
	OrderFinished    bool              `avro:"orderFinished"`
	OmittedFields    []string          `avro:"omittedFields"`
}

type lineRow struct {
	CommonRow
	LineIndex    int        `avro:"lineIndex"`
	Occurrence   int        `avro:"occurrence"`
	Revision     int        `avro:"revision"`
	Role         string     `avro:"role"`
	RoleCode     int        `avro:"roleCode"`
	LineType     string     `avro:"lineType"`
	LineTypeCode int        `avro:"lineTypeCode"`
	Text         string     `avro:"text"`
	NodeID       *string    `avro:"nodeID"`
	NodeDesc     *string    `avro:"nodeDesc"`
	SpokenAt     *time.Time `avro:"spokenAt"`
	Truncated    bool       `avro:"truncated"`
}

// TestEventsAreWhatHambaWrites encodes random events and compares, byte by
// byte, with hamba's encoding of the row written down from the event; then has
// hamba read ours and compares field by field.
func TestEventsAreWhatHambaWrites(t *testing.T) {
	e := newEncoder(t, Options{CompletedTranscript: true}, nil)
	plain := hamba.Config{DisableBlockSizeHeader: true}.Freeze() // goavro writes none
	parsed := map[order.Kind]hamba.Schema{}
	for _, k := range order.Kinds() {
		parsed[k] = hamba.MustParse(presentText(t, eventKinds()[k].schema))
	}
	rapid.Check(t, func(rt *rapid.T) {
		ev := drawEvent(rt)
		want := rowOf(ev)
		schema := parsed[ev.Body.Kind()]
		value, err := e.Event(ev)
		if err != nil {
			rt.Fatal(err)
		}
		ours := value.Value[singleLength:]
		theirs, err := plain.Marshal(schema, want)
		if err != nil {
			rt.Fatal(err)
		}
		if c, ok := want.(*completedRow); (!ok || len(c.Params) < 2) && !bytes.Equal(ours, theirs) {
			rt.Fatalf("got  %x\nwant %x", ours, theirs) // a map's order is free
		}
		got := reflect.New(reflect.TypeOf(want).Elem()).Interface()
		if err := hamba.Unmarshal(schema, ours, got); err != nil {
			rt.Fatal(err)
		}
		if g, w := fmt.Sprintf("%+v", deref(got)), fmt.Sprintf("%+v", deref(want)); g != w {
			rt.Fatalf("got  %s\nwant %s", g, w)
		}
	})
}

// deref shows a row with what its pointers point to.
func deref(row any) map[string]any {
	values := map[string]any{}
	v := reflect.ValueOf(row).Elem()
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		switch {
		case f.Kind() == reflect.Pointer && !f.IsNil():
			values[name] = f.Elem().Interface()
		case f.Kind() == reflect.Struct && f.Type() != reflect.TypeFor[time.Time]():
			values[name] = deref(f.Addr().Interface())
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Struct:
			for j := range f.Len() {
				values[fmt.Sprint(name, j)] = deref(f.Index(j).Addr().Interface())
			}
		default:
			values[name] = f.Interface()
		}
	}
	return values
}

func legRow(l *order.Leg) LegRow {
	return LegRow{
		CallingNumber: text(l.CallingNumber), LineAddress: text(l.LineAddress),
		StartedAt: moment(l.StartedAt), AnsweredAt: moment(l.AnsweredAt), EndedAt: moment(l.EndedAt),
		HangupCause: text(l.HangupCause), SIPCode: text(l.SIPCode),
	}
}

// rowOf writes an event down as the contract says, without the encoder's code.
func rowOf(ev *order.Event) any {
	common := CommonRow{
		EventID: fmt.Sprintf("%x", ev.ID[:]), ObservedAt: millis(ev.ObservedAt),
		OrderID: ev.Ref.ID, UserTaskID: ev.Task, CallID: ev.CallID,
		TaskID: text(ev.TaskID), SceneID: text(ev.SceneID), UserPhone: text(ev.UserPhone), Passthrough: text(ev.Passthrough),
		Attempt: ev.Attempt, TrackedSince: millis(ev.TrackedSince),
	}
	switch b := ev.Body.(type) {
	case *order.StatusChanged:
		return &statusRow{
			CommonRow: common, Sequence: b.Sequence,
			PreviousStatus: name(b.Previous, statusName), PreviousStatusCode: number(b.Previous),
			Status: b.Status.String(), StatusCode: int(b.Status), Completed: b.Completed,
			LegRow: legRow(&b.Leg),
		}
	case *order.TranscriptLine:
		return &lineRow{
			CommonRow: common, LineIndex: b.Index, Occurrence: b.Occurrence, Revision: b.Revision,
			Role: order.LineRole(b.Role), RoleCode: b.Role, LineType: order.LineType(b.Type), LineTypeCode: b.Type,
			Text: b.Text, NodeID: text(b.NodeID), NodeDesc: text(b.NodeDesc), SpokenAt: moment(b.SpokenAt),
		}
	}
	b := ev.Body.(*order.CallCompleted)
	row := &completedRow{
		CommonRow: common, Revision: b.Revision, ChangedFields: b.ChangedFields,
		Status: b.Status.String(), StatusCode: int(b.Status), Outcome: b.Status.Outcome(), Answered: b.Status == 5 || b.Status == 6,
		UserName: text(b.UserName), LegRow: legRow(&b.Leg),
		RingSeconds: number(b.RingSeconds()), DurationSeconds: number(b.DurationSeconds), RecordingURL: text(b.RecordingURL),
		AgentName: text(b.Agent.Name), AgentGroup: text(b.Agent.Group), AgentLabel: text(b.Agent.Label),
		AgentStatus: name(b.Agent.Status, order.AgentStatus), AgentStatusCode: number(b.Agent.Status),
		AgentHungUpBy: name(b.Agent.HungUpBy, order.HungUpBy), AgentTalkSeconds: number(b.Agent.TalkSeconds),
		AgentStartedAt: moment(b.Agent.StartedAt), AgentAnsweredAt: moment(b.Agent.AnsweredAt), AgentEndedAt: moment(b.Agent.EndedAt),
		Params:          map[string]string{},
		TranscriptLines: ev.TranscriptLines, OrderFinished: ev.OrderFinished,
	}
	for _, i := range b.Intents {
		row.Intents = append(row.Intents, intentRow{text(i.ID), text(i.Tag), text(i.Name)})
	}
	for _, m := range b.SMS {
		row.SMS = append(row.SMS, smsRow{text(m.MessageID), name(m.State, order.SMSState), number(m.State), text(m.Content)})
	}
	for _, p := range b.Params {
		row.Params[p.Name] = p.Value
	}
	var transcript []string
	for _, l := range ev.Transcript {
		transcript = append(transcript, order.LineRole(l.Role)+": "+l.Text)
	}
	row.TranscriptText = text(strings.Join(transcript, "\n"))
	return row
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func millis(m order.Millis) time.Time { return time.UnixMilli(int64(m)).UTC() }

func moment(m order.Millis) *time.Time {
	if m == 0 {
		return nil
	}
	t := millis(m)
	return &t
}

func number(n order.Opt) *int {
	if !n.Set {
		return nil
	}
	i := int(n.N)
	return &i
}

func name(code order.Opt, of func(int64) string) *string {
	if !code.Set {
		return nil
	}
	s := of(code.N)
	return &s
}

// The generators of random orders. Numbers fit an int; text is valid UTF-8.

func drawText(rt *rapid.T, label string) string {
	return rapid.OneOf(rapid.Just(""), rapid.StringN(0, 12, 40)).Draw(rt, label)
}

func drawInt(rt *rapid.T, label string) int { return int(rapid.Int32().Draw(rt, label)) }

func drawOpt(rt *rapid.T, label string) order.Opt {
	if !rapid.Bool().Draw(rt, label+" set") {
		return order.Opt{}
	}
	return order.Some(int64(drawInt(rt, label)))
}

func drawMillis(rt *rapid.T, label string) order.Millis {
	return order.Millis(rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(1, 2000000000000)).Draw(rt, label)) // spans fit an int of seconds
}

func drawStatus(rt *rapid.T) order.Status {
	return order.Status(rapid.OneOf(rapid.IntRange(-1, 30), rapid.Just(1<<30)).Draw(rt, "status"))
}

func drawSlice[T any](rt *rapid.T, label string, item func(*rapid.T) T) []T {
	return rapid.OneOf(rapid.Just([]T(nil)), rapid.SliceOfN(rapid.Custom(item), 1, 4)).Draw(rt, label)
}

func drawEvent(rt *rapid.T) *order.Event {
	ev := &order.Event{
		Ref:          order.Ref{Task: drawText(rt, "task"), ID: drawText(rt, "order")},
		Info:         drawInfo(rt),
		CallID:       drawText(rt, "call"),
		Attempt:      drawInt(rt, "attempt"),
		TrackedSince: drawMillis(rt, "tracked since"),
		ObservedAt:   drawMillis(rt, "observed at"),
		Replay:       rapid.Bool().Draw(rt, "replay"),
	}
	copy(ev.ID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(rt, "id"))
	switch kind := rapid.SampledFrom(order.Kinds()).Draw(rt, "kind"); kind {
	case order.KindStatus:
		s := drawStatusChanged(rt)
		ev.Body = &s
	case order.KindCompleted:
		ev.Body = drawCompleted(rt)
		ev.TranscriptLines = drawInt(rt, "lines")
		ev.OrderFinished = rapid.Bool().Draw(rt, "finished")
		ev.Transcript = drawSlice(rt, "transcript", drawLine)
		for i := range ev.Transcript {
			ev.Transcript[i].Index = i
		}
	default:
		rt.Fatalf("kind %s is not drawn: add it here, and its row to rowOf", kind)
	case order.KindTranscript:
		ev.Body = &order.TranscriptLine{Line: drawLine(rt), Occurrence: drawInt(rt, "occurrence"), Revision: drawInt(rt, "revision")}
	}
	return ev
}

func drawInfo(rt *rapid.T) order.Info {
	return order.Info{
		TaskID: drawText(rt, "taskID"), SceneID: drawText(rt, "sceneID"),
		UserPhone: drawText(rt, "phone"), Passthrough: drawText(rt, "passthrough"),
	}
}

func drawLine(rt *rapid.T) order.Line {
	return order.Line{
		Index: drawInt(rt, "index"), Role: rapid.IntRange(-1, 4).Draw(rt, "role"), Type: rapid.IntRange(-1, 20).Draw(rt, "type"),
		Text: drawText(rt, "text"), NodeID: drawText(rt, "node"), NodeDesc: drawText(rt, "node desc"), SpokenAt: drawMillis(rt, "spoken at"),
	}
}

func drawStatusChanged(rt *rapid.T) order.StatusChanged {
	return order.StatusChanged{
		Sequence: drawInt(rt, "sequence"), Previous: drawOpt(rt, "previous"), Status: drawStatus(rt), Completed: rapid.Bool().Draw(rt, "completed"),
		Leg: drawLeg(rt),
	}
}

func drawLeg(rt *rapid.T) order.Leg {
	return order.Leg{
		CallingNumber: drawText(rt, "calling"), LineAddress: drawText(rt, "line"),
		StartedAt: drawMillis(rt, "started"), AnsweredAt: drawMillis(rt, "answered"), EndedAt: drawMillis(rt, "ended"),
		HangupCause: drawText(rt, "cause"), SIPCode: drawText(rt, "sip"),
	}
}

func drawCompleted(rt *rapid.T) *order.CallCompleted {
	return &order.CallCompleted{
		Revision:      drawInt(rt, "revision"),
		ChangedFields: drawSlice(rt, "changed", func(rt *rapid.T) string { return drawText(rt, "field") }),
		Status:        drawStatus(rt),
		UserName:      drawText(rt, "user"),
		Details: order.Details{
			Leg: drawLeg(rt), DurationSeconds: drawOpt(rt, "duration"), RecordingURL: drawText(rt, "recording"),
			Intents: drawSlice(rt, "intents", func(rt *rapid.T) order.Intent {
				return order.Intent{ID: drawText(rt, "id"), Tag: drawText(rt, "tag"), Name: drawText(rt, "name")}
			}),
			SMS: drawSlice(rt, "sms", func(rt *rapid.T) order.SMS {
				return order.SMS{MessageID: drawText(rt, "id"), State: drawOpt(rt, "state"), Content: drawText(rt, "content")}
			}),
			Agent: order.Agent{
				Name: drawText(rt, "agent"), Group: drawText(rt, "group"), Label: drawText(rt, "label"),
				Status: drawOpt(rt, "agent status"), TalkSeconds: drawOpt(rt, "talk"), HungUpBy: drawOpt(rt, "hung up by"),
				StartedAt: drawMillis(rt, "agent started"), AnsweredAt: drawMillis(rt, "agent answered"), EndedAt: drawMillis(rt, "agent ended"),
			},
			Params: drawSlice(rt, "params", func(rt *rapid.T) order.Param {
				return order.Param{Name: drawText(rt, "name"), Value: drawText(rt, "value")}
			}),
		},
	}
}

// TestSchemasParseElsewhere has hamba read every schema.
func TestSchemasParseElsewhere(t *testing.T) {
	for _, s := range schemas.All() {
		if _, err := hamba.Parse(s.Text()); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}
