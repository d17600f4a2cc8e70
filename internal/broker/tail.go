package broker

import (
	"context"
	"fmt"
	"sync"

	"callstream/internal/record"

	"github.com/segmentio/kafka-go"
)

// Tail hands fn the records of topics as they come, without a group: of each
// partition in order, one at a time. It begins at the first records or, without
// fromBeginning, with what is new; with untilEnd it returns nil once it has
// handed out all there was when it was called. It ends with ctx's cause or fn's
// error.
func (b *Broker) Tail(ctx context.Context, topics []string, fromBeginning, untilEnd bool, fn func(topic string, r record.Record) error) error {
	transport := b.newTransport(topics) // topics may be others than the settings'
	defer transport.CloseIdleConnections()
	cursors, err := b.cursors(ctx, b.newClient(transport), topics)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		wg sync.WaitGroup
		mu sync.Mutex // one record at a time
	)
	for _, c := range cursors {
		wg.Go(func() {
			err := c.tail(ctx, fromBeginning, untilEnd, func(r record.Record) error {
				mu.Lock()
				defer mu.Unlock()
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				return fn(c.topic, r)
			})
			if err != nil {
				cancel(err) // the first one counts
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

func (c *cursor) tail(ctx context.Context, fromBeginning, untilEnd bool, fn func(record.Record) error) error {
	first, last, err := c.awaitEnds(ctx)
	if err != nil {
		return err
	}
	if c.next = last; fromBeginning {
		c.next = first
	}
	if !untilEnd {
		last = endless
	}
	return c.readTo(ctx, last, fn, func() {})
}

// cursors makes one for each partition of the topics.
func (b *Broker) cursors(ctx context.Context, client *kafka.Client, topics []string) ([]*cursor, error) {
	found, err := describe(ctx, client, topics)
	if err != nil {
		return nil, err
	}
	var cursors []*cursor
	for _, topic := range topics {
		if found[topic] == nil {
			return nil, fmt.Errorf("topic %s does not exist: check its name, or run the exporter once to create it", topic)
		}
		for _, p := range found[topic] {
			cursors = append(cursors, &cursor{b: b, client: client, topic: topic, partition: p.ID})
		}
	}
	return cursors, nil
}
