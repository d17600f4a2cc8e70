package embedded

import (
	"net"
	"strconv"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStart(t *testing.T) {
	b, err := Start(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	conn, err := net.Dial("tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if len(b.Cluster().ListenAddrs()) != 1 {
		t.Errorf("it listens on %v, want one address", b.Addrs())
	}
}

func TestStartOnAGivenPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := taken.Addr().(*net.TCPAddr).Port
	if b, err := Start(Config{Port: port}); err == nil {
		b.Close()
		t.Error("it took a port that is in use")
	}
	_ = taken.Close()
	b, err := Start(Config{Port: port})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if want := net.JoinHostPort("127.0.0.1", strconv.Itoa(port)); b.Addr() != want {
		t.Errorf("it listens on %s, want %s", b.Addr(), want)
	}
	if b, err := Start(Config{Port: port, Nodes: 2}); err == nil {
		b.Close()
		t.Error("two nodes took one port")
	}
}
