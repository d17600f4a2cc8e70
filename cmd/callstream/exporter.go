package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"callstream/internal/avro"
	"callstream/internal/broker"
	"callstream/internal/callbot"
	"callstream/internal/config"
	"callstream/internal/export"
	"callstream/internal/monitor"
	"callstream/internal/order"
	"callstream/internal/request"
	"callstream/internal/schedule"
)

const restoringState = "restoring-state"

// exporter is the whole of `callstream run`.
type exporter struct {
	cfg       *config.Config
	log       *slog.Logger
	health    *monitor.Health
	metrics   *monitor.Metrics
	now       func() time.Time // the orders' clock: see export.SteadyClock
	listener  net.Listener     // where health and metrics are served; nil = nowhere
	callbacks net.Listener     // where callbacks are taken; nil = nowhere
	standby   standby
}

var (
	_ export.Observer  = (*monitor.Metrics)(nil)
	_ callbot.Observer = (*monitor.Metrics)(nil)
	_ broker.Observer  = (*monitor.Metrics)(nil)
)

func newExporter(cfg *config.Config, log *slog.Logger) *exporter {
	return &exporter{
		cfg: cfg, log: log, health: monitor.NewHealth(), metrics: monitor.NewMetrics(),
		now: export.SteadyClock(time.Now, time.Since),
	}
}

// run exports until ctx ends.
func (x *exporter) run(ctx context.Context) error {
	if x.listener == nil {
		return x.export(ctx)
	}
	group, ctx := errgroup.WithContext(ctx)
	// The page outlives ctx until the exporter is done: a drain can be watched.
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() error { return monitor.Serve(serving, x.listener, monitor.Handler(x.health, x.metrics), x.log) })
	group.Go(func() error {
		defer stop()
		return x.export(ctx)
	})
	return group.Wait()
}

func (x *exporter) export(ctx context.Context) error {
	b, err := openBroker(ctx, x.cfg, x.log, x.metrics)
	if err != nil {
		return interrupted(ctx, err)
	}
	defer closeBroker(b, x.log)
	if err := b.Prepare(ctx); err != nil {
		return interrupted(ctx, err)
	}
	encoder, lookup, err := x.encoding(ctx, b)
	if err != nil {
		return interrupted(ctx, err)
	}
	states, err := avro.NewStateCodec()
	if err != nil {
		return err
	}
	client := x.client()
	defer client.Close()
	client.SetSlots(nil, b.Partitions()) // until the group assigns some
	x.metrics.Pace(client.Pace)
	for name, detail := range map[string]string{
		callbot.AccountRefused: "the API refuses the account or the signature: " +
			"check CALLBOT_UUID, CALLBOT_SECRET_KEY, CALLBOT_ALGORITHM and CALLBOT_BASE_URL",
		callbot.RejectingEverything: "the API has answered no order well in the last minute; what it rejects is not held against the orders",
	} {
		x.health.AddCheck(name, func() string {
			if client.Trouble() == name && !x.standby.is() {
				return detail
			}
			return ""
		})
	}
	out := &output{broker: b, encoder: encoder, topics: topicsOf(x.cfg)}
	group, ctx := errgroup.WithContext(ctx)
	if x.callbacks != nil {
		group.Go(func() error { return x.takeCallbacks(ctx, b) })
	}
	group.Go(func() error { return x.consume(ctx, b, client, out, states, lookup) })
	return group.Wait()
}

// consume exports, one generation of the group after the other.
func (x *exporter) consume(
	ctx context.Context, b *broker.Broker, client *callbot.Client, out *output, states *avro.StateCodec, lookup avro.Lookup,
) error {
	return b.Consume(ctx, func(ctx context.Context, s *broker.Session) error {
		s2 := session{s, b.Home}
		owned := s2.Owned()
		x.metrics.Partitions(owned)
		x.metrics.Generation(s.Generation)
		defer holdSlots(ctx, client, owned, b.Partitions())()
		x.assigned(ctx, s, b.Partitions())
		x.health.Set(restoringState, "reading what was announced before")
		x.health.Clear(monitor.JoiningGroup)
		defer x.health.Clear(restoringState)
		defer x.health.Set(monitor.JoiningGroup, "between two generations of the group")
		p := export.New(x.pipeline(b), api{client, x.cfg.Callbot.Scout}, out, s2, states, avroRequests(lookup), x.metrics, x.log)
		return p.Run(ctx, func() {
			x.health.Clear(restoringState)
			if len(owned) > 0 {
				x.log.Info("state restored; exporting", "generation", s.Generation)
			}
		})
	})
}

// holdSlots lets the client ask in the slots of a generation's partitions until
// its ctx ends or release is called.
//
// The slots are given up the moment that the generation ends and not when its
// work has drained, for the group may have given this instance up, and then the
// partitions have another owner already. A look that is still asking again or
// halving then waits in vain, until its grace is over. release returns when the
// slots are given up, so that this can't hit those of the next generation.
func holdSlots(ctx context.Context, client *callbot.Client, owned []int, total int) (release func()) {
	client.SetSlots(owned, total)
	holding, end := context.WithCancel(ctx)
	givenUp := make(chan struct{})
	context.AfterFunc(holding, func() {
		defer close(givenUp)
		client.SetSlots(nil, total)
	})
	return func() {
		end()
		<-givenUp
	}
}

