package avro

import (
	"errors"
	"fmt"
	"sync"

	"github.com/linkedin/goavro/v2"

	"callstream/internal/order"
	"callstream/schemas"
)

// ErrUnknownState means that a state was written with a schema that this
// program does not have: most likely by a newer release.
var ErrUnknownState = errors.New("state of an unknown schema")

// The full names of the nullable records in OrderState.
const (
	asCompleted = "callstream.v1.StateCompleted"
	asAgent     = "callstream.v1.StateAgent"
)

// StateCodec writes states with the present schema, in Avro single-object
// encoding, and reads those written with any released one. It is safe for
// concurrent use.
type StateCodec struct {
	codec   *goavro.Codec
	prefix  []byte
	readers map[uint64]*Reader // by fingerprint
	pool    sync.Pool          // of *scratch
}

// NewStateCodec returns a codec. Its error is a mistake in the schemas.
func NewStateCodec() (*StateCodec, error) {
	codec, fingerprint, err := presentCodec(schemas.OrderState)
	if err != nil {
		return nil, err
	}
	readers, err := readersByFingerprint(schemas.OrderState)
	if err != nil {
		return nil, err
	}
	return &StateCodec{
		codec:   codec,
		prefix:  singleObjectPrefix(fingerprint),
		readers: readers,
		pool:    sync.Pool{New: newScratch},
	}, nil
}

// readersByFingerprint returns readers of every released version of the
// schemas named, and of the present one.
func readersByFingerprint(names ...string) (map[uint64]*Reader, error) {
	readers := map[uint64]*Reader{}
	for _, name := range names {
		versions, err := schemas.Released(name)
		if err != nil {
			return nil, err
		}
		present, _ := schemas.ByName(name)
		for _, s := range append(versions, present) {
			reader, err := NewReader(s.Text())
			if err != nil {
				return nil, fmt.Errorf("reader of %s version %d: %w", name, s.Version, err)
			}
			readers[reader.fingerprint()] = reader
		}
	}
	return readers, nil
}

// Encode returns the state's bytes. Text goes as it is, valid or not, so that
// Decode gives the same state back.
func (c *StateCodec) Encode(st *order.State) ([]byte, error) {
	s := c.pool.Get().(*scratch)
	fillState(s.record, st)
	buf, err := c.codec.BinaryFromNative(append(s.buf[:0], c.prefix...), s.record.fields)
	if err != nil {
		// goavro quotes values.
		return nil, fmt.Errorf("encode %s: a value does not fit its field", schemas.OrderState)
	}
	s.buf = buf
	out := append(make([]byte, 0, len(buf)), buf...)
	if len(buf) < pooledMax {
		c.pool.Put(s)
	}
	return out, nil
}

func fillState(r *native, st *order.State) {
	r.set("userTaskID", st.Task)
	r.set("orderID", st.Ref.ID)
	r.set("trackedSince", int64(st.TrackedSince))
	r.set("followAt", int64(st.FollowAt))
	r.set("onceAt", int64(st.OnceAt))
	r.set("stopAt", int64(st.StopAt))
	r.set("replayAt", int64(st.ReplayAt))
	r.set("notBefore", int64(st.NotBefore))
	r.set("deadline", int64(st.Deadline))
	r.set("followSince", int64(st.FollowSince))
	r.set("missingSince", int64(st.MissingSince))
	r.set("restingSince", int64(st.RestingSince))
	r.set("rest", string(st.Rest))
	r.set("hash", int64(st.Hash))
	r.set("finished", st.Finished)
	r.set("changedAt", int64(st.ChangedAt))

	infos := r.list("infos")
	for _, i := range st.Infos {
		n := infos.next()
		n.set("taskID", i.TaskID)
		n.set("sceneID", i.SceneID)
		n.set("userPhone", i.UserPhone)
		n.set("passthrough", i.Passthrough)
	}
	infos.done()
	fillCorrections(r, st.Corrections)

	calls := r.list("calls")
	for i := range st.Calls {
		fillStateCall(calls.next(), &st.Calls[i])
	}
	calls.done()
}

func fillCorrections(r *native, corrections []order.Correction) {
	l := r.list("pending")
	for i := range corrections {
		n := l.next()
		n.set("field", corrections[i].Field)
		n.digest("digest", &corrections[i].Digest)
	}
	l.done()
}

