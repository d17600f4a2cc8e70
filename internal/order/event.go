package order

import "encoding/hex"

// Kind is the type of an event; one topic carries one kind.
type Kind uint8

// The kinds of events. To add one:
//
//   - here: a constant, its name in kindNames, and a body with its Kind and
//     identity methods; golden IDs for it in identity_test.go and testdata;
//   - schemas: its .avsc file;
//   - internal/avro: its fill function and a line in the table of kinds.go; a
//     sample in samples_test.go;
//   - internal/config: one line in Topics, with the kind in its tag.
//
// Everything else ranges over Kinds: topics, registry, metrics, `tail`. A place
// that was forgotten fails a test of its package, which names the kind; so do
// the tests that list all settings and metrics.
const (
	KindStatus Kind = iota
	KindCompleted
	KindTranscript
	kindCount // stays last
)

// kindNames are the kinds as CloudEvents' ce_type has them, without prefix and
// version. IDs are made of them too, so a name never changes.
var kindNames = [kindCount]string{
	KindStatus:     "call-status-changed",
	KindCompleted:  "call-completed",
	KindTranscript: "transcript-line",
}

// Kinds returns all kinds.
func Kinds() []Kind {
	kinds := make([]Kind, kindCount)
	for i := range kinds {
		kinds[i] = Kind(i)
	}
	return kinds
}

// String returns the kind's name, "call-completed".
func (k Kind) String() string { return kindNames[k] }

// ID identifies an announcement. A repeat of the same content has the same ID,
// also after a crash and in a later release: see identity.go.
type ID [16]byte

// String returns the ID as events carry it: 32 hex digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Event is one announcement.
type Event struct {
	ID ID
	Ref
	Info
	CallID       string
	Attempt      int    // 1 = the order's first call
	TrackedSince Millis // when the order's state began
	ObservedAt   Millis // when the answer arrived that showed it
	Replay       bool   // announced again on request
	Body         Body   // what is announced; its type decides the kind

	// What a CallCompleted says beside its body. These depend on when we looked,
	// so they are not part of its identity.
	TranscriptLines int    // lines known of the call
	Transcript      []Line // the lines of the answer at hand
	OrderFinished   bool
}

// Body is what an event announces: a *StatusChanged, *CallCompleted or
// *TranscriptLine.
type Body interface {
	Kind() Kind
	identity(*identity) // writes what counts the announcement and the vendor's values
}

// StatusChanged announces that a call's status moved on or was corrected.
type StatusChanged struct {
	Sequence int // 1 = first seen of this call
	Previous Opt // the status before; not set on the first
	Status   Status
	Final    bool // the status is final
	Leg
}

// CallCompleted announces a call that has ended, and again what came late.
type CallCompleted struct {
	Revision      int      // 1 = first
	ChangedFields []string // names of event fields that differ from the revision before; none on the first
	Status        Status
	UserName      string
	Details
}

// TranscriptLine announces one line of a call's transcript.
type TranscriptLine struct {
	Line
	Occurrence int // 1; 2 for a second line with the same index
	Revision   int // 1; more when the vendor corrected the line
}

// Kind returns KindStatus.
func (*StatusChanged) Kind() Kind { return KindStatus }

// Kind returns KindCompleted.
func (*CallCompleted) Kind() Kind { return KindCompleted }

// Kind returns KindTranscript.
func (*TranscriptLine) Kind() Kind { return KindTranscript }

// RingSeconds is how long it rang: from the start to the answer of an answered
// call, else to the end. Not set where the times are missing or run backwards.
func (c *CallCompleted) RingSeconds() Opt {
	until := c.EndedAt
	if c.Status.Answered() {
		until = c.AnsweredAt
	}
	if c.StartedAt == 0 || until < c.StartedAt {
		return Opt{}
	}
	return Some(int64(until-c.StartedAt) / 1000)
}
