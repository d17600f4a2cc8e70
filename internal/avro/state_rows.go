package avro

import (
	"fmt"

	"callstream/internal/order"
)

// The rows are OrderState's records as the schema has them: what is written and
// what is read. Those that have the fields of their type in package order, in
// the same order, are converted whole: the compiler holds them together.

type stateRow struct {
	Task         string          `avro:"userTaskID"`
	ID           string          `avro:"orderID"`
	TrackedSince order.Millis    `avro:"trackedSince"`
	Tracking     trackingRow     `avro:",inline"`
	Hash         int64           `avro:"hash"`
	Finished     bool            `avro:"finished"`
	ChangedAt    order.Millis    `avro:"changedAt"`
	Infos        []infoRow       `avro:"infos"`
	Pending      []correctionRow `avro:"pending"`
	Calls        []callRow       `avro:"calls"`
}

type trackingRow struct {
	FollowAt     order.Millis `avro:"followAt"`
	OnceAt       order.Millis `avro:"onceAt"`
	StopAt       order.Millis `avro:"stopAt"`
	ReplayAt     order.Millis `avro:"replayAt"`
	NotBefore    order.Millis `avro:"notBefore"`
	Deadline     order.Millis `avro:"deadline"`
	FollowSince  order.Millis `avro:"followSince"`
	MissingSince order.Millis `avro:"missingSince"`
	RestingSince order.Millis `avro:"restingSince"`
	Rest         order.Rest   `avro:"rest"`
}

type infoRow struct {
	TaskID      string `avro:"taskID"`
	SceneID     string `avro:"sceneID"`
	UserPhone   string `avro:"userPhone"`
	Passthrough string `avro:"passthrough"`
}

type correctionRow struct {
	Field  string `avro:"field"`
	Digest []byte `avro:"digest"`
}

type callRow struct {
	ID           string          `avro:"id"`
	VendorID     string          `avro:"vendorID"`
	Attempt      int             `avro:"attempt"`
	Status       statusRow       `avro:"status"`
	StatusRef    int             `avro:"statusRef"`
	Completed    *completedRow   `avro:"completed"`
	CompletedRef int             `avro:"completedRef"`
	Lines        []lineRow       `avro:"lines"`
	Pending      []correctionRow `avro:"pending"`
}

type legRow struct {
	CallingNumber string       `avro:"callingNumber"`
	LineAddress   string       `avro:"lineAddress"`
	StartedAt     order.Millis `avro:"startedAt"`
	AnsweredAt    order.Millis `avro:"answeredAt"`
	EndedAt       order.Millis `avro:"endedAt"`
	HangupCause   string       `avro:"hangupCause"`
	SIPCode       string       `avro:"sipCode"`
}

type statusRow struct {
	Sequence  int          `avro:"sequence"`
	Previous  *int64       `avro:"previous"`
	Status    order.Status `avro:"status"`
	Completed bool         `avro:"completed"`
	Leg       legRow       `avro:",inline"`
}

type completedRow struct {
	Revision        int          `avro:"revision"`
	ChangedFields   []string     `avro:"changedFields"`
	Status          order.Status `avro:"status"`
	UserName        string       `avro:"userName"`
	Leg             legRow       `avro:",inline"`
	DurationSeconds *int64       `avro:"durationSeconds"`
	RecordingURL    string       `avro:"recordingURL"`
	Intents         []intentRow  `avro:"intents"`
	SMS             []smsRow     `avro:"sms"`
	Agent           *agentRow    `avro:"agent"`
	Params          []paramRow   `avro:"params"`
}

type intentRow struct {
	ID   string `avro:"intentID"`
	Tag  string `avro:"intentTag"`
	Name string `avro:"intentName"`
}

type smsRow struct {
	MessageID string `avro:"messageID"`
	State     *int64 `avro:"state"`
	Content   string `avro:"content"`
}

type agentRow struct {
	Name        string       `avro:"name"`
	Group       string       `avro:"group"`
	Label       string       `avro:"label"`
	Status      *int64       `avro:"status"`
	TalkSeconds *int64       `avro:"talkSeconds"`
	StartedAt   order.Millis `avro:"startedAt"`
	AnsweredAt  order.Millis `avro:"answeredAt"`
	EndedAt     order.Millis `avro:"endedAt"`
	HungUpBy    *int64       `avro:"hungUpBy"`
}

type paramRow struct {
	Name  string `avro:"name"`
	Value string `avro:"value"`
}

type lineRow struct {
	Index      int          `avro:"index"`
	Occurrence int          `avro:"occurrence"`
	Revision   int          `avro:"revision"`
	Role       int          `avro:"role"`
	Type       int          `avro:"type"`
	NodeID     string       `avro:"nodeID"`
	NodeDesc   string       `avro:"nodeDesc"`
	SpokenAt   order.Millis `avro:"spokenAt"`
	InfoRef    int          `avro:"infoRef"`
	Digest     []byte       `avro:"digest"`
	Pending    []byte       `avro:"pending"`
}

// mover carries values between package order and the rows, one way or the
// other, so that each pair of fields stands here once. Rows may point into the
// state they were made of.
type mover struct {
	toRows bool
	err    error // the first mistake
}

func move[T any](m *mover, field, row *T) {
	if m.toRows {
		*row = *field
	} else {
		*field = *row
	}
}

func (m *mover) opt(field *order.Opt, row **int64) {
	switch {
	case !m.toRows && *row != nil:
		*field = order.Some(**row)
	case m.toRows && field.Set:
		*row = &field.N
	}
}

