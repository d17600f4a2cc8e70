package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"callstream/internal/avro"
	"callstream/internal/broker"
	"callstream/internal/config"
	"callstream/internal/record"
)

// tailOptions are the flags of `callstream tail`.
type tailOptions struct {
	from   bool
	end    bool
	json   bool
	topics []string
}

func tailCommand() *cobra.Command {
	var o tailOptions
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Decode and print the output topics as they come",
		Long: `Decode and print events as they come, a line each. Kafka, topics and registry are those of the environment, as for run.
It reads without a consumer group and changes nothing.`,
		Example: `  callstream tail
  callstream tail --from-beginning --exit --json | jq 'select(.type == "CallCompleted")'
  callstream tail --topic completed --topic dead-letters`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := config.LoadKafka(nil)
			if err != nil {
				return err
			}
			topics, err := o.names(cfg)
			if err != nil {
				return usageError{err}
			}
			log := cfg.Logger(os.Stderr)
			registry, err := openRegistry(cfg, log)
			if err != nil {
				return err
			}
			b, err := openBroker(c.Context(), cfg, log, nil)
			if err != nil {
				return err
			}
			defer closeBroker(b, log)
			return interrupted(c.Context(), o.print(c.Context(), b, registry, topics, c.OutOrStdout()))
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.from, "from-beginning", false, "begin with the first event there is, not with the next")
	f.BoolVar(&o.end, "exit", false, "exit at the end of what there is, instead of waiting for more")
	f.BoolVar(&o.json, "json", false, "print JSON: topic, partition, offset, key, headers, type and the decoded value")
	events := eventTopics()
	f.StringSliceVar(&o.topics, "topic", events, strings.Join(events, ", ")+", state, dead-letters, requests, or a topic's name")
	return cmd
}

// shortName is what --topic calls the topic of a setting: TOPIC_DEAD_LETTERS is
// dead-letters.
func shortName(setting string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(setting, "TOPIC_"), "_", "-"))
}

// eventTopics are the short names of the topics that events go to.
func eventTopics() (short []string) {
	for _, s := range config.Settings() {
		if s.Kind != "" {
			short = append(short, shortName(s.Name))
		}
	}
	return short
}

// names turns what --topic says into names of topics.
func (o *tailOptions) names(cfg *config.Config) ([]string, error) {
	short := map[string]string{}
	for topic, setting := range cfg.Topics.Settings() {
		short[shortName(setting)] = topic
	}
	names := make([]string, len(o.topics))
	for i, name := range o.topics {
		if name == "" {
			return nil, errors.New("--topic is empty")
		}
		names[i] = name
		if full := short[name]; full != "" {
			names[i] = full
		}
	}
	return names, nil
}

func (o *tailOptions) print(ctx context.Context, b *broker.Broker, registry *avro.Registry, topics []string, out io.Writer) error {
	var lookup avro.Lookup
	if registry != nil {
		lookup = registry.Reader
	}
	decoder, err := avro.NewAnyDecoder(lookup)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	return b.Tail(ctx, topics, o.from, o.end, func(topic string, r record.Record) error {
		line, err := o.line(ctx, decoder, topic, r)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		_, err = fmt.Fprintln(out, line)
		return err
	})
}

// tailed is a record as --json prints it.
type tailed struct {
	Topic     string            `json:"topic"`
	Partition int               `json:"partition"`
	Offset    int64             `json:"offset"`
	Time      string            `json:"time"`
	Key       string            `json:"key"`
	Headers   map[string]string `json:"headers,omitempty"`
	Type      string            `json:"type,omitempty"`
	Value     any               `json:"value"`
}

func (o *tailOptions) line(ctx context.Context, decoder *avro.AnyDecoder, topic string, r record.Record) (string, error) {
	d, err := decoder.Decode(ctx, r.Value)
	isAvro := err == nil
	if err != nil && ctx.Err() != nil {
		return "", err
	}
	if !o.json {
		if isAvro {
			return eventLine(d), nil
		}
		return plainLine(topic, r), nil
	}
	t := tailed{
		Topic: topic, Partition: r.Partition, Offset: r.Offset, Key: string(r.Key), Headers: map[string]string{},
		Time: r.Time.UTC().Format("2006-01-02T15:04:05.000Z07:00"),
	}
	for _, h := range r.Headers {
		t.Headers[h.Key] = string(h.Value)
	}
	switch {
	case isAvro:
		t.Type, t.Value = d.Name, d
	case json.Valid(r.Value):
		t.Value = json.RawMessage(r.Value)
	case r.Value != nil:
		t.Value = string(r.Value)
	}
	text, err := json.Marshal(t)
	return string(text), err
}
