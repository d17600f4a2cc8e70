// Package embedded owns the in-process broker: a fake Kafka cluster that speaks
// the wire protocol on loopback, so that the demo and the tests need Go alone.
//
// It is for the demo and for tests alone. It keeps its records in memory, has
// no authorisation unless asked for, replicates nothing, and forgets everything
// when it is closed.
package embedded

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// minSession is the shortest consumer session the embedded broker accepts.
// Kafka's default is 6 s; a demo and its tests rebalance faster than that.
const minSession = 100 * time.Millisecond

// Config shapes an embedded broker. The zero Config is one node on a free port.
type Config struct {
	Port    int         // of the first node, on 127.0.0.1; 0 = a free one
	Nodes   int         // 0 = 1. More than one needs Port 0
	Options []kfake.Opt // what tests need beyond: SASL, TLS, ACLs
}

// Broker is a running embedded broker.
type Broker struct{ cluster *kfake.Cluster }

// Start starts a broker. Topics are not created by being asked for: clients
// create them, as they must on a production cluster. Close must be called.
func Start(cfg Config) (*Broker, error) {
	nodes := max(cfg.Nodes, 1)
	if nodes > 1 && cfg.Port != 0 {
		return nil, errors.New("start embedded broker: a fixed port takes one node")
	}
	opts := []kfake.Opt{
		kfake.NumBrokers(nodes),
		kfake.ClusterID("callstream-embedded"),
		kfake.GroupMinSessionTimeout(minSession),
		// kfake pretends that new topics have three replicas; it has one.
		kfake.BrokerConfigs(map[string]string{"default.replication.factor": "1", "min.insync.replicas": "1"}),
	}
	if cfg.Port != 0 {
		opts = append(opts, kfake.Ports(cfg.Port))
	}
	cluster, err := kfake.NewCluster(append(opts, cfg.Options...)...)
	if err != nil {
		return nil, fmt.Errorf("start embedded broker: %w", err)
	}
	return &Broker{cluster: cluster}, nil
}

// Addr returns the addresses of the nodes as KAFKA_BROKERS takes them.
func (b *Broker) Addr() string { return strings.Join(b.cluster.ListenAddrs(), ",") }

// Addrs returns the address of each node.
func (b *Broker) Addrs() []string { return b.cluster.ListenAddrs() }

// Cluster returns the fake cluster itself, for tests that inject faults (Fault,
// ControlKey), move leaders, or compact.
func (b *Broker) Cluster() *kfake.Cluster { return b.cluster }

// Close stops the broker and forgets what it held.
func (b *Broker) Close() { b.cluster.Close() }
