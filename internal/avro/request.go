package avro

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"callstream/internal/order"
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

// OrderRequest is a request as an Avro record has it. IDs and mode are not
// checked yet.
type OrderRequest struct {
	UserTaskID string       // empty where missing
	OrderID    *string      // nil where null or missing
	OrderIDs   []string     // nil where null or missing
	Mode       string       // empty where null or missing
	NotBefore  order.Millis // 0 where null or missing
	Deadline   order.Millis // 0 where null or missing
}

// IsConfluent reports whether a value begins as one in Confluent framing. No
// JSON text does.
func IsConfluent(value []byte) bool { return len(value) > 0 && value[0] == confluentMagic }

// DecodeRequest reads a request in Confluent framing, by field name: any
// record with fields of these names is read, whatever else it has. lookup may
// be nil where there is no registry.
//
// It fails with ErrMalformed, ErrNoSchema, ErrUnreadableSchema or
// ErrNoRegistry, for which the request is a dead letter; any other error means
// that the registry could not be asked.
func DecodeRequest(ctx context.Context, value []byte, lookup Lookup) (OrderRequest, error) {
	reader, body, err := confluentReader(ctx, value, lookup)
	if err != nil {
		return OrderRequest{}, fmt.Errorf("decode request: %w", err)
	}
	record, err := reader.record(body)
	if err != nil {
		return OrderRequest{}, fmt.Errorf("decode request: %w", err)
	}
	var out OrderRequest
	for _, f := range reader.shape.fields {
		if err := out.field(f, record[f.name]); err != nil {
			return OrderRequest{}, fmt.Errorf("decode request: field %s: %w", f.name, err)
		}
	}
	return out, nil
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

// field sets what a field of the record says.
func (r *OrderRequest) field(f field, native any) (err error) {
	s, v := f.present(native)
	if v == nil {
		return nil // null is as good as missing
	}
	switch f.name {
	case "userTaskID":
		r.UserTaskID, err = asText(v)
	case "orderID":
		var id string
		id, err = asText(v)
		r.OrderID = &id
	case "orderIDs":
		r.OrderIDs, err = asTexts(s, v)
	case "mode":
		r.Mode, err = asText(v)
	case "notBefore":
		r.NotBefore, err = asMillis(v)
	case "deadline":
		r.Deadline, err = asMillis(v)
	}
	return err
}

// asText reads a string, bytes or a symbol.
func asText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	}
	return "", fmt.Errorf("%w: not text", ErrMalformed)
}

func asTexts(s *shape, v any) ([]string, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%w: not a list", ErrMalformed)
	}
	texts := make([]string, len(list))
	for i, item := range list {
		_, item = s.items.present(item)
		text, err := asText(item)
		if err != nil {
			return nil, err
		}
		texts[i] = text
	}
	return texts, nil
}

// asMillis reads a timestamp of either unit, a plain number of milliseconds,
// or RFC 3339 text; empty text is none.
func asMillis(v any) (order.Millis, error) {
	switch v := v.(type) {
	case time.Time:
		return order.Millis(v.UnixMilli()), nil
	case int64:
		return order.Millis(v), nil
	case string:
		if v == "" {
			return 0, nil
		}
		at, err := time.Parse(time.RFC3339, v)
		if err != nil { // it would quote the value
			return 0, fmt.Errorf("%w: not a time in RFC 3339", ErrMalformed)
		}
		return order.Millis(at.UnixMilli()), nil
	}
	return 0, fmt.Errorf("%w: not a time", ErrMalformed)
}
