package order

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
)

// identity computes event IDs: the first 16 bytes of SHA-256 over parts, each
// with its length in front, so that no two lists of parts give the same bytes.
// The parts are the kind, the names (task, order, call), the numbers that count
// announcements, and the vendor's values announced. What depends on when we
// looked or on settings is never a part: observedAt, previous…, changedFields,
// attempt, transcriptLines, transcriptText, orderFinished, trackedSince.
//
// A value that a later release adds must be written only where it is set, and
// last: else every ID changes with the release.
type identity struct{ scratch []byte }

// identities spares each ID and digest its own scratch memory.
var identities = sync.Pool{New: func() any { return new(identity) }}

func (h *identity) text(s string) {
	h.scratch = binary.BigEndian.AppendUint32(h.scratch, uint32(len(s)))
	h.scratch = append(h.scratch, s...)
}

func (h *identity) number(n int64) {
	h.scratch = binary.BigEndian.AppendUint32(h.scratch, 8)
	h.scratch = binary.BigEndian.AppendUint64(h.scratch, uint64(n))
}

func (h *identity) opt(o Opt) {
	if o.Set {
		h.number(o.N)
	} else {
		h.text("")
	}
}

func (h *identity) finish() (d [16]byte) {
	sum := sha256.Sum256(h.scratch)
	return [16]byte(sum[:16])
}

// identify returns the ID of an event from its names, counters and values.
func identify(ev *Event) ID {
	h := identities.Get().(*identity)
	defer identities.Put(h)
	h.scratch = h.scratch[:0]
	h.text(ev.Body.Kind().String())
	h.text(ev.Task)
	h.text(ev.Ref.ID)
	h.text(ev.CallID)
	ev.Body.identity(h)
	h.text(ev.TaskID)
	h.text(ev.SceneID)
	h.text(ev.UserPhone)
	h.text(ev.Passthrough)
	return h.finish()
}

func (s *StatusChanged) identity(h *identity) {
	h.number(int64(s.Sequence))
	h.number(int64(s.Status))
	h.legCourse(&s.Leg)
	h.legEnd(&s.Leg)
}

// legCourse and legEnd write a leg in two parts: in the IDs of completed calls
// other values stand between them, and no part of an ID may move.
func (h *identity) legCourse(l *Leg) {
	h.text(l.CallingNumber)
	h.text(l.LineAddress)
	h.number(int64(l.StartedAt))
	h.number(int64(l.AnsweredAt))
	h.number(int64(l.EndedAt))
}

func (h *identity) legEnd(l *Leg) {
	h.text(l.HangupCause)
	h.text(l.SIPCode)
}

func (t *TranscriptLine) identity(h *identity) {
	h.number(int64(t.Index))
	h.number(int64(t.Occurrence))
	h.number(int64(t.Revision))
	h.line(&t.Line)
}

// line writes the values of a line.
func (h *identity) line(l *Line) {
	h.number(int64(l.Role))
	h.number(int64(l.Type))
	h.text(l.Text)
	h.text(l.NodeID)
	h.text(l.NodeDesc)
	h.number(int64(l.SpokenAt))
}

func (c *CallCompleted) identity(h *identity) {
	h.number(int64(c.Revision))
	h.number(int64(c.Status))
	h.text(c.UserName)
	d := &c.Details
	h.legCourse(&d.Leg)
	h.opt(d.DurationSeconds)
	h.text(d.RecordingURL)
	h.legEnd(&d.Leg)
	h.number(int64(len(d.Intents)))
	for _, i := range d.Intents {
		h.text(i.ID)
		h.text(i.Tag)
		h.text(i.Name)
	}
	h.number(int64(len(d.SMS)))
	for _, s := range d.SMS {
		h.text(s.MessageID)
		h.opt(s.State)
		h.text(s.Content)
	}
	a := &d.Agent
	h.text(a.Name)
	h.text(a.Group)
	h.text(a.Label)
	h.opt(a.Status)
	h.opt(a.TalkSeconds)
	h.number(int64(a.StartedAt))
	h.number(int64(a.AnsweredAt))
	h.number(int64(a.EndedAt))
	h.opt(a.HungUpBy)
	h.number(int64(len(d.Params)))
	for _, p := range d.Params {
		h.text(p.Name)
		h.text(p.Value)
	}
}

// digest returns what stands for a value in the saved state. Empty text has
// the zero digest.
func digest(s string) Digest {
	if s == "" {
		return Digest{}
	}
	h := identities.Get().(*identity)
	defer identities.Put(h)
	h.scratch = append(h.scratch[:0], s...)
	return h.finish()
}

// lineDigest stands for a whole line.
func lineDigest(l *Line) Digest {
	h := identities.Get().(*identity)
	defer identities.Put(h)
	h.scratch = h.scratch[:0]
	h.line(l)
	return h.finish()
}
