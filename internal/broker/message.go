package broker

import (
	"fmt"

	"github.com/segmentio/kafka-go"

	"callstream/internal/record"
)

// recordOverhead is the most that a record takes beside key, value and headers:
// lengths, deltas and attributes as varints (record format v2). The library,
// which closes a batch by its own count, counts 22 for them.
const recordOverhead = 32

// size is the most that a message takes in an uncompressed batch, in bytes.
func size(m *record.Message) int { return recordOverhead + m.Size() }

// toKafka returns the messages given by their indexes as the library wants
// them. All their headers stand in one array: an event has eight.
func toKafka(msgs []record.Message, indexes []int) []kafka.Message {
	n := 0
	for _, i := range indexes {
		n += len(msgs[i].Headers)
	}
	headers := make([]kafka.Header, 0, n)
	batch := make([]kafka.Message, len(indexes))
	for at, i := range indexes {
		m, first := &msgs[i], len(headers)
		for _, h := range m.Headers {
			headers = append(headers, kafka.Header(h))
		}
		batch[at] = kafka.Message{Key: m.Key, Value: m.Value, Headers: headers[first:len(headers):len(headers)], WriterData: m.Partition}
	}
	return batch
}

// fromKafka returns headers that were read; nil where there are none.
func fromKafka(headers []kafka.Header) []record.Header {
	if len(headers) == 0 {
		return nil
	}
	out := make([]record.Header, len(headers))
	for i, h := range headers {
		out[i] = record.Header(h)
	}
	return out
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
