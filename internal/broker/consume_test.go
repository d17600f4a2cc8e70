package broker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"callstream/internal/embedded"
	"callstream/internal/record"
)

// consume runs Consume until stop is called, which waits for it and returns its
// error.
func consume(t *testing.T, b *Broker, handle func(context.Context, *Session) error) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(timely(t))
	ended := make(chan error, 1)
	go func() { ended <- b.Consume(ctx, handle) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = stop() })
	return stop
}

// once runs handle in one generation and returns its error.
func once(t *testing.T, b *Broker, handle func(context.Context, *Session) error) {
	t.Helper()
	if err := b.Consume(timely(t), handle); err != nil {
		t.Fatal(err)
	}
}

func await[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patienceOfTests):
		t.Fatalf("no %s", what)
		panic("unreachable")
	}
}

func requests(b *Broker, partition, n int) []record.Message {
	var msgs []record.Message
	for i := range n {
		msgs = append(msgs, record.Message{Topic: b.cfg.Topics.Requests, Partition: partition, Key: fmt.Appendf(nil, "order-%d", i), Value: fmt.Appendf(nil, "%d/%d", partition, i)})
	}
	return msgs
}

func TestConsumeReadsFromTheFirstAndCommits(t *testing.T) {
	cfg := newLab(t).config(t)
	saw := observe(&cfg)
	b := prepared(t, cfg)
	write(t, b, requests(b, 1, 10)...)

	readFrom := func(upTo int64, commit int64) (got []string) {
		once(t, b, func(ctx context.Context, s *Session) error {
			if len(s.Owned) != 3 || s.Generation < 1 {
				t.Errorf("generation %d owns %v, want all three partitions", s.Generation, s.Owned)
			}
			if at := s.Owned[1].Offset; at > upTo {
				t.Errorf("it begins at %d, past the last request, %d", at, upTo)
				return nil
			}
			err := s.Read(ctx, 1, s.Owned[1].Offset, func(r record.Record) error {
				got = append(got, string(r.Value))
				if r.Offset == upTo {
					return errDone
				}
				return nil
			})
			if !errors.Is(err, errDone) {
				t.Errorf("reading ended with %v", err)
			}
			return s.Commit(map[int]int64{1: commit})
		})
		return got
	}
	if got := readFrom(9, 4); len(got) != 10 || got[0] != "1/0" {
		t.Errorf("a new group read %v, want all from the first", got)
	}
	if got := readFrom(9, 10); len(got) != 6 || got[0] != "1/4" {
		t.Errorf("after a commit of 4 it read %v", got)
	}
	if lag := saw.lag[1]; lag != 1 {
		t.Errorf("lag while the last record is handled is %d, want 1", lag)
	}
	write(t, b, requests(b, 1, 1)...)
	if got := readFrom(10, 11); fmt.Sprint(got) != "[1/0]" {
		t.Errorf("after a commit of 10 it read %v", got)
	}
}

// The work in flight when a generation ends is finished and committed.
func TestCommitWhileDraining(t *testing.T) {
	b := prepared(t, newLab(t).config(t))
	write(t, b, requests(b, 0, 3)...)
	running := make(chan struct{})
	stop := consume(t, b, func(ctx context.Context, s *Session) error {
		close(running)
		<-ctx.Done()
		return s.Commit(map[int]int64{0: 2})
	})
	await(t, "generation", running)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	once(t, b, func(_ context.Context, s *Session) error {
		if s.Owned[0].Offset != 2 {
			t.Errorf("the next generation starts at %d, want 2", s.Owned[0].Offset)
		}
		return nil
	})
}

func TestConsumeEndsWithItsHandler(t *testing.T) {
	b := prepared(t, newLab(t).config(t))
	for name, want := range map[string]error{"nothing left to do": nil, "a failure": errDone} {
		t.Run(name, func(t *testing.T) {
			if err := b.Consume(timely(t), func(context.Context, *Session) error { return want }); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
			if n := members(t, b); n != 0 {
				t.Errorf("%d members are left in the group", n)
			}
		})
	}
	t.Run("a failure while draining", func(t *testing.T) {
		running := make(chan struct{})
		stop := consume(t, b, func(ctx context.Context, _ *Session) error {
			close(running)
			<-ctx.Done()
			return errDone
		})
		await(t, "generation", running)
		if err := stop(); !errors.Is(err, errDone) {
			t.Errorf("got %v, want the handler's failure", err)
		}
	})
}

