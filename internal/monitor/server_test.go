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
	health := NewHealth()
	pages := Handler(health, NewMetrics())
	want := func(path string, code int, body string) {
		t.Helper()
		w := ask(pages, "GET", path)
		if w.Code != code || body != "" && w.Body.String() != body {
			t.Errorf("%s answers %d %q, want %d %q", path, w.Code, w.Body, code, body)
		}
	}
	want("/healthz", 200, "ok\n")
	want("/readyz", 503, "joining-group: waiting for partitions of the request topic\n")
	health.AddCheck("api", func() string { return "rejecting-everything" })
	want("/readyz", 503, "api: rejecting-everything\njoining-group: waiting for partitions of the request topic\n")
	want("/healthz", 200, "ok\n")
	ready := NewHealth()
	pages = Handler(ready, NewMetrics())
	ready.Clear(JoiningGroup)
	want("/readyz", 200, "ready\n")
	ready.Set("restoring", "")
	want("/readyz", 503, "restoring\n")
	want("/", 200, "")
	want("/elsewhere", 404, "")
	if w := ask(pages, "POST", "/readyz"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST /readyz answers %d", w.Code)
	}
	if w := ask(pages, "HEAD", "/healthz"); w.Code != 200 {
		t.Errorf("HEAD /healthz answers %d", w.Code)
	}
	if w := ask(pages, "GET", "/"); !strings.Contains(w.Body.String(), "/metrics") || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Errorf("the index is %q", w.Body)
	}
}

func TestMetricsPage(t *testing.T) {
	m := NewMetrics()
	m.Forwarded(42)
	body := ask(Handler(NewHealth(), m), "GET", "/metrics").Body.String()
	for _, line := range []string{"callstream_requests_forwarded_total 42\n", "go_goroutines ", "process_start_time_seconds ", "go_build_info{", "# HELP callstream_batch_fill "} {
		if !strings.Contains(body, line) {
			t.Errorf("no %q in the metrics", line)
		}
	}
}

func TestListen(t *testing.T) {
	ln, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if _, err := Listen(ln.Addr().String()); err == nil || !strings.HasPrefix(err.Error(), "HTTP_ADDR: ") || !strings.Contains(err.Error(), ln.Addr().String()) {
		t.Errorf("a taken address gives %v", err)
	}
}

// serving runs Serve and returns how it ended.
func serving(ctx context.Context, ln net.Listener, h http.Handler, log *slog.Logger) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, ln, h, log) }()
	return ended
}

func TestServe(t *testing.T) {
	ln, err := Listen("127.0.0.1:0")
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
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "joining-group: waiting for partitions of the request topic\n"} {
		if got := get(t, client, ln, path); got != want {
			t.Errorf("%s answers %q, want %q", path, got, want)
		}
	}
	if got := get(t, client, ln, "/long"); got != "finished" {
		t.Errorf("the answer under way was cut to %q", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("ends with %v", err)
	}
	if c, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		c.Close()
		t.Error("still listens")
	}
}

func get(t *testing.T, client *http.Client, ln net.Listener, path string) string {
	t.Helper()
	r, err := client.Get("http://" + ln.Addr().String() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestServeEndsBeforeItBegins(t *testing.T) {
	ln, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := Serve(ctx, ln, http.NewServeMux(), silent); err != nil {
		t.Errorf("ends with %v", err)
	}
}

func TestServeBreaks(t *testing.T) {
	ln, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
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

func TestServeClosesSlowConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := &pipes{make(chan net.Conn), make(chan struct{})}
		ctx, stop := context.WithCancel(t.Context())
		ended := serving(ctx, ln, http.NewServeMux(), silent)
		ours, theirs := net.Pipe()
		defer ours.Close()
		ln.conns <- theirs
		start := time.Now()
		if _, err := io.WriteString(ours, "GET / HTTP/1.1\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(ours); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != readTimeout {
			t.Errorf("an unfinished header holds the connection for %v, want %v", took, readTimeout)
		}
		stop()
		if err := <-ended; err != nil {
			t.Errorf("ends with %v", err)
		}
	})
}
