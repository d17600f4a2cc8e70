package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
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

const (
	testTask = "task/1 ü" // what a path or a header must not break on
	patience = 90 * time.Second
)

// lab is a broker and an API for programs to be pointed at, and a journal of
// what they write.
type lab struct {
	*testing.T
	sim    *simulator.Simulator
	env    map[string]string
	config *config.Config
	broker *broker.Broker // a connection of the test's own
	journal
}

func newLab(t *testing.T, sim simulator.Config) *lab {
	t.Helper()
	kafka, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kafka.Close)
	sim.UUID, sim.SecretKey = "account", "key"
	l := &lab{T: t, sim: simulator.New(sim)}
	server, err := simulator.Listen("127.0.0.1:0", l.sim)
	if err != nil {
		t.Fatal(err)
	}
	l.untilTheEnd(server.Run)
	l.env = map[string]string{
		"KAFKA_BROKERS": kafka.Addr(), "KAFKA_SESSION_TIMEOUT": "6s",
		"CALLBOT_BASE_URL": server.URL(), "CALLBOT_UUID": "account", "CALLBOT_SECRET_KEY": "key",
		"CALLBOT_RATE_LIMIT": "200", "BATCH_LINGER": "10ms", "POLL_MIN": "50ms", "POLL_MAX": "1s", "SETTLE": "3s",
		"HTTP_ADDR": "off", "LOG_LEVEL": "warn",
	}
	if l.config, err = config.Load(l.env); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	if l.broker, err = openBroker(t.Context(), l.config, log, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeBroker(l.broker, log) })
	if err := l.broker.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.follow()
	return l
}

// untilTheEnd runs something until the test ends.
func (l *lab) untilTheEnd(run func(context.Context) error) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	l.Cleanup(func() {
		stop()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			l.Error(err)
		}
	})
}

// program is callstream as a process.
type program struct {
	*exec.Cmd
	output string // the file it prints to
}

// log is what the program has printed so far.
func (p *program) log() string {
	text, _ := os.ReadFile(p.output) // start has made it
	return string(text)
}

// start runs the program with the lab's environment and more.
func (l *lab) start(env map[string]string, args ...string) *program {
	l.Helper()
	self, err := os.Executable()
	if err != nil {
		l.Fatal(err)
	}
	output, err := os.CreateTemp(l.TempDir(), "output")
	if err != nil {
		l.Fatal(err)
	}
	defer output.Close()
	p := &program{exec.Command(self, args...), output.Name()}
	p.Env = []string{"CALLSTREAM_TEST_PROGRAM=1", "PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	for _, set := range []map[string]string{l.env, env} {
		for k, v := range set {
			p.Env = append(p.Env, k+"="+v)
		}
	}
	p.Stdout, p.Stderr = output, output
	if err := p.Start(); err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() {
		if p.ProcessState == nil {
			p.end(l.T, os.Kill)
		}
		if l.Failed() {
			s := p.log()
			l.Logf("%s printed:\n%s", args[0], s[max(0, len(s)-4000):])
		}
	})
	return p
}

// end sends the program a signal and returns the exit code it then ends with.
func (p *program) end(t *testing.T, signal os.Signal) int {
	t.Helper()
	if err := p.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // the exit code is what counts
	return p.ProcessState.ExitCode()
}

// eventually waits for a condition, and fails the test where it does not come.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("after %s: still not %s", patience, what)
		case <-time.After(20 * time.Millisecond):
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
}

// follow reads the topics from the beginning until the test ends.
func (l *lab) follow() {
	l.Helper()
	l.states = map[string]avro.Decoded{}
	decoder, err := avro.NewAnyDecoder(nil)
	if err != nil {
		l.Fatal(err)
	}
	topics := topicsOf(l.config)
	l.untilTheEnd(func(ctx context.Context) error {
		return l.broker.Tail(ctx, written(topics), true, false, func(topic string, r record.Record) error {
			l.mu.Lock()
			defer l.mu.Unlock()
			switch {
			case topic == topics.DeadLetters:
				l.letters = append(l.letters, r)
				return nil
			case topic == topics.State && r.Value == nil:
				delete(l.states, string(r.Key))
				return nil
			}
			d, err := decoder.Decode(ctx, r.Value)
			if topic == topics.State {
				l.states[string(r.Key)] = d
			} else {
				l.events = append(l.events, journalled{d, r})
			}
			return err
		})
	})
}

// until waits for what the journal must come to hold.
func (l *lab) until(what string, ok func() bool) {
	l.Helper()
	eventually(l.T, what, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return ok()
	})
}

// announcing waits for so many statuses.
func (l *lab) announcing(least int) {
	l.Helper()
	l.until("announcing", func() bool {
		n := 0
		for _, e := range l.events {
			if e.Name == "CallStatusChanged" {
				n++
			}
		}
		return n >= least
	})
}

// settle waits until no order is looked at any longer, ends the program as an
// orchestrator does, and holds what was written against the truth.
func (l *lab) settle(p *program, repeats bool, ids ...string) {
	l.Helper()
	l.settled(len(ids))
	if code := p.end(l.T, syscall.SIGTERM); code != exitDone {
		l.Errorf("exit code %d after SIGTERM", code)
	}
	l.check(repeats, ids...)
}

// settled waits until so many orders are no longer looked at.
func (l *lab) settled(orders int) {
	l.Helper()
	l.until("settled", func() bool {
		n := 0
		for _, s := range l.states {
			if rest := s.Values["rest"]; rest != "" && rest != nil {
				n++
			}
		}
		return n == orders
	})
}

// buried holds how many dead letters there are, by reason.
func (l *lab) buried(want map[string]int) {
	l.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	got := map[string]int{}
	for _, r := range l.letters {
		got[headerOf(r, "reason")]++
	}
	if !maps.Equal(got, want) {
		l.Errorf("dead letters %v, want %v", got, want)
	}
}

func headerOf(r record.Record, key string) string {
	value, _ := record.Last(r.Headers, key)
	return string(value)
}

// ask puts requests for orders on the topic.
func (l *lab) ask(ids ...string) {
	l.Helper()
	requests := make([]order.Request, len(ids))
	for i, id := range ids {
		requests[i] = order.Request{Task: testTask, Orders: []string{id}, Mode: order.Follow}
	}
	if err := putRequests(l.Context(), l.broker, l.config.Topics.Requests, requests, io.Discard); err != nil {
		l.Fatal(err)
	}
}

// misbehave sets what the API does wrong.
func (l *lab) misbehave(f simulator.Faults) {
	l.Helper()
	if err := l.sim.SetFaults(f); err != nil {
		l.Fatal(err)
	}
}

// page is what a page of the program says, waited for until the program says
// where it serves it.
func (p *program) page(t *testing.T, path string) (code int, text string) {
	t.Helper()
	var addr string
	eventually(t, "serving its page", func() bool {
		_, rest, _ := strings.Cut(p.log(), `msg="serving health and metrics" addr=`)
		var whole bool
		addr, _, whole = strings.Cut(rest, "\n")
		return whole
	})
	resp, err := http.Get("http://" + addr + path)
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
