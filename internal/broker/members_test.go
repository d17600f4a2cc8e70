package broker

import (
	"context"
	"fmt"
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
	changed chan struct{}
}

func (o *ownership) handle(name string) func(context.Context, *Session) error {
	return func(ctx context.Context, s *Session) error {
		o.set(s, name)
		cause := after(ctx)
		if err := s.Commit(map[int]int64{}); err != nil {
			o.t.Error(err)
		}
		o.set(s, "")
		return cause
	}
}

func (o *ownership) set(s *Session, name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, a := range s.Owned {
		if was := o.owners[a.Partition]; was != "" && name != "" {
			o.t.Errorf("generation %d gives partition %d to %s while %s owns it", s.Generation, a.Partition, name, was)
		}
		o.owners[a.Partition] = name
	}
	close(o.changed)
	o.changed = make(chan struct{})
}

// until waits until each of the names owns its number of partitions.
func (o *ownership) until(want map[string]int) {
	o.t.Helper()
	for {
		o.mu.Lock()
		got, changed := map[string]int{}, o.changed
		for _, name := range o.owners {
			if name != "" {
				got[name]++
			}
		}
		o.mu.Unlock()
		if fmt.Sprint(got) == fmt.Sprint(want) {
			return
		}
		await(o.t, fmt.Sprintf("ownership %v (it is %v)", want, got), changed)
	}
}

func TestMembersShareThePartitions(t *testing.T) {
	l := newLab(t)
	cfg := l.config(t)
	a := prepared(t, cfg)
	b := open(t, cfg)
	o := &ownership{t: t, owners: map[int]string{}, changed: make(chan struct{})}
	stopA := consume(t, a, o.handle("a"))
	o.until(map[string]int{"a": 3})
	stopB := consume(t, b, o.handle("b"))
	for {
		o.mu.Lock()
		held := map[string]int{}
		for _, name := range o.owners {
			held[name]++
		}
		changed := o.changed
		o.mu.Unlock()
		if held["a"] > 0 && held["b"] > 0 && held["a"]+held["b"] == 3 {
			break
		}
		await(t, fmt.Sprintf("sharing (it is %v)", held), changed)
	}
	began := time.Now()
	if err := stopA(); err != nil {
		t.Error(err)
	}
	o.until(map[string]int{"b": 3})
	if took := time.Since(began); took >= cfg.SessionTimeout {
		t.Errorf("taking over took %s: the group was not left, the session expired", took)
	}
	if err := stopB(); err != nil {
		t.Error(err)
	}
	if n := members(t, b); n != 0 {
		t.Errorf("%d members are left in the group", n)
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
