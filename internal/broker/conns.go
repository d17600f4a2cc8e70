package broker

import (
	"context"
	"crypto/tls"
	"net"
	"time"
)

// dialTimeout is how long connecting to one broker may take: the library's own
// default. The handshake of TLS may take as long again.
const dialTimeout = 5 * time.Second

// handshake is what errors of TLS are called by.
const handshake = "TLS handshake"

// conn is a connection that breaks when the broker's life ends, so that closing
// the broker ends requests under way instead of leaving them behind.
type conn struct {
	net.Conn
	forget func() bool
}

func (b *Broker) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	raw, err := b.connect(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &conn{raw, context.AfterFunc(b.life, func() { _ = raw.Close() })}, nil
}

// connect makes a connection, encrypted where that is set. TLS is not left to
// the library, which takes one configuration for good: the files may be others
// by the next connection.
func (b *Broker) connect(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTimeout}
	raw, err := d.DialContext(ctx, network, addr)
	if err != nil || b.cfg.TLS == nil {
		return raw, err
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	encrypted := tls.Client(raw, b.cfg.TLS.config(host))
	if err := encrypted.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, &net.OpError{Op: handshake, Net: network, Addr: raw.RemoteAddr(), Err: err}
	}
	return encrypted, nil
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.forget()
	return c.Conn.Close()
}
