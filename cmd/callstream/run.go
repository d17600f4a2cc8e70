package main

import (
	"os"

	"github.com/spf13/cobra"

	"callstream/internal/callbot"
	"callstream/internal/config"
	"callstream/internal/monitor"
)

func runCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Run the exporter",
		Long: `Run the exporter until SIGTERM or SIGINT, which lets it finish what is in flight, save and commit.
A second signal ends it at once; what was in flight is repeated by its successor.

It is configured by the environment; docs/settings.md lists every setting. Needed are CALLBOT_UUID and CALLBOT_SECRET_KEY
(or CALLBOT_SECRET_KEY_FILE); KAFKA_BROKERS is localhost:9092 where nothing else is said.
/healthz, /readyz and /metrics are served at HTTP_ADDR (:8080). With CALLBACK_ADDR the API's callbacks are taken too.`,
		Example: `  CALLBOT_UUID=my-account CALLBOT_SECRET_KEY_FILE=/run/secrets/callbot callstream run
  KAFKA_BROKERS=kafka:9092 SCHEMA_REGISTRY_URL=http://registry:8081 callstream run`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := config.Load(nil)
			if err != nil {
				return err
			}
			x := newExporter(cfg, cfg.Logger(os.Stderr))
			x.log.Info("callstream starts", "version", buildVersion(), "settings", cfg)
			for _, w := range cfg.Warnings() {
				x.log.Warn(w)
			}
			if cfg.HTTPAddr != "" {
				if x.listener, err = monitor.Listen("HTTP_ADDR", cfg.HTTPAddr); err != nil {
					return err
				}
				x.log.Info("serving health and metrics", "addr", x.listener.Addr().String())
			}
			if cfg.Callback.Addr != "" {
				if x.callbacks, err = listenForCallbacks(cfg.Callback.Addr); err != nil {
					return err
				}
				x.log.Info("taking callbacks", "addr", x.callbacks.Addr().String(), "path", callbot.CallbackPath)
			}
			return x.run(c.Context())
		},
	}
}
