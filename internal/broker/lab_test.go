package broker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/goleak"

	"callstream/internal/embedded"
	"callstream/internal/order"
	"callstream/internal/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patienceOfTests bounds every wait. It is reached by failing tests alone.
const patienceOfTests = 90 * time.Second

// lab is a cluster to test against: the embedded one, or the one whose
// addresses are in CALLSTREAM_TEST_KAFKA.
type lab struct {
	addrs []string
	fake  *embedded.Broker // nil on a real cluster
}

func newLab(t *testing.T) *lab {
	t.Helper()
	if addrs := os.Getenv("CALLSTREAM_TEST_KAFKA"); addrs != "" {
		return &lab{addrs: strings.Split(addrs, ",")}
	}
	return fakeLab(t, embedded.Config{})
}

// fakeLab is for tests that inject faults or need a listener of their own.
func fakeLab(t testing.TB, cfg embedded.Config) *lab {
	t.Helper()
	fake, err := embedded.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	return &lab{addrs: fake.Addrs(), fake: fake}
}

// config has topics and a group of the test's own, three partitions each.
func (l *lab) config(t testing.TB) Config {
	t.Helper()
	id := "test-" + strings.ToLower(rand.Text()[:10])
	topics := Topics{Requests: id + ".requests", State: id + ".state", DeadLetters: id + ".dead-letters", Events: map[order.Kind]string{}}
	for _, k := range order.Kinds() {
		topics.Events[k] = id + "." + k.String()
	}
	topics.Settings = map[string]string{topics.Requests: "TOPIC_REQUESTS", topics.State: "TOPIC_STATE", topics.DeadLetters: "TOPIC_DEAD_LETTERS"}
	return Config{
		Brokers:        l.addrs,
		GroupID:        id,
		SessionTimeout: 6 * time.Second, // the least a real broker takes
		Partitions:     3,
		AutoCreate:     true,
		Topics:         topics,
		Log:            slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

type testLog struct{ t testing.TB }

func (l testLog) Write(line []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(line)))
	return len(line), nil
}

func timely(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patienceOfTests)
	t.Cleanup(cancel)
	return ctx
}

func open(t testing.TB, cfg Config) *Broker {
	t.Helper()
	b, err := Open(timely(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// prepared opens a broker whose topics are created, and deletes them in the end.
func prepared(t testing.TB, cfg Config) *Broker {
	t.Helper()
	b := open(t, cfg)
	if err := b.Prepare(timely(t)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = b.client.DeleteTopics(timely(t), &kafka.DeleteTopicsRequest{Topics: cfg.Topics.names()})
	})
	return b
}

// createTopic creates a topic beside Prepare.
func createTopic(t *testing.T, b *Broker, name string, partitions int, settings map[string]string) {
	t.Helper()
	var entries []kafka.ConfigEntry
	for k, v := range settings {
		entries = append(entries, kafka.ConfigEntry{ConfigName: k, ConfigValue: v})
	}
	err := b.createTopics(timely(t), []kafka.TopicConfig{{Topic: name, NumPartitions: partitions, ReplicationFactor: -1, ConfigEntries: entries}})
	if err != nil {
		t.Fatal(err)
	}
	awaitPartitions(t, b, name, partitions)
}

// awaitPartitions waits until a broker that is asked anew shows a topic so.
func awaitPartitions(t *testing.T, b *Broker, topic string, n int) {
	t.Helper()
	ctx := timely(t)
	for found := map[string][]kafka.Partition(nil); len(found[topic]) != n; {
		b.transport.CloseIdleConnections()
		var err error
		if found, err = describe(ctx, b.client, []string{topic}); err != nil {
			t.Fatal(err)
		}
	}
}

// read returns all records of a topic, by partition.
func read(t *testing.T, b *Broker, topic string) map[int][]record.Record {
	t.Helper()
	records := map[int][]record.Record{}
	err := b.Tail(timely(t), []string{topic}, true, true, func(_ string, r record.Record) error {
		records[r.Partition] = append(records[r.Partition], r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func write(t testing.TB, b *Broker, msgs ...record.Message) {
	t.Helper()
	if err := b.Write(timely(t), msgs); err != nil {
		t.Fatal(err)
	}
}

// sequence is n messages of one key, numbered in their values.
func sequence(topic, key string, n int) []record.Message {
	var msgs []record.Message
	for i := range n {
		msgs = append(msgs, record.Message{Topic: topic, Partition: record.ByKey, Key: []byte(key), Value: fmt.Appendf(nil, "%s-%04d", key, i)})
	}
	return msgs
}

// checkOrder makes sure that nothing of msgs is missing from the log and that
// the last copies of each key's messages are in the order they were written.
func checkOrder(t *testing.T, log map[int][]record.Record, msgs []record.Message) {
	t.Helper()
	last := map[string]int{}
	home := map[string]int{}
	for partition, records := range log {
		for i, r := range records {
			if was, ok := home[string(r.Key)]; ok && was != partition {
				t.Errorf("key %s is in partitions %d and %d", r.Key, was, partition)
			}
			home[string(r.Key)] = partition
			last[string(r.Value)] = i
		}
	}
	before := map[string]int{}
	for _, m := range msgs {
		at, ok := last[string(m.Value)]
		if !ok {
			t.Errorf("%s is not in the log", m.Value)
			continue
		}
		if previous, ok := before[string(m.Key)]; ok && at < previous {
			t.Errorf("%s comes before what was written before it", m.Value)
		}
		before[string(m.Key)] = at
	}
}

var errDone = errors.New("done")

func wantError(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("got %v, want it to say %q", err, text)
	}
}

// observed collects what an Observer is told.
type observed struct {
	mu       sync.Mutex
	restored map[int][2]int64
	lag      map[int]int64
	retried  int
}

// observe makes cfg's Observer one that collects.
func observe(cfg *Config) *observed {
	o := &observed{restored: map[int][2]int64{}, lag: map[int]int64{}}
	cfg.Observer = o
	return o
}

func (o *observed) Restored(partition int, done, of int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.restored[partition] = [2]int64{done, of}
}

func (o *observed) Lag(partition int, records int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lag[partition] = records
}

func (o *observed) WriteRetried(string, int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.retried++
}

// heard collects the values of the requests that a group reads.
type heard struct {
	mu     sync.Mutex
	values map[string]bool
	news   chan struct{}
}

func newHeard() *heard { return &heard{values: map[string]bool{}, news: make(chan struct{}, 1)} }

// handle reads all partitions of a session until it ends.
func (h *heard) handle(ctx context.Context, s *Session) error {
	var wg sync.WaitGroup
	for _, a := range s.Owned {
		wg.Go(func() {
			_ = s.Read(ctx, a.Partition, a.Offset, func(r record.Record) error {
				h.mu.Lock()
				defer h.mu.Unlock()
				h.values[string(r.Value)] = true
				select {
				case h.news <- struct{}{}:
				default:
				}
				return nil
			})
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// await waits until n different values were heard.
func (h *heard) await(t *testing.T, n int) {
	t.Helper()
	for got := 0; got < n; {
		await(t, fmt.Sprintf("more than %d of %d records", got, n), h.news)
		h.mu.Lock()
		got = len(h.values)
		h.mu.Unlock()
	}
}
