package broker

import (
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

// Header is one header of a record.
type Header = kafka.Header

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

// Record is a record that was read. Its bytes belong to whoever got it.
type Record struct {
	Partition int
	Offset    int64
	Key       []byte // nil = no key
	Value     []byte // nil = null
	Headers   []Header
	Time      time.Time
}

// recordOverhead bounds what a record takes beside key, value and headers:
// lengths, deltas and attributes as varints (record format v2), and what the
// library counts for them (22).
const recordOverhead = 32

// headerOverhead bounds the two varint lengths of a header.
const headerOverhead = 10

// size bounds what the message takes in an uncompressed batch, in bytes.
func (m *Message) size() int {
	n := recordOverhead + len(m.Key) + len(m.Value)
	for _, h := range m.Headers {
		n += headerOverhead + len(h.Key) + len(h.Value)
	}
	return n
}

// TooLargeError says that messages of a Write are larger than their topics
// take. All other messages of that Write have been written.
type TooLargeError struct {
	Index int    // of the first one in the Write's messages
	Topic string // of the first one
	All   []int  // of all of them, ascending
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("write to %s: message %d is larger than the topic's max.message.bytes (%d too large in all)",
		e.Topic, e.Index, len(e.All))
}

// partitioner places messages: by murmur2 of the key, or where WriterData says.
type partitioner struct{ byKey kafka.Murmur2Balancer }

// Balance implements kafka.Balancer.
func (p partitioner) Balance(m kafka.Message, partitions ...int) int {
	if at, ok := m.WriterData.(int); ok && at >= 0 {
		return at
	}
	return p.byKey.Balance(m, partitions...)
}
