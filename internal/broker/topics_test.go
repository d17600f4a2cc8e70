package broker

import (
	"errors"
	"sync"
	"testing"

	"callstream/internal/record"

	"github.com/segmentio/kafka-go"
)

func TestPrepareCreates(t *testing.T) {
	b := prepared(t, newLab(t).config(t))
	if got := b.Partitions(); got != 3 {
		t.Errorf("%d partitions, want 3", got)
	}
	settings, err := b.topicConfigs(timely(t), b.cfg.Topics.names()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range b.cfg.Topics.names() {
		policy := "delete"
		if name == b.cfg.Topics.State {
			policy = "compact"
		}
		if got := settings[name]; got[cleanupPolicy] != policy || got[maxMessageBytes] != "8388608" {
			t.Errorf("%s has %v, want cleanup.policy=%s and 8 MiB", name, got, policy)
		}
		if got := b.Limit(name); got > 8<<20-1000 || got < 8<<20-5000 {
			t.Errorf("the limit of %s is %d, want a little less than 8 MiB", name, got)
		}
	}
	if err := b.Prepare(timely(t)); err != nil {
		t.Errorf("the second time: %v", err)
	}
	if n := b.defaultReplication(timely(t)); n != 1 {
		t.Errorf("default replication is %d, want 1", n)
	}
}

func TestPrepareByManyAtOnce(t *testing.T) {
	cfg := newLab(t).config(t)
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		b := open(t, cfg)
		wg.Go(func() { errs[i] = b.Prepare(timely(t)) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}

// Prepare takes the partitions of the one topic that is there, or refuses what
// does not fit.
func TestPrepareMeetsTopics(t *testing.T) {
	for name, c := range map[string]struct {
		manual          bool // TOPIC_AUTO_CREATE=false
		requests, state int  // partitions; 0 = missing
		policy          string
		want            []string // none = it is taken
	}{
		"requests exist":         {requests: 5},
		"state exists":           {state: 5, policy: "compact"},
		"missing topics":         {manual: true, state: 3, policy: "compact", want: []string{"TOPIC_REQUESTS", "TOPIC_DEAD_LETTERS", "TOPIC_AUTO_CREATE=true"}},
		"other partition count":  {requests: 3, state: 4, policy: "compact", want: []string{"has 4 partitions", "has 3", "TOPIC_STATE to a new name"}},
		"state not compacted":    {requests: 3, state: 3, policy: "delete", want: []string{"cleanup.policy=delete", "kafka-configs"}},
		"state with a retention": {requests: 3, state: 3, policy: "compact,delete", want: []string{"cleanup.policy=compact,delete"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := newLab(t).config(t)
			cfg.AutoCreate = !c.manual
			b := open(t, cfg)
			if c.requests > 0 {
				createTopic(t, b, cfg.Topics.Requests, c.requests, nil)
			}
			if c.state > 0 {
				createTopic(t, b, cfg.Topics.State, c.state, map[string]string{cleanupPolicy: c.policy})
			}
			err := b.Prepare(timely(t))
			for _, want := range c.want {
				wantError(t, err, want)
			}
			if c.want == nil && (err != nil || b.Partitions() != 5) {
				t.Errorf("%d partitions, %v; want the 5 of the topic that was there", b.Partitions(), err)
			}
		})
	}
}

// Golden values: from the Java client's own test (UtilsTest.testMurmur2), as
// signed 32-bit hashes.
func TestHomeIsJavasPartition(t *testing.T) {
	for key, hash := range map[string]int32{
		"21":                         -973932308,
		"foobar":                     -790332482,
		"a-little-bit-long-string":   -985981536,
		"a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	} {
		for _, n := range []int{1, 3, 6, 97} {
			b := &Broker{}
			b.learn(make([]kafka.Partition, n))
			if got, want := b.Home(key), int(hash&0x7fffffff)%n; got != want {
				t.Errorf("%s of %d: partition %d, want %d", key, n, got, want)
			}
		}
	}
	if got := new(Broker).Home("abc"); got != record.ByKey {
		t.Errorf("with no partitions known: %d, want %d", got, record.ByKey)
	}
}

// A message written by its key lies where Home says.
func TestWriteByKeyGoesHome(t *testing.T) {
	b := prepared(t, newLab(t).config(t))
	var msgs []record.Message
	for _, key := range []string{"21", "foobar", "abc", "order-1", "order-2", "ünïcode"} {
		msgs = append(msgs, record.Message{Topic: b.cfg.Topics.Requests, Partition: record.ByKey, Key: []byte(key), Value: []byte(key)})
	}
	write(t, b, msgs...)
	for partition, records := range read(t, b, b.cfg.Topics.Requests) {
		for _, r := range records {
			if home := b.Home(string(r.Key)); home != partition {
				t.Errorf("%s is in partition %d, its home is %d", r.Key, partition, home)
			}
		}
	}
}
