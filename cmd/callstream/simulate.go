package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"callstream/internal/simulator"
)

func simulateCommand() *cobra.Command {
	var c simulator.Config
	var k campaignOptions
	var addr string
	var verbose bool
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Serve a simulated Callbot API",
		Long: `Serve a simulated Callbot API until interrupted. Every order ID has a story, decided by the seed: rounds of calls,
transcripts, agents, SMS, recordings that come late. Signatures are really checked.

Faults are switched on over HTTP while it runs: GET, PUT and POST /sim/faults. GET /sim/stats counts requests,
GET /sim/truth?final=true tells what an exporter should have announced.

With --campaign it lives a campaign in place of stories: the orders c1-000001, c1-000002, … of task campaign-1, c2-000001, … of campaign-2
and so on wait for telephone lines, which dial the list. A call is dialing for 1 to 4 s and rings for 3 to 23 s; 40 % are answered, talk for a
minute at the mean, say a line every 2 to 7 s, and have a recording 5 to 35 s after their end; the others are tried again after ten
minutes, three times in all. --speed makes all of it shorter; the times shown are when it really happened. It starts after --start-in or with
POST /sim/campaign/start; GET /sim/campaign/truth tells everything that has happened by now, a line of JSON each.`,
		Example: `  callstream simulate --addr 127.0.0.1:9090 --uuid demo --secret-key demo --speed 10
  callstream simulate --callbacks http://127.0.0.1:8081/callbacks/callbot
  callstream simulate --campaign --tasks 2 --orders 10000 --phone-lines 100 --start-in 1m
  curl -X POST localhost:9090/sim/faults -d '{"busy":0.2,"stale":0.1,"callback_loss":0.3}'
  curl localhost:9090/sim/stats`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.Speed <= 0 || c.Finished < 0 || c.Finished > 1 {
				return usageError{fmt.Errorf("--speed must be above 0 and --finished between 0 and 1")}
			}
			if u, err := url.Parse(c.Callbacks); c.Callbacks != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
				return usageError{errors.New("--callbacks must be a URL that begins with http:// or https://")}
			}
			var err error
			if c.Campaign, err = k.campaign(cmd.Flags()); err != nil {
				return usageError{err}
			}
			if verbose {
				c.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
			}
			server, err := simulator.Listen(addr, simulator.New(c))
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "simulated Callbot API at %s (CALLBOT_BASE_URL=%s CALLBOT_UUID=%s)\n", server.URL(), server.URL(), c.UUID)
			return server.Run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&addr, "addr", "127.0.0.1:9090", "address to serve at")
	f.Uint64Var(&c.Seed, "seed", 1, "decides every story and fault")
	f.Float64Var(&c.Speed, "speed", 1, "how much faster than life stories run")
	f.Float64Var(&c.Finished, "finished", 0, "share of orders, 0 to 1, that are over when first asked for")
	f.IntVar(&c.Lines, "lines", 0, "mean transcript lines of an answered call (0 = 14)")
	f.DurationVar(&c.Latency, "latency", 20*time.Millisecond, "added to every answer")
	f.Float64Var(&c.RateLimit, "rate-limit", 0, "requests a second above which it answers 7, system busy (0 = none)")
	f.StringVar(&c.UUID, "uuid", "demo", "the account")
	f.StringVar(&c.SecretKey, "secret-key", "demo", "the account's key")
	f.StringVar(&c.Callbacks, "callbacks", "", "URL that callbacks are sent to as calls and orders end (an exporter's CALLBACK_ADDR with /callbacks/callbot)")
	f.BoolVar(&verbose, "verbose", false, "log every request")
	k.add(f)
	return cmd
}

// campaignOptions are the flags of a campaign.
type campaignOptions struct {
	simulator.Campaign
	wanted       bool
	dial, outage string
}

func (k *campaignOptions) add(f *pflag.FlagSet) {
	f.BoolVar(&k.wanted, "campaign", false, "live a campaign in place of a story an order")
	f.IntVar(&k.Tasks, "tasks", 2, "campaign: tasks, which share orders and lines equally")
	f.IntVar(&k.Orders, "orders", 10_000, "campaign: orders in all")
	f.IntVar(&k.Lines, "phone-lines", 100, "campaign: telephone lines in all, a call at a time each")
	f.StringVar(&k.dial, "dial", "list", "campaign: dial the orders as they are numbered (list) or shuffled (random)")
	f.DurationVar(&k.StartIn, "start-in", 0, "campaign: start dialing after this time (0 = with POST /sim/campaign/start)")
	f.StringVar(&k.outage, "outage", "", "campaign: FROM,TO after its start, as in 20m,30m: no call begins (--speed makes it shorter too)")
}

// campaign is what the flags ask for; nil for none.
func (k *campaignOptions) campaign(f *pflag.FlagSet) (*simulator.Campaign, error) {
	if !k.wanted {
		for _, name := range []string{"tasks", "orders", "phone-lines", "dial", "start-in", "outage"} {
			if f.Changed(name) {
				return nil, fmt.Errorf("--%s needs --campaign", name)
			}
		}
		return nil, nil
	}
	if f.Changed("finished") || f.Changed("lines") {
		return nil, errors.New("--finished and --lines are about stories; leave them out with --campaign")
	}
	if k.dial != "list" && k.dial != "random" {
		return nil, fmt.Errorf("--dial %q is not list or random", k.dial)
	}
	k.Random = k.dial == "random"
	if k.outage != "" {
		from, to, _ := strings.Cut(k.outage, ",")
		var err, err2 error
		k.OutageFrom, err = time.ParseDuration(from)
		k.OutageTo, err2 = time.ParseDuration(to)
		if err != nil || err2 != nil {
			return nil, fmt.Errorf("--outage %q is not FROM,TO, such as 20m,30m", k.outage)
		}
	}
	return &k.Campaign, k.Validate()
}