// digest sets a field to the digest's bytes, none for the zero digest. They
// are read before the state may change.
func (r *native) digest(field string, d *order.Digest) {
	if *d == (order.Digest{}) {
		r.set(field, []byte(nil))
		return
	}
	r.set(field, d[:])
}

func fillStateCall(r *native, c *order.AnnouncedCall) {
	r.set("id", c.ID)
	r.set("vendorID", c.VendorID)
	r.set("attempt", int64(c.Attempt))
	fillStateStatus(r.sub("status"), &c.Status)
	r.set("statusRef", int64(c.StatusRef))
	if c.Completion == nil {
		r.set("completed", nil)
	} else {
		fillStateCompleted(r.optSub("completed", asCompleted), c.Completion)
	}
	r.set("completedRef", int64(c.CompletionRef))
	lines := r.list("lines")
	for i := range c.Lines {
		fillStateLine(lines.next(), &c.Lines[i])
	}
	lines.done()
	fillCorrections(r, c.Corrections)
}

func fillStateStatus(r *native, s *order.StatusChanged) {
	r.set("sequence", int64(s.Sequence))
	r.optLong("previous", s.Previous)
	r.set("status", int64(s.Status))
	r.set("completed", s.Final)
	fillStateLeg(r, &s.Leg)
}

func fillStateLeg(r *native, l *order.Leg) {
	r.set("callingNumber", l.CallingNumber)
	r.set("lineAddress", l.LineAddress)
	r.set("startedAt", int64(l.StartedAt))
	r.set("answeredAt", int64(l.AnsweredAt))
	r.set("endedAt", int64(l.EndedAt))
	r.set("hangupCause", l.HangupCause)
	r.set("sipCode", l.SIPCode)
}

func fillStateCompleted(r *native, c *order.CallCompleted) {
	r.set("revision", int64(c.Revision))
	changed := r.list("changedFields")
	for _, f := range c.ChangedFields {
		changed.items = append(changed.items, f)
	}
	changed.done()
	r.set("status", int64(c.Status))
	r.set("userName", c.UserName)
	fillStateLeg(r, &c.Leg)
	r.optLong("durationSeconds", c.DurationSeconds)
	r.set("recordingURL", c.RecordingURL)

	intents := r.list("intents")
	for _, i := range c.Intents {
		n := intents.next()
		n.set("intentID", i.ID)
		n.set("intentTag", i.Tag)
		n.set("intentName", i.Name)
	}
	intents.done()
	sms := r.list("sms")
	for _, m := range c.SMS {
		n := sms.next()
		n.set("messageID", m.MessageID)
		n.optLong("state", m.State)
		n.set("content", m.Content)
	}
	sms.done()
	if c.Agent == (order.Agent{}) {
		r.set("agent", nil)
	} else {
		fillStateAgent(r.optSub("agent", asAgent), &c.Agent)
	}
	params := r.list("params")
	for _, p := range c.Params {
		n := params.next()
		n.set("name", p.Name)
		n.set("value", p.Value)
	}
	params.done()
}

func fillStateAgent(r *native, a *order.Agent) {
	r.set("name", a.Name)
	r.set("group", a.Group)
	r.set("label", a.Label)
	r.optLong("status", a.Status)
	r.optLong("talkSeconds", a.TalkSeconds)
	r.set("startedAt", int64(a.StartedAt))
	r.set("answeredAt", int64(a.AnsweredAt))
	r.set("endedAt", int64(a.EndedAt))
	r.optLong("hungUpBy", a.HungUpBy)
}

func fillStateLine(r *native, l *order.AnnouncedLine) {
	r.set("index", int64(l.Index))
	r.set("occurrence", int64(l.Occurrence))
	r.set("revision", int64(l.Revision))
	r.set("role", int64(l.Role))
	r.set("type", int64(l.Type))
	r.set("nodeID", l.NodeID)
	r.set("nodeDesc", l.NodeDesc)
	r.set("spokenAt", int64(l.SpokenAt))
	r.set("infoRef", int64(l.InfoRef))
	r.digest("digest", &l.Digest)
	r.digest("pending", &l.Correction)
}
