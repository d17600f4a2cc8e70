package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"callstream/internal/broker"
	"callstream/internal/record"
	"callstream/internal/simulator"
)

const (
	lifeSpeed = 300 // an order's story, up to 25 minutes, takes 5 s
	patience  = 90 * time.Second
)

func names(prefix string, n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%s%03d", prefix, i)
	}
	return ids
}

// terminate ends a program as an orchestrator does and returns its exit code.
func terminate(t *testing.T, p *program) int {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // the exit code is what counts
	return p.ProcessState.ExitCode()
}

// TestExport follows orders from their first status to their settling, with no
// faults: each change once, in order.
func TestExport(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Config{Seed: 7, Speed: lifeSpeed})
	b := l.client()
	j := l.follow(b)
	ids := append(names("a/ü ", 60), names("done-", 60)...)
	l.ask(b, "follow", ids...)
	p := l.start(nil, "run")
	eventually(t, patience, "settled", func() bool { return j.resting() == len(ids) })
	if code := terminate(t, p); code != exitDone {
		t.Errorf("exit code %d after SIGTERM", code)
	}
	l.check(j, false, ids...)
	if n := j.reasons(); len(n) > 0 {
		t.Errorf("dead letters %v", n)
	}
}

// TestExportUnderFaults lets the API misbehave in every way it can while
// orders live.
func TestExportUnderFaults(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Config{Seed: 8, Speed: lifeSpeed})
	l.env["CALLBOT_TIMEOUT"], l.env["CALLBOT_VERIFY_RESPONSES"] = "1s", "strict"
	b := l.client()
	j := l.follow(b)
	if err := l.sim.SetFaults(simulator.Faults{
		Busy: 0.05, Maintenance: 0.02, General: 0.05, Internal: 0.05, Error500: 0.05, TooMany: 0.02, HTML: 0.02, Cut: 0.05, Hang: 0.01,
		BadSignature: 0.05, WrongType: 0.1, Unasked: 0.1, Stale: 0.1, Missing: 0.05, DuplicateEntry: 0.1, Nulls: 0.05, NoCallID: 0.05,
		NumericIDs: 0.2,
	}); err != nil {
		t.Fatal(err)
	}
	ids := names("order-", 80)
	l.ask(b, "follow", ids...)
	p := l.start(nil, "run")
	eventually(t, patience, "announcing", func() bool { return j.count("CallStatusChanged") > 100 })
	if err := l.sim.SetFaults(simulator.Faults{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, "settled", func() bool { return j.resting() == len(ids) })
	if code := terminate(t, p); code != exitDone {
		t.Errorf("exit code %d after SIGTERM", code)
	}
	l.check(j, false, ids...)
}

// TestKilled kills the exporter with -9, twice, while orders live.
func TestKilled(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Config{Seed: 9, Speed: lifeSpeed / 3}) // slow enough to live through two dead sessions
	l.env["SETTLE"] = "9s"
	b := l.client()
	j := l.follow(b)
	ids := names("order-", 100)
	l.ask(b, "follow", ids...)
	for _, at := range []int{60, 160} {
		p := l.start(nil, "run")
		eventually(t, patience, "announcing", func() bool { return j.count("CallStatusChanged") >= at })
		if err := p.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = p.Wait()
	}
	p := l.start(nil, "run")
	eventually(t, patience, "settled", func() bool { return j.resting() == len(ids) })
	if code := terminate(t, p); code != exitDone {
		t.Errorf("exit code %d after SIGTERM", code)
	}
	l.check(j, true, ids...)
}

// TestInstances lets a second instance join while orders live, and the first
// one leave.
func TestInstances(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Config{Seed: 10, Speed: lifeSpeed})
	b := l.client()
	j := l.follow(b)
	ids := names("order-", 80)
	l.ask(b, "follow", ids...)
	first := l.start(nil, "run")
	eventually(t, patience, "announcing", func() bool { return j.count("CallStatusChanged") > 50 })
	second := l.start(map[string]string{"HTTP_ADDR": "127.0.0.1:0", "LOG_LEVEL": "info"}, "run")
	page := pageOf(t, second)
	eventually(t, patience, "sharing the partitions", func() bool {
		_, metrics := get(page + "/metrics")
		return strings.Contains(metrics, "callstream_partitions_owned 3")
	})
	if code := terminate(t, first); code != exitDone {
		t.Errorf("exit code %d after SIGTERM", code)
	}
	eventually(t, patience, "settled", func() bool { return j.resting() == len(ids) })
	if code, text := get(page + "/readyz"); code != 200 {
		t.Errorf("readyz says %d %s", code, text)
	}
	terminate(t, second)
	l.check(j, false, ids...)
}

