package broker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"callstream/internal/record"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

const (
	// fetchBytes is how much one fetch asks for. The broker sends the first
	// batch whole even where it is larger (KIP-74).
	fetchBytes = 4 << 20
	// fetchWait is how long the broker holds a fetch that finds nothing new.
	fetchWait = 500 * time.Millisecond
	// fetchTimeout is how long a fetch may take. Only one on a connection that
	// has gone dead takes longer than fetchWait and the transfer of fetchBytes.
	fetchTimeout = 30 * time.Second
)

// cursor reads one partition of a topic from an offset on. It is used by one
// goroutine.
type cursor struct {
	b         *Broker
	client    *kafka.Client
	topic     string
	partition int
	next      int64 // the offset to read next
	high      int64 // the high watermark as last seen
	idle      int   // answers in a row that held nothing though the log goes on
}

func (b *Broker) cursor(topic string, partition int) *cursor {
	return &cursor{b: b, client: b.client, topic: topic, partition: partition}
}

// ends asks for the offsets of the first record and past the last one.
func (c *cursor) ends(ctx context.Context) (first, last int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	res, err := c.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{
		c.topic: {kafka.FirstOffsetOf(c.partition), kafka.LastOffsetOf(c.partition)},
	}})
	if err != nil {
		return 0, 0, err
	}
	for _, p := range res.Topics[c.topic] {
		if p.Partition != c.partition {
			continue
		}
		if p.Error != nil {
			return 0, 0, p.Error // the offsets are 0 then, not unknown
		}
		return p.FirstOffset, p.LastOffset, nil
	}
	return 0, 0, kafka.UnknownTopicOrPartition
}

// awaitEnds is ends, tried until ctx ends.
func (c *cursor) awaitEnds(ctx context.Context) (first, last int64, err error) {
	for n := 1; ; n++ {
		if first, last, err = c.ends(ctx); err == nil {
			return first, last, nil
		}
		if err := c.b.again(ctx, "look up the ends of "+c.name(), n, err); err != nil {
			return 0, 0, err
		}
	}
}

func (c *cursor) name() string { return fmt.Sprintf("%s/%d", c.topic, c.partition) }

// poll fetches once and hands the records to fn, in order, until fn returns
// false. It moves next past what was handed out, and past what the answer
// proves to be empty. Its error is the broker's, or the connection's.
func (c *cursor) poll(ctx context.Context, fn func(record.Record) bool) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	res, err := c.client.Fetch(ctx, &kafka.FetchRequest{
		Topic:     c.topic,
		Partition: c.partition,
		Offset:    c.next,
		MinBytes:  1,
		MaxBytes:  fetchBytes,
		MaxWait:   fetchWait,
	})
	cancel()
	if err != nil {
		return err
	}
	if res.Error != nil {
		return res.Error
	}
	c.high = res.HighWatermark
	stream, _ := res.Records.(*protocol.RecordStream)
	if stream == nil || len(stream.Records) == 0 {
		// This does not prove that nothing is there: a throttled broker answers
		// so too, and passing over the offset would lose records.
		if c.idle++; c.next >= c.high || res.Throttle > 0 {
			c.idle = 0
		}
		return nil
	}
	c.idle = 0
	from := c.next
	for _, batch := range stream.Records {
		if more, err := c.handOut(batch, fn); err != nil || !more {
			return err
		}
	}
	if c.next == from {
		// The broker sent the batch that next falls into, and it holds nothing
		// from next on: its tail was compacted away, or all of it. This is the
		// proof that next is empty. Without the step the same batch would come
		// for ever.
		c.next++
	}
	return nil
}

// handOut hands the records of a batch to fn.
func (c *cursor) handOut(batch protocol.RecordReader, fn func(record.Record) bool) (more bool, err error) {
	if _, control := batch.(*protocol.ControlBatch); control {
		return true, nil // a transaction's marker
	}
	for {
		raw, err := batch.ReadRecord()
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("decode a batch: %w", err)
		}
		record, err := c.record(raw)
		if err != nil {
			return false, fmt.Errorf("decode a record: %w", err)
		}
		if record.Offset < c.next {
			continue // a batch is sent whole
		}
		if !fn(record) {
			return false, nil
		}
		c.next = record.Offset + 1
	}
}

// record copies a record out of the answer's buffers and gives them back.
func (c *cursor) record(raw *protocol.Record) (record.Record, error) {
	key, err := takeBytes(raw.Key)
	if err != nil {
		return record.Record{}, err
	}
	value, err := takeBytes(raw.Value)
	if err != nil {
		return record.Record{}, err
	}
	return record.Record{
		Partition: c.partition,
		Offset:    raw.Offset,
		Key:       key,
		Value:     value,
		Headers:   fromKafka(raw.Headers),
		Time:      raw.Time,
	}, nil
}

func takeBytes(b protocol.Bytes) ([]byte, error) {
	if b == nil {
		return nil, nil
	}
	defer func() { _ = b.Close() }()
	return protocol.ReadAll(b)
}

// resume prepares for another poll after n failed in a row. It pauses; where the
// log no longer holds the offset, it moves to the first there is instead. A
// replica that lags behind its leader also calls an offset out of range that the
// log does hold; then it only pauses. It returns where to stop: end, or sooner
// where the log was cut.
func (c *cursor) resume(ctx context.Context, n int, failure error, end int64) (int64, error) {
	if errors.Is(failure, kafka.OffsetOutOfRange) {
		first, last, err := c.awaitEnds(ctx)
		if err != nil {
			return end, err
		}
		if end != endless {
			end = min(end, last)
		}
		if c.next < first || c.next > last {
			c.b.cfg.Log.Warn("the offset is no longer in the log, going on at the first there is",
				"topic", c.topic, "partition", c.partition, "offset", c.next, "first", first, "last", last)
			c.next = first
			return end, nil
		}
	}
	return end, c.b.again(ctx, "read "+c.name(), n, failure)
}

// idleMost is how many answers in a row without a record, below the end of the
// log and without throttling, are taken to mean that nothing is left there: ten
// seconds of answers that each waited for fetchWait. A broker skips a hole by
// itself where records follow it. Where the last records of a log were all
// compacted away none follow, and without this limit a restore would wait for
// the offset before the end for ever.
const idleMost = 20

// endless is an end that no log reaches.
const endless = math.MaxInt64

// readTo hands out all records from next to end, an offset past the last one,
// until ctx ends or fn fails. done is called after each answer.
func (c *cursor) readTo(ctx context.Context, end int64, fn func(record.Record) error, done func()) error {
	for n := 0; c.next < end; {
		var failed error
		reached := false
		err := c.poll(ctx, func(r record.Record) bool {
			if reached = r.Offset >= end; reached || ctx.Err() != nil {
				return false
			}
			failed = fn(r)
			return failed == nil
		})
		if failed != nil {
			return failed
		}
		if ctx.Err() != nil {
			return fmt.Errorf("read %s: %w", c.name(), context.Cause(ctx))
		}
		if err != nil {
			n++
			if end, err = c.resume(ctx, n, err, end); err != nil {
				return err
			}
			continue
		}
		n = 0
		done()
		if reached {
			return nil
		}
		if c.idle >= idleMost && end != endless {
			c.b.cfg.Log.Warn("the log ends before its end offset", "topic", c.topic, "partition", c.partition, "offset", c.next, "end", end)
			return nil
		}
	}
	return nil
}
