package main

import (
	"context"
	"crypto/md5" //nolint:gosec // the vendor's default algorithm
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"callstream/internal/config"
	"callstream/internal/simulator"
)

// desk is an exporter in this process that takes callbacks at an address known
// before the API that sends them.
type desk struct {
	*lab
	url      string
	exporter *exporter
}

func newDesk(t *testing.T, sim simulator.Config, env map[string]string) *desk {
	t.Helper()
	listener, err := listenForCallbacks("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{url: callbackURL(listener)}
	sim.Callbacks = d.url
	d.lab = newLab(t, sim)
	settings := maps.Clone(d.env)
	maps.Copy(settings, env)
	cfg, err := config.Load(settings)
	if err != nil {
		t.Fatal(err)
	}
	d.exporter = newExporter(cfg, slog.New(slog.DiscardHandler))
	d.exporter.callbacks = listener
	d.untilTheEnd(func(ctx context.Context) error { return d.exporter.run(ctx) })
	return d
}

func (d *desk) counted(metric, label string) int { return d.exporter.metrics.Counted(metric, label) }

// signMD5 signs for the account "account" as docs/api.md#the-signature says.
func signMD5(key, body, createTs, requestID string) string {
	text := key + "&body=" + body + "&createTs=" + createTs + "&requestID=" + requestID + "&uuid=account"
	return fmt.Sprintf("%X", md5.Sum([]byte(text))) //nolint:gosec // the vendor's default algorithm
}

// send sends a callback about an order of the lab's task, signed with a key.
func (d *desk) send(key, orderID, requestID string) (status int) {
	d.Helper()
	body := fmt.Sprintf(`{"callbackType":"2","orderID":%q,"userTaskID":%q,"userPhone":"13800138000"}`, orderID, testTask)
	now := fmt.Sprint(time.Now().Unix())
	sign := signMD5(key, body, now, requestID)
	r, err := http.NewRequestWithContext(d.Context(), http.MethodPost, d.url, strings.NewReader(body))
	if err != nil {
		d.Fatal(err)
	}
	for name, value := range map[string]string{"requestID": requestID, "uuid": "account", "createTs": now, "sign": sign} {
		r.Header.Set(name, value)
	}
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		d.Fatal(err)
	}
	_ = w.Body.Close() // nothing of it is wanted
	return w.StatusCode
}

// TestCallbacks: the API tells when calls end, over HTTP, late and twice at
// times, and what it tells becomes hints; what is announced is as right as it is
// without them. A forged callback writes nothing.
func TestCallbacks(t *testing.T) {
	t.Parallel()
	d := newDesk(t, simulator.Config{Seed: 14, Speed: lifeSpeed}, nil)
	if status := d.send("another key", "done-1", "r-1"); status != http.StatusUnauthorized {
		t.Errorf("a forged callback is answered %d", status)
	}
	d.misbehave(simulator.Faults{CallbackLoss: 0.2, CallbackDelay: 0.2, CallbackDuplicates: 0.2})
	ids := names("order-", 60)
	d.ask(ids...)
	d.settled(len(ids))
	d.check(false, ids...)
	d.buried(nil)
	sent := d.sim.Stats().Callbacks
	accepted, replayed := d.counted("callbacks_total", "accepted"), d.counted("callbacks_total", "replayed")
	if sent.Accepted != accepted || sent.Refused != replayed || accepted < len(ids) || sent.Lost == 0 || replayed == 0 {
		t.Errorf("the API sent %+v; %d were accepted, %d replayed", sent, accepted, replayed)
	}
	if n := d.counted("callbacks_total", "forged"); n != 1 {
		t.Errorf("%d forged ones are counted", n)
	}
	taken, ignored := d.counted("hints_total", "taken"), d.counted("hints_total", "ignored")
	if taken == 0 || taken+ignored != accepted || d.counted("hints_total", "followed") > 0 {
		t.Errorf("of %d hints %d were taken, %d ignored", accepted, taken, ignored)
	}
}

// TestCallbackFollow: a callback about an order that nobody asked for begins to
// follow it where the settings say so.
func TestCallbackFollow(t *testing.T) {
	t.Parallel()
	d := newDesk(t, simulator.Config{Seed: 15, Speed: lifeSpeed}, map[string]string{"CALLBACK_FOLLOW": "true"})
	for n, id := range []string{"done-1", "live-2"} {
		if status := d.send("key", id, fmt.Sprint("r-", n)); status != http.StatusOK {
			t.Errorf("answered %d", status)
		}
	}
	d.settled(2)
	d.check(false, "done-1", "live-2")
	if n := d.counted("hints_total", "followed"); n != 2 {
		t.Errorf("%d orders are followed", n)
	}
}

// TestCallbackAddrTaken: the start is refused where callbacks can't be taken.
func TestCallbackAddrTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	l := &lab{T: t}
	p := l.start(map[string]string{
		"CALLBOT_UUID": "u", "CALLBOT_SECRET_KEY": "k", "HTTP_ADDR": "off", "CALLBACK_ADDR": taken.Addr().String(),
	}, "run")
	_ = p.Wait() // the exit code is what counts
	if code := p.ProcessState.ExitCode(); code != exitFailed || !strings.Contains(p.log(), "CALLBACK_ADDR") || !strings.Contains(p.log(), "in use") {
		t.Errorf("exit code %d", code)
	}
}
