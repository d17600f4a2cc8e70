package broker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	// topicMaxBytes is max.message.bytes of the topics Prepare creates
	// (docs/contract.md#topics): Kafka's own default of 1 MiB may be too little for the state of an
	// order with many calls, or a completed call with its transcript.
	topicMaxBytes = 8 << 20
	// unknownMaxBytes is what a topic is taken to allow where its
	// max.message.bytes can't be read: Kafka's default is 12 bytes more.
	unknownMaxBytes = 1 << 20
	// largestMaxBytes is the most that is made use of, whatever a topic allows.
	// A request must fit the broker's socket.request.max.bytes, 100 MiB.
	largestMaxBytes = 32 << 20
	// Kafka holds max.message.bytes against the batch as sent, compressed and
	// with its header, while we measure records. What can't be compressed grows:
	// zstd adds 3 bytes to each block of 64 KiB. So batchMargin is kept free for
	// the header (61 bytes) and zstd's frame, zstdBlockMargin for each block.
	batchMargin     = 128
	zstdBlock       = 64 << 10
	zstdBlockMargin = 4
	// limitMargin is what Limit keeps free on top. Its callers add up keys,
	// values and headers alone; a record and up to 35 headers take this much
	// more.
	limitMargin = 384
	// leadersTimeout is how long created topics may take to be seen, with
	// leaders. Creating takes 0.1 to 0.2 s.
	leadersTimeout = 30 * time.Second
)

// Prepare creates the missing topics, verifies what must hold of them, and
// reads how large their records may be. It is safe while other instances do the
// same. It refuses, with the mend in its error, where topics are missing and
// may not be created, where the state topic has not as many partitions as the
// request topic, and where the state topic is not compacted.
func (b *Broker) Prepare(ctx context.Context) error {
	// Another instance, or a person, may just have created some of the topics.
	// The metadata that the library keeps may be older than that; it forgets it
	// with its connections.
	b.transport.CloseIdleConnections()
	found, err := describe(ctx, b.client, b.cfg.Topics.names())
	if err != nil {
		return err
	}
	missing, err := b.missing(found)
	if err != nil {
		return err
	}
	if err := b.sameCount(found); err != nil { // before anything is created
		return err
	}
	if len(missing) > 0 {
		if err := b.create(ctx, missing, found); err != nil {
			return err
		}
	}
	if found, err = b.awaitLeaders(ctx); err != nil {
		return err
	}
	if err := b.sameCount(found); err != nil { // another instance may have created one of them
		return err
	}
	b.learn(found[b.cfg.Topics.Requests])
	return b.inspect(ctx)
}

// sameCount refuses a state topic with another number of partitions than the
// request topic. An order's state lies in the partition that has the number of
// its home, and whoever owns the home restores that one. With 12 partitions of
// requests and 6 of state, an order at home in 9 would have no place for its
// state. Where one of the topics is missing, create gives it the other's count.
func (b *Broker) sameCount(found map[string][]kafka.Partition) error {
	requests, state := len(found[b.cfg.Topics.Requests]), len(found[b.cfg.Topics.State])
	if requests != state && requests > 0 && state > 0 {
		return fmt.Errorf("topic %s (TOPIC_STATE) has %d partitions and %s (TOPIC_REQUESTS) has %d: an order's state lies in the partition of its requests. "+
			"Mend: stop all instances and set TOPIC_STATE to a new name, or delete the state topic; it is created with %d partitions and every order asked for again is announced anew",
			b.cfg.Topics.State, state, b.cfg.Topics.Requests, requests, requests)
	}
	return nil
}

// describe returns the partitions of those of the topics that exist.
func describe(ctx context.Context, client *kafka.Client, topics []string) (map[string][]kafka.Partition, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	meta, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: topics})
	if err != nil {
		return nil, fmt.Errorf("look up topics: %w", err)
	}
	found := map[string][]kafka.Partition{}
	for _, t := range meta.Topics {
		switch {
		case errors.Is(t.Error, kafka.UnknownTopicOrPartition), errors.Is(t.Error, kafka.LeaderNotAvailable):
		case t.Error != nil:
			mend, _ := remedy(t.Error)
			return nil, fmt.Errorf("look up topic %s: %w: %s", t.Name, t.Error, mend)
		case len(t.Partitions) > 0:
			found[t.Name] = t.Partitions
		}
	}
	return found, nil
}

