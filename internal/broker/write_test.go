package broker

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"callstream/internal/embedded"
	"callstream/internal/order"
	"callstream/internal/record"
)

func TestWriteKeepsEverything(t *testing.T) {
	b := prepared(t, newLab(t).config(t))
	topics := b.cfg.Topics
	headers := []record.Header{{Key: "ce_id", Value: []byte("1")}, {Key: "empty", Value: []byte{}}, {Key: "ce_id", Value: []byte("again")}}
	write(t, b,
		record.Message{Topic: topics.Events[order.KindStatus], Partition: 2, Key: []byte("k"), Value: []byte("v"), Headers: headers},
		record.Message{Topic: topics.Events[order.KindStatus], Partition: 2, Value: []byte{}},
		record.Message{Topic: topics.State, Partition: 1, Key: []byte("gone")},
	)
	got := read(t, b, topics.Events[order.KindStatus])[2]
	if len(got) != 2 {
		t.Fatalf("%d records, want 2", len(got))
	}
	if r := got[0]; string(r.Key) != "k" || string(r.Value) != "v" || fmt.Sprint(r.Headers) != fmt.Sprint(headers) || r.Time.IsZero() || r.Offset != 0 {
		t.Errorf("got %+v", r)
	}
	if r := got[1]; r.Key != nil || r.Value == nil || len(r.Value) != 0 {
		t.Errorf("no key and an empty value became %#v, %#v", r.Key, r.Value)
	}
	if r := read(t, b, topics.State)[1]; len(r) != 1 || r[0].Value != nil {
		t.Errorf("the tombstone became %+v", r)
	}
}

// The embedded broker replicates nothing: what is asked of it is all that can be tested.
func TestWriteAsksForAllReplicas(t *testing.T) {
	l := fakeLab(t, embedded.Config{})
	b := prepared(t, l.config(t))
	asked := make(chan int16, 1)
	l.fake.Cluster().ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		asked <- req.(*kmsg.ProduceRequest).Acks
		return nil, nil, false
	})
	write(t, b, sequence(b.cfg.Topics.Events[order.KindStatus], "k", 1)...)
	const allInSync = -1
	if acks := <-asked; acks != allInSync {
		t.Errorf("acknowledged by %d replicas, want by all in sync", acks)
	}
}

func TestConcurrentWritesKeepOrderPerKey(t *testing.T) {
	b := prepared(t, newLab(t).config(t))
	var wg sync.WaitGroup
	var all []record.Message
	for i := range 8 {
		msgs := append(sequence(b.cfg.Topics.Events[order.KindTranscript], fmt.Sprintf("a%d", i), 300), sequence(b.cfg.Topics.Events[order.KindStatus], fmt.Sprintf("a%d", i), 300)...)
		all = append(all, msgs[:300]...)
		wg.Go(func() {
			for len(msgs) > 0 {
				n := min(len(msgs), 70)
				if err := b.Write(timely(t), msgs[:n]); err != nil {
					t.Error(err)
				}
				msgs = msgs[n:]
			}
		})
	}
	wg.Wait()
	log := read(t, b, b.cfg.Topics.Events[order.KindTranscript])
	checkOrder(t, log, all)
	if n := len(log[0]) + len(log[1]) + len(log[2]); n != len(all) {
		t.Errorf("%d records for %d messages, without any failure", n, len(all))
	}
}

// Every way a produce request can fail, and both of its outcomes: not written,
// and written but not acknowledged.
func TestWriteOutlastsFailures(t *testing.T) {
	for name, failure := range map[string]*kerr.Error{
		"leader moved":                kerr.NotLeaderForPartition,
		"topic not yet known":         kerr.UnknownTopicOrPartition,
		"timed out, but applied":      kerr.RequestTimedOut,
		"too few replicas":            kerr.NotEnoughReplicas,
		"too few replicas, but added": kerr.NotEnoughReplicasAfterAppend,
		"unknown server error":        kerr.UnknownServerError,
		"not authorised":              kerr.TopicAuthorizationFailed,
		"storage error":               kerr.KafkaStorageError,
	} {
		t.Run(name, func(t *testing.T) {
			l := fakeLab(t, embedded.Config{})
			cfg := l.config(t)
			saw := observe(&cfg)
			b := prepared(t, cfg)
			topic := cfg.Topics.Events[order.KindTranscript]
			faults := l.fake.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: failure, Count: 3})
			var msgs []record.Message
			for _, key := range []string{"a", "b", "c", "d"} {
				msgs = append(msgs, sequence(topic, key, 1200)...) // more than a batch
			}
			write(t, b, msgs...)
			if faults.Hits() != 3 {
				t.Errorf("%d failures were met, want 3", faults.Hits())
			}
			checkOrder(t, read(t, b, topic), msgs)
			if saw.retried == 0 {
				t.Error("the observer saw no retry")
			}
		})
	}
}

