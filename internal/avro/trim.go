package avro

import (
	"fmt"
	"unicode/utf8"
)

// encodeWithin encodes the record into the buffer of s, in at most room bytes;
// a negative room is no limit. Where the record is larger, it leaves out and
// cuts what the table of kinds allows.
func (k *kindEncoder) encodeWithin(s *scratch, room int) error {
	if err := k.encode(s); err != nil {
		return err
	}
	fits := func() bool { return room < 0 || len(s.buf) <= room }
	full := len(s.buf)
	var omitted []string
	for _, o := range k.omit {
		if fits() {
			return nil
		}
		if !o.drop(s.record) {
			continue
		}
		omitted = append(omitted, o.name)
		s.record.strings("omittedFields", omitted)
		if err := k.encode(s); err != nil {
			return err
		}
	}
	if k.cut != "" && !fits() {
		if err := k.shorten(s, room); err != nil {
			return err
		}
	}
	if !fits() {
		return fmt.Errorf("encode %s: a value of %d bytes, room for %d: %w", k.schema, full, room, ErrTooLarge)
	}
	return nil
}

// omission is something that a record can do without.
type omission struct {
	name string                     // as omittedFields has it
	drop func(r *native) (any bool) // reports whether there was anything
}

// null leaves out a nullable field.
func null(field string) func(r *native) bool {
	return func(r *native) bool {
		had := r.fields[field] != nil
		r.set(field, nil)
		return had
	}
}

func noParams(r *native) bool {
	had := len(r.fields["params"].(map[string]any)) > 0
	r.emptyMap("params")
	return had
}

func noSMSContent(r *native) bool {
	had := false
	for _, m := range r.lists["sms"].items {
		message := m.(map[string]any)
		had = had || message["content"] != nil
		message["content"] = nil
	}
	return had
}

// shorten cuts the text that may be cut to what fits, between two characters.
func (k *kindEncoder) shorten(s *scratch, room int) error {
	text := s.record.fields[k.cut].(string)
	keep := len(text) - (len(s.buf) - room)
	if keep < 0 {
		return nil // the rest alone is too large
	}
	for keep > 0 && !utf8.RuneStart(text[keep]) {
		keep--
	}
	s.record.set(k.cut, text[:keep])
	s.record.set("truncated", true)
	return k.encode(s)
}
