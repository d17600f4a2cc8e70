package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"callstream/internal/callbot"
	"callstream/internal/order"
	"callstream/internal/record"
	"callstream/internal/simulator"
)

const lifeSpeed = 300 // an order's story, up to 25 minutes, takes 5 s

func names(prefix string, n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%s%03d", prefix, i)
	}
	return ids
}

// TestExport follows orders from their first status to their settling: each
// change once, in order.
func TestExport(t *testing.T) {
	tests := []struct {
		name   string
		sim    simulator.Config
		env    map[string]string
		faults simulator.Faults // until orders are announced
		kills  []int            // kill -9 once so many statuses are announced
		ids    []string
	}{
		{
			name: "in good health", sim: simulator.Config{Seed: 7, Speed: lifeSpeed},
			ids: append(names("a/ü ", 60), names("done-", 60)...),
		},
		{
			name: "under every fault", sim: simulator.Config{Seed: 8, Speed: lifeSpeed},
			env: map[string]string{"CALLBOT_TIMEOUT": "1s", "CALLBOT_VERIFY_RESPONSES": "strict"},
			faults: simulator.Faults{
				Busy: 0.05, Maintenance: 0.02, General: 0.05, Internal: 0.05, Error500: 0.05, TooMany: 0.02, HTML: 0.02, Cut: 0.05, Hang: 0.01,
				BadSignature: 0.05, WrongType: 0.1, Unasked: 0.1, Stale: 0.1, Missing: 0.05, DuplicateEntry: 0.1, Nulls: 0.05, NoCallID: 0.05,
				NumericIDs: 0.2,
			},
			ids: names("order-", 80),
		},
		{
			name: "killed twice", sim: simulator.Config{Seed: 9, Speed: lifeSpeed / 3}, // slow enough to live through two dead sessions
			env: map[string]string{"SETTLE": "9s"}, kills: []int{60, 160}, ids: names("order-", 100),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, tt.sim)
			l.misbehave(tt.faults)
			l.ask(tt.ids...)
			p := l.start(tt.env, "run")
			for _, least := range tt.kills {
				l.announcing(least)
				p.end(t, os.Kill)
				p = l.start(tt.env, "run")
			}
			l.announcing(100)
			l.misbehave(simulator.Faults{})
			l.settle(p, len(tt.kills) > 0, tt.ids...)
			l.buried(nil)
		})
	}
}

// TestInstances lets a second instance join while orders live, and the first
// one leave.
func TestInstances(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Config{Seed: 10, Speed: lifeSpeed})
	ids := names("order-", 80)
	l.ask(ids...)
	l.env["KAFKA_ASSIGNMENT"] = "spread"
	first := l.start(nil, "run")
	l.announcing(50)
	second := l.start(map[string]string{"HTTP_ADDR": "127.0.0.1:0", "LOG_LEVEL": "info"}, "run")
	eventually(t, "sharing the partitions", func() bool {
		_, metrics := second.page(t, "/metrics")
		return strings.Contains(metrics, "callstream_partitions_owned 3")
	})
	if code := first.end(t, syscall.SIGTERM); code != exitDone {
		t.Errorf("exit code %d after SIGTERM", code)
	}
	eventually(t, "ready again", func() bool {
		code, _ := second.page(t, "/readyz")
		return code == 200
	})
	l.settle(second, false, ids...)
}

// TestBadInput sends what no request may be: each is a dead letter that says
// why, and nothing else is held up.
func TestBadInput(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Config{Seed: 11, Speed: lifeSpeed})
	long, many := strings.Repeat("x", 257), names("done-many-", 1000)
	odd := []string{"done-a b", "done-a/b%2F", `done-"q"`, "done-\n\x01", strings.Repeat("done-", 51)}
	home := l.broker.Home(odd[0])
	stranger := "o" // an order whose home is another partition
	for l.broker.Home(stranger) == home {
		stranger += "o"
	}
	var messages []record.Message
	put := func(value []byte, headers ...record.Header) {
		messages = append(messages, record.Message{
			Topic: l.config.Topics.Requests, Partition: home, Key: []byte("k"), Value: value, Headers: headers,
		})
	}
	put(nil)
	put([]byte(`{"userTaskID":"t","orderID":"`+stranger+`"}`), record.Header{Key: "callstream-forwarded", Value: []byte("x/0/0")})
	for _, value := range []string{
		`not JSON`, `{}`, `[]`, `{"userTaskID":"t"}`, `{"userTaskID":"","orderID":"a"}`, `{"userTaskID":"t","orderID":""}`,
		`{"userTaskID":"t","orderID":7}`, `{"userTaskID":"t","orderID":"a","mode":"sometimes"}`, `{"userTaskID":"t","orderIDs":[null]}`,
		`{"userTaskID":"t","orderID":"a","notBefore":"tomorrow"}`, "\x00\x00\x00\x00\x07avro", "{\"userTaskID\":\"t\",\"orderID\":\"\xff\"}",
		`{"userTaskID":"t","orderID":"` + long + `"}`,
		`{"userTaskID":"` + testTask + `","orderIDs":["` + odd[0] + `","` + long + `","` + odd[0] + `"]}`,
		`{"userTaskID":"` + testTask + `","orderIDs":["` + strings.Join(many, `","`) + `"]}`,
	} {
		put([]byte(value))
	}
	if err := l.broker.Write(t.Context(), messages); err != nil {
		t.Fatal(err)
	}
	l.ask(odd[1:]...)
	p := l.start(nil, "run")
	l.until("buried", func() bool { return len(l.letters) >= 16 })
	l.settle(p, false, append(odd, many...)...)
	l.buried(map[string]int{"unreadable": 14, "misrouted": 1, "invalid-id": 1})
	for _, r := range l.letters {
		for _, h := range []string{"reason", "detail", "topic", "partition", "offset", "time"} {
			if headerOf(r, h) == "" {
				t.Errorf("a dead letter has no header %s: %v", h, r.Headers)
			}
		}
	}
}

