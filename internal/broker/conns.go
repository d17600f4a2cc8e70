package broker

import (
	"context"
	"net"
	"time"
)

// dialTimeout is how long connecting to one broker may take: the library's own
// default.
const dialTimeout = 5 * time.Second

// conn is a connection that breaks when the broker's life ends, so that closing
// the broker ends requests under way instead of leaving them behind.
type conn struct {
	net.Conn
	forget func() bool
}

func (b *Broker) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTimeout}
	raw, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &conn{raw, context.AfterFunc(b.life, func() { _ = raw.Close() })}, nil
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.forget()
	return c.Conn.Close()
}
