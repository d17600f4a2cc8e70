package avro

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrNoSchema means that the registry answered that it has no schema of an ID.
// Trying again does not help.
var ErrNoSchema = errors.New("the registry has no schema of this ID")

// ErrNoRegistry means that a value needs a registry to be read and none is
// set. Trying again does not help.
var ErrNoRegistry = errors.New("no schema registry is set")

// Lookup finds the reader of a schema ID. It fails with ErrNoSchema or
// ErrUnreadableSchema, which are final; any other error may pass.
type Lookup func(ctx context.Context, id uint32) (*Reader, error)

// IsConfluent reports whether a value begins as one in Confluent framing. No
// JSON text does.
func IsConfluent(value []byte) bool { return len(value) > 0 && value[0] == confluentMagic }

// DecodeRequest reads the record of a request in Confluent framing, whatever its
// schema: its values by field name, out of their unions and lists of unions. It
// knows none of the fields; request.FromValues does. lookup may be nil where there
// is no registry.
//
// It fails with ErrMalformed, ErrNoSchema, ErrUnreadableSchema or
// ErrNoRegistry, for which the request is a dead letter; any other error means
// that the registry could not be asked.
func DecodeRequest(ctx context.Context, value []byte, lookup Lookup) (values map[string]any, err error) {
	reader, body, err := confluentReader(ctx, value, lookup)
	if err == nil {
		values, err = reader.record(body)
	}
	if err != nil {
		return nil, fmt.Errorf("decode request: %w", err)
	}
	return values, nil
}

// confluentReader finds what reads a value in Confluent framing, and the bytes
// to be read.
func confluentReader(ctx context.Context, value []byte, lookup Lookup) (*Reader, []byte, error) {
	if !IsConfluent(value) || len(value) < confluentLength {
		return nil, nil, fmt.Errorf("%w: no Confluent framing", ErrMalformed)
	}
	if lookup == nil {
		return nil, nil, ErrNoRegistry
	}
	id := binary.BigEndian.Uint32(value[1:])
	if id > math.MaxInt32 { // registries number with Java's int
		return nil, nil, fmt.Errorf("schema %d: %w", id, ErrNoSchema)
	}
	reader, err := lookup(ctx, id)
	if err != nil {
		return nil, nil, fmt.Errorf("schema %d: %w", id, err)
	}
	return reader, value[confluentLength:], nil
}
