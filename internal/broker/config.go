package broker

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/segmentio/kafka-go/sasl"
)

// Topics names the topics callstream uses.
type Topics struct {
	Requests    string // order requests, read by the group
	Status      string // CallStatusChanged events
	Completed   string // CallCompleted events
	Transcript  string // TranscriptLine events
	State       string // what was announced of each order; compacted
	DeadLetters string // what could not be done
}

// topic is one topic and the setting that names it.
type topic struct{ name, setting string }

func (t Topics) all() []topic {
	return []topic{
		{t.Requests, "TOPIC_REQUESTS"},
		{t.State, "TOPIC_STATE"},
		{t.Status, "TOPIC_STATUS"},
		{t.Completed, "TOPIC_COMPLETED"},
		{t.Transcript, "TOPIC_TRANSCRIPT"},
		{t.DeadLetters, "TOPIC_DEAD_LETTERS"},
	}
}

func (t Topics) names() []string {
	var names []string
	for _, topic := range t.all() {
		names = append(names, topic.name)
	}
	return names
}

// Config is how to reach Kafka and what to use there.
type Config struct {
	Brokers        []string       // host:port of one or more brokers to start from
	GroupID        string         // needed by Consume only
	SessionTimeout time.Duration  // of the group; 0 = 10 s
	TLS            *tls.Config    // nil = no TLS
	SASL           sasl.Mechanism // nil = no authentication
	Topics         Topics
	Partitions     int  // of topics that Prepare creates; 0 = the broker's default
	Replication    int  // of topics that Prepare creates; 0 = the broker's default
	AutoCreate     bool // Prepare creates missing topics
	Log            *slog.Logger
	Observer       Observer // nil = none
}

// Observer is told what happens, for metrics. Its methods are called from
// several goroutines at once and must not block.
type Observer interface {
	// Restored tells how far the restoring of a state partition is: done of
	// the offsets that were in its log when it began.
	Restored(partition int, done, of int64)
	// Lag tells how many records of a request partition are not yet read.
	Lag(partition int, records int64)
	// WriteRetried tells that messages of a topic have to be sent again.
	WriteRetried(topic string, messages int)
}

type noObserver struct{}

func (noObserver) Restored(int, int64, int64) {}
func (noObserver) Lag(int, int64)             {}
func (noObserver) WriteRetried(string, int)   {}

// defaultSession is KAFKA_SESSION_TIMEOUT's default (CONTRACT, Settings).
const defaultSession = 10 * time.Second

// check fills in defaults and reports all that is missing, by setting name.
func (c *Config) check() error {
	var errs []error
	if len(c.Brokers) == 0 {
		errs = append(errs, errors.New("KAFKA_BROKERS is empty: give host:port of at least one broker"))
	}
	for _, addr := range c.Brokers {
		if host, port, err := net.SplitHostPort(addr); err != nil || host == "" || port == "" {
			errs = append(errs, fmt.Errorf("KAFKA_BROKERS: %q is not host:port", addr))
		}
	}
	seen := map[string]string{}
	for _, t := range c.Topics.all() {
		switch other, twice := seen[t.name]; {
		case t.name == "":
			errs = append(errs, fmt.Errorf("%s is empty", t.setting))
		case twice:
			errs = append(errs, fmt.Errorf("%s and %s both name topic %s: give each its own", other, t.setting, t.name))
		}
		seen[t.name] = t.setting
	}
	if c.SessionTimeout == 0 {
		c.SessionTimeout = defaultSession
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Observer == nil {
		c.Observer = noObserver{}
	}
	return errors.Join(errs...)
}
