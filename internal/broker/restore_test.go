package broker

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"callstream/internal/embedded"
	"callstream/internal/order"
	"callstream/internal/record"
)

// states are n versions of each of the keys, then a tombstone for the last key.
func states(b *Broker, partition, n int, keys ...string) []record.Message {
	var msgs []record.Message
	for i := range n {
		for _, key := range keys {
			msgs = append(msgs, record.Message{Topic: b.cfg.Topics.State, Partition: partition, Key: []byte(key), Value: fmt.Appendf(nil, "%s version %d", key, i)})
		}
	}
	return append(msgs, record.Message{Topic: b.cfg.Topics.State, Partition: partition, Key: []byte(keys[len(keys)-1])})
}

// restored is the state of a partition after a restore, and how many records
// that took.
func restored(t *testing.T, b *Broker, partition int) (state map[string]string, records int) {
	t.Helper()
	state = map[string]string{}
	once(t, b, func(ctx context.Context, s *Session) error {
		return s.Restore(ctx, partition, func(key, value []byte) error {
			records++
			if value == nil {
				delete(state, string(key))
			} else {
				state[string(key)] = string(value)
			}
			return nil
		})
	})
	return state, records
}

func TestRestore(t *testing.T) {
	cfg := newLab(t).config(t)
	saw := observe(&cfg)
	b := prepared(t, cfg)
	write(t, b, states(b, 1, 40, "a", "b", "c")...)
	write(t, b, record.Message{Topic: cfg.Topics.State, Partition: 2, Key: []byte("elsewhere"), Value: []byte{}})

	if state, n := restored(t, b, 1); fmt.Sprint(state) != "map[a:a version 39 b:b version 39]" || n != 121 {
		t.Errorf("got %v of %d records", state, n)
	}
	if state, n := restored(t, b, 0); len(state) != 0 || n != 0 {
		t.Errorf("an empty partition held %v", state)
	}
	if state, _ := restored(t, b, 2); fmt.Sprint(state) != "map[elsewhere:]" {
		t.Errorf("got %v, want an empty value, which is no tombstone", state)
	}
	if saw.restored[1] != [2]int64{121, 121} || saw.restored[0] != [2]int64{0, 0} {
		t.Errorf("the observer was told %v", saw.restored)
	}
}

// A log in small segments that the cleaner has been through, as it is after
// weeks: batches without their tails, and batches that are gone. A real cluster
// wants a short log.cleaner.backoff.ms.
func TestRestoreAfterCompaction(t *testing.T) {
	l := newLab(t)
	cfg := l.config(t)
	b := open(t, cfg)
	createTopic(t, b, cfg.Topics.State, 3, map[string]string{
		cleanupPolicy: "compact", "segment.bytes": "1048576", "segment.ms": "1000",
		"min.cleanable.dirty.ratio": "0.001", "max.compaction.lag.ms": "100", "delete.retention.ms": "0",
	})
	if err := b.Prepare(timely(t)); err != nil {
		t.Fatal(err)
	}
	keys := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	want := map[string]string{}
	written := 0
	for round := range 30 {
		msgs := states(b, 1, 20, keys...)
		for i := range msgs[:len(msgs)-1] {
			// Some keys only ever in the middle of a batch, so that its tail goes.
			msgs[i].Value = append(msgs[i].Value, noise(2000)...)
		}
		extra := record.Message{Topic: cfg.Topics.State, Partition: 1, Key: fmt.Appendf(nil, "kept-%d", round), Value: fmt.Append(nil, round)}
		msgs = append(msgs[:10:10], append([]record.Message{extra}, msgs[10:]...)...)
		want[string(extra.Key)] = string(extra.Value)
		for _, m := range msgs {
			want[string(m.Key)] = string(m.Value)
		}
		delete(want, keys[len(keys)-1])
		write(t, b, msgs...)
		written += len(msgs)
		if l.fake != nil {
			l.fake.Cluster().Compact()
		}
	}
	// The cleaner works by itself; restoring must give the same at any moment.
	for ctx := timely(t); ; {
		state, n := restored(t, b, 1)
		if fmt.Sprint(state) != fmt.Sprint(want) {
			t.Fatalf("%d of %d records give another state", n, written)
		}
		if n < written/2 {
			t.Logf("%d of %d records left", n, written)
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("%d of %d records left: the cleaner does not clean", n, written)
		}
	}
}