// The committed offset is not in the log: it was deleted, or the topic is new.
// Reading goes on where the log begins, until its context ends.
func TestReadGoesOnWhereTheLogBegins(t *testing.T) {
	b := prepared(t, newLab(t).config(t))
	write(t, b, requests(b, 0, 3)...)
	once(t, b, func(ctx context.Context, s *Session) error {
		ctx, cancel := context.WithCancelCause(ctx)
		var got []int64
		err := s.Read(ctx, 0, 1000, func(r record.Record) error {
			if got = append(got, r.Offset); len(got) == 3 {
				time.AfterFunc(time.Millisecond, func() { cancel(errDone) })
			}
			return nil
		})
		if !errors.Is(err, errDone) || fmt.Sprint(got) != "[0 1 2]" {
			t.Errorf("got %v and %v, want all records and the context's cause", got, err)
		}
		return nil
	})
}

// Coordinators move, heartbeats fail, leaders change: the generation is lost,
// the reading is not.
func TestConsumeOutlastsTheCluster(t *testing.T) {
	l := fakeLab(t, embedded.Config{Nodes: 3})
	cfg := l.config(t)
	cfg.SessionTimeout = time.Second // until the coordinator forgets who lost it
	b := prepared(t, cfg)
	seen := newHeard()
	generations := make(chan int, 100)
	stop := consume(t, b, func(ctx context.Context, s *Session) error {
		generations <- s.Generation
		return seen.handle(ctx, s)
	})
	await(t, "first generation", generations)
	faults := l.fake.Cluster().Fault(
		kfake.Fault{Keys: []kmsg.Key{kmsg.Heartbeat}, Err: kerr.NotCoordinator},
		kfake.Fault{Keys: []kmsg.Key{kmsg.JoinGroup}, Err: kerr.CoordinatorLoadInProgress},
		kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.NotLeaderForPartition, Count: 2},
		kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Err: kerr.LeaderNotAvailable},
	)
	l.fake.Cluster().ShufflePartitionLeaders()
	await(t, "generation after the faults", generations)
	write(t, b, append(requests(b, 0, 5), requests(b, 2, 5)...)...)
	seen.await(t, 10)
	if faults.Hits() < 3 {
		t.Errorf("only %d faults were met", faults.Hits())
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestConsumeSaysWhyItIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  *kerr.Error
		want string
	}{
		"no right to the group":   {kerr.GroupAuthorizationFailed, "KAFKA_GROUP_ID"},
		"a session out of bounds": {kerr.InvalidSessionTimeout, "KAFKA_SESSION_TIMEOUT"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it waits for three refusals
			l := fakeLab(t, embedded.Config{})
			b := prepared(t, l.config(t))
			l.fake.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.JoinGroup}, Err: c.err, Count: -1})
			err := b.Consume(timely(t), func(context.Context, *Session) error { return nil })
			wantError(t, err, c.want)
		})
	}
}

func TestConsumeRefusesMorePartitionsThanAtTheStart(t *testing.T) {
	b := prepared(t, newLab(t).config(t))
	res, err := b.client.CreatePartitions(timely(t), &kafka.CreatePartitionsRequest{Topics: []kafka.TopicPartitionsConfig{{Name: b.cfg.Topics.Requests, Count: 6}}})
	if err != nil || res.Errors[b.cfg.Topics.Requests] != nil {
		t.Fatal(err, res)
	}
	awaitPartitions(t, b, b.cfg.Topics.Requests, 6)
	err = b.Consume(timely(t), func(context.Context, *Session) error {
		t.Error("it was handed partitions")
		return nil
	})
	wantError(t, err, "had 3 partitions and now has 6")
}

func TestConsumeNeedsAGroup(t *testing.T) {
	cfg := newLab(t).config(t)
	cfg.GroupID = ""
	wantError(t, open(t, cfg).Consume(timely(t), nil), "KAFKA_GROUP_ID")
}
