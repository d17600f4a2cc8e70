package callbot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"callstream/internal/order"
)

// draft is a callback that a test may change before it is sent.
type draft struct {
	stamp stamp
	body  string
	late  func(*http.Request) // what changes behind the signature; nil = nothing
}

const callbackBody = `{"callbackType":2,"orderID":"o-1","userPhone":"13800138000","userName":"Ada","sceneID":"310022","userTaskID":"my-task",` +
	`"taskID":"722028","finish":true,"other":{"a":[1]},"callInfoDetail":{"callID":"c","callStatus":6,"intents":[{"intentID":"7","intentLevel":"A"}]}}`

func goodCallback() draft {
	return draft{stamp{createTs: strconv.FormatInt(time.Now().Unix(), 10), requestID: "r-1", uuid: testUUID}, callbackBody, nil}
}

func (c *draft) request(t *testing.T) *http.Request {
	t.Helper()
	sign, ok := c.stamp.sign(testKey, []byte(c.body))
	if !ok {
		t.Fatal("cannot sign")
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, CallbackPath, strings.NewReader(c.body))
	for name, value := range map[string]string{
		headerRequestID: c.stamp.requestID, headerUUID: c.stamp.uuid, headerCreateTs: c.stamp.createTs, headerAlgorithm: c.stamp.algorithm, headerSign: sign,
	} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	if c.late != nil {
		c.late(r)
	}
	return r
}

// desk takes callbacks and keeps what became of them.
type desk struct {
	*Callbacks
	log bytes.Buffer

	mu      sync.Mutex
	down    error // what Put says
	slow    bool  // Put waits for its context
	put     []order.Ref
	results []string
}

func newDesk() *desk {
	d := &desk{}
	d.Callbacks = NewCallbacks(CallbackConfig{
		UUID: testUUID, SecretKey: fixed(testKey), Log: slog.New(slog.NewTextHandler(&d.log, nil)),
		CheckID: func(id string) error {
			if id == "" || len(id) > 256 {
				return errors.New("bad")
			}
			return nil
		},
		Put: func(ctx context.Context, ref order.Ref) error {
			if d.slow {
				<-ctx.Done()
				return context.Cause(ctx)
			}
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.down == nil {
				d.put = append(d.put, ref)
			}
			return d.down
		},
		Observe: func(result string) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.results = append(d.results, result)
		},
	})
	return d
}

