package avro

import (
	"encoding/binary"
	"fmt"
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
