package avro

import (
	"errors"
	"fmt"
	"sync"

	"callstream/internal/order"
	"callstream/schemas"
)

// ErrUnknownState means that a state was written with a schema that this
// program does not have: most likely by a newer release.
var ErrUnknownState = errors.New("state of an unknown schema")

// StateCodec writes states with the present schema, in Avro single-object
// encoding, and reads those written with any released one. It is safe for
// concurrent use.
type StateCodec struct {
	present *Reader
	readers map[uint64]*Reader // by fingerprint
	pool    sync.Pool          // of *[]byte
}

// NewStateCodec returns a codec. Its error is a mistake in the schemas.
func NewStateCodec() (*StateCodec, error) {
	present, _ := schemas.ByName(schemas.OrderState)
	reader, err := NewReader(present.Text())
	if err != nil {
		return nil, err
	}
	readers, err := readersByFingerprint(present)
	if err != nil {
		return nil, err
	}
	return &StateCodec{
		present: reader,
		readers: readers,
		pool:    sync.Pool{New: func() any { return new([]byte) }},
	}, nil
}

// readersByFingerprint returns readers of the schemas and of every version of
// them that was released.
func readersByFingerprint(presents ...schemas.Schema) (map[uint64]*Reader, error) {
	readers := map[uint64]*Reader{}
	for _, present := range presents {
		versions, err := schemas.Released(present.Name)
		if err != nil {
			return nil, err
		}
		for _, s := range append(versions, present) {
			reader, err := NewReader(s.Text())
			if err != nil {
				return nil, fmt.Errorf("reader of %s version %d: %w", present.Name, s.Version, err)
			}
			readers[reader.fingerprint()] = reader
		}
	}
	return readers, nil
}

// Encode returns the state's bytes. Text goes as it is, valid or not, so that
// Decode gives the same state back.
func (c *StateCodec) Encode(st *order.State) ([]byte, error) {
	var row stateRow
	m := mover{toRows: true}
	m.state(st, &row)
	pooled := c.pool.Get().(*[]byte) // the bytes are kept, so they are copied to their size
	buf, err := c.present.schema.AppendSingleObject((*pooled)[:0], &row)
	if err != nil {
		// twmb/avro may quote values.
		return nil, fmt.Errorf("encode %s: a value does not fit its field", schemas.OrderState)
	}
	out := append(make([]byte, 0, len(buf)), buf...)
	if len(buf) < pooledMax {
		*pooled = buf
		c.pool.Put(pooled)
	}
	return out, nil
}

// Decode reads a state that Encode of this or an earlier release wrote. What
// its schema did not have yet is zero. It fails with ErrUnknownState or
// ErrMalformed. Lists without items come back as nil.
func (c *StateCodec) Decode(data []byte) (*order.State, error) {
	fingerprint, body, err := splitSingleObject(data)
	if err != nil {
		return nil, fmt.Errorf("decode state: %w", err)
	}
	reader, ok := c.readers[fingerprint]
	if !ok {
		return nil, fmt.Errorf("decode state: %w: fingerprint %016x", ErrUnknownState, fingerprint)
	}
	var row stateRow
	if err := reader.decode(body, &row); err != nil {
		return nil, fmt.Errorf("decode state: %w", err)
	}
	st, m := &order.State{}, mover{}
	m.state(st, &row)
	if m.err != nil {
		return nil, fmt.Errorf("decode state: %w", m.err)
	}
	return st, nil
}