// send sends a callback, and holds that nothing of it but its ID is let out.
func (d *desk) send(t *testing.T, c draft) (status int) {
	t.Helper()
	w := httptest.NewRecorder()
	d.ServeHTTP(w, c.request(t))
	for _, secret := range []string{"13800138000", "Ada", testKey} {
		if strings.Contains(w.Body.String()+d.log.String(), secret) {
			t.Errorf("%s is shown: %s %s", secret, w.Body, &d.log)
		}
	}
	if good := w.Code == http.StatusOK; good != (w.Body.String() == `{"retCode":0,"retMsg":"success"}`) {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
	return w.Code
}

// TestCallbacks sends each callback to a desk of its own: the status that it is
// answered with, what it is counted as, and whether it becomes a hint.
func TestCallbacks(t *testing.T) {
	mine := order.Ref{Task: "my-task", ID: "o-1"}
	ago := func(d time.Duration) string { return strconv.FormatInt(time.Now().Add(-d).Unix(), 10) }
	body := func(text string) func(*draft) { return func(c *draft) { c.body = text } }
	header := func(name, value string) func(*draft) {
		return func(c *draft) { c.late = func(r *http.Request) { r.Header.Set(name, value) } }
	}
	long := strings.Repeat("x", 257)
	for _, tt := range []struct {
		name   string
		change func(*draft)
		status int
		result string
		want   order.Ref // the zero Ref = no hint
	}{
		{"as documented", func(*draft) {}, 200, "accepted", mine},
		{"SHA256", func(c *draft) { c.stamp.algorithm = SHA256 }, 200, "accepted", mine},
		{"its type as a text", body(`{"callbackType":"2","orderID":"o-1","userTaskID":"my-task"}`), 200, "accepted", mine},
		{"no type", body(`{"orderID":"o-1","userTaskID":"my-task"}`), 200, "accepted", mine},
		{"IDs as numbers", body(`{"orderID":17,"userTaskID":4}`), 200, "accepted", order.Ref{Task: "4", ID: "17"}},
		{"its time in milliseconds", func(c *draft) { c.stamp.createTs += "000" }, 200, "accepted", mine},
		{"four minutes old", func(c *draft) { c.stamp.createTs = ago(4 * time.Minute) }, 200, "accepted", mine},
		{"about a task", body(`{"callbackType":1,"userTaskID":"my-task","taskStatus":3}`), 200, "ignored", order.Ref{}},
		{"about a task, as a text", body(`{"callbackType":"1","userTaskID":"my-task"}`), 200, "ignored", order.Ref{}},

		{"another body", func(c *draft) {
			c.late = func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(c.body + " ")) }
		}, 401, "forged", order.Ref{}},
		{"another time", header(headerCreateTs, ago(time.Second)), 401, "forged", order.Ref{}},
		{"another ID", header(headerRequestID, "r-2"), 401, "forged", order.Ref{}},
		{"another account", func(c *draft) { c.stamp.uuid = "acc-8" }, 401, "forged", order.Ref{}},
		{"no account", func(c *draft) { c.stamp.uuid = "" }, 401, "forged", order.Ref{}},
		{"no ID", func(c *draft) { c.stamp.requestID = "" }, 401, "forged", order.Ref{}},
		{"no time", func(c *draft) { c.stamp.createTs = "" }, 401, "forged", order.Ref{}},
		{"a time that is none", func(c *draft) { c.stamp.createTs = "now" }, 401, "forged", order.Ref{}},
		{"no signature", header(headerSign, ""), 401, "forged", order.Ref{}},
		{"a signature of zeros", header(headerSign, strings.Repeat("0", 32)), 401, "forged", order.Ref{}},
		{"an algorithm unknown", header(headerAlgorithm, "NONE"), 401, "forged", order.Ref{}},
		{"six minutes old", func(c *draft) { c.stamp.createTs = ago(6 * time.Minute) }, 401, "replayed", order.Ref{}},
		{"six minutes early", func(c *draft) { c.stamp.createTs = ago(-6 * time.Minute) }, 401, "replayed", order.Ref{}},

		{"empty", body(""), 400, "malformed", order.Ref{}},
		{"no JSON", body("<html>"), 400, "malformed", order.Ref{}},
		{"more behind", body(callbackBody + "{}"), 400, "malformed", order.Ref{}},
		{"no object", body(`[{"orderID":"o-1","userTaskID":"my-task"}]`), 400, "malformed", order.Ref{}},
		{"no UTF-8", body("{\"orderID\":\"\xff\",\"userTaskID\":\"my-task\"}"), 400, "malformed", order.Ref{}},
		{"no order", body(`{"callbackType":2,"userTaskID":"my-task"}`), 400, "malformed", order.Ref{}},
		{"no task", body(`{"callbackType":2,"orderID":"o-1"}`), 400, "malformed", order.Ref{}},
		{"an order that is none", body(`{"orderID":["o-1"],"userTaskID":"my-task"}`), 400, "malformed", order.Ref{}},
		{"an ID too long", body(`{"orderID":"` + long + `","userTaskID":"my-task"}`), 400, "malformed", order.Ref{}},
		{"a type that is none", body(`{"callbackType":"two","orderID":"o-1","userTaskID":"my-task"}`), 400, "malformed", order.Ref{}},
		{"nested too deep", body(strings.Repeat("[", maxNesting+1)), 400, "malformed", order.Ref{}},
		{"too large", body(strings.Repeat(" ", maxCallback) + callbackBody), 413, "too-large", order.Ref{}},
		{"too large, of no length", func(c *draft) {
			c.body = strings.Repeat(" ", maxCallback) + callbackBody
			c.late = func(r *http.Request) { r.ContentLength = -1 }
		}, 413, "too-large", order.Ref{}},
		{"too large, unsigned", func(c *draft) {
			c.body = strings.Repeat(" ", maxCallback+1)
			c.late = func(r *http.Request) { r.Header = http.Header{} }
		}, 413, "too-large", order.Ref{}},
		{"as large as may be", body(strings.Repeat(" ", maxCallback-len(callbackBody)) + callbackBody), 200, "accepted", mine},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, c := newDesk(), goodCallback()
			tt.change(&c)
			if status := d.send(t, c); status != tt.status {
				t.Errorf("answered %d, want %d", status, tt.status)
			}
			if !reflect.DeepEqual(d.results, []string{tt.result}) {
				t.Errorf("counted %q, want %q", d.results, tt.result)
			}
			var want []order.Ref
			if tt.want != (order.Ref{}) {
				want = append(want, tt.want)
			}
			if !reflect.DeepEqual(d.put, want) {
				t.Errorf("hints about %v, want %v", d.put, want)
			}
		})
	}
}

