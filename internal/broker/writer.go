package broker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"callstream/internal/record"

	"github.com/segmentio/kafka-go"
)

const (
	// batchTimeout is how long a batch that is not full waits for more messages.
	// A Write waits for its batches, so with the library's default of 1 s it
	// would take a second whatever its size: 500 messages a second were
	// measured, and some 40,000 with 1 ms.
	batchTimeout = time.Millisecond
	// batchMessages is how many messages a batch holds at most. The library
	// allocates room for that many with every batch, 150 bytes each.
	batchMessages = 1000
	// writeTimeout is how long one attempt may take. The library tells the
	// broker that in-sync replicas have half of it to acknowledge.
	writeTimeout = 30 * time.Second
)

// topicWriter writes to one topic. The library's own retries are off. After the
// last one it gives a batch up and goes on to the partition's next, which may
// hold later versions of the same keys; writeTopic tries again in order instead.
type topicWriter struct {
	batchBytes int
	batched    *kafka.Writer
	alone      *kafka.Writer // one message a batch
}

// writer returns the topic's writer, made at first use, after asking for the
// topic's max.message.bytes where Prepare has not.
func (b *Broker) writer(ctx context.Context, topic string) (*topicWriter, error) {
	b.mu.Lock()
	w, closed := b.writers[topic], b.closed
	limit, known := b.limits[topic]
	b.mu.Unlock()
	if closed {
		return nil, fmt.Errorf("write to %s: %w", topic, errClosed)
	}
	if w != nil {
		return w, nil
	}
	if !known {
		configs, err := b.topicConfigs(ctx, topic)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("write to %s: %w", topic, context.Cause(ctx))
		}
		if err != nil {
			b.cfg.Log.Debug("can't read the topic's settings, its records are kept under 1 MiB", "topic", topic, "error", err)
		}
		limit = b.noteLimit(topic, configs[topic])
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, fmt.Errorf("write to %s: %w", topic, errClosed)
	}
	if b.writers[topic] == nil {
		n := batchBytes(limit)
		b.writers[topic] = &topicWriter{
			batchBytes: n,
			batched:    b.kafkaWriter(topic, n, batchMessages),
			alone:      b.kafkaWriter(topic, n, 1),
		}
	}
	return b.writers[topic], nil
}

func (b *Broker) kafkaWriter(topic string, bytes, messages int) *kafka.Writer {
	return &kafka.Writer{
		Addr:         kafka.TCP(b.cfg.Brokers...),
		Topic:        topic,
		Balancer:     partitioner{},
		MaxAttempts:  1,
		BatchSize:    messages,
		BatchBytes:   int64(bytes),
		BatchTimeout: batchTimeout,
		ReadTimeout:  requestTimeout,
		WriteTimeout: writeTimeout,
		RequiredAcks: kafka.RequireAll,
		Compression:  kafka.Zstd,
		Transport:    b.transport,
	}
}

// send tries once to write the messages given by their indexes. Of several
// failures its error is one that decides what writeTopic does next: that a batch
// is too large, or that the writer is closed.
func (w *topicWriter) send(ctx context.Context, alone bool, msgs []record.Message, indexes []int) (failures, error) {
	writer := w.batched
	if alone {
		writer = w.alone
	}
	err := writer.WriteMessages(ctx, toKafka(msgs, indexes)...)
	if err == nil {
		return nil, nil
	}
	failed := failures{}
	each, partly := errors.AsType[kafka.WriteErrors](err)
	for at, i := range indexes {
		switch {
		case !partly:
			failed[i] = err
		case each[at] != nil:
			failed[i] = each[at]
		}
	}
	for _, reason := range failed {
		if err = reason; sizeRefused(reason) || errors.Is(reason, io.ErrClosedPipe) {
			break
		}
	}
	return failed, err
}

// close waits for what is under way.
func (w *topicWriter) close() {
	_ = w.batched.Close()
	_ = w.alone.Close()
}
