package simulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Server serves a Simulator over HTTP.
type Server struct {
	sim      *Simulator
	listener net.Listener
}

const (
	// shutdownGrace is how long answers under way may take at the end; they take
	// milliseconds.
	shutdownGrace = 3 * time.Second
	// headerTimeout drops clients that connect and say nothing.
	headerTimeout = 10 * time.Second
)

// Listen binds an address, such as "127.0.0.1:0", so that URL is known before
// Run serves it. The caller runs the server or closes it.
func Listen(addr string, s *Simulator) (*Server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for the simulated API: %w", err)
	}
	return &Server{sim: s, listener: l}, nil
}

// URL is the base URL to reach the server at, without a trailing slash.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Close releases the address of a server that Run was not called on.
func (s *Server) Close() error { return s.listener.Close() }

// Run serves and sends callbacks until the context ends, then lets the answers under way finish and
// drops those that hang or still wait for Config.Latency. It returns nil after
// an orderly end.
func (s *Server) Run(ctx context.Context) error {
	// Requests end with the server: those that hang would outlive the grace.
	requests, release := context.WithCancel(context.WithoutCancel(ctx))
	defer release()
	server := &http.Server{
		Handler:           s.sim,
		ReadHeaderTimeout: headerTimeout,
		BaseContext:       func(net.Listener) context.Context { return requests },
	}
	calling := make(chan struct{})
	go func() {
		defer close(calling)
		s.sim.call(requests)
	}()
	defer func() { release(); <-calling }()
	served := make(chan error, 1)
	go func() { served <- server.Serve(s.listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve the simulated API: %w", err)
	case <-ctx.Done():
	}
	release()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	err := server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	<-served
	if err != nil {
		return fmt.Errorf("stop the simulated API: %w", err)
	}
	return nil
}
