package broker

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

// ownership notes who owns what, and complains where two own one partition.
type ownership struct {
	t       *testing.T
	mu      sync.Mutex
	owners  map[int]string
	held    map[string]int // how many partitions each has; none where it is between two generations
	changed chan struct{}
}

func (o *ownership) handle(name string) func(context.Context, *Session) error {
	return func(ctx context.Context, s *Session) error {
		o.set(s, name, true)
		<-ctx.Done()
		if err := s.Commit(map[int]int64{}); err != nil {
			o.t.Error(err)
		}
		o.set(s, name, false)
		return context.Cause(ctx)
	}
}

func (o *ownership) set(s *Session, name string, begins bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.held, name)
	for _, a := range s.Owned {
		if was := o.owners[a.Partition]; was != "" && begins {
			o.t.Errorf("generation %d gives partition %d to %s while %s owns it", s.Generation, a.Partition, name, was)
		}
		delete(o.owners, a.Partition)
		if begins {
			o.owners[a.Partition] = name
		}
	}
	if begins {
		o.held[name] = len(s.Owned)
	}
	close(o.changed)
	o.changed = make(chan struct{})
}

// until waits until the members hold so many partitions as right wants.
func (o *ownership) until(what string, right func(held map[string]int) bool) {
	o.t.Helper()
	for {
		o.mu.Lock()
		held, changed := maps.Clone(o.held), o.changed
		o.mu.Unlock()
		if right(held) {
			return
		}
		await(o.t, fmt.Sprintf("%s (it is %v)", what, held), changed)
	}
}

func TestMembersShareThePartitions(t *testing.T) {
	for name, c := range map[string]struct{ partitions, least int }{
		"three partitions": {3, 1},
		"one is idle":      {1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := newLab(t).config(t)
			cfg.Partitions = c.partitions
			a := prepared(t, cfg)
			b := open(t, cfg)
			o := &ownership{t: t, owners: map[int]string{}, held: map[string]int{}, changed: make(chan struct{})}
			alone := func(name string) func(map[string]int) bool {
				return func(held map[string]int) bool { return len(held) == 1 && held[name] == c.partitions }
			}
			stopA := consume(t, a, o.handle("a"))
			o.until("a alone", alone("a"))
			stopB := consume(t, b, o.handle("b"))
			o.until("sharing", func(held map[string]int) bool {
				return len(held) == 2 && min(held["a"], held["b"]) >= c.least && held["a"]+held["b"] == c.partitions
			})
			began := time.Now()
			if err := stopA(); err != nil {
				t.Error(err)
			}
			o.until("b alone", alone("b"))
			if took := time.Since(began); took >= cfg.SessionTimeout {
				t.Errorf("taking over took %s: the group was not left, the session expired", took)
			}
			if err := stopB(); err != nil {
				t.Error(err)
			}
			if n := members(t, b); n != 0 {
				t.Errorf("%d members are left in the group", n)
			}
		})
	}
}

func members(t *testing.T, b *Broker) int {
	t.Helper()
	res, err := b.client.DescribeGroups(timely(t), &kafka.DescribeGroupsRequest{GroupIDs: []string{b.cfg.GroupID}})
	if err != nil {
		t.Fatal(err)
	}
	return len(res.Groups[0].Members)
}
