package avro

import (
	"errors"
	"fmt"
)

// maxDepth bounds how deep records, lists and unions nest in a value: a
// recursive schema could else exhaust the stack, which no recover catches. The
// deepest schema here, OrderState, nests 9 deep.
const maxDepth = 64

// Reasons why bytes are no value of a schema.
var (
	errShort   = errors.New("ends early")
	errLeft    = errors.New("bytes left over")
	errNumber  = errors.New("a number is too long")
	errRange   = errors.New("a value is out of its range")
	errTooMany = errors.New("claims more items than there are bytes")
	errTooDeep = errors.New("nests too deep")
)

// measure reports whether data holds one value of the schema and nothing more,
// without decoding it. Values are bounded by the bytes of data, also those that
// take none (nulls, empty records), so decoding takes time and memory in
// proportion to data. Its errors name fields of the schema, never values.
func (s *shape) measure(data []byte) error {
	m := meter{rest: data, values: valuesBase + valuesPerByte*len(data)}
	if err := m.value(s, 0); err != nil {
		return err
	}
	if len(m.rest) > 0 {
		return errLeft
	}
	return nil
}

// A nullable number in a record takes one byte for two values; a record in a
// record adds one. Twice that is room for every sane schema.
const (
	valuesPerByte = 4
	valuesBase    = 1024
)

type meter struct {
	rest   []byte
	values int // that may still come
}

func (m *meter) value(s *shape, depth int) error {
	if depth > maxDepth {
		return errTooDeep
	}
	if m.values--; m.values < 0 {
		return errTooMany
	}
	switch s.kind {
	case kindNull:
		return nil
	case kindBoolean:
		if len(m.rest) > 0 && m.rest[0] > 1 {
			return errRange
		}
		return m.skip(1)
	case kindInt:
		n, err := m.long()
		if err == nil && n != int64(int32(n)) {
			return errRange
		}
		return err
	case kindLong:
		_, err := m.long()
		return err
	case kindFloat:
		return m.skip(4)
	case kindDouble:
		return m.skip(8)
	case kindBytes, kindString:
		return m.text()
	case kindFixed:
		return m.skip(int64(s.size))
	case kindEnum:
		_, err := m.index(len(s.symbols))
		return err
	case kindUnion:
		i, err := m.index(len(s.members))
		if err != nil {
			return err
		}
		return m.value(s.members[i], depth+1)
	case kindRecord:
		return m.record(s, depth)
	}
	return m.list(s, depth)
}

func (m *meter) record(s *shape, depth int) error {
	for _, f := range s.fields {
		if err := m.value(f.shape, depth+1); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

// list measures an array or a map: blocks of items until an empty block.
func (m *meter) list(s *shape, depth int) error {
	for {
		count, err := m.long()
		if err != nil || count == 0 {
			return err
		}
		if count < 0 { // the block's size in bytes follows; decoders ignore it
			count = -count
			if _, err := m.long(); err != nil {
				return err
			}
		}
		if count < 0 || count > int64(m.values) { // < 0: the least long has no opposite
			return errTooMany
		}
		for range count {
			if s.kind == kindMap {
				if err := m.text(); err != nil {
					return err
				}
			}
			if err := m.value(s.items, depth+1); err != nil {
				return err
			}
		}
	}
}

func (m *meter) text() error {
	n, err := m.long()
	if err != nil {
		return err
	}
	return m.skip(n)
}

func (m *meter) skip(n int64) error {
	if n < 0 || n > int64(len(m.rest)) {
		return errShort
	}
	m.rest = m.rest[n:]
	return nil
}

// index reads the number of a symbol or a union's member.
func (m *meter) index(count int) (int, error) {
	n, err := m.long()
	if err != nil {
		return 0, err
	}
	if n < 0 || n >= int64(count) {
		return 0, errRange
	}
	return int(n), nil
}

// long reads a zig-zag number of at most 10 bytes.
func (m *meter) long() (int64, error) {
	var u uint64
	for i := range m.rest {
		b := m.rest[i]
		if i == 9 && b > 1 { // 9 × 7 bits before: one is left
			return 0, errNumber
		}
		u |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			m.rest = m.rest[i+1:]
			return int64(u>>1) ^ -int64(u&1), nil
		}
	}
	return 0, errShort
}
