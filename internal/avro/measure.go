package avro

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// maxDepth bounds how deep records, lists and unions nest in a value, which a
// recursive schema leaves to the value. The deepest schema here, OrderState,
// nests 9 deep.
const maxDepth = 64

// A nullable number in a record takes one byte for two values; a record in a
// record adds one. Twice that is room for every sane schema.
const (
	valuesPerByte = 4
	valuesBase    = 1024
)

// Reasons why bytes are no value of a schema.
var (
	errShort   = errors.New("ends early")
	errLeft    = errors.New("bytes left over")
	errNumber  = errors.New("a number is broken")
	errMember  = errors.New("a union has no such member")
	errTooMany = errors.New("claims more items than there are bytes")
	errTooDeep = errors.New("nests too deep")
)

// shape is as much of a schema as it takes to find where its values end.
// Records refer to each other by pointer and may be recursive.
type shape struct {
	kind   string   // what the schema calls it; "union"
	name   string   // full name of a record, an enum or a fixed
	size   int      // in bytes, of kinds that always take the same
	fields []string // names of a record's fields
	inner  []*shape // a record's fields, a union's members, what a list is of
}

// newShape reads a schema in canonical form, where all names are full names.
func newShape(canonical []byte) (*shape, error) {
	var schema any
	if err := json.Unmarshal(canonical, &schema); err != nil {
		return nil, fmt.Errorf("canonical form: %w", err)
	}
	known := map[string]*shape{"boolean": {size: 1}, "float": {size: 4}, "double": {size: 8}}
	for _, kind := range []string{"null", "int", "long", "bytes", "string"} {
		known[kind] = &shape{kind: kind}
	}
	return shapeOf(schema, known), nil
}

func shapeOf(schema any, known map[string]*shape) *shape {
	out := &shape{kind: "union"}
	switch s := schema.(type) {
	case string:
		if named := known[s]; named != nil {
			return named
		}
	case []any:
		for _, member := range s {
			out.inner = append(out.inner, shapeOf(member, known))
		}
	case map[string]any:
		out.kind, _ = s["type"].(string)
		out.name, _ = s["name"].(string)
		known[out.name] = out
		switch out.kind {
		case "fixed":
			size, _ := s["size"].(float64)
			out.size = int(size)
		case "array":
			out.inner = []*shape{shapeOf(s["items"], known)}
		case "map":
			out.inner = []*shape{shapeOf(s["values"], known)}
		case "record":
			fields, _ := s["fields"].([]any)
			for _, f := range fields {
				field, _ := f.(map[string]any)
				name, _ := field["name"].(string)
				out.fields = append(out.fields, name)
				out.inner = append(out.inner, shapeOf(field["type"], known))
			}
		}
	}
	return out
}

// measure returns the one value of the schema that data holds, and nothing
// more, fit to be decoded at a cost in proportion to data. The decoder bounds
// each length and count by the bytes that are left, but not all values
// together: 60 bytes of arrays of records of nulls became 408 MB. So values are
// counted here, also those that take no bytes. And it makes a new slice for
// every block of an array, so that 160 KB in blocks of one item took 51 GB and
// a minute. So each list is given to it in one block. The errors name fields of
// the schema, never values.
func (s *shape) measure(data []byte) ([]byte, error) {
	m := meter{rest: data, out: make([]byte, 0, len(data)), values: valuesBase + valuesPerByte*len(data)}
	if err := m.value(s, 0); err != nil {
		return nil, err
	}
	if len(m.rest) > 0 {
		return nil, errLeft
	}
	return m.out, nil
}

type meter struct {
	rest   []byte
	out    []byte // the value so far, each list in one block
	values int    // that may still come
}

func (m *meter) value(s *shape, depth int) error {
	if depth > maxDepth {
		return errTooDeep
	}
	if m.values--; m.values < 0 {
		return errTooMany
	}
	switch s.kind {
	case "int", "long", "enum":
		_, err := m.long()
		return err
	case "bytes", "string":
		return m.text()
	case "union":
		i, err := m.long()
		if err != nil {
			return err
		}
		if i < 0 || i >= int64(len(s.inner)) {
			return errMember
		}
		return m.value(s.inner[i], depth+1)
	case "record":
		for i, field := range s.inner {
			if err := m.value(field, depth+1); err != nil {
				return fmt.Errorf("%s: %w", s.fields[i], err)
			}
		}
		return nil
	case "array", "map":
		return m.list(s, depth)
	}
	return m.take(int64(s.size)) // 0 for a null
}

// list takes an array or a map: blocks of items until an empty block.
func (m *meter) list(s *shape, depth int) error {
	start, items := len(m.out), int64(0)
	for {
		count, err := m.count()
		if err != nil {
			return err
		}
		if count == 0 {
			break
		}
		items += count
		for range count {
			if s.kind == "map" {
				if err := m.text(); err != nil {
					return err
				}
			}
			if err := m.value(s.inner[0], depth+1); err != nil {
				return err
			}
		}
	}
	if items > 0 {
		m.out = slices.Insert(m.out, start, binary.AppendVarint(nil, items)...)
	}
	m.out = append(m.out, 0)
	return nil
}

// count reads the head of a block.
func (m *meter) count() (int64, error) {
	count, err := m.number()
	if err == nil && count < 0 { // the block's size in bytes follows; it is not needed
		count = -count
		_, err = m.number()
	}
	if err == nil && (count < 0 || count > int64(m.values)) { // < 0: the least long has no opposite
		err = errTooMany
	}
	return count, err
}

func (m *meter) text() error {
	n, err := m.long()
	if err != nil {
		return err
	}
	return m.take(n)
}

func (m *meter) take(n int64) error {
	if n < 0 || n > int64(len(m.rest)) {
		return errShort
	}
	m.out = append(m.out, m.rest[:n]...)
	m.rest = m.rest[n:]
	return nil
}

// long takes a number.
func (m *meter) long() (int64, error) {
	before := m.rest
	n, err := m.number()
	m.out = append(m.out, before[:len(before)-len(m.rest)]...)
	return n, err
}

// number reads a number without taking it.
func (m *meter) number() (int64, error) {
	n, size := binary.Varint(m.rest) // zig-zag, as Avro's
	switch {
	case size == 0:
		return 0, errShort
	case size < 0:
		return 0, errNumber
	}
	m.rest = m.rest[size:]
	return n, nil
}
