package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"callstream/internal/avro"
	"callstream/internal/broker"
	"callstream/internal/callbot"
	"callstream/internal/export"
	"callstream/internal/order"
	"callstream/internal/record"
	"callstream/internal/request"
)

// The adapters know order, request and record, and not each other; these joints
// turn what one says into what the next one takes.

// api joins callbot to export.
type api struct {
	*callbot.Client
	scouts bool // CALLBOT_SCOUT
}

func (a api) Wait() time.Duration { return a.Ready(time.Now()) }
func (a api) Turn() time.Duration { return a.Client.Turn(time.Now()) }
func (a api) Scouts() bool        { return a.scouts && a.ScoutAvailable(time.Now()) }
func (a api) Answering() bool     { return a.Client.Answering(time.Now()) }

// session joins a generation of broker to export.
type session struct {
	*broker.Session
	home func(orderID string) int
}

func (s session) Home(orderID string) int { return s.home(orderID) }

func (s session) Owned() []int {
	owned := make([]int, len(s.Session.Owned))
	for i, a := range s.Session.Owned {
		owned[i] = a.Partition
	}
	return owned
}

func (s session) Read(ctx context.Context, partition int, each func(record.Record) error) error {
	for _, a := range s.Session.Owned {
		if a.Partition == partition {
			return s.Session.Read(ctx, partition, a.Offset, each)
		}
	}
	return fmt.Errorf("partition %d is not owned", partition)
}

// output joins export to avro, which encodes, and broker, which writes.
type output struct {
	broker  *broker.Broker
	encoder *avro.Encoder
	topics  broker.Topics
}

// publishChunk bounds the encoded events in memory; it is large enough that
// the wait for the brokers' acknowledgement does not count.
const publishChunk = 2000

// Publish encodes and writes events.
func (o *output) Publish(ctx context.Context, events []*order.Event) ([]export.TooLarge, error) {
	var oversized []export.TooLarge
	for chunk := range slices.Chunk(events, publishChunk) {
		big, err := o.publish(ctx, chunk)
		if err != nil {
			return nil, err
		}
		oversized = append(oversized, big...)
	}
	return oversized, nil
}

func (o *output) publish(ctx context.Context, events []*order.Event) (oversized []export.TooLarge, err error) {
	messages := make([]record.Message, 0, len(events))
	sent := make([]*order.Event, 0, len(events))
	for _, ev := range events {
		m, err := o.encoder.Event(ev)
		if errors.Is(err, avro.ErrTooLarge) {
			oversized = append(oversized, export.TooLarge{Event: ev, Bytes: m.Size()})
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("encode event: %w", err)
		}
		messages = append(messages, record.Message{
			Topic: o.topics.Events[m.Kind], Partition: record.ByKey, Key: m.Key, Value: m.Value, Headers: m.Headers,
		})
		sent = append(sent, ev)
	}
	err = o.broker.Write(ctx, messages)
	var big *broker.TooLargeError
	if errors.As(err, &big) { // a topic's limit was lowered since the start
		for _, i := range big.All {
			oversized = append(oversized, export.TooLarge{Event: sent[i], Bytes: len(messages[i].Value)})
		}
		return oversized, nil
	}
	return oversized, err
}

// Save writes states under task and order, each path-escaped, joined by a slash.
func (o *output) Save(ctx context.Context, states []export.SavedState) error {
	messages := make([]record.Message, len(states))
	for i, s := range states {
		key := url.PathEscape(s.Ref.Task) + "/" + url.PathEscape(s.Ref.ID)
		messages[i] = record.Message{Topic: o.topics.State, Partition: s.Partition, Key: []byte(key), Value: s.Value}
	}
	return o.broker.Write(ctx, messages)
}

// Forward writes requests to their home partitions.
func (o *output) Forward(ctx context.Context, forwards []record.Message) error {
	return o.broker.Write(ctx, forwards)
}

// Bury writes dead letters.
func (o *output) Bury(ctx context.Context, letters []request.DeadLetter) error {
	limit := o.broker.Limit(o.topics.DeadLetters)
	messages := make([]record.Message, len(letters))
	for i, l := range letters {
		l.Topic = o.topics.Requests
		messages[i] = l.Message(o.topics.DeadLetters, limit)
	}
	return o.broker.Write(ctx, messages)
}

// avroRequests joins the decoding of Avro requests to export.
func avroRequests(lookup avro.Lookup) export.AvroRequests {
	return func(ctx context.Context, value []byte) (map[string]any, error) {
		for pause := time.Second; ; pause = min(2*pause, 30*time.Second) {
			values, err := avro.DecodeRequest(ctx, value, lookup)
			switch {
			case err == nil:
				return values, nil
			case errors.Is(err, avro.ErrMalformed), errors.Is(err, avro.ErrNoSchema),
				errors.Is(err, avro.ErrUnreadableSchema), errors.Is(err, avro.ErrNoRegistry):
				return nil, &request.UnreadableError{Detail: err.Error()}
			}
			// The registry can't be asked: the request waits, and those behind it.
			select {
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			case <-time.After(pause):
			}
		}
	}
}