// TestAccountRefused: with a wrong key nothing is lost and nothing is held
// against the orders; the exporter says so and is not ready.
func TestAccountRefused(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Config{Seed: 12, Finished: 1})
	l.ask("o1", "o2")
	bad := l.start(map[string]string{"CALLBOT_SECRET_KEY": "wrong", "HTTP_ADDR": "127.0.0.1:0", "LOG_LEVEL": "info"}, "run")
	eventually(t, "not ready", func() bool {
		code, text := bad.page(t, "/readyz")
		return code == 503 && strings.Contains(text, "account-refused")
	})
	if code, _ := bad.page(t, "/healthz"); code != 200 {
		t.Errorf("healthz says %d", code)
	}
	if code := bad.end(t, syscall.SIGTERM); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	l.settle(l.start(nil, "run"), false, "o1", "o2")
	l.buried(nil)
}

// TestSecondSignal: a second signal ends the exporter at once.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Config{Seed: 13})
	l.misbehave(simulator.Faults{Hang: 1})
	l.ask("o1")
	p := l.start(map[string]string{"KAFKA_SESSION_TIMEOUT": "60s", "CALLBOT_TIMEOUT": "60s"}, "run")
	eventually(t, "asking", func() bool { return l.sim.Stats().Requests > 0 })
	began := time.Now()
	// Two of one number at once may arrive as one; of two numbers both do.
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.end(t, os.Interrupt); code != exitFailed || time.Since(began) > 10*time.Second {
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
		{args: "simulate --orders 5", code: exitUsage, says: "--orders needs --campaign"},
		{args: "simulate --campaign --lines 5", code: exitUsage, says: "--lines"},
		{args: "simulate --campaign --dial all", code: exitUsage, says: "--dial"},
		{args: "simulate --campaign --outage 5m", code: exitUsage, says: "--outage"},
		{args: "simulate --campaign --tasks 9 --phone-lines 8", code: exitUsage, says: "line for each task"},
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
	p := (&lab{T: t}).start(nil, "demo", "--orders", "20", "--speed", "400", "--rate", "50")
	_ = p.Wait() // the exit code is what counts
	if code := p.ProcessState.ExitCode(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"20 orders, 20 settled", " % of 50 a second\n", "  start   p50 ", "  answer  p50 ", "  end     p50 ", "  line    p50 "} {
		if !strings.Contains(p.log(), want) {
			t.Errorf("the summary has no %q", want)
		}
	}
}

func TestPercentile(t *testing.T) {
	hundred := make([]order.Millis, 100)
	for i := range hundred {
		hundred[i] = order.Millis(1000 * (i + 1))
	}
	for _, tt := range []struct {
		values []order.Millis
		p      int
		want   float64
	}{{hundred, 50, 50}, {hundred, 95, 95}, {hundred[:1], 50, 1}, {hundred[:1], 95, 1}, {hundred[:3], 50, 2}, {hundred[:3], 95, 3}} {
		if got := percentile(tt.values, tt.p); got != tt.want {
			t.Errorf("p%d of %d values is %v, want %v", tt.p, len(tt.values), got, tt.want)
		}
	}
}

// TestHoldSlots: an instance asks in its slots while its generation lives, and
// a generation's end takes nothing from the next.
func TestHoldSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := callbot.New(callbot.Config{RateLimit: 2})
		ready := func(from, to time.Duration) {
			t.Helper()
			if got := client.Ready(time.Now()); got < from || got > to {
				t.Errorf("ready in %v, want %v to %v", got, from, to)
			}
		}
		ctx, over := context.WithCancel(t.Context())
		release := holdSlots(ctx, client, []int{0, 1}, 2)
		ready(0, time.Second)
		over()
		synctest.Wait() // what the generation left behind is still draining
		ready(time.Minute, time.Hour)
		release()
		next := holdSlots(t.Context(), client, []int{0, 1}, 2)
		synctest.Wait()
		ready(0, time.Second)
		next() // nobody waits here
		last := holdSlots(t.Context(), client, []int{0, 1}, 2)
		synctest.Wait()
		ready(0, time.Second)
		last()
		ready(time.Minute, time.Hour)
	})
}
