package avro

import (
	"fmt"
	"unicode/utf8"

	"callstream/internal/order"
)

// encodeWithin encodes the record into the buffer of s, in at most room bytes;
// a negative room is no limit. It leaves out of a CallCompleted, and cuts of a
// TranscriptLine, what it must.
func (k *kindEncoder) encodeWithin(s *scratch, kind order.Kind, room int) error {
	if err := k.encode(s, kind); err != nil {
		return err
	}
	if room < 0 || len(s.buf) <= room {
		return nil
	}
	full := len(s.buf)
	var err error
	switch kind {
	case order.KindCompleted:
		err = k.omit(s, kind, room)
	case order.KindTranscript:
		err = k.cut(s, kind, room)
	}
	if err != nil {
		return err
	}
	if len(s.buf) > room {
		return fmt.Errorf("encode %s: a value of %d bytes, room for %d: %w", eventSchema(kind), full, room, ErrTooLarge)
	}
	return nil
}

// omission is something that a CallCompleted can do without.
type omission struct {
	name string                     // as omittedFields has it
	drop func(r *native) (any bool) // reports whether there was anything
}

// omissions are in the order in which they are left out: what is to be had
// elsewhere, or is the largest, goes first.
func omissions() []omission {
	null := func(field string) func(r *native) bool {
		return func(r *native) bool {
			had := r.fields[field] != nil
			r.set(field, nil)
			return had
		}
	}
	return []omission{
		{"transcriptText", null("transcriptText")},
		{"params", func(r *native) bool {
			params := r.sub("params").fields
			had := len(params) > 0
			clear(params)
			return had
		}},
		{"sms.content", func(r *native) bool {
			had := false
			for _, m := range r.lists["sms"].items {
				message := m.(map[string]any)
				had = had || message["content"] != nil
				message["content"] = nil
			}
			return had
		}},
		{"passthrough", null("passthrough")},
	}
}

// omit leaves out one thing after the other until the record fits, and names
// them in it.
func (k *kindEncoder) omit(s *scratch, kind order.Kind, room int) error {
	var omitted []string
	for _, o := range omissions() {
		if !o.drop(s.record) {
			continue
		}
		omitted = append(omitted, o.name)
		s.record.strings("omittedFields", omitted)
		if err := k.encode(s, kind); err != nil {
			return err
		}
		if len(s.buf) <= room {
			return nil
		}
	}
	return nil
}

// cut shortens a line's text to what fits, between two characters.
func (k *kindEncoder) cut(s *scratch, kind order.Kind, room int) error {
	text := s.record.fields["text"].(string)
	keep := len(text) - (len(s.buf) - room)
	if keep < 0 {
		return nil // the rest alone is too large
	}
	for keep > 0 && !utf8.RuneStart(text[keep]) {
		keep--
	}
	s.record.set("text", text[:keep])
	s.record.set("truncated", true)
	return k.encode(s, kind)
}
