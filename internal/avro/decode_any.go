package avro

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"callstream/schemas"
)

// Decoded is a record for people to read.
type Decoded struct {
	Name   string         // the schema's name, without namespace: "CallCompleted"
	Fields []string       // the names of its fields, in the schema's order
	Values map[string]any // by field; fit for JSON: times in RFC 3339, bytes in hex, unions unwrapped
}

// MarshalJSON writes the record with its fields in the schema's order.
func (d Decoded) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, name := range d.Fields {
		if i > 0 {
			b.WriteByte(',')
		}
		field, err := json.Marshal(map[string]any{name: d.Values[name]})
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", name, err)
		}
		b.Write(field[1 : len(field)-1]) // without its braces
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// AnyDecoder reads what is on any of the topics, in either framing. It is safe
// for concurrent use.
type AnyDecoder struct {
	lookup  Lookup
	readers map[uint64]*Reader // by fingerprint
}

// NewAnyDecoder returns a decoder; lookup may be nil where there is no
// registry.
func NewAnyDecoder(lookup Lookup) (*AnyDecoder, error) {
	readers, err := readersByFingerprint(schemas.All()...)
	if err != nil {
		return nil, err
	}
	return &AnyDecoder{lookup: lookup, readers: readers}, nil
}

// Decode reads one value. It fails with ErrMalformed, also where the bytes are
// in neither framing or of a schema that is not callstream's, with ErrNoSchema,
// ErrUnreadableSchema or ErrNoRegistry; any other error means that the registry
// could not be asked.
func (a *AnyDecoder) Decode(ctx context.Context, value []byte) (Decoded, error) {
	reader, body, err := a.reader(ctx, value)
	if err != nil {
		return Decoded{}, fmt.Errorf("decode: %w", err)
	}
	record, err := reader.record(body)
	if err != nil {
		return Decoded{}, fmt.Errorf("decode: %w", err)
	}
	name := reader.name()
	return Decoded{
		Name:   name[strings.LastIndexByte(name, '.')+1:],
		Fields: reader.shape.fields,
		Values: readable(record).(map[string]any),
	}, nil
}

func (a *AnyDecoder) reader(ctx context.Context, value []byte) (*Reader, []byte, error) {
	if IsConfluent(value) {
		return confluentReader(ctx, value, a.lookup)
	}
	fingerprint, body, err := splitSingleObject(value)
	if err != nil {
		return nil, nil, fmt.Errorf("neither Confluent framing nor single-object encoding: %w", err)
	}
	reader, ok := a.readers[fingerprint]
	if !ok {
		return nil, nil, fmt.Errorf("%w: unknown schema, fingerprint %016x", ErrMalformed, fingerprint)
	}
	return reader, body, nil
}

// readable turns a decoded value into what JSON shows well.
func readable(decoded any) any {
	switch v := decoded.(type) {
	case time.Time:
		return v.Format("2006-01-02T15:04:05.000Z07:00")
	case []byte:
		return hex.EncodeToString(v)
	case float32:
		return readable(float64(v))
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) { // JSON has no number for these
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = readable(item)
		}
		return list
	case map[string]any:
		values := make(map[string]any, len(v))
		for name, value := range v {
			values[name] = readable(value)
		}
		return values
	}
	return decoded
}
