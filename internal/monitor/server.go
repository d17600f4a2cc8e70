package monitor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// The server's bounds. Probes, scrapers and the senders of callbacks send little
// and read at once; who is slower holds a connection for nothing.
const (
	readTimeout = 5 * time.Second
	// writeTimeout leaves Prometheus its default scrape_timeout of 10 s and
	// more.
	writeTimeout = 30 * time.Second
	// idleTimeout keeps a connection from one scrape to the next (Prometheus
	// scrapes once a minute by default).
	idleTimeout = 2 * time.Minute
	// headerBytes: a probe's header has a few hundred, a callback's too.
	headerBytes = 16 << 10
	// shutdownTimeout is what a scrape under way may still take; it must stay
	// well under the 30 s that Kubernetes leaves a pod to end.
	shutdownTimeout = 3 * time.Second
)

// Handler serves /healthz (200 while the process lives), /readyz (200 when
// ready, with the note if there is one, else 503 with one line a condition), /metrics for Prometheus, and an
// index at /. More pages may be added to it.
func Handler(h *Health, m *Metrics) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, "ok\n")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		ready, text := h.report()
		if !ready {
			answer(w, http.StatusServiceUnavailable, text)
			return
		}
		answer(w, http.StatusOK, text)
	})
	mux.Handle("GET /metrics", m.handler())
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, "callstream\n\n/healthz  alive\n/readyz   ready, or why not\n/metrics  for Prometheus\n")
	})
	return mux
}

func answer(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text)) // who asked has gone: nobody to tell
}

// Listen opens a server's address; port 0 takes any that is free, to be read
// from the listener. The error names the setting that the address is from.
func Listen(setting, addr string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	return ln, nil
}

// Serve answers on ln until ctx ends, then lets answers under way finish for a
// few seconds and returns nil. It closes ln. The requests' contexts end with
// ctx, so that a stream stops by itself. An error means that serving broke
// before.
func Serve(ctx context.Context, ln net.Listener, h http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerBytes,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	broken := make(chan error, 1)
	go func() { broken <- server.Serve(ln) }()
	select {
	case err := <-broken:
		return fmt.Errorf("serve HTTP at %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		log.Warn("the end of the exporter cut off an answer of its HTTP server", "err", errors.Join(err, server.Close()))
	}
	<-broken
	return nil
}
