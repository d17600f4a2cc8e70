// Package record is what stands in Kafka, in words that every package shares:
// headers, records that were read, messages to be written. It knows no client
// library: package broker turns these into the library's types, once, where
// they leave the program, and all others pass them on without copying.
package record

import "time"

// Header is one header of a record. A key may occur more than once.
type Header struct {
	Key   string
	Value []byte // not to be written to: some are shared between messages
}

// Last returns the value of the last header of that name, which is the one
// that counts where it occurs more than once.
func Last(headers []Header, key string) (value []byte, found bool) {
	for i := len(headers) - 1; i >= 0; i-- {
		if headers[i].Key == key {
			return headers[i].Value, true
		}
	}
	return nil, false
}

// Record is a record that was read. Its bytes belong to whoever got it.
type Record struct {
	Partition int
	Offset    int64
	Key       []byte // nil = no key
	Value     []byte // nil = null
	Headers   []Header
	Time      time.Time
}

// ByKey as a Message's Partition leaves the choice to murmur2 of the key, as
// the Java client does.
const ByKey = -1

// Message is a record to write.
type Message struct {
	Topic     string
	Partition int // ByKey, or the partition itself
	Key       []byte
	Value     []byte // nil = a tombstone
	Headers   []Header
}

// headerOverhead bounds the two varint lengths of a header, in bytes.
const headerOverhead = 10

// Size bounds the bytes that key, value and headers take in an uncompressed
// batch.
func (m *Message) Size() int {
	n := len(m.Key) + len(m.Value)
	for _, h := range m.Headers {
		n += headerOverhead + len(h.Key) + len(h.Value)
	}
	return n
}
