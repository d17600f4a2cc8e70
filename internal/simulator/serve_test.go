package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// serve runs a server until the test ends and returns it.
func serve(t *testing.T, s *Simulator) *Server {
	t.Helper()
	server, err := Listen("127.0.0.1:0", s)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return server
}

// client makes its own connections, so that none outlives the test.
func client(t *testing.T) *http.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// call posts over the network; the HTTP client asks for gzip and undoes it.
func call(ctx context.Context, c *http.Client, url, body string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+apiPath, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = signedAs(testKey, body)
	w, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	defer w.Body.Close()
	return io.ReadAll(w.Body)
}

func TestCut(t *testing.T) {
	s := New(Config{SecretKey: testKey, Finished: 1})
	server, c := serve(t, s), client(t)
	setFaults(t, s, Faults{Cut: 1})
	const requests = 30
	var noAnswer, early, silent int
	for range requests {
		b, err := call(t.Context(), c, server.URL(), query("t", numbered("done-", 3)...))
		switch {
		case json.Valid(b):
			t.Fatalf("a whole answer: %s", b)
		case len(b) == 0 && err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
			noAnswer++
		case errors.Is(err, io.ErrUnexpectedEOF):
			early++
		}
	}
	// Without compression the third form is half a body that HTTP is content with.
	c.Transport.(*http.Transport).DisableCompression = true
	for range requests {
		if b, err := call(t.Context(), c, server.URL(), query("t", numbered("done-", 3)...)); err == nil && !json.Valid(b) {
			silent++
		}
	}
	if noAnswer == 0 || early == 0 || silent == 0 {
		t.Errorf("no answer %d, early end %d, silently short %d", noAnswer, early, silent)
	}
	if len(s.Shown("t", "done-0")) != 0 || s.Stats().Answers["cut"] != 2*requests {
		t.Errorf("noted %v, counted %v", s.Shown("t", "done-0"), s.Stats().Answers)
	}
}

func TestHangOverTheNetwork(t *testing.T) {
	s := New(Config{SecretKey: testKey})
	server, c := serve(t, s), client(t)
	setFaults(t, s, Faults{Hang: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := call(ctx, c, server.URL(), query("t", "o")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ended with %v", err)
	}
	// A second one still hangs when the server ends: it must not hold it up.
	left := make(chan error, 1)
	go func() {
		_, err := call(context.WithoutCancel(t.Context()), c, server.URL(), query("t", "o"))
		left <- err
	}()
	for s.Stats().Answers["hang"] < 2 {
		select {
		case err := <-left:
			t.Fatalf("it did not hang: %v", err)
		default:
		}
	}
	t.Cleanup(func() {
		ending := time.Now() // the server's context ended just before
		if err := <-left; err == nil {
			t.Error("a hanging request was answered")
		}
		if held := time.Since(ending); held > shutdownGrace/2 {
			t.Errorf("a hanging request held the end up for %v", held)
		}
	})
}