func TestRestoreOutlastsFailures(t *testing.T) {
	l := fakeLab(t, embedded.Config{Nodes: 2})
	b := prepared(t, l.config(t))
	write(t, b, states(b, 0, 10, "a", "b")...)
	faults := l.fake.Cluster().Fault(
		kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Topic: b.cfg.Topics.State, Err: kerr.NotLeaderForPartition, Count: 2},
		kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: b.cfg.Topics.State, Err: kerr.OffsetNotAvailable},
		kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: b.cfg.Topics.State, Err: kerr.UnknownServerError},
	)
	l.fake.Cluster().ControlKey(int16(kmsg.Fetch), func(kmsg.Request) (kmsg.Response, error, bool) { return nil, errors.New("cut"), true })
	if state, _ := restored(t, b, 0); fmt.Sprint(state) != "map[a:a version 9]" {
		t.Errorf("got %v", state)
	}
	if faults.Hits() < 4 {
		t.Errorf("%d faults were met, want all 4", faults.Hits())
	}
}

func TestRestoreEndsWithItsCaller(t *testing.T) {
	l := fakeLab(t, embedded.Config{})
	b := prepared(t, l.config(t))
	write(t, b, states(b, 0, 10, "a")...)
	once(t, b, func(ctx context.Context, s *Session) error {
		if err := s.Restore(ctx, 0, func(_, _ []byte) error { return errDone }); !errors.Is(err, errDone) {
			t.Errorf("got %v, want the caller's error", err)
		}
		faults := l.fake.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.UnknownServerError, Count: -1})
		ctx, cancel := context.WithCancelCause(ctx)
		go func() {
			_ = faults.Wait(ctx, 2)
			cancel(ErrGenerationEnded)
		}()
		if err := s.Restore(ctx, 0, func(_, _ []byte) error { return nil }); !errors.Is(err, ErrGenerationEnded) {
			t.Errorf("got %v, want the context's cause", err)
		}
		return nil
	})
}

func TestTail(t *testing.T) {
	b := prepared(t, newLab(t).config(t))
	topics := b.cfg.Topics
	write(t, b, append(sequence(topics.Events[order.KindStatus], "s", 5), sequence(topics.Events[order.KindCompleted], "c", 5)...)...)

	t.Run("all there is", func(t *testing.T) {
		got := map[string]int{}
		err := b.Tail(timely(t), []string{topics.Events[order.KindStatus], topics.Events[order.KindCompleted], topics.Events[order.KindTranscript]}, true, true, func(topic string, _ record.Record) error {
			got[topic]++
			return nil
		})
		if err != nil || got[topics.Events[order.KindStatus]] != 5 || got[topics.Events[order.KindCompleted]] != 5 || len(got) != 2 {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("nothing new", func(t *testing.T) {
		err := b.Tail(timely(t), []string{topics.Events[order.KindStatus]}, false, true, func(string, record.Record) error { return errDone })
		if err != nil {
			t.Errorf("got %v", err)
		}
	})
	t.Run("as they come, until the caller stops", func(t *testing.T) {
		n := 0
		err := b.Tail(timely(t), []string{topics.Events[order.KindStatus]}, true, false, func(string, record.Record) error {
			if n++; n == 5 {
				write(t, b, sequence(topics.Events[order.KindStatus], "new", 1)...)
			}
			if n == 6 {
				return errDone
			}
			return nil
		})
		if !errors.Is(err, errDone) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a topic that is not there", func(t *testing.T) {
		err := b.Tail(timely(t), []string{"nowhere"}, true, true, func(string, record.Record) error { return nil })
		wantError(t, err, "nowhere does not exist")
	})
	t.Run("a record without key from another client", func(t *testing.T) {
		w := b.kafkaWriter(topics.DeadLetters, 1000, 1)
		w.Compression = kafka.Snappy
		if err := w.WriteMessages(timely(t), kafka.Message{Value: []byte("v")}); err != nil {
			t.Fatal(err)
		}
		_ = w.Close()
		for _, records := range read(t, b, topics.DeadLetters) {
			if len(records) != 1 || records[0].Key != nil || string(records[0].Value) != "v" {
				t.Errorf("got %+v", records)
			}
		}
	})
}