// TestBadInput sends what no request may be: each is a dead letter that says
// why, and nothing else is held up.
func TestBadInput(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Config{Seed: 11, Speed: lifeSpeed})
	b := l.client()
	j := l.follow(b)
	long := strings.Repeat("x", 257)
	odd := []string{"done-a b", "done-a/b%2F", `done-"q"`, "done-\n\x01", strings.Repeat("done-", 51)}
	requests := t.Context()
	put := func(value []byte, headers ...record.Header) {
		t.Helper()
		err := b.Write(requests, []record.Message{{
			Topic: l.config().Topics.Requests, Partition: b.Home("done-a b"), Key: []byte("k"), Value: value, Headers: headers,
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, bad := range []string{
		`not JSON`, `{}`, `[]`, `{"userTaskID":"t"}`, `{"userTaskID":"","orderID":"a"}`, `{"userTaskID":"t","orderID":""}`,
		`{"userTaskID":"t","orderID":7}`, `{"userTaskID":"t","orderID":"a","mode":"sometimes"}`, `{"userTaskID":"t","orderIDs":[null]}`,
		`{"userTaskID":"t","orderID":"a","notBefore":"tomorrow"}`, "\x00\x00\x00\x00\x07avro", "{\"userTaskID\":\"t\",\"orderID\":\"\xff\"}",
		`{"userTaskID":"t","orderID":"` + long + `"}`,
	} {
		put([]byte(bad))
	}
	put(nil)
	put([]byte(`{"userTaskID":"t","orderID":"`+strangerTo(b, "done-a b")+`"}`), record.Header{Key: "callstream-forwarded", Value: []byte("x/0/0")})
	put([]byte(`{"userTaskID":"` + testTask + `","orderIDs":["` + odd[0] + `","` + long + `","` + odd[0] + `"]}`))
	many := names("done-many-", 1000)
	put([]byte(`{"userTaskID":"` + testTask + `","orderIDs":["` + strings.Join(many, `","`) + `"]}`))
	l.ask(b, "follow", odd[1:]...)
	p := l.start(nil, "run")
	eventually(t, patience, "settled", func() bool { return j.resting() == len(odd)+len(many) })
	eventually(t, patience, "buried", func() bool { return len(j.reasonsOf()) >= 16 })
	want := map[string]int{"unreadable": 14, "misrouted": 1, "invalid-id": 1}
	if got := j.reasons(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("dead letters %v, want %v", got, want)
	}
	for _, r := range j.reasonsOf() {
		for _, h := range []string{"reason", "detail", "topic", "partition", "offset", "time"} {
			if headerOf(r, h) == "" {
				t.Errorf("a dead letter has no header %s: %v", h, r.Headers)
			}
		}
	}
	terminate(t, p)
	l.check(j, false, append(odd, many...)...)
}

func (j *journal) reasonsOf() []record.Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.letters
}

// strangerTo returns an order ID whose home is another partition.
func strangerTo(b *broker.Broker, id string) string {
	for i := 0; ; i++ {
		if other := fmt.Sprint("o", i); b.Home(other) != b.Home(id) {
			return other
		}
	}
}

// TestAccountRefused: with a wrong key nothing is lost and nothing is held
// against the orders; the exporter says so and is not ready.
func TestAccountRefused(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Config{Seed: 12, Finished: 1})
	b := l.client()
	j := l.follow(b)
	l.ask(b, "follow", "o1", "o2")
	bad := l.start(map[string]string{"CALLBOT_SECRET_KEY": "wrong", "HTTP_ADDR": "127.0.0.1:0", "LOG_LEVEL": "info"}, "run")
	page := pageOf(t, bad)
	eventually(t, patience, "not ready", func() bool {
		code, text := get(page + "/readyz")
		return code == 503 && strings.Contains(text, "account-refused")
	})
	if code, _ := get(page + "/healthz"); code != 200 {
		t.Errorf("healthz says %d", code)
	}
	if code := terminate(t, bad); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	good := l.start(nil, "run")
	eventually(t, patience, "settled", func() bool { return j.resting() == 2 })
	terminate(t, good)
	l.check(j, false, "o1", "o2")
	if n := j.reasons(); len(n) > 0 {
		t.Errorf("dead letters %v", n)
	}
}

// TestSecondSignal: a second signal ends the exporter at once.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Config{Seed: 13})
	if err := l.sim.SetFaults(simulator.Faults{Hang: 1}); err != nil {
		t.Fatal(err)
	}
	b := l.client()
	l.ask(b, "follow", "o1")
	p := l.start(map[string]string{"KAFKA_SESSION_TIMEOUT": "60s", "CALLBOT_TIMEOUT": "60s"}, "run")
	eventually(t, patience, "asking", func() bool { return l.sim.Stats().Requests > 0 })
	began := time.Now()
	for range 2 {
		if err := p.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		// Two signals at once may arrive as one.
		eventually(t, patience, "taken", func() bool {
			return strings.Contains(p.log.String(), "second signal") || time.Since(began) > 300*time.Millisecond
		})
	}
	_ = p.Wait()
	if code := p.ProcessState.ExitCode(); code != exitFailed || time.Since(began) > 10*time.Second {
		t.Errorf("exit code %d after %s", code, time.Since(began))
	}
}

