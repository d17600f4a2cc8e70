package order

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
)

// identity computes event IDs: the first 16 bytes of SHA-256 over the parts of an
// event. Each part has its length in front: without it, task "a" and order "bc"
// would give the bytes of task "ab" and order "c".
//
// Consumers take two events with one ID for repeats of each other. So the parts
// are what makes an announcement what it is: the kind, the names (task, order,
// call), the number that counts announcements, and the vendor's values. What
// depends on when we looked or on settings is no part, since after a crash the
// same announcement may be made later, or under other settings: observedAt,
// previous…, changedFields, attempt, transcriptLines, transcriptText,
// orderFinished, trackedSince.
//
// The order of the parts never changes. A value that a later release adds is
// written last, and only where it is set: else the release would give every
// event a new ID, and consumers would take all repeats for news.
type identity struct{ scratch []byte }

// identities are used again: one is needed for each event and each value that a
// state remembers, and memory of its own for each would only be garbage.
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

// hashed returns the hash of what is written.
func hashed(write func(h *identity)) [16]byte {
	h := identities.Get().(*identity)
	defer identities.Put(h)
	h.scratch = h.scratch[:0]
	write(h)
	sum := sha256.Sum256(h.scratch)
	return [16]byte(sum[:16])
}

// identify returns the ID of an event from its names, counters and values.
func identify(ev *Event) ID {
	return hashed(func(h *identity) {
		h.text(ev.Body.Kind().String())
		h.text(ev.Task)
		h.text(ev.Ref.ID)
		h.text(ev.CallID)
		ev.Body.identity(h)
		h.text(ev.TaskID)
		h.text(ev.SceneID)
		h.text(ev.UserPhone)
		h.text(ev.Passthrough)
	})
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

// line writes the values of a line, without what counts it.
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

// digest returns what stands for a value in the saved state, which need not hold
// the text to see that it changed. Empty text has the zero digest, which takes
// no bytes there.
func digest(s string) Digest {
	if s == "" {
		return Digest{}
	}
	return hashed(func(h *identity) { h.scratch = append(h.scratch, s...) })
}

// lineDigest is the digest of a whole line.
func lineDigest(l *Line) Digest {
	return hashed(func(h *identity) { h.line(l) })
}
