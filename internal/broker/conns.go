package broker

import (
	"context"
	"net"
	"sync"
	"time"
)

// dialTimeout is how long connecting to one broker may take: the library's own
// default.
const dialTimeout = 5 * time.Second

// conns dials and remembers what is open, so that closing the broker ends
// requests under way instead of leaving them behind.
type conns struct {
	mu     sync.Mutex
	closed bool
	open   map[*conn]struct{}
}

type conn struct {
	net.Conn
	owner *conns
}

func (c *conns) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTimeout}
	raw, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		_ = raw.Close()
		return nil, net.ErrClosed
	}
	if c.open == nil {
		c.open = map[*conn]struct{}{}
	}
	opened := &conn{Conn: raw, owner: c}
	c.open[opened] = struct{}{}
	return opened, nil
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.owner.mu.Lock()
	delete(c.owner.open, c)
	c.owner.mu.Unlock()
	return c.Conn.Close()
}

// shut breaks all connections and refuses new ones.
func (c *conns) shut() {
	c.mu.Lock()
	c.closed = true
	var open []*conn
	for o := range c.open {
		open = append(open, o)
	}
	c.mu.Unlock()
	for _, o := range open {
		_ = o.Close()
	}
}