// A connection that breaks in the middle leaves the outcome unknown.
func TestWriteOutlastsBrokenConnections(t *testing.T) {
	l := fakeLab(t, embedded.Config{})
	b := prepared(t, l.config(t))
	for range 3 {
		l.fake.Cluster().ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
			return nil, errors.New("cut"), true
		})
	}
	msgs := sequence(b.cfg.Topics.Events[order.KindCompleted], "k", 50)
	write(t, b, msgs...)
	checkOrder(t, read(t, b, b.cfg.Topics.Events[order.KindCompleted]), msgs)
}

func TestWriteOutlastsLeaderMoves(t *testing.T) {
	l := fakeLab(t, embedded.Config{Nodes: 2})
	b := prepared(t, l.config(t))
	b.transport.MetadataTTL = 100 * time.Millisecond // until it looks who leads
	b.transport.CloseIdleConnections()
	topic := b.cfg.Topics.Events[order.KindCompleted]
	msgs := sequence(topic, "k", 200)
	write(t, b, msgs[:100]...)
	for p := range int32(3) {
		if err := l.fake.Cluster().MoveTopicPartition(topic, p, 1-l.fake.Cluster().LeaderFor(topic, p)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, b, msgs[100:]...)
	checkOrder(t, read(t, b, topic), msgs)
}

func TestWriteEndsWithItsContext(t *testing.T) {
	l := fakeLab(t, embedded.Config{})
	b := prepared(t, l.config(t))
	faults := l.fake.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: -1})
	ctx, cancel := context.WithCancelCause(timely(t))
	why := errors.New("the drain is over")
	go func() {
		_ = faults.Wait(ctx, 2)
		cancel(why)
	}()
	err := b.Write(ctx, sequence(b.cfg.Topics.Events[order.KindStatus], "k", 3))
	if !errors.Is(err, why) || !strings.Contains(err.Error(), "3 of 3") {
		t.Errorf("got %v, want the context's cause", err)
	}
	before := faults.Hits()
	if err := b.Write(ctx, sequence(b.cfg.Topics.Events[order.KindStatus], "k", 3)); !errors.Is(err, why) || faults.Hits() != before {
		t.Errorf("with an ended context: %v, and %d attempts", err, faults.Hits()-before)
	}
}

func TestWriteAfterClose(t *testing.T) {
	b := open(t, newLab(t).config(t))
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Write(timely(t), sequence("t", "k", 1)); !errors.Is(err, errClosed) {
		t.Errorf("got %v, want that it is closed", err)
	}
}

// noise is n bytes that don't compress.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func TestLimitFits(t *testing.T) {
	b := prepared(t, newLab(t).config(t))
	topic := b.cfg.Topics.Events[order.KindCompleted]
	value := noise(b.Limit(topic) - 3 - 2*30)
	var headers []record.Header
	for i := range 30 {
		headers = append(headers, record.Header{Key: fmt.Sprintf("%02d", i)})
	}
	write(t, b, record.Message{Topic: topic, Partition: 0, Key: []byte("key"), Value: value, Headers: headers})
	if got := read(t, b, topic)[0]; len(got) != 1 || !bytes.Equal(got[0].Value, value) {
		t.Errorf("%d records came back, or another value", len(got))
	}
}

func TestTooLargeIsLeftOutAndTheRestWritten(t *testing.T) {
	b := prepared(t, newLab(t).config(t))
	topics := b.cfg.Topics
	msgs := sequence(topics.Events[order.KindCompleted], "k", 5)
	msgs[1].Value = noise(8 << 20)
	msgs[3].Value = noise(8 << 20)
	msgs = append(msgs, sequence(topics.Events[order.KindStatus], "k", 2)...)
	err := b.Write(timely(t), msgs)
	large, ok := errors.AsType[*TooLargeError](err)
	if !ok || large.Index != 1 || large.Topic != topics.Events[order.KindCompleted] || fmt.Sprint(large.All) != "[1 3]" {
		t.Fatalf("got %v, want message 1 and 3 of %s too large", err, topics.Events[order.KindCompleted])
	}
	if strings.Contains(err.Error(), "k-000") {
		t.Errorf("the error quotes a message: %v", err)
	}
	log := read(t, b, topics.Events[order.KindCompleted])
	checkOrder(t, log, []record.Message{msgs[0], msgs[2], msgs[4]})
	checkOrder(t, read(t, b, topics.Events[order.KindStatus]), msgs[5:])
}