func (m *mover) digest(field *order.Digest, row *[]byte) {
	switch {
	case m.toRows && *field != order.Digest{}:
		*row = field[:]
	case m.toRows:
	case len(*row) != 0 && len(*row) != len(field) && m.err == nil:
		m.err = fmt.Errorf("%w: a digest of %d bytes", ErrMalformed, len(*row))
	default:
		copy(field[:], *row)
	}
}

// moveList carries a list; nil where it is empty.
func moveList[T, Row any](m *mover, list *[]T, rows *[]Row, item func(*T, *Row)) {
	switch {
	case m.toRows && len(*list) > 0:
		*rows = make([]Row, len(*list))
	case !m.toRows && len(*rows) > 0:
		*list = make([]T, len(*rows))
	}
	for i := range *list {
		item(&(*list)[i], &(*rows)[i])
	}
}

func (m *mover) state(st *order.State, r *stateRow) {
	move(m, &st.Task, &r.Task)
	move(m, &st.ID, &r.ID)
	move(m, &st.TrackedSince, &r.TrackedSince)
	move(m, (*trackingRow)(&st.Tracking), &r.Tracking)
	if m.toRows {
		r.Hash = int64(st.Hash)
	} else {
		st.Hash = uint64(r.Hash)
	}
	move(m, &st.Finished, &r.Finished)
	move(m, &st.ChangedAt, &r.ChangedAt)
	moveList(m, &st.Infos, &r.Infos, func(i *order.Info, r *infoRow) { move(m, (*infoRow)(i), r) })
	moveList(m, &st.Corrections, &r.Pending, m.correction)
	moveList(m, &st.Calls, &r.Calls, m.call)
}

func (m *mover) correction(c *order.Correction, r *correctionRow) {
	move(m, &c.Field, &r.Field)
	m.digest(&c.Digest, &r.Digest)
}

func (m *mover) call(c *order.AnnouncedCall, r *callRow) {
	move(m, &c.ID, &r.ID)
	move(m, &c.VendorID, &r.VendorID)
	move(m, &c.Attempt, &r.Attempt)
	m.status(&c.Status, &r.Status)
	move(m, &c.StatusRef, &r.StatusRef)
	switch {
	case m.toRows && c.Completion != nil:
		r.Completed = new(completedRow)
	case !m.toRows && r.Completed != nil:
		c.Completion = new(order.CallCompleted)
	}
	if c.Completion != nil {
		m.completed(c.Completion, r.Completed)
	}
	move(m, &c.CompletionRef, &r.CompletedRef)
	moveList(m, &c.Lines, &r.Lines, m.line)
	moveList(m, &c.Corrections, &r.Pending, m.correction)
}

func (m *mover) status(s *order.StatusChanged, r *statusRow) {
	move(m, &s.Sequence, &r.Sequence)
	m.opt(&s.Previous, &r.Previous)
	move(m, &s.Status, &r.Status)
	move(m, &s.Final, &r.Completed)
	move(m, (*legRow)(&s.Leg), &r.Leg)
}

func (m *mover) completed(c *order.CallCompleted, r *completedRow) {
	move(m, &c.Revision, &r.Revision)
	moveList(m, &c.ChangedFields, &r.ChangedFields, func(f, r *string) { move(m, f, r) })
	move(m, &c.Status, &r.Status)
	move(m, &c.UserName, &r.UserName)
	move(m, (*legRow)(&c.Leg), &r.Leg)
	m.opt(&c.DurationSeconds, &r.DurationSeconds)
	move(m, &c.RecordingURL, &r.RecordingURL)
	moveList(m, &c.Intents, &r.Intents, func(i *order.Intent, r *intentRow) { move(m, (*intentRow)(i), r) })
	moveList(m, &c.SMS, &r.SMS, m.sms)
	if m.toRows && c.Agent != (order.Agent{}) {
		r.Agent = new(agentRow)
	}
	if r.Agent != nil {
		m.agent(&c.Agent, r.Agent)
	}
	moveList(m, &c.Params, &r.Params, func(p *order.Param, r *paramRow) { move(m, (*paramRow)(p), r) })
}

func (m *mover) sms(s *order.SMS, r *smsRow) {
	move(m, &s.MessageID, &r.MessageID)
	m.opt(&s.State, &r.State)
	move(m, &s.Content, &r.Content)
}

func (m *mover) agent(a *order.Agent, r *agentRow) {
	move(m, &a.Name, &r.Name)
	move(m, &a.Group, &r.Group)
	move(m, &a.Label, &r.Label)
	m.opt(&a.Status, &r.Status)
	m.opt(&a.TalkSeconds, &r.TalkSeconds)
	move(m, &a.StartedAt, &r.StartedAt)
	move(m, &a.AnsweredAt, &r.AnsweredAt)
	move(m, &a.EndedAt, &r.EndedAt)
	m.opt(&a.HungUpBy, &r.HungUpBy)
}

func (m *mover) line(l *order.AnnouncedLine, r *lineRow) {
	move(m, &l.Index, &r.Index)
	move(m, &l.Occurrence, &r.Occurrence)
	move(m, &l.Revision, &r.Revision)
	move(m, &l.Role, &r.Role)
	move(m, &l.Type, &r.Type)
	move(m, &l.NodeID, &r.NodeID)
	move(m, &l.NodeDesc, &r.NodeDesc)
	move(m, &l.SpokenAt, &r.SpokenAt)
	move(m, &l.InfoRef, &r.InfoRef)
	m.digest(&l.Digest, &r.Digest)
	m.digest(&l.Correction, &r.Pending)
}