// interrupted is nil where an error only says that ctx ended.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (x *exporter) pipeline(b *broker.Broker) export.Config {
	c := x.cfg
	return export.Config{
		RequestTopic: c.Topics.Requests, BatchSize: c.Batch.Size, BatchLinger: c.Batch.Linger, Concurrency: c.Callbot.Concurrency,
		// Half of the session is the bound; a tenth is left for the last commit.
		DrainFor:       c.Kafka.SessionTimeout * 4 / 10,
		CallbackFollow: c.Callback.Follow,
		StateLimit:     b.Limit(c.Topics.State) - maxStateKey, RequestLimit: b.Limit(c.Topics.Requests),
		Timing: schedule.Timing{
			PollMin: c.Follow.PollMin, PollMax: c.Follow.PollMax,
			Terms: order.Terms{
				Settle: millis(c.Follow.Settle), FollowMax: millis(c.Follow.FollowMax),
				NotFoundMax: millis(c.Follow.NotFoundMax), Retention: millis(c.Follow.StateRetention),
			},
		},
		Rules: x.rules(), Now: x.now,
	}
}

func millis(d time.Duration) order.Millis { return order.Millis(d.Milliseconds()) }

// maxStateKey is the longest key of a state: two IDs, each byte escaped by
// three, and the slash.
const maxStateKey = 2*3*request.MaxID + 1

func (x *exporter) rules() order.Rules { return order.Rules{Transcripts: x.cfg.Events.Transcripts} }

func (x *exporter) client() *callbot.Client {
	c := callbotConfig(x.cfg, x.log)
	c.HashSeed, c.Now, c.Observer = x.rules().Seed(), x.now, x.metrics
	return callbot.New(c)
}

// callbotConfig is the API as the settings have it.
func callbotConfig(cfg *config.Config, log *slog.Logger) callbot.Config {
	c := cfg.Callbot
	return callbot.Config{
		BaseURL: c.BaseURL, UUID: c.UUID, SecretKey: cfg.SecretKey(log), Algorithm: c.Algorithm, Timeout: c.Timeout,
		Verify: c.VerifyResponses, Concurrency: c.Concurrency, RateLimit: c.RateLimit, Log: log,
	}
}

// encoding returns what encodes events, and what finds the schemas of requests.
func (x *exporter) encoding(ctx context.Context, b *broker.Broker) (*avro.Encoder, avro.Lookup, error) {
	registry, err := openRegistry(x.cfg, x.log)
	if err != nil {
		return nil, nil, err
	}
	var ids avro.SchemaIDs
	var lookup avro.Lookup
	if registry != nil {
		lookup = registry.Reader
		if ids, err = registry.IDs(ctx); err != nil {
			return nil, nil, fmt.Errorf("prepare schemas at the registry (SCHEMA_REGISTRY_URL): %w", err)
		}
	}
	c := x.cfg
	topics := topicsOf(c)
	options := avro.Options{
		EventKey: c.Events.Key, CompletedTranscript: c.Events.CompletedTranscript, Source: source(c),
		Limit: func(kind order.Kind) int { return b.Limit(topics.Events[kind]) },
	}
	switch c.Events.Phone {
	case "mask":
		options.Phone = avro.PhoneMask
	case "hmac":
		options.Phone = avro.PhoneHMAC([]byte(c.Events.PhoneHMACKey))
	}
	encoder, err := avro.NewEncoder(options, ids)
	return encoder, lookup, err
}

// source names the API host and the account, the same on all instances.
func source(c *config.Config) string {
	u, err := url.Parse(c.Callbot.BaseURL)
	if err != nil {
		return c.Callbot.UUID // config has checked the URL
	}
	return u.Scheme + "://" + u.Host + "/" + url.PathEscape(c.Callbot.UUID)
}

// topicsOf returns the topics as all who read or write them take them.
func topicsOf(c *config.Config) broker.Topics {
	t := c.Topics
	return broker.Topics{
		Requests: t.Requests, State: t.State, DeadLetters: t.DeadLetters, Events: t.Events(), Settings: t.Settings(),
	}
}

// written lists the topics that the exporter writes and people read.
func written(t broker.Topics) []string {
	return slices.AppendSeq([]string{t.State, t.DeadLetters}, maps.Values(t.Events))
}

// openBroker connects to Kafka as the settings say.
func openBroker(ctx context.Context, c *config.Config, log *slog.Logger, observer broker.Observer) (*broker.Broker, error) {
	bc := broker.Config{
		Brokers: c.Kafka.Brokers, GroupID: c.Kafka.GroupID, SessionTimeout: c.Kafka.SessionTimeout, Holders: holders(c), Topics: topicsOf(c),
		Partitions: c.Topics.Partitions, Replication: c.Topics.Replication, AutoCreate: c.Topics.AutoCreate, Log: log, Observer: observer,
	}
	var err error
	if c.Kafka.TLS.Enabled {
		if bc.TLS, err = broker.NewTLS(c.Kafka.TLS.CAFile, c.Kafka.TLS.CertFile, c.Kafka.TLS.KeyFile, log); err != nil {
			return nil, usageError{err}
		}
	}
	if bc.SASL, err = broker.SASL(c.Kafka.SASL.Mechanism, c.Kafka.SASL.Username, c.KafkaPassword(log)); err != nil {
		return nil, usageError{err}
	}
	return broker.Open(ctx, bc)
}

func closeBroker(b *broker.Broker, log *slog.Logger) {
	if err := b.Close(); err != nil {
		log.Warn("close the connection to Kafka", "err", err)
	}
}

// openRegistry returns the schema registry; nil where none is set.
func openRegistry(c *config.Config, log *slog.Logger) (*avro.Registry, error) {
	r := c.Registry
	if r.URL == "" {
		return nil, nil
	}
	return avro.NewRegistry(avro.RegistryOptions{
		URL: r.URL, User: r.Username, Password: c.RegistryPassword(log), AutoRegister: r.AutoRegister,
		Topics: topicsOf(c).Events,
	})
}
