package callbot

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"callstream/internal/order"
	"callstream/internal/simulator"
)

// newTestClient returns a client of a real server that speaks for api.
func newTestClient(t *testing.T, api http.Handler, change func(*Config)) *Client {
	t.Helper()
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	cfg := Config{
		BaseURL: server.URL, UUID: testUUID, SecretKey: fixed(testKey), Algorithm: SHA256, Verify: VerifyStrict,
		Timeout: time.Minute, Concurrency: 4, RateLimit: 1e6, Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&cfg)
	}
	c := New(cfg)
	t.Cleanup(c.Close)
	return c
}

// TestExchange holds the requests to the simulator, which checks signatures and
// signs its answers by code of its own, and to what it doesn't check.
func TestExchange(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"SHA256":                  func(c *Config) {},
		"MD5":                     func(c *Config) { c.Algorithm = MD5 },
		"no algorithm named":      func(c *Config) { c.Algorithm = "" },
		"a base URL with a slash": func(c *Config) { c.BaseURL += "/" },
	} {
		t.Run(name, func(t *testing.T) {
			sim := simulator.New(simulator.Config{UUID: testUUID, SecretKey: testKey})
			requestIDs := map[string]bool{}
			c := newTestClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h := r.Header
				created, err := strconv.ParseInt(h.Get("createTs"), 10, 64)
				if age := time.Since(time.Unix(created, 0)); err != nil || age < -time.Second || age > time.Minute {
					t.Errorf("createTs %q: %v old, %v", h.Get("createTs"), age, err)
				}
				if h.Get("Content-Type") != "application/json" || h.Get("Accept-Encoding") != "gzip" || requestIDs[h.Get("requestID")] {
					t.Errorf("headers %v", h)
				}
				requestIDs[h.Get("requestID")] = true
				sim.ServeHTTP(w, r)
			}), change)
			for range 2 {
				look, err := c.Look(t.Context(), "任务<&>\"", []string{"done-1", "missing-<2>", "done-1"})
				if err != nil || len(look.Seen) != 1 || fmt.Sprint(look.Missing) != "map[missing-<2>:true]" || look.At == 0 {
					t.Errorf("got %+v, %v", look, err)
				}
			}
			if fill := sim.Stats().MeanFill; fill != 2 {
				t.Errorf("%v orders a request, want each order once", fill)
			}
		})
	}
}

// TestExchangeFaults asks once of an API that answers wrongly.
func TestExchangeFaults(t *testing.T) {
	write := func(body string, header ...string) http.HandlerFunc { return unsigned(200, body, header...) }
	good := zipped(`{"retCode":0,"orderDetailList":[]}`)
	redirect := func(status int, to string) http.HandlerFunc { return unsigned(status, "", "Location", to) }
	for _, tc := range []struct {
		name  string
		fault http.HandlerFunc
		class Class
		text  string // of the error; none of it may be the body's
	}{
		{"a retCode", retCode(2), Rejected, `callbot: rejected: retCode 2 (missing parameters), responseID r-9, retMsg "no ***********"`},
		{"HTTP 500 with a retCode", signed(500, `{"retCode":7}`), Busy, `retCode 7 (system busy), HTTP 500`},
		{"HTTP 500 and retCode 0", signed(500, `{"retCode":0}`), Failing, `callbot: failing: HTTP 500`},
		{"HTTP 429", status(429), Busy, "callbot: busy: HTTP 429"},
		{"HTTP 204", status(204), Failing, "not JSON"},
		{
			"redirect", redirect(307, "https://elsewhere.example/secret?key=secret"), Refused,
			"callbot: refused: HTTP 307, redirected to https://elsewhere.example; check CALLBOT_BASE_URL",
		},
		{"redirect to nowhere", redirect(302, ""), Refused, "callbot: refused: HTTP 302, a redirect; check CALLBOT_BASE_URL"},
		{"redirect to the same host", redirect(301, "/secret"), Refused, "redirected to http://127.0.0.1:"},
		{"HTML", write("<html>secret</html>", "Content-Type", "text/html"), Failing, "the answer is not JSON, or cut (text/html; check CALLBOT_BASE_URL)"},
		{"empty", write(""), Failing, "not JSON"},
		{"no retCode", write(`{"orderDetailList":[]}`, "Content-Type", "application/json"), Failing, "callbot: failing: the answer has no retCode"},
		{"not gzip though it says so", write(`{"secret":0}`, "Content-Encoding", "gzip"), Failing, "the answer could not be read: gzip: invalid header"},
		{"another encoding", write(`{"secret":0}`, "Content-Encoding", "br"), Failing, "the answer's Content-Encoding is not gzip"},
		{"cut gzip", write(good[:len(good)-12], "Content-Encoding", "gzip"), Failing, "the answer could not be read: unexpected EOF"},
		{"cut answer", write(`{"retCode":0,"orderDetailList":[]}`, "Content-Length", "1000"), Failing, "the answer could not be read: unexpected EOF"},
		{"connection closed", hangUp(""), Failing, "callbot: failing: no answer: EOF"},
		{"no HTTP", hangUp("13800138000\r\n"), Failing, `no answer: net/http: HTTP/1.x transport connection broken: malformed HTTP response "***********"`},
		{"gzip bomb", write(zipped(strings.Repeat("secret, ", 1<<18)), "Content-Encoding", "gzip"), Failing, "the answer is over 1 MiB"},
		{"endless headers", write("", "X", strings.Repeat("secret", maxHeaders/6+1)), Failing, "no answer: net/http: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newTestClient(t, tc.fault, func(c *Config) { c.Verify = VerifyOff })
			c.maxAnswer = 1 << 20
			_, err := c.exchange(t.Context(), detail("t", []string{"o1"}))
			var failure *Error
			if !errors.As(err, &failure) || failure.Class != tc.class {
				t.Fatalf("got %v, want %s", err, tc.class)
			}
			if !strings.Contains(err.Error(), tc.text) {
				t.Errorf("got  %s\nwant %s", err, tc.text)
			}
			for _, leak := range []string{"secret", testKey, "13800138000"} {
				if strings.Contains(err.Error(), leak) {
					t.Errorf("%q leaks into %q", leak, err)
				}
			}
		})
	}
}