// TestCallbackReplay: the very same callback passes once for as long as it is
// fresh, however its signature is spelt; one that Kafka did not take, and one
// that is signed anew, pass.
func TestCallbackReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := newDesk(), goodCallback()
		expect := func(what string, c draft, status int) {
			t.Helper()
			if got := d.send(t, c); got != status {
				t.Errorf("%s: answered %d, want %d", what, got, status)
			}
		}
		d.down = errors.New("connection refused")
		expect("Kafka is down", c, 503)
		d.down = nil
		expect("again", c, 200)
		expect("replayed", c, 401)
		spelt := c
		spelt.late = func(r *http.Request) { r.Header.Set(headerSign, strings.ToLower(r.Header.Get(headerSign))) }
		expect("replayed in another spelling", spelt, 401)
		anew := c
		anew.stamp.requestID = "r-2"
		expect("signed anew", anew, 200)
		task := c
		task.stamp.requestID, task.body = "r-3", `{"callbackType":1}`
		expect("about a task", task, 200)
		expect("about a task, replayed", task, 401)

		early := c // as early as it may come, so that it stays fresh for the longest
		early.stamp.createTs = strconv.FormatInt(time.Now().Add(callbackFresh).Unix(), 10)
		early.stamp.requestID = "r-4"
		expect("early", early, 200)
		for range 20 {
			time.Sleep(digestsFor / 20)
			expect("early, replayed", early, 401)
		}
		time.Sleep(2 * digestsFor)
		fresh := goodCallback()
		expect("much later", fresh, 200)
		if n := len(d.taken.now) + len(d.taken.before); n != 1 {
			t.Errorf("%d callbacks are remembered, 1 can be replayed", n)
		}
		want := "failed accepted replayed replayed accepted ignored replayed accepted" + strings.Repeat(" replayed", 20) + " accepted"
		if got := strings.Join(d.results, " "); got != want {
			t.Errorf("counted %s\nwant    %s", got, want)
		}
	})
}

// TestCallbackBounds: too many callbacks are refused, forged ones counted among
// them, and so are more at once than there is room for; what Kafka does not
// take in time is given up.
func TestCallbackBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, forged := newDesk(), goodCallback()
		forged.stamp.uuid = "acc-8"
		for range callbackBurst {
			if status := d.send(t, forged); status != 401 {
				t.Fatalf("answered %d", status)
			}
		}
		if status := d.send(t, goodCallback()); status != 429 {
			t.Errorf("beyond the burst: answered %d", status)
		}
		time.Sleep(time.Second)
		d.slow = true
		began := time.Now()
		var waiting sync.WaitGroup
		for n := range callbacksAtOnce {
			c := goodCallback()
			c.stamp.requestID = fmt.Sprint("r-", n)
			waiting.Go(func() {
				w := httptest.NewRecorder()
				d.ServeHTTP(w, c.request(t))
				if took := time.Since(began); w.Code != 503 || took != putTimeout {
					t.Errorf("answered %d after %v", w.Code, took)
				}
			})
		}
		synctest.Wait()
		if status := d.send(t, goodCallback()); status != 429 {
			t.Errorf("beyond the room: answered %d", status)
		}
		waiting.Wait()
		d.slow = false
		if status := d.send(t, goodCallback()); status != 200 {
			t.Errorf("afterwards: answered %d", status)
		}
	})
}

// TestCallbackPath: nothing else is served.
func TestCallbackPath(t *testing.T) {
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, CallbackPath, 405},
		{http.MethodPost, "/", 404},
		{http.MethodPost, CallbackPath + "/more", 404},
	} {
		d, w := newDesk(), httptest.NewRecorder()
		c := goodCallback()
		r := c.request(t)
		r.Method, r.URL.Path = tt.method, tt.path
		d.ServeHTTP(w, r)
		if w.Code != tt.status || len(d.results) > 0 {
			t.Errorf("%s %s: answered %d, counted %q", tt.method, tt.path, w.Code, d.results)
		}
	}
}
