package avro

import (
	"errors"
	"fmt"

	twmb "github.com/twmb/avro"
)

// Reader decodes values written with one schema. It is safe for concurrent
// use.
type Reader struct {
	schema *twmb.Schema
	shape  *shape
}

// ErrMalformed means that bytes are not what their schema says. Trying again
// does not help.
var ErrMalformed = errors.New("malformed Avro")

// ErrUnreadableSchema means that a schema can't be used to read with: it is
// broken, or refers to other schemas. Trying again does not help.
var ErrUnreadableSchema = errors.New("unreadable schema")

// NewReader returns a reader of values written with the schema. Its error is
// ErrUnreadableSchema.
func NewReader(schema string) (*Reader, error) {
	s, err := twmb.Parse(schema, readOptions()...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadableSchema, err)
	}
	shape, err := newShape(s.Canonical())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadableSchema, err)
	}
	return &Reader{schema: s, shape: shape}, nil
}

// name returns the full name of the schema's record.
func (r *Reader) name() string { return r.shape.name }

// readOptions say how the schemas of others are read. Names are as free as the
// registry left them. Logical types but timestamps are ignored, as Avro allows:
// nothing here needs one, and a decimal's scale makes 27 KB of two bytes.
func readOptions() []twmb.SchemaOpt {
	options := []twmb.SchemaOpt{twmb.WithLaxNames(nil)}
	for _, logical := range []string{"decimal", "big-decimal", "duration", "uuid", "date", "time-millis", "time-micros"} {
		options = append(options, twmb.CustomType{LogicalType: logical})
	}
	return options
}

// fingerprint is the schema's CRC-64-AVRO: what single-object encoding names a
// schema by. goavro's own differs from the specification's, and so from Java's
// and Python's, wherever a type has a logicalType.
func (r *Reader) fingerprint() uint64 {
	h := twmb.NewRabin()
	_, _ = h.Write(r.schema.Canonical()) // a hash takes all
	return h.Sum64()
}

// record decodes data, one record and nothing more. Its error is ErrMalformed.
func (r *Reader) record(data []byte) (map[string]any, error) {
	if r.shape.kind != "record" {
		return nil, fmt.Errorf("%w: the schema is not a record's", ErrMalformed)
	}
	var value any
	if err := r.decode(data, &value); err != nil {
		return nil, err
	}
	return value.(map[string]any), nil
}

// decode reads data, one value and nothing more, into what target points to.
// Fields that a struct has no place for are skipped; those that the schema does
// not have stay as they are. Its error is ErrMalformed and may name a field,
// but has nothing of the library's text, which may quote the value.
func (r *Reader) decode(data []byte, target any) error {
	measured, err := r.shape.measure(data)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrMalformed, r.name(), err)
	}
	rest, err := r.schema.Decode(measured, target, twmb.SkipUnknown())
	if at := (*twmb.SemanticError)(nil); errors.As(err, &at) {
		return fmt.Errorf("%w: %s: %s does not decode", ErrMalformed, r.name(), at.Field)
	}
	if err != nil || len(rest) > 0 {
		return fmt.Errorf("%w: %s does not decode", ErrMalformed, r.name())
	}
	return nil
}