// zipped is text as gzip.
func zipped(text string) string {
	var whole strings.Builder
	zip := gzip.NewWriter(&whole)
	_, _ = io.WriteString(zip, text)
	_ = zip.Close()
	return whole.String()
}

// hangUp sends bytes that may be no HTTP, and closes the connection.
func hangUp(after string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			_, _ = io.WriteString(conn, after)
			_ = conn.Close()
		}
	}
}

func TestExchangeTimeout(t *testing.T) {
	slowBody := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"retCode":0,`)
		w.(http.Flusher).Flush()
		hang(w, r)
	}
	for _, tc := range []struct {
		name  string
		fault http.HandlerFunc
		want  string
	}{
		{"no answer", hang, "callbot: failing: no answer within 50ms"},
		{"half an answer", slowBody, "callbot: failing: the answer was not complete within 50ms"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newTestClient(t, tc.fault, func(c *Config) { c.Timeout = 50 * time.Millisecond })
			_, err := c.exchange(t.Context(), detail("t", []string{"o1"}))
			if err == nil || err.Error() != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
		t.Run(tc.name+", given up by the caller", func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			observer := newCounts()
			c := newTestClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				time.AfterFunc(10*time.Millisecond, cancel)
				tc.fault(w, r)
			}), func(c *Config) { c.Observer = observer })
			_, err := c.Look(ctx, "t", []string{"o1"})
			var failure *Error
			if !errors.Is(err, context.Canceled) || errors.As(err, &failure) {
				t.Errorf("got %v", err)
			}
			if observer.requests["canceled 0"] != 1 || len(observer.requests) != 1 {
				t.Errorf("observed %v", observer.requests)
			}
		})
	}
}

func TestConnectionsAreReused(t *testing.T) {
	answers := []http.HandlerFunc{nil, retCode(4), status(500), status(404), nil, retCode(7)}
	api := &script{entry: knows, instead: func(n int, _ []string) http.HandlerFunc { return answers[n%len(answers)] }}
	var accepted atomic.Int32
	server := httptest.NewUnstartedServer(api)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			accepted.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	const workers = 3
	c := newTestClient(t, api, func(c *Config) { c.BaseURL, c.Concurrency = server.URL, workers })
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for range 30 {
				_, err := c.exchange(t.Context(), detail("t", []string{"o1"}))
				var failure *Error
				if err != nil && (!errors.As(err, &failure) || failure.HTTPStatus == 0) {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	// net/http gives a connection back a moment after the body's end, and may
	// open another in that moment. Of 90 requests a sixth is of each kind: one
	// kind that is not read to its end would open 15 connections.
	if n := accepted.Load(); n > 4*workers {
		t.Errorf("%d connections for %d workers", n, workers)
	}
}

func TestVerify(t *testing.T) {
	good := signed(http.StatusOK, `{"retCode":0}`)
	tampered := unsigned(200, `{"retCode":0}`, "sign", strings.Repeat("0", 64))
	bare := unsigned(200, `{"retCode":0}`)
	forged := unsigned(502, `{"retCode":4}`)
	const wrong = "callbot: failing: the answer's signature is wrong"
	for _, tc := range []struct {
		name, mode string
		fault      http.HandlerFunc
		err        string
		signs      map[bool]int
	}{
		{"good, off", VerifyOff, good, "", nil},
		{"good, warn", VerifyWarn, good, "", map[bool]int{true: 1}},
		{"good, strict", VerifyStrict, good, "", map[bool]int{true: 1}},
		{"tampered, off", VerifyOff, tampered, "", nil},
		{"tampered, warn", VerifyWarn, tampered, "", map[bool]int{false: 1}},
		{"tampered, strict", VerifyStrict, tampered, wrong, map[bool]int{false: 1}},
		{"unsigned, warn", VerifyWarn, bare, "", map[bool]int{false: 1}},
		{"unsigned, strict", VerifyStrict, bare, wrong, map[bool]int{false: 1}},
		{"an unsigned word against an order, warn", VerifyWarn, forged, "callbot: rejected: retCode 4 (invalid value), HTTP 502", nil},
		{"an unsigned word against an order, strict", VerifyStrict, forged, "callbot: failing: HTTP 502", nil},
		{"a signed retCode, strict", VerifyStrict, retCode(4), `callbot: rejected: retCode 4 (invalid value), responseID r-9, retMsg "no ***********"`, map[bool]int{true: 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			observer := newCounts()
			c := newTestClient(t, tc.fault, func(c *Config) { c.Verify, c.Observer = tc.mode, observer })
			_, err := c.exchange(t.Context(), detail("t", []string{"o1"}))
			if errorText(err) != tc.err {
				t.Errorf("got %v, want %s", err, tc.err)
			}
			if fmt.Sprint(observer.signs) != fmt.Sprint(tc.signs) && len(observer.signs)+len(tc.signs) > 0 {
				t.Errorf("observed %v, want %v", observer.signs, tc.signs)
			}
		})
	}
}

func TestWrongSignaturesAreLoggedNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		c := New(Config{Verify: VerifyWarn, SecretKey: fixed(testKey), Log: slog.New(slog.NewTextHandler(&log, nil))})
		for range 150 {
			c.verify(http.Header{"Sign": {"x"}}, signer{}, []byte("secret"), true)
			time.Sleep(time.Second)
		}
		if got := strings.Count(log.String(), "not signed"); got != 3 {
			t.Errorf("logged %d times in 150 s", got)
		}
		if !strings.Contains(log.String(), "answers=60") || strings.Contains(log.String(), "s3cret") || strings.Contains(log.String(), "secret ") {
			t.Error(log.String())
		}
	})
}

// The key is replaced at the API and then in the file. A request that is
// refused with the old one is no order's fault, and the next one goes with the
// new; an answer is held to the key of its request.
func TestTheKeyIsReadForEachRequest(t *testing.T) {
	sim := simulator.New(simulator.Config{UUID: testUUID, SecretKey: "new"})
	var key atomic.Value
	key.Store("old")
	answering := func() {}
	c := newTestClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sim.ServeHTTP(w, r)
		answering()
	}), func(c *Config) {
		c.Verify = VerifyWarn // strict would not believe a refusal that is signed with another key
		c.SecretKey = func() string { return key.Load().(string) }
	})
	look := func() (order.Look, error) { return c.Look(t.Context(), "t", []string{"done-1"}) }
	if l, err := look(); !isClass(err, Refused) || len(l.Rejected)+len(l.Missing) > 0 || c.Trouble() != AccountRefused {
		t.Fatalf("with the old key: %+v, %v, trouble %q", l, err, c.Trouble())
	}
	key.Store("new")
	c.cfg.Verify, answering = VerifyStrict, func() { key.Store("newer") } // between request and answer
	if l, err := look(); err != nil || len(l.Seen) != 1 || c.Trouble() != "" {
		t.Errorf("with the new key: %+v, %v, trouble %q", l, err, c.Trouble())
	}
}
