// Command callstream turns the Callbot API, which can only be asked, into a
// live stream of Avro events on Kafka. This package is wiring alone: the
// commands, signals and exit codes, and the joints between the adapters.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"callstream/internal/config"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2 // used or configured wrongly
)

// usageError is a command used wrongly.
type usageError struct{ error }

func main() {
	ctx, stop := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		stop() // finish what is in flight, within a bound
		<-signals
		fmt.Fprintln(os.Stderr, "callstream: second signal: leaving at once")
		os.Exit(exitFailed)
	}()
	os.Exit(exitCode(newRoot().ExecuteContext(ctx)))
}

// exitCode prints what went wrong and returns the program's exit code.
func exitCode(err error) int {
	if err == nil {
		return exitDone
	}
	fmt.Fprintln(os.Stderr, "callstream:", err)
	var usage usageError
	var settings *config.Error
	if errors.As(err, &settings) || errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "callstream",
		Short: "Live call events on Kafka, from an API that can only be asked",
		Long: `callstream reads order IDs from a Kafka topic, asks the Callbot API for their state in batches,
compares it with what was announced before, and publishes Avro events: call-status-changed,
call-completed and transcript, at least once.

Exit codes: 0 done, 1 failed, 2 used or configured wrongly.`,
		Example: `  callstream demo                                  see it work, without Kafka or an account
  callstream run                                   the exporter, configured by the environment
  callstream request --task 42 order-1 order-2     ask for orders
  callstream tail                                  watch the events`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          knownCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see %s --help", err, c.CommandPath())}
	})
	root.AddCommand(runCommand(), demoCommand(), simulateCommand(), requestCommand(), tailCommand(), schemasCommand(), versionCommand())
	return root
}

// knownCommand refuses what names none of a command's own commands.
func knownCommand(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unknown command %q; %s --help lists them", args[0], c.CommandPath())}
	}
	return nil
}

// noArgs refuses arguments where there are none.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("%s takes no arguments, got %q; see %s --help", c.CommandPath(), args[0], c.CommandPath())}
	}
	return nil
}
