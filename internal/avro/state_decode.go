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
	record, err := reader.record(body)
	if err != nil {
		return nil, fmt.Errorf("decode state: %w", err)
	}
	d := decoding{}
	st := d.state(record)
	if d.err != nil {
		return nil, fmt.Errorf("decode state: %w", d.err)
	}
	return st, nil
}

// decoding reads goavro's native values by field name and keeps the first
// mistake. A field that is not there is zero: an older schema wrote it.
type decoding struct{ err error }

func (d *decoding) fail(field string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: field %s has another type than expected", ErrMalformed, field)
	}
}

// get reads a field of type T; zero where it is missing.
func get[T any](d *decoding, r map[string]any, field string) T {
	v, ok := r[field]
	if !ok {
		var zero T
		return zero
	}
	t, ok := v.(T)
	if !ok {
		d.fail(field)
	}
	return t
}

func (d *decoding) text(r map[string]any, field string) string { return get[string](d, r, field) }

func (d *decoding) number(r map[string]any, field string) int { return int(get[int64](d, r, field)) }

func (d *decoding) millis(r map[string]any, field string) order.Millis {
	return order.Millis(get[int64](d, r, field))
}

// opt reads a nullable long.
func (d *decoding) opt(r map[string]any, field string) order.Opt {
	if r[field] == nil {
		return order.Opt{}
	}
	n, ok := get[map[string]any](d, r, field)[asLong].(int64)
	if !ok {
		d.fail(field)
	}
	return order.Some(n)
}

func (d *decoding) digest(r map[string]any, field string) order.Digest {
	b := get[[]byte](d, r, field)
	var digest order.Digest
	if len(b) != 0 && len(b) != len(digest) {
		d.fail(field)
		return digest
	}
	copy(digest[:], b)
	return digest
}

// optRecord reads a nullable record; nil where it is null or missing.
func (d *decoding) optRecord(r map[string]any, field string) map[string]any {
	if r[field] == nil {
		return nil
	}
	for _, v := range get[map[string]any](d, r, field) { // one key: the member's name
		if record, ok := v.(map[string]any); ok {
			return record
		}
	}
	d.fail(field)
	return nil
}

// each reads a list; nil where it is empty.
func each[T, R any](d *decoding, r map[string]any, field string, item func(T) R) []R {
	list := get[[]any](d, r, field)
	if len(list) == 0 {
		return nil
	}
	out := make([]R, len(list))
	for i, v := range list {
		t, ok := v.(T)
		if !ok {
			d.fail(field)
			return nil
		}
		out[i] = item(t)
	}
	return out
}

func (d *decoding) state(r map[string]any) *order.State {
	return &order.State{
		Ref:          order.Ref{Task: d.text(r, "userTaskID"), ID: d.text(r, "orderID")},
		TrackedSince: d.millis(r, "trackedSince"),
		Tracking: order.Tracking{
			FollowAt:     d.millis(r, "followAt"),
			OnceAt:       d.millis(r, "onceAt"),
			StopAt:       d.millis(r, "stopAt"),
			ReplayAt:     d.millis(r, "replayAt"),
			NotBefore:    d.millis(r, "notBefore"),
			Deadline:     d.millis(r, "deadline"),
			FollowSince:  d.millis(r, "followSince"),
			MissingSince: d.millis(r, "missingSince"),
			RestingSince: d.millis(r, "restingSince"),
			Rest:         order.Rest(d.text(r, "rest")),
		},
		Hash:      uint64(get[int64](d, r, "hash")),
		Finished:  get[bool](d, r, "finished"),
		ChangedAt: d.millis(r, "changedAt"),
		Infos:     each(d, r, "infos", d.info),
		Pending:   each(d, r, "pending", d.pending),
		Calls:     each(d, r, "calls", d.call),
	}
}

func (d *decoding) info(r map[string]any) order.Info {
	return order.Info{
		TaskID:      d.text(r, "taskID"),
		SceneID:     d.text(r, "sceneID"),
		UserPhone:   d.text(r, "userPhone"),
		Passthrough: d.text(r, "passthrough"),
	}
}

func (d *decoding) pending(r map[string]any) order.Pending {
	return order.Pending{Field: d.text(r, "field"), Digest: d.digest(r, "digest")}
}

