package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"callstream/internal/simulator"
)

func simulateCommand() *cobra.Command {
	var c simulator.Config
	var addr string
	var verbose bool
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Serve a simulated Callbot API",
		Long: `Serve a simulated Callbot API until interrupted. Every order ID has a story, decided by the seed: rounds of calls,
transcripts, agents, SMS, recordings that come late. Signatures are really checked.

Faults are switched on over HTTP while it runs: GET, PUT and POST /sim/faults. GET /sim/stats counts requests,
GET /sim/truth?final=true tells what an exporter should have announced.`,
		Example: `  callstream simulate --addr 127.0.0.1:9090 --uuid demo --secret-key demo --speed 10
  callstream simulate --callbacks http://127.0.0.1:8081/callbacks/callbot
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
	return cmd
}
