package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"callstream/internal/avro"
	"callstream/internal/broker"
	"callstream/internal/config"
	"callstream/internal/embedded"
	"callstream/internal/monitor"
	"callstream/internal/order"
	"callstream/internal/record"
	"callstream/internal/simulator"
)

// demoOptions are the flags of `callstream demo`.
type demoOptions struct {
	orders  int
	speed   float64
	rate    float64
	seed    uint64
	keep    bool
	verbose bool
}

func demoCommand() *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See calls turn into events: broker, API and exporter in one process",
		Long: `Run everything in one process: an in-memory broker, a simulated Callbot API, the exporter, and a reader that prints
a line an event as it comes. The API tells by callbacks when calls end. It needs neither Kafka nor an account, ends by itself when every order has settled, and keeps nothing.`,
		Example: `  callstream demo
  callstream demo --orders 20 --speed 5
  callstream demo --rate 1      what one request a second is spent on
  callstream demo --keep        stay up, so that other programs can be pointed at it`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.orders < 1 || o.speed <= 0 || o.rate < leastRate {
				return usageError{fmt.Errorf("--orders must be 1 or more, --speed above 0 and --rate %v or more", leastRate)}
			}
			return o.run(c.Context(), c.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.orders, "orders", 200, "how many orders to follow")
	f.Float64Var(&o.speed, "speed", 20, "how much faster than life the calls run")
	f.Float64Var(&o.rate, "rate", 20, "requests a second that the exporter may send to the API")
	f.Uint64Var(&o.seed, "seed", 1, "decides what the calls are like")
	f.BoolVar(&o.keep, "keep", false, "stay up until interrupted, and print the addresses")
	f.BoolVar(&o.verbose, "verbose", false, "print the exporter's log too")
	return cmd
}

const (
	demoAccount = "demo"
	demoTask    = "demo-task"
	leastRate   = 0.01 // CALLBOT_RATE_LIMIT's own bound
)

// demo is a demo as it runs.
type demo struct {
	demoOptions
	out    io.Writer
	log    *slog.Logger
	sim    *simulator.Simulator
	cfg    *config.Config
	broker *broker.Broker // the reader's and requester's
	tally  *tally

	callbacks net.Listener // where the simulated API's callbacks are taken
	exporter  *exporter
}

func (o demoOptions) run(ctx context.Context, out io.Writer) error {
	d := &demo{demoOptions: o, out: out, tally: newTally(o.orders), log: slog.New(slog.DiscardHandler)}
	if o.verbose {
		d.log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	kafka, err := embedded.Start(embedded.Config{})
	if err != nil {
		return fmt.Errorf("start the in-process broker: %w", err)
	}
	defer kafka.Close()
	if d.callbacks, err = listenForCallbacks("127.0.0.1:0"); err != nil {
		return err
	}
	d.sim = simulator.New(simulator.Config{
		Seed: o.seed, Speed: o.speed, UUID: demoAccount, SecretKey: demoAccount, Callbacks: callbackURL(d.callbacks),
	})
	server, err := simulator.Listen("127.0.0.1:0", d.sim)
	if err != nil {
		return fmt.Errorf("start the simulated API: %w", err)
	}
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	var servers errgroup.Group
	servers.Go(func() error { return server.Run(serving) })
	err = d.play(ctx, kafka.Addr(), server.URL())
	stopServing()
	return errors.Join(err, servers.Wait())
}

// play runs the exporter and the reader until every order rests or ctx ends.
func (d *demo) play(ctx context.Context, brokers, apiURL string) (err error) {
	if d.cfg, err = d.settings(brokers, apiURL); err != nil {
		return err
	}
	if d.broker, err = openBroker(ctx, d.cfg, d.log, nil); err != nil {
		return interrupted(ctx, err)
	}
	defer closeBroker(d.broker, d.log)
	if err = d.broker.Prepare(ctx); err != nil {
		return interrupted(ctx, err)
	}
	x := newExporter(d.cfg, d.log)
	d.exporter, x.callbacks = x, d.callbacks
	if d.keep {
		if x.listener, err = monitor.Listen("HTTP_ADDR", "127.0.0.1:0"); err != nil {
			return err
		}
		d.addresses(brokers, apiURL, x.listener.Addr().String())
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	group, running := errgroup.WithContext(running)
	group.Go(func() error { return x.run(running) })
	group.Go(func() error { return interrupted(running, d.read(running)) })
	group.Go(func() error { return interrupted(running, d.request(running)) })
	group.Go(func() error {
		select {
		case <-d.tally.settled:
			if !d.keep {
				stop()
			}
		case <-running.Done():
		}
		return nil
	})
	err = group.Wait()
	d.summary()
	return err
}

// settings are the exporter's, as the environment would say them.
func (d *demo) settings(brokers, apiURL string) (*config.Config, error) {
	life := func(t time.Duration) string {
		return max(time.Duration(float64(t)/d.speed), 50*time.Millisecond).String()
	}
	return config.Load(map[string]string{
		"KAFKA_BROKERS": brokers, "CALLBOT_BASE_URL": apiURL, "CALLBOT_UUID": demoAccount, "CALLBOT_SECRET_KEY": demoAccount,
		"CALLBOT_RATE_LIMIT": strconv.FormatFloat(d.rate, 'f', -1, 64), "BATCH_LINGER": "20ms", "HTTP_ADDR": "off",
		"POLL_MIN": life(2 * time.Second), "POLL_MAX": life(time.Minute), "SETTLE": life(2 * time.Minute),
	})
}

func (d *demo) addresses(brokers, apiURL, page string) {
	fmt.Fprintf(d.out, `broker  %s      KAFKA_BROKERS=%s callstream tail
API     %s      curl %s/sim/stats
page    http://%s      curl http://%s/metrics
account CALLBOT_UUID=%s CALLBOT_SECRET_KEY=%s; Ctrl-C ends it

`, brokers, brokers, apiURL, apiURL, page, page, demoAccount, demoAccount)
}

// request asks for the orders.
func (d *demo) request(ctx context.Context) error {
	requests := make([]order.Request, d.orders)
	for i := range requests {
		requests[i] = order.Request{Task: demoTask, Orders: []string{fmt.Sprintf("order-%04d", i+1)}, Mode: order.Follow}
	}
	return putRequests(ctx, d.broker, d.cfg.Topics.Requests, requests, io.Discard)
}

// happened returns when what an event dates really happened: the simulator's
// dates keep lifelike distances, however fast it runs.
func (d *demo) happened(orderID string, dated time.Time) time.Time {
	return d.sim.Happened(demoTask, orderID, dated)
}

// read prints each event as it comes, and counts.
func (d *demo) read(ctx context.Context) error {
	decoder, err := avro.NewAnyDecoder(nil)
	if err != nil {
		return err
	}
	t := topicsOf(d.cfg)
	var mu sync.Mutex
	return d.broker.Tail(ctx, written(t), true, false,
		func(topic string, r record.Record) error {
			mu.Lock()
			defer mu.Unlock()
			if topic == t.DeadLetters {
				d.tally.deadLetter(string(r.Key))
				_, err := fmt.Fprintln(d.out, plainLine(topic, r))
				return err
			}
			event, err := decoder.Decode(ctx, r.Value)
			if err != nil {
				return fmt.Errorf("decode %s: %w", topic, err)
			}
			if topic == t.State {
				d.tally.state(event)
				return nil
			}
			d.tally.event(event, d.happened)
			_, err = fmt.Fprintln(d.out, eventLine(event))
			return err
		})
}