func (d *decoding) call(r map[string]any) order.AnnouncedCall {
	c := order.AnnouncedCall{
		ID:           d.text(r, "id"),
		VendorID:     d.text(r, "vendorID"),
		Attempt:      d.number(r, "attempt"),
		Status:       d.status(get[map[string]any](d, r, "status")),
		StatusRef:    d.number(r, "statusRef"),
		CompletedRef: d.number(r, "completedRef"),
		Lines:        each(d, r, "lines", d.line),
		Pending:      each(d, r, "pending", d.pending),
	}
	if completed := d.optRecord(r, "completed"); completed != nil {
		c.Completed = d.completed(completed)
	}
	return c
}

func (d *decoding) status(r map[string]any) order.StatusChanged {
	return order.StatusChanged{
		Sequence:  d.number(r, "sequence"),
		Previous:  d.opt(r, "previous"),
		Status:    order.Status(d.number(r, "status")),
		Completed: get[bool](d, r, "completed"),
		Leg:       d.leg(r),
	}
}

func (d *decoding) leg(r map[string]any) order.Leg {
	return order.Leg{
		CallingNumber: d.text(r, "callingNumber"),
		LineAddress:   d.text(r, "lineAddress"),
		StartedAt:     d.millis(r, "startedAt"),
		AnsweredAt:    d.millis(r, "answeredAt"),
		EndedAt:       d.millis(r, "endedAt"),
		HangupCause:   d.text(r, "hangupCause"),
		SIPCode:       d.text(r, "sipCode"),
	}
}

func (d *decoding) completed(r map[string]any) *order.CallCompleted {
	c := &order.CallCompleted{
		Revision:      d.number(r, "revision"),
		ChangedFields: each(d, r, "changedFields", func(s string) string { return s }),
		Status:        order.Status(d.number(r, "status")),
		UserName:      d.text(r, "userName"),
		Details: order.Details{
			Leg:             d.leg(r),
			DurationSeconds: d.opt(r, "durationSeconds"),
			RecordingURL:    d.text(r, "recordingURL"),
			Intents:         each(d, r, "intents", d.intent),
			SMS:             each(d, r, "sms", d.sms),
			Params:          each(d, r, "params", d.param),
		},
	}
	if agent := d.optRecord(r, "agent"); agent != nil {
		c.Agent = d.agent(agent)
	}
	return c
}

func (d *decoding) intent(r map[string]any) order.Intent {
	return order.Intent{ID: d.text(r, "intentID"), Tag: d.text(r, "intentTag"), Name: d.text(r, "intentName")}
}

func (d *decoding) sms(r map[string]any) order.SMS {
	return order.SMS{MessageID: d.text(r, "messageID"), State: d.opt(r, "state"), Content: d.text(r, "content")}
}

func (d *decoding) param(r map[string]any) order.Param {
	return order.Param{Name: d.text(r, "name"), Value: d.text(r, "value")}
}

func (d *decoding) agent(r map[string]any) order.Agent {
	return order.Agent{
		Name:        d.text(r, "name"),
		Group:       d.text(r, "group"),
		Label:       d.text(r, "label"),
		Status:      d.opt(r, "status"),
		TalkSeconds: d.opt(r, "talkSeconds"),
		StartedAt:   d.millis(r, "startedAt"),
		AnsweredAt:  d.millis(r, "answeredAt"),
		EndedAt:     d.millis(r, "endedAt"),
		HungUpBy:    d.opt(r, "hungUpBy"),
	}
}

func (d *decoding) line(r map[string]any) order.AnnouncedLine {
	return order.AnnouncedLine{
		Index:      d.number(r, "index"),
		Occurrence: d.number(r, "occurrence"),
		Revision:   d.number(r, "revision"),
		Role:       d.number(r, "role"),
		Type:       d.number(r, "type"),
		NodeID:     d.text(r, "nodeID"),
		NodeDesc:   d.text(r, "nodeDesc"),
		SpokenAt:   d.millis(r, "spokenAt"),
		InfoRef:    d.number(r, "infoRef"),
		Digest:     d.digest(r, "digest"),
		Pending:    d.digest(r, "pending"),
	}
}
