package avro

import (
	"fmt"

	"callstream/internal/order"
)

// Decode reads a state that Encode of this or an earlier release wrote. What
// its schema did not have yet is zero. It fails with ErrUnknownState or
// ErrMalformed. Lists without items come back as nil.
func (c *StateCodec) Decode(data []byte) (*order.State, error) {
	fingerprint, body, err := splitSingleObject(data)
	if err != nil {
		return nil, fmt.Errorf("decode state: %w", err)
	}
	reader, ok := c.readers[fingerprint]
	if !ok {
		return nil, fmt.Errorf("decode state: %w: fingerprint %016x", ErrUnknownState, fingerprint)
	}
	var row stateRow
	if err := reader.decode(body, &row); err != nil {
		return nil, fmt.Errorf("decode state: %w", err)
	}
	d := decoding{}
	st := d.state(&row)
	if d.err != nil {
		return nil, fmt.Errorf("decode state: %w", d.err)
	}
	return st, nil
}

// The rows are OrderState's records as the schema has them. Those that have
// the fields of their type in package order, in the same order, are converted
// whole: the compiler holds them together.

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

// decoding turns rows into what package order has and keeps the first mistake.
type decoding struct{ err error }

func (d *decoding) digest(b []byte) (digest order.Digest) {
	if len(b) != 0 && len(b) != len(digest) && d.err == nil {
		d.err = fmt.Errorf("%w: a digest of %d bytes", ErrMalformed, len(b))
	}
	copy(digest[:], b)
	return digest
}

func opt(n *int64) order.Opt {
	if n == nil {
		return order.Opt{}
	}
	return order.Some(*n)
}

// each converts a list; nil where it is empty.
func each[Row, T any](rows []Row, convert func(*Row) T) []T {
	if len(rows) == 0 {
		return nil
	}
	out := make([]T, len(rows))
	for i := range rows {
		out[i] = convert(&rows[i])
	}
	return out
}

func (d *decoding) state(r *stateRow) *order.State {
	return &order.State{
		Ref:          order.Ref{Task: r.Task, ID: r.ID},
		TrackedSince: r.TrackedSince,
		Tracking:     order.Tracking(r.Tracking),
		Hash:         uint64(r.Hash),
		Finished:     r.Finished,
		ChangedAt:    r.ChangedAt,
		Infos:        each(r.Infos, func(i *infoRow) order.Info { return order.Info(*i) }),
		Corrections:  each(r.Pending, d.correction),
		Calls:        each(r.Calls, d.call),
	}
}

func (d *decoding) correction(r *correctionRow) order.Correction {
	return order.Correction{Field: r.Field, Digest: d.digest(r.Digest)}
}

func (d *decoding) call(r *callRow) order.AnnouncedCall {
	c := order.AnnouncedCall{
		ID:            r.ID,
		VendorID:      r.VendorID,
		Attempt:       r.Attempt,
		Status:        r.Status.body(),
		StatusRef:     r.StatusRef,
		CompletionRef: r.CompletedRef,
		Lines:         each(r.Lines, d.line),
		Corrections:   each(r.Pending, d.correction),
	}
	if r.Completed != nil {
		c.Completion = r.Completed.body()
	}
	return c
}

func (r *statusRow) body() order.StatusChanged {
	return order.StatusChanged{
		Sequence: r.Sequence,
		Previous: opt(r.Previous),
		Status:   r.Status,
		Final:    r.Completed,
		Leg:      order.Leg(r.Leg),
	}
}

func (r *completedRow) body() *order.CallCompleted {
	c := &order.CallCompleted{
		Revision: r.Revision,
		Status:   r.Status,
		UserName: r.UserName,
		Details: order.Details{
			Leg:             order.Leg(r.Leg),
			DurationSeconds: opt(r.DurationSeconds),
			RecordingURL:    r.RecordingURL,
			Intents:         each(r.Intents, func(i *intentRow) order.Intent { return order.Intent(*i) }),
			SMS:             each(r.SMS, (*smsRow).body),
			Params:          each(r.Params, func(p *paramRow) order.Param { return order.Param(*p) }),
		},
	}
	if len(r.ChangedFields) > 0 {
		c.ChangedFields = r.ChangedFields
	}
	if r.Agent != nil {
		c.Agent = r.Agent.body()
	}
	return c
}

func (r *smsRow) body() order.SMS {
	return order.SMS{MessageID: r.MessageID, State: opt(r.State), Content: r.Content}
}

func (r *agentRow) body() order.Agent {
	return order.Agent{
		Name:        r.Name,
		Group:       r.Group,
		Label:       r.Label,
		Status:      opt(r.Status),
		TalkSeconds: opt(r.TalkSeconds),
		StartedAt:   r.StartedAt,
		AnsweredAt:  r.AnsweredAt,
		EndedAt:     r.EndedAt,
		HungUpBy:    opt(r.HungUpBy),
	}
}

func (d *decoding) line(r *lineRow) order.AnnouncedLine {
	return order.AnnouncedLine{
		Index:      r.Index,
		Occurrence: r.Occurrence,
		Revision:   r.Revision,
		Role:       r.Role,
		Type:       r.Type,
		NodeID:     r.NodeID,
		NodeDesc:   r.NodeDesc,
		SpokenAt:   r.SpokenAt,
		InfoRef:    r.InfoRef,
		Digest:     d.digest(r.Digest),
		Correction: d.digest(r.Pending),
	}
}
