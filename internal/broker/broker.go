package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"callstream/internal/record"

	"github.com/segmentio/kafka-go"
)

const (
	// metadataTTL is the longest pause between two looks at who leads which
	// partition. Writes to a leader that has moved fail until the next look, so
	// this is about how long a moved leader holds them up. The library draws each
	// pause at random up to it, and gives up a look that takes longer.
	metadataTTL = 3 * time.Second
	// reachPatience is how long Open waits for a broker that does not answer
	// where the context sets no deadline. A broker that is starting takes 5 to
	// 15 s.
	reachPatience = 30 * time.Second
	// requestTimeout is how long a request that carries little may take, such
	// as one for metadata or offsets. Its answer takes milliseconds.
	requestTimeout = 15 * time.Second
	// closeGrace is how long Close lets writes under way end by themselves
	// before it cuts their connections.
	closeGrace = 2 * time.Second
	clientID   = "callstream"
)

// Broker is a connection to a Kafka cluster. Its methods may be called from
// several goroutines at once.
type Broker struct {
	cfg       Config
	life      context.Context // of the connections
	end       context.CancelFunc
	transport *kafka.Transport
	client    *kafka.Client
	troubles  *troubles

	mu         sync.Mutex
	partitions []int          // of the request topic, 0…n-1; empty = not known
	limits     map[string]int // topic → max.message.bytes, as far as described
	writers    map[string]*topicWriter
	closed     bool
}

// Open connects and makes sure that the cluster answers and can be reached at
// the addresses it advertises. Wrong addresses, TLS settings and credentials
// give an error that names the setting and the mend. A broker that does not
// answer is waited for until ctx ends, 30 s where it has no deadline.
func Open(ctx context.Context, cfg Config) (*Broker, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	installZstd()
	b := &Broker{
		cfg:      cfg,
		troubles: &troubles{log: cfg.Log},
		limits:   map[string]int{},
		writers:  map[string]*topicWriter{},
	}
	b.life, b.end = context.WithCancel(context.Background())
	b.transport = b.newTransport(cfg.Topics.names())
	b.client = b.newClient(b.transport)
	if _, deadline := ctx.Deadline(); !deadline {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, reachPatience)
		defer cancel()
	}
	if err := b.reach(ctx); err != nil {
		_ = b.Close()
		return nil, fmt.Errorf("reach Kafka: %w", err)
	}
	return b, nil
}

// newTransport makes a transport that keeps the metadata of the topics given.
func (b *Broker) newTransport(topics []string) *kafka.Transport {
	return &kafka.Transport{
		Dial:           b.dial,
		DialTimeout:    2 * dialTimeout, // TLS and SASL come on top of the connection
		MetadataTTL:    metadataTTL,
		MetadataTopics: topics,
		ClientID:       clientID,
		SASL:           b.cfg.SASL,
	}
}

func (b *Broker) newClient(t *kafka.Transport) *kafka.Client {
	return &kafka.Client{Addr: kafka.TCP(b.cfg.Brokers...), Transport: t}
}

// reach asks for metadata until it is answered or refused.
func (b *Broker) reach(ctx context.Context) error {
	var last error
	for n := 1; ; n++ {
		attempt, cancel := context.WithTimeout(ctx, requestTimeout)
		meta, err := b.client.Metadata(attempt, &kafka.MetadataRequest{Topics: b.cfg.Topics.names()})
		cancel()
		if err == nil {
			for _, t := range meta.Topics {
				if t.Name == b.cfg.Topics.Requests {
					b.learn(t.Partitions)
				}
			}
			return b.reachAll(ctx, meta.Brokers)
		}
		if last == nil || ctx.Err() == nil {
			last = err // not the one that only says that time is up: it would hide the cause
		}
		mend, refused := remedy(last)
		if refused {
			return fmt.Errorf("%w: %s", last, mend)
		}
		b.troubles.report("reach Kafka", n, err)
		b.transport.CloseIdleConnections() // the library answers with the failure it remembers until its next look
		if !pause(ctx, n, time.Second) {
			return fmt.Errorf("%w (KAFKA_BROKERS): %s", last, b.whereToLook(mend))
		}
	}
}

// whereToLook is what to check when a broker does not answer.
func (b *Broker) whereToLook(mend string) string {
	switch {
	case mend != "":
		return mend
	case b.cfg.TLS != nil:
		return "check KAFKA_BROKERS, that the broker runs, and that its listener speaks TLS (KAFKA_TLS_ENABLED)"
	}
	return "check KAFKA_BROKERS and that the broker runs"
}

// reachAll makes sure that the advertised addresses can be reached. The address
// in KAFKA_BROKERS only introduces them; all else is asked of them. A broker
// whose advertised.listeners is wrong answers metadata and nothing after that,
// which without this check would look like a broker that hangs.
func (b *Broker) reachAll(ctx context.Context, brokers []kafka.Broker) error {
	errs := make([]error, len(brokers))
	var wg sync.WaitGroup
	for i, node := range brokers {
		wg.Go(func() {
			addr := net.JoinHostPort(node.Host, strconv.Itoa(node.Port))
			conn, err := b.dial(ctx, "tcp", addr)
			if err != nil {
				errs[i] = fmt.Errorf("broker %d advertises %s: %w", node.ID, addr, err)
				return
			}
			_ = conn.Close()
		})
	}
	wg.Wait()
	err := errors.Join(errs...)
	if err != nil && !slices.Contains(errs, nil) {
		return fmt.Errorf("%w: the address in KAFKA_BROKERS answers, the ones it advertises don't: mend the brokers' advertised.listeners, or run where those names resolve", err)
	}
	if err != nil {
		b.cfg.Log.Warn("some brokers can't be reached", "error", err)
	}
	return nil
}

// learn takes note of the request topic's partitions.
func (b *Broker) learn(found []kafka.Partition) {
	partitions := make([]int, len(found))
	for i := range partitions {
		partitions[i] = i
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.partitions = partitions
}

// Partitions returns how many partitions the request topic has; 0 where it is
// missing and Prepare has not created it.
func (b *Broker) Partitions() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.partitions)
}

// Home returns the partition of the request topic that an order belongs to:
// murmur2 of its ID, as the Java client's default partitioner places the key.
// It is record.ByKey (-1) while the request topic is not known to exist.
func (b *Broker) Home(orderID string) int {
	b.mu.Lock()
	partitions := b.partitions
	b.mu.Unlock()
	if len(partitions) == 0 {
		return record.ByKey
	}
	return kafka.Murmur2Balancer{Consistent: true}.Balance(kafka.Message{Key: []byte(orderID)}, partitions...)
}

// Close ends all that is under way and closes the connections. Writes get two
// seconds to end by themselves. End Consume and reads first: they would only
// see their connections break, and try again.
func (b *Broker) Close() error {
	b.mu.Lock()
	b.closed = true
	writers := b.writers
	b.writers = nil
	b.mu.Unlock()

	written := make(chan struct{})
	go func() {
		defer close(written)
		for _, w := range writers {
			w.close()
		}
	}()
	grace := time.NewTimer(closeGrace)
	defer grace.Stop()
	select {
	case <-written:
	case <-grace.C:
	}
	b.transport.CloseIdleConnections()
	b.end()
	<-written
	return nil
}