// The broker takes less than it took when it was asked: its own refusal counts,
// message by message.
func TestTooLargeForTheBrokerAlone(t *testing.T) {
	b := prepared(t, newLab(t).config(t))
	topic := b.cfg.Topics.Events[order.KindCompleted]
	_, err := b.client.IncrementalAlterConfigs(timely(t), &kafka.IncrementalAlterConfigsRequest{Resources: []kafka.IncrementalAlterConfigsRequestResource{{
		ResourceType: kafka.ResourceTypeTopic, ResourceName: topic,
		Configs: []kafka.IncrementalAlterConfigsRequestConfig{{Name: maxMessageBytes, Value: "50000", ConfigOperation: kafka.ConfigOperationSet}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	probe := []record.Message{{Topic: topic, Partition: b.Home("a"), Key: []byte("probe"), Value: noise(60_000)}}
	for b.Write(timely(t), probe) == nil {
		// A broker takes over its topics' settings a moment later.
	}
	msgs := append(sequence(topic, "a", 20), sequence(topic, "b", 20)...)
	for i := range msgs {
		msgs[i].Value = append(msgs[i].Value, noise(30_000)...)
	}
	msgs[5].Value = append([]byte("a-0005"), noise(60_000)...)
	err = b.Write(timely(t), msgs)
	large, ok := errors.AsType[*TooLargeError](err)
	if !ok || fmt.Sprint(large.All) != "[5]" {
		t.Fatalf("got %v, want message 5 too large", err)
	}
	checkOrder(t, read(t, b, topic), append(msgs[:5:5], msgs[6:]...))
}

// The size this package counts must be no less than what the library counts, or
// a Write that was let through would be refused as a whole.
func TestSizeIsNoLessThanTheLibrarys(t *testing.T) {
	b := open(t, newLab(t).config(t))
	for name, m := range map[string]record.Message{
		"empty":        {},
		"key only":     {Key: noise(300)},
		"many headers": {Value: noise(5), Headers: make([]record.Header, 70)},
		"long headers": {Value: noise(5), Headers: []record.Header{{Key: strings.Repeat("h", 40_000), Value: noise(40_000)}}},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		w := b.kafkaWriter("any", size(&m), 1)
		err := w.WriteMessages(ctx, toKafka([]record.Message{m}, []int{0})...)
		if _, refused := errors.AsType[kafka.MessageTooLargeError](err); refused {
			t.Errorf("%s: the library counts more than %d", name, size(&m))
		}
		_ = w.Close()
	}
}

func TestAgain(t *testing.T) {
	msgs := []record.Message{{Key: []byte("a")}, {Key: []byte("b")}, {Key: []byte("a")}, {Key: []byte("c")}, {Key: []byte("b")}, {Key: []byte("a")}}
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		failed  failures
		pending []int
		want    []int
	}{
		"none failed":          {nil, []int{0, 1, 2, 3, 4, 5}, nil},
		"the first of its key": {failures{0: boom}, []int{0, 1, 2, 3, 4, 5}, []int{0, 2, 5}},
		"the last of its key":  {failures{5: boom}, []int{0, 1, 2, 3, 4, 5}, []int{5}},
		"of two keys":          {failures{1: boom, 2: boom}, []int{0, 1, 2, 3, 4, 5}, []int{1, 2, 4, 5}},
		"only of the pending":  {failures{2: boom}, []int{2, 4}, []int{2}},
	} {
		if got := c.failed.again(msgs, c.pending); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func BenchmarkWrite(bench *testing.B) {
	b := prepared(bench, fakeLab(bench, embedded.Config{}).config(bench))
	var msgs []record.Message
	for i := range 500 {
		msgs = append(msgs, sequence(b.cfg.Topics.Events[order.KindStatus], fmt.Sprintf("order-%d", i), 1)...)
		msgs[i].Value = bytes.Repeat([]byte("x"), 400)
	}
	for bench.Loop() {
		write(bench, b, msgs...)
	}
	bench.ReportMetric(float64(bench.N*len(msgs))/bench.Elapsed().Seconds(), "msgs/s")
}