// missing lists the topics not found, an error where they may not be created.
func (b *Broker) missing(found map[string][]kafka.Partition) (missing []string, err error) {
	var described []string
	for _, name := range b.cfg.Topics.names() {
		if found[name] == nil {
			missing = append(missing, name)
			described = append(described, name+" ("+b.cfg.Topics.Settings[name]+")")
		}
	}
	if len(missing) > 0 && !b.cfg.AutoCreate {
		return nil, fmt.Errorf("topics are missing: %s. Mend: create them, the state topic with cleanup.policy=compact and as many partitions as the request topic, or set TOPIC_AUTO_CREATE=true",
			strings.Join(described, ", "))
	}
	return missing, nil
}

// create creates the missing topics.
func (b *Broker) create(ctx context.Context, missing []string, found map[string][]kafka.Partition) error {
	replication := b.cfg.Replication
	if replication == 0 {
		replication = b.defaultReplication(ctx)
	}
	var configs []kafka.TopicConfig
	for _, name := range missing {
		configs = append(configs, b.topicConfig(name, replication, found))
	}
	return b.createTopics(ctx, configs)
}

// createTopics creates topics, tries again what failed, and takes it for done
// where another instance was quicker.
func (b *Broker) createTopics(ctx context.Context, configs []kafka.TopicConfig) error {
	ctx, cancel := context.WithTimeout(ctx, leadersTimeout)
	defer cancel()
	for n := 1; ; n++ {
		res, err := b.client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: configs})
		var again []kafka.TopicConfig
		if err != nil {
			again = configs
		} else {
			for _, c := range configs {
				switch failed := res.Errors[c.Topic]; {
				case failed == nil:
					b.cfg.Log.Info("created topic", "topic", c.Topic, "partitions", c.NumPartitions)
				case errors.Is(failed, kafka.TopicAlreadyExists):
				default:
					err, again = fmt.Errorf("create topic %s: %w", c.Topic, failed), append(again, c)
				}
			}
		}
		if len(again) == 0 {
			return nil
		}
		mend, refused := remedy(err)
		if refused {
			return fmt.Errorf("%w: %s", err, mend)
		}
		if err := b.again(ctx, "create topics", n, err); err != nil {
			return err
		}
		configs = again
	}
}

// topicConfig is what a topic is created with. The request and state topics
// take each other's partition count where one of them exists.
func (b *Broker) topicConfig(name string, replication int, found map[string][]kafka.Partition) kafka.TopicConfig {
	partitions := b.cfg.Partitions
	if name == b.cfg.Topics.State || name == b.cfg.Topics.Requests {
		if n := len(found[b.cfg.Topics.Requests]) + len(found[b.cfg.Topics.State]); n > 0 {
			partitions = n // one of the two is missing, or this would not be asked
		}
	}
	config := kafka.TopicConfig{
		Topic:             name,
		NumPartitions:     cmp.Or(partitions, -1), // -1 is the protocol's word for the broker's default
		ReplicationFactor: cmp.Or(b.cfg.Replication, -1),
		ConfigEntries:     []kafka.ConfigEntry{{ConfigName: "max.message.bytes", ConfigValue: strconv.Itoa(topicMaxBytes)}},
	}
	if name == b.cfg.Topics.State {
		config.ConfigEntries = append(config.ConfigEntries, kafka.ConfigEntry{ConfigName: "cleanup.policy", ConfigValue: "compact"})
	}
	if replication > 0 {
		config.ConfigEntries = append(config.ConfigEntries,
			kafka.ConfigEntry{ConfigName: "min.insync.replicas", ConfigValue: strconv.Itoa(min(2, replication))})
	}
	return config
}

// awaitLeaders waits until every partition of every topic has a leader. A topic
// exists before it has one, and a first write or read would fail in between.
func (b *Broker) awaitLeaders(ctx context.Context) (map[string][]kafka.Partition, error) {
	ctx, cancel := context.WithTimeout(ctx, leadersTimeout)
	defer cancel()
	for n := 1; ; n++ {
		found, err := describe(ctx, b.client, b.cfg.Topics.names())
		if err == nil && b.haveLeaders(found) {
			return found, nil
		}
		if !pause(ctx, n, time.Second) {
			return nil, fmt.Errorf("wait for topics to have leaders: %w (last: %v)", context.Cause(ctx), err)
		}
		b.transport.CloseIdleConnections() // to ask anew, as Prepare does
	}
}

func (b *Broker) haveLeaders(found map[string][]kafka.Partition) bool {
	for _, name := range b.cfg.Topics.names() {
		if len(found[name]) == 0 {
			return false
		}
		for _, p := range found[name] {
			if p.Error != nil || p.Leader.Host == "" {
				return false
			}
		}
	}
	return true
}
