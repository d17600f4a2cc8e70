package avro

import (
	"errors"
	"fmt"

	"github.com/linkedin/goavro/v2"
)

// Reader decodes values written with one schema. It is safe for concurrent
// use.
type Reader struct {
	shape *shape
	codec *goavro.Codec
}

// ErrMalformed means that bytes are not what their schema says. Trying again
// does not help.
var ErrMalformed = errors.New("malformed Avro")

// ErrUnreadableSchema means that a schema can't be used to read with: it is
// broken, or refers to other schemas. Trying again does not help.
var ErrUnreadableSchema = errors.New("unreadable schema")

// NewReader returns a reader of values written with the schema. Its error is
// ErrUnreadableSchema.
func NewReader(schema string) (*Reader, error) { return newReader(schema, true) }

// newReader decodes times to time.Time when times is set, else to int64.
func newReader(schema string, times bool) (r *Reader, err error) {
	s, err := parseShape(schema)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadableSchema, err)
	}
	text, err := s.bare(times)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadableSchema, err)
	}
	// goavro asserts types on the way; schemas come from others.
	defer func() {
		if recover() != nil {
			r, err = nil, fmt.Errorf("%w: the codec refuses it", ErrUnreadableSchema)
		}
	}()
	codec, err := goavro.NewCodec(text)
	if err != nil {
		return nil, fmt.Errorf("%w: the codec refuses it", ErrUnreadableSchema)
	}
	return &Reader{shape: s, codec: codec}, nil
}

// name returns the full name of the schema's record.
func (r *Reader) name() string { return r.shape.name }

// record decodes data, one record and nothing more. Its error is ErrMalformed.
// Bytes in the result alias data.
func (r *Reader) record(data []byte) (map[string]any, error) {
	if r.shape.kind != kindRecord {
		return nil, fmt.Errorf("%w: the schema is not a record's", ErrMalformed)
	}
	if err := r.shape.measure(data); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrMalformed, r.name(), err)
	}
	native, _, err := r.codec.NativeFromBinary(data)
	if err != nil { // a name twice in a map; the error would quote it
		return nil, fmt.Errorf("%w: %s does not decode", ErrMalformed, r.name())
	}
	return native.(map[string]any), nil
}

// present unwraps what goavro decoded of a union: it gives a value as a map
// from its type's name to it.
func (s *shape) present(native any) (*shape, any) {
	if s.kind != kindUnion {
		return s, native
	}
	wrapped, ok := native.(map[string]any)
	if !ok { // null
		return &shape{kind: kindNull}, nil
	}
	for _, member := range s.members {
		if value, ok := wrapped[member.unionKey()]; ok {
			return member, value
		}
	}
	return &shape{kind: kindNull}, nil
}

// unionKey is goavro's name of a union's member in the bare schema.
func (s *shape) unionKey() string {
	switch {
	case s.alias != "":
		return s.alias
	case s.logical != "":
		return "long." + s.logical
	case s.kind == kindUnion: // not allowed in a union; goavro takes it
		return "union"
	}
	return kindNames[s.kind]
}
