package monitor

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var silent = slog.New(slog.DiscardHandler)

func ask(h http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func TestPages(t *testing.T) {
	h, m := NewHealth(), NewMetrics()
	pages := Handler(h, m)
	want := func(method, path string, code int, body string) {
		t.Helper()
		if w := ask(pages, method, path); w.Code != code || !strings.Contains(w.Body.String(), body) {
			t.Errorf("%s %s answers %d %q, want %d %q", method, path, w.Code, w.Body, code, body)
		}
	}
	const joining = "joining-group: waiting for partitions of the request topic\n"
	h.AddCheck("api", func() string { return "rejecting-everything" })
	want("GET", "/readyz", 503, "api: rejecting-everything\n"+joining)
	want("GET", "/healthz", 200, "ok\n")
	want("HEAD", "/healthz", 200, "")
	want("POST", "/readyz", 405, "")
	want("GET", "/", 200, "/metrics")
	want("GET", "/elsewhere", 404, "")
	m.Forwarded(42)
	for _, line := range []string{"callstream_requests_forwarded_total 42\n", "go_goroutines ", "process_start_time_seconds ", "go_build_info{", "# HELP callstream_batch_fill "} {
		want("GET", "/metrics", 200, line)
	}
	pages = Handler(&Health{}, m)
	want("GET", "/readyz", 200, "ready\n")
}

// TestNote: what is said beside being ready gives no reason not to be.
func TestNote(t *testing.T) {
	h := NewHealth()
	pages := Handler(h, NewMetrics())
	want := func(what string, code int, body string) {
		t.Helper()
		if w := ask(pages, "GET", "/readyz"); w.Code != code || w.Body.String() != body {
			t.Errorf("%s: it answers %d %q, want %d %q", what, w.Code, w.Body, code, body)
		}
	}
	h.Note("standing by:\n others work")
	want("not ready", 503, "joining-group: waiting for partitions of the request topic\n")
	h.Clear(JoiningGroup)
	want("ready", 200, "ready\nstanding by: others work\n")
	h.Note("")
	want("taken away", 200, "ready\n")
}

// serving runs Serve and returns how it ended.
func serving(ctx context.Context, ln net.Listener, h http.Handler, log *slog.Logger) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, ln, h, log) }()
	return ended
}

func TestServe(t *testing.T) {
	ln, err := Listen("HTTP_ADDR", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	pages := Handler(NewHealth(), NewMetrics())
	// An answer under way when the end comes: it learns of it and finishes.
	pages.HandleFunc("GET /long", func(w http.ResponseWriter, r *http.Request) {
		stop()
		<-r.Context().Done()
		_, _ = io.WriteString(w, "finished")
	})
	ended := serving(ctx, ln, pages, silent)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	r, err := client.Get("http://" + ln.Addr().String() + "/long")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if got, err := io.ReadAll(r.Body); string(got) != "finished" {
		t.Errorf("the answer under way was cut to %q: %v", got, err)
	}
	if err := <-ended; err != nil {
		t.Errorf("ends with %v", err)
	}
	if c, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		c.Close()
		t.Error("still listens")
	}
}

// TestAddressTaken: the error names the setting and the address. A listener that
// is closed is told of as well.
func TestAddressTaken(t *testing.T) {
	ln, err := Listen("HTTP_ADDR", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	if _, err := Listen("HTTP_ADDR", addr); err == nil || !strings.HasPrefix(err.Error(), "HTTP_ADDR: ") || !strings.Contains(err.Error(), addr) {
		t.Errorf("a taken address gives %v", err)
	}
	ln.Close()
	if err := Serve(t.Context(), ln, http.NewServeMux(), silent); !errors.Is(err, net.ErrClosed) {
		t.Errorf("ends with %v, want that the listener is closed", err)
	}
}

// pipes is a listener without a network, for synctest.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func TestServeCutsOffWhatNeverEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := &pipes{make(chan net.Conn), make(chan struct{})}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		begun, release := make(chan struct{}), make(chan struct{})
		var logged bytes.Buffer
		ended := serving(ctx, ln, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			close(begun)
			<-release
		}), slog.New(slog.NewTextHandler(&logged, nil)))
		ours, theirs := net.Pipe()
		defer ours.Close()
		ln.conns <- theirs
		if _, err := io.WriteString(ours, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		<-begun
		start := time.Now()
		stop()
		if err := <-ended; err != nil {
			t.Errorf("ends with %v", err)
		}
		if took := time.Since(start); took < shutdownTimeout || took > shutdownTimeout+time.Second {
			t.Errorf("ends after %v, want about %v", took, shutdownTimeout)
		}
		if _, err := ours.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the connection gives %v, want its end", err)
		}
		if !strings.Contains(logged.String(), "cut off") {
			t.Errorf("logs %q", &logged)
		}
		close(release)
	})
}
