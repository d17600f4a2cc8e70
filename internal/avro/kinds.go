package avro

import (
	"callstream/internal/order"
)

// eventKind is what becomes of one kind of events.
type eventKind struct {
	schema string // its name
	// fill sets the fields of the schema that not all events have. The event's
	// body is of that kind.
	fill func(e *Encoder, r *native, ev *order.Event)
	omit []omission // what a record that is too large leaves out, one after the other, and names in omittedFields
	cut  string     // the text it then cuts, which the field truncated tells; empty: none
}

// eventKinds is the table of kinds.
func eventKinds() map[order.Kind]eventKind {
	return map[order.Kind]eventKind{
		order.KindStatus: {schema: "CallStatusChanged", fill: fillStatus},
		order.KindCompleted: {schema: "CallCompleted", fill: fillCompleted, omit: []omission{
			// The passthrough goes first, for the requester has it. Then what is to be
			// had elsewhere, or is the largest.
			{"passthrough", null("passthrough")},
			{"transcriptText", null("transcriptText")},
			{"params", noParams},
			{"sms.content", noSMSContent},
		}},
		order.KindTranscript: {schema: "TranscriptLine", fill: fillLine, cut: "text"},
	}
}
