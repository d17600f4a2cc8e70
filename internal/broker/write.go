package broker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"callstream/internal/record"

	"github.com/segmentio/kafka-go"
)

// errClosed is returned by what is called after Close.
var errClosed = errors.New("the broker is closed")

// Write writes messages and returns nil only when all in-sync replicas have
// acknowledged every one of them. Messages of one topic and key keep their
// order; the topics are written in parallel. What fails is sent again, with all
// later messages of its topic and key, for as long as ctx lives; the error then
// wraps ctx's cause, and what has been written is not known.
//
// Messages larger than their topic takes are left out, all others written, and
// the error is a *TooLargeError.
//
// Calls may run at the same time as long as they share no key of a topic. The
// bytes of messages must not be changed after a Write, even a failed one.
func (b *Broker) Write(ctx context.Context, msgs []record.Message) error {
	byTopic := map[string][]int{}
	for i := range msgs {
		byTopic[msgs[i].Topic] = append(byTopic[msgs[i].Topic], i)
	}
	var (
		wg       sync.WaitGroup
		mu       sync.Mutex
		tooLarge []int
		errs     []error
	)
	for topic, indexes := range byTopic {
		wg.Go(func() {
			large, err := b.writeTopic(ctx, topic, msgs, indexes)
			mu.Lock()
			defer mu.Unlock()
			tooLarge = append(tooLarge, large...)
			if err != nil {
				errs = append(errs, err)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if len(tooLarge) > 0 {
		slices.Sort(tooLarge)
		return &TooLargeError{Index: tooLarge[0], Topic: msgs[tooLarge[0]].Topic, All: tooLarge}
	}
	return nil
}

// writeTopic writes the messages of one topic, given by their indexes, and
// returns the indexes of those that are too large.
func (b *Broker) writeTopic(ctx context.Context, topic string, msgs []record.Message, indexes []int) (tooLarge []int, err error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("write to %s: %w", topic, context.Cause(ctx))
	}
	w, err := b.writer(ctx, topic)
	if err != nil {
		return nil, err
	}
	var pending []int
	for _, i := range indexes {
		if size(&msgs[i]) > w.batchBytes {
			tooLarge = append(tooLarge, i)
		} else {
			pending = append(pending, i)
		}
	}
	what := "write to " + topic
	alone := false // each message in a batch of its own, to tell which one is too large
	for n := 1; len(pending) > 0; n++ {
		failed, err := w.send(ctx, alone, msgs, pending)
		if err == nil {
			break
		}
		if errors.Is(err, io.ErrClosedPipe) {
			return tooLarge, fmt.Errorf("%s: %w", what, errClosed)
		}
		if alone {
			// It was alone in its batch, so it is the message that is too large:
			// the broker takes less than its topic says, or than was assumed.
			tooLarge = append(tooLarge, failed.dropTooLarge()...)
		}
		alone = alone || sizeRefused(err)
		pending = failed.again(msgs, pending)
		if len(pending) == 0 {
			break
		}
		if ctx.Err() == nil {
			b.cfg.Observer.WriteRetried(topic, len(pending))
		}
		if err := b.again(ctx, what, n, err); err != nil {
			return tooLarge, fmt.Errorf("%d of %d messages are not acknowledged: %w", len(pending), len(indexes), err)
		}
	}
	return tooLarge, nil
}

// failures are the messages that were not acknowledged, by index, and why.
type failures map[int]error

// dropTooLarge takes out the messages the broker calls too large, even alone.
func (f failures) dropTooLarge() (tooLarge []int) {
	for i, err := range f {
		if sizeRefused(err) {
			tooLarge = append(tooLarge, i)
			delete(f, i)
		}
	}
	return tooLarge
}

// again returns which of the pending messages must go again: the failed ones,
// and all later ones of their keys, though these may have been written. Of the
// versions 1 and 2 of a key, where 1 failed and 2 did not, sending 1 alone would
// leave it last in the log: 2 goes again behind it.
func (f failures) again(msgs []record.Message, pending []int) []int {
	var again []int
	broken := map[string]bool{}
	for _, i := range pending {
		key := string(msgs[i].Key)
		if f[i] != nil {
			broken[key] = true
		}
		if broken[key] {
			again = append(again, i)
		}
	}
	return again
}

// sizeRefused reports whether the broker finds a batch too large.
func sizeRefused(err error) bool {
	return errors.Is(err, kafka.MessageSizeTooLarge) || errors.Is(err, kafka.RecordListTooLarge)
}
