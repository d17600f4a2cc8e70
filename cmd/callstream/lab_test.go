package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"callstream/internal/avro"
	"callstream/internal/broker"
	"callstream/internal/config"
	"callstream/internal/embedded"
	"callstream/internal/order"
	"callstream/internal/record"
	"callstream/internal/simulator"
)

// TestMain lets the test binary be the program: a test that wants to kill the
// exporter starts it as a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("CALLSTREAM_TEST_PROGRAM") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// lab is a broker and an API for programs to be pointed at.
type lab struct {
	t     *testing.T
	kafka *embedded.Broker
	sim   *simulator.Simulator
	env   map[string]string
	log   *slog.Logger
}

const testTask = "task/1 ü" // what a path or a header must not break on

func newLab(t *testing.T, sim simulator.Config) *lab {
	t.Helper()
	kafka, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kafka.Close)
	sim.UUID, sim.SecretKey = "account", "key"
	l := &lab{t: t, kafka: kafka, sim: simulator.New(sim), log: slog.New(slog.DiscardHandler)}
	server, err := simulator.Listen("127.0.0.1:0", l.sim)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	l.env = map[string]string{
		"KAFKA_BROKERS": kafka.Addr(), "KAFKA_SESSION_TIMEOUT": "6s",
		"CALLBOT_BASE_URL": server.URL(), "CALLBOT_UUID": "account", "CALLBOT_SECRET_KEY": "key",
		"CALLBOT_RATE_LIMIT": "200", "BATCH_LINGER": "10ms", "POLL_MIN": "50ms", "POLL_MAX": "1s", "SETTLE": "3s",
		"HTTP_ADDR": "off", "LOG_LEVEL": "warn",
	}
	return l
}

func (l *lab) config() *config.Config {
	l.t.Helper()
	cfg, err := config.Load(l.env)
	if err != nil {
		l.t.Fatal(err)
	}
	return cfg
}

// client returns a connection of the test's own.
func (l *lab) client() *broker.Broker {
	l.t.Helper()
	b, err := openBroker(l.t.Context(), l.config(), l.log, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { closeBroker(b, l.log) })
	if err := b.Prepare(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	return b
}

// program is callstream as a process.
type program struct {
	*exec.Cmd
	log *syncBuffer
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// start runs the program with the lab's environment and more.
func (l *lab) start(env map[string]string, args ...string) *program {
	l.t.Helper()
	self, err := os.Executable()
	if err != nil {
		l.t.Fatal(err)
	}
	p := &program{Cmd: exec.Command(self, args...), log: &syncBuffer{}}
	p.Env = []string{"CALLSTREAM_TEST_PROGRAM=1", "PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	for _, set := range []map[string]string{l.env, env} {
		for k, v := range set {
			p.Env = append(p.Env, k+"="+v)
		}
	}
	p.Stdout, p.Stderr = p.log, p.log
	if err := p.Start(); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() {
		if p.ProcessState == nil {
			_ = p.Process.Kill()
			_ = p.Wait()
		}
		if l.t.Failed() {
			l.t.Logf("%s printed:\n%s", args[0], tailOf(p.log.String()))
		}
	})
	return p
}

func tailOf(s string) string { return s[max(0, len(s)-4000):] }

// eventually waits for a condition, and fails the test where it does not come.
func eventually(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			t.Fatalf("after %s: still not %s", within, what)
		case <-tick.C:
		}
	}
}

// journal is what stands on the topics, as a reader of them sees it.
type journal struct {
	mu      sync.Mutex
	events  []journalled
	states  map[string]avro.Decoded // by key; removed ones are gone
	letters []record.Record
}

type journalled struct {
	avro.Decoded
	record record.Record
	topic  string
}

// follow reads the topics from the beginning until the test ends.
func (l *lab) follow(b *broker.Broker) *journal {
	l.t.Helper()
	j := &journal{states: map[string]avro.Decoded{}}
	decoder, err := avro.NewAnyDecoder(nil)
	if err != nil {
		l.t.Fatal(err)
	}
	t := topicsOf(l.config())
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- b.Tail(ctx, written(t), true, false,
			func(topic string, r record.Record) error { return j.add(decoder, topic, r, t) })
	}()
	l.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil && ctx.Err() == nil {
			l.t.Error(err)
		}
	})
	return j
}

func (j *journal) add(decoder *avro.AnyDecoder, topic string, r record.Record, t broker.Topics) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case topic == t.DeadLetters:
		j.letters = append(j.letters, r)
		return nil
	case topic == t.State && r.Value == nil:
		delete(j.states, string(r.Key))
		return nil
	}
	d, err := decoder.Decode(context.Background(), r.Value)
	if err != nil {
		return fmt.Errorf("%s/%d/%d: %w", topic, r.Partition, r.Offset, err)
	}
	if topic == t.State {
		j.states[string(r.Key)] = d
	} else {
		j.events = append(j.events, journalled{d, r, topic})
	}
	return nil
}

// resting counts the orders whose state says that they are no longer looked at.
func (j *journal) resting() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := 0
	for _, s := range j.states {
		if s.Values["rest"] != "" && s.Values["rest"] != nil {
			n++
		}
	}
	return n
}

func (j *journal) count(name string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := 0
	for _, e := range j.events {
		if e.Name == name {
			n++
		}
	}
	return n
}

// reasons counts the dead letters by reason.
func (j *journal) reasons() map[string]int {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := map[string]int{}
	for _, r := range j.letters {
		n[headerOf(r, "reason")]++
	}
	return n
}

func headerOf(r record.Record, key string) string {
	for _, h := range r.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

// ask puts requests for orders on the topic.
func (l *lab) ask(b *broker.Broker, mode string, ids ...string) {
	l.t.Helper()
	requests := make([]order.Request, len(ids))
	for i, id := range ids {
		requests[i] = order.Request{Task: testTask, Orders: []string{id}, Mode: order.Mode(mode)}
	}
	if err := putRequests(l.t.Context(), b, l.config().Topics.Requests, requests, io.Discard); err != nil {
		l.t.Fatal(err)
	}
}

// get reads a page of the program's own.
func get(url string) (int, string) {
	resp, err := http.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(body)
}

// pageOf waits until the program says where its page is.
func pageOf(t *testing.T, p *program) string {
	t.Helper()
	const mark = `msg="serving health and metrics" addr=`
	var addr string
	eventually(t, 20*time.Second, "serving its page", func() bool {
		_, rest, ok := strings.Cut(p.log.String(), mark)
		addr, _, _ = strings.Cut(rest, "\n")
		return ok && addr != ""
	})
	return "http://" + addr
}
