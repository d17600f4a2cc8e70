package broker

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
)

// The configs of topics that matter here.
const (
	cleanupPolicy   = "cleanup.policy"
	maxMessageBytes = "max.message.bytes"
)

// describeAttempts is how often reading the topics' configs is tried, about two
// seconds in all. The exporter can do without them, but would then keep records
// under 1 MiB and could not see that the state topic forgets.
const describeAttempts = 5

// topicConfigs reads the configs of topics that matter.
func (b *Broker) topicConfigs(ctx context.Context, topics ...string) (map[string]map[string]string, error) {
	return b.configs(ctx, kafka.ResourceTypeTopic, topics, cleanupPolicy, maxMessageBytes)
}

// configs reads what Kafka keeps of topics or brokers: its name → name of the
// config → value. What can't be described is left out; the error is the last
// such failure.
func (b *Broker) configs(ctx context.Context, kind kafka.ResourceType, of []string, names ...string) (map[string]map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var resources []kafka.DescribeConfigRequestResource
	for _, name := range of {
		resources = append(resources, kafka.DescribeConfigRequestResource{ResourceType: kind, ResourceName: name, ConfigNames: names})
	}
	res, err := b.client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{Resources: resources})
	if err != nil {
		return nil, fmt.Errorf("describe configs: %w", err)
	}
	configs := map[string]map[string]string{}
	for _, r := range res.Resources {
		if r.Error != nil {
			err = fmt.Errorf("describe configs of %s: %w", r.ResourceName, r.Error)
			continue
		}
		configs[r.ResourceName] = map[string]string{}
		for _, e := range r.ConfigEntries {
			configs[r.ResourceName][e.ConfigName] = e.ConfigValue
		}
	}
	return configs, err
}

// inspect refuses a state topic that is not compacted alone: with a retention it
// would forget orders that are still followed, and announce them anew. It warns
// of compacted event topics, which lose all but an order's last event, and takes
// note of how large records may be. What the account may not describe is taken
// as it is, with a warning.
func (b *Broker) inspect(ctx context.Context) error {
	var configs map[string]map[string]string
	var err error
	for n := 1; n <= describeAttempts; n++ {
		configs, err = b.topicConfigs(ctx, b.cfg.Topics.names()...)
		if _, refused := remedy(err); err == nil || refused || !pause(ctx, n, time.Second) {
			break
		}
	}
	if err != nil {
		b.cfg.Log.Warn("can't read the topics' settings: records are kept under 1 MiB and the state topic is taken to be compacted. "+
			"Mend: grant the account DescribeConfigs on the topics", "error", err)
	}
	for _, name := range b.cfg.Topics.names() {
		values, ok := configs[name]
		if !ok {
			continue
		}
		b.noteLimit(name, values)
		policies := strings.Split(values[cleanupPolicy], ",")
		switch {
		case name == b.cfg.Topics.State && !slices.Equal(policies, []string{"compact"}):
			return fmt.Errorf("topic %s (TOPIC_STATE) has cleanup.policy=%s: it would forget what was announced. "+
				"Mend: kafka-configs --alter --entity-type topics --entity-name %s --add-config cleanup.policy=compact",
				name, values[cleanupPolicy], name)
		case name == b.cfg.Topics.State || name == b.cfg.Topics.Requests:
		case slices.Contains(policies, "compact"):
			b.cfg.Log.Warn("topic is compacted: it loses all but the last record of each order. Mend: set its cleanup.policy=delete",
				"topic", name, "setting", b.cfg.Topics.Settings[name])
		}
	}
	return nil
}

// noteLimit takes note of a topic's max.message.bytes.
func (b *Broker) noteLimit(topic string, values map[string]string) int {
	n, err := strconv.Atoi(values[maxMessageBytes])
	if err != nil || n <= 0 {
		n = unknownMaxBytes
	}
	n = min(n, largestMaxBytes)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limits[topic] = n
	return n
}

// Limit returns how many bytes of key, value and headers (names and values) a
// record of the topic may have together. Before Prepare, and where the topic
// can't be described, it assumes max.message.bytes of 1 MiB.
func (b *Broker) Limit(topic string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, ok := b.limits[topic]
	if !ok {
		n = unknownMaxBytes
	}
	return max(batchBytes(n)-limitMargin, 0)
}

// batchBytes is how much of a topic's max.message.bytes a batch is filled to. A
// topic that takes less than two margins is filled to the half, so that small
// records still fit one.
func batchBytes(maxMessageBytes int) int {
	margin := batchMargin + maxMessageBytes/zstdBlock*zstdBlockMargin
	if maxMessageBytes <= 2*margin {
		return max(maxMessageBytes/2, 1)
	}
	return maxMessageBytes - margin
}

// defaultReplication asks a broker how many replicas topics get by default; 0
// where it doesn't say, and min.insync.replicas is left to the broker as well.
func (b *Broker) defaultReplication(ctx context.Context) int {
	const name = "default.replication.factor"
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	meta, err := b.client.Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil || len(meta.Brokers) == 0 {
		return 0
	}
	id := strconv.Itoa(meta.Brokers[0].ID)
	configs, err := b.configs(ctx, kafka.ResourceTypeBroker, []string{id}, name)
	if err != nil {
		b.cfg.Log.Debug("can't read the broker's "+name, "error", err)
	}
	n, _ := strconv.Atoi(configs[id][name])
	return n
}