func TestExitCodes(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args string
		env  []string
		code int
		says string
	}{
		{args: "version", code: exitDone, says: "callstream"},
		{args: "--help", code: exitDone, says: "Examples"},
		{args: "nonsense", code: exitUsage, says: "unknown command"},
		{args: "run --nonsense", code: exitUsage, says: "unknown flag"},
		{args: "run now", code: exitUsage, says: "takes no arguments"},
		{args: "run", code: exitUsage, says: "CALLBOT_SECRET_KEY"},
		{args: "run", env: []string{"BATCH_SIZE=0", "POLL_MIN=x", "CALLBOT_UUID=u"}, code: exitUsage, says: "BATCH_SIZE"},
		{args: "run", env: []string{"BATCH_SIZE=0", "POLL_MIN=x", "CALLBOT_UUID=u"}, code: exitUsage, says: "POLL_MIN"},
		{
			args: "run", code: exitFailed, says: "KAFKA_BROKERS",
			env: []string{"KAFKA_BROKERS=127.0.0.1:1", "CALLBOT_UUID=u", "CALLBOT_SECRET_KEY=canary-secret", "HTTP_ADDR=off"},
		},
		{args: "request --task t", code: exitUsage, says: "no order IDs"},
		{args: "request a", code: exitUsage, says: "--task"},
		{args: "request --task t --mode x a", code: exitUsage, says: "--mode"},
		{args: "schemas print CallCompleted", code: exitDone, says: `"CallCompleted"`},
		{args: "schemas print Nothing", code: exitUsage, says: "no schema"},
		{args: "schemas check", code: exitUsage, says: "SCHEMA_REGISTRY_URL"},
		{args: "demo --orders 0", code: exitUsage, says: "--orders"},
		{args: "simulate --finished 2", code: exitUsage, says: "--finished"},
	}
	for _, tt := range tests {
		t.Run(tt.args+strings.Join(tt.env, " "), func(t *testing.T) {
			t.Parallel()
			ctx, stop := context.WithTimeout(t.Context(), patience)
			defer stop()
			c := exec.CommandContext(ctx, self, strings.Fields(tt.args)...)
			c.Env = append([]string{"CALLSTREAM_TEST_PROGRAM=1"}, tt.env...)
			out, _ := c.CombinedOutput() // the exit code is what counts
			if code := c.ProcessState.ExitCode(); code != tt.code || !strings.Contains(string(out), tt.says) {
				t.Errorf("exit code %d, want %d; printed:\n%s", code, tt.code, out)
			}
			if strings.Contains(string(out), "canary-secret") {
				t.Errorf("the secret is printed:\n%s", out)
			}
		})
	}
}

// TestDemo runs the demo as the README does, smaller.
func TestDemo(t *testing.T) {
	t.Parallel()
	l := &lab{t: t, env: map[string]string{}}
	p := l.start(nil, "demo", "--orders", "20", "--speed", "400")
	_ = p.Wait()
	if code := p.ProcessState.ExitCode(); code != exitDone || !strings.Contains(p.log.String(), "20 orders, 20 settled") {
		t.Errorf("exit code %d, printed:\n%s", code, tailOf(p.log.String()))
	}
}
