package broker

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/segmentio/kafka-go/sasl"

	"callstream/internal/order"
)

// Topics names the topics callstream uses, each another one.
type Topics struct {
	Requests    string                // order requests, read by the group
	State       string                // what was announced of each order; compacted
	DeadLetters string                // what could not be done
	Events      map[order.Kind]string // the events, a topic for each kind
	// Settings are what errors call a topic beside its name:
	// "callbot.transcript" → "TOPIC_TRANSCRIPT".
	Settings map[string]string
}

func (t Topics) names() []string {
	names := []string{t.Requests, t.State}
	for _, k := range order.Kinds() {
		names = append(names, t.Events[k])
	}
	return append(names, t.DeadLetters)
}

// Config is how to reach Kafka and what to use there.
type Config struct {
	Brokers        []string       // host:port of one or more brokers to start from
	GroupID        string         // needed by Consume only
	SessionTimeout time.Duration  // of the group; 0 = 10 s
	Holders        int            // how many instances of the group hold partitions, the others standing by; 0 = all share them
	TLS            *TLS           // nil = no TLS
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

// defaultSession is KAFKA_SESSION_TIMEOUT's default (docs/settings.md).
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
	seen := map[string]bool{}
	for _, name := range c.Topics.names() {
		setting := cmp.Or(c.Topics.Settings[name], "TOPIC_*")
		switch {
		case name == "":
			errs = append(errs, fmt.Errorf("%s is empty", setting))
		case seen[name]:
			errs = append(errs, fmt.Errorf("%s and another setting both name topic %s: give each its own", setting, name))
		}
		seen[name] = true
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
