package avro

import (
	"encoding/binary"
	"fmt"
	"hash/crc64"
	"strconv"
	"strings"
)

// The two framings. Confluent: a zero, then the schema's ID, big-endian.
// Single-object encoding: C3 01, then the fingerprint, little-endian.
const (
	confluentMagic  = 0x00
	confluentLength = 5
	singleMagic     = "\xC3\x01"
	singleLength    = len(singleMagic) + 8
)

func confluentPrefix(id uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{confluentMagic}, id)
}

func singleObjectPrefix(fingerprint uint64) []byte {
	return binary.LittleEndian.AppendUint64([]byte(singleMagic), fingerprint)
}

// splitSingleObject takes a value in single-object encoding apart. Its error
// is ErrMalformed.
func splitSingleObject(value []byte) (fingerprint uint64, body []byte, err error) {
	if len(value) < singleLength || string(value[:len(singleMagic)]) != singleMagic {
		return 0, nil, fmt.Errorf("%w: no single-object encoding", ErrMalformed)
	}
	return binary.LittleEndian.Uint64(value[len(singleMagic):]), value[singleLength:], nil
}

// rabinEmpty is both the polynomial and the start of CRC-64-AVRO, as the Avro
// specification gives it.
const rabinEmpty = 0xc15d213aa4d7a795

// fingerprint is the schema's CRC-64-AVRO: what single-object encoding names a
// schema by. goavro's own differs from the specification's, and so from Java's
// and Python's, wherever a type has a logicalType: it leaves {"type":"long"}
// where the canonical form is "long".
func (s *shape) fingerprint() uint64 {
	var b strings.Builder
	s.canonical(&b, map[string]bool{})
	return ^crc64.Update(^uint64(rabinEmpty), crc64.MakeTable(rabinEmpty), []byte(b.String()))
}

// canonical writes the Parsing Canonical Form of the specification.
func (s *shape) canonical(b *strings.Builder, defined map[string]bool) {
	if s.name != "" {
		if defined[s.name] {
			b.WriteString(`"` + s.name + `"`)
			return
		}
		defined[s.name] = true
	}
	switch s.kind {
	case kindRecord:
		b.WriteString(`{"name":"` + s.name + `","type":"record","fields":[`)
		for i, f := range s.fields {
			comma(b, i)
			b.WriteString(`{"name":"` + f.name + `","type":`)
			f.canonical(b, defined)
			b.WriteString(`}`)
		}
		b.WriteString(`]}`)
	case kindEnum:
		b.WriteString(`{"name":"` + s.name + `","type":"enum","symbols":[`)
		for i, symbol := range s.symbols {
			comma(b, i)
			b.WriteString(`"` + symbol + `"`)
		}
		b.WriteString(`]}`)
	case kindFixed:
		b.WriteString(`{"name":"` + s.name + `","type":"fixed","size":` + strconv.Itoa(s.size) + `}`)
	case kindArray:
		b.WriteString(`{"type":"array","items":`)
		s.items.canonical(b, defined)
		b.WriteString(`}`)
	case kindMap:
		b.WriteString(`{"type":"map","values":`)
		s.items.canonical(b, defined)
		b.WriteString(`}`)
	case kindUnion:
		b.WriteByte('[')
		for i, member := range s.members {
			comma(b, i)
			member.canonical(b, defined)
		}
		b.WriteByte(']')
	default:
		b.WriteString(`"` + kindNames[s.kind] + `"`)
	}
}

func comma(b *strings.Builder, i int) {
	if i > 0 {
		b.WriteByte(',')
	}
}
