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

// TestOthersStandBy: one of three members holds all partitions. Another one
// takes over when it leaves, and when it comes back nothing moves.
func TestOthersStandBy(t *testing.T) {
	cfg := newLab(t).config(t)
	cfg.Holders = 1
	brokers := map[string]*Broker{"a": prepared(t, cfg), "b": open(t, cfg), "c": open(t, cfg)}
	o := &ownership{t: t, owners: map[int]string{}, held: map[string]int{}, changed: make(chan struct{})}
	stops := map[string]func() error{}
	begins := func(name string) { stops[name] = consume(t, brokers[name], o.handle(name)) }
	ends := func(name string) {
		t.Helper()
		if err := stops[name](); err != nil {
			t.Error(err)
		}
	}
	holds := func(what, holder string, members int) {
		t.Helper()
		o.until(what, func(held map[string]int) bool { return len(held) == members && held[holder] == cfg.Partitions })
	}
	begins("b")
	holds("b alone", "b", 1)
	begins("a")
	holds("a stands by", "b", 2)
	begins("c")
	holds("c stands by", "b", 3)
	began := time.Now()
	ends("b")
	holds("a, which joined before c, takes over", "a", 2)
	if took := time.Since(began); took >= cfg.SessionTimeout {
		t.Errorf("taking over took %s: the group was not left, the session expired", took)
	}
	begins("b")
	holds("b comes back and stands by", "a", 3)
	ends("c")
	holds("one that stood by has left", "a", 2)
}

// TestPackingAndSharingTogether: with a member that shares in the group, as
// while the setting is rolled out, all share; without it they pack.
func TestPackingAndSharingTogether(t *testing.T) {
	share := newLab(t).config(t)
	pack := share
	pack.Holders = 1
	sharer := prepared(t, share)
	o := &ownership{t: t, owners: map[int]string{}, held: map[string]int{}, changed: make(chan struct{})}
	stop := consume(t, sharer, o.handle("shares"))
	consume(t, open(t, pack), o.handle("a"))
	consume(t, open(t, pack), o.handle("b"))
	o.until("each one has a partition", func(held map[string]int) bool {
		return held["shares"] == 1 && held["a"] == 1 && held["b"] == 1
	})
	if err := stop(); err != nil {
		t.Error(err)
	}
	o.until("one has all", func(held map[string]int) bool {
		return len(held) == 2 && held["a"]*held["b"] == 0 && held["a"]+held["b"] == 3
	})
}

// TestStandbyKnowsTheGroup: a session without partitions tells who has them.
func TestStandbyKnowsTheGroup(t *testing.T) {
	cfg := newLab(t).config(t)
	cfg.Holders = 2
	b := prepared(t, cfg)
	told := make(chan string, 16)
	ask := func(ctx context.Context, s *Session) error {
		if holders, instances, err := s.Group(ctx); err == nil && len(s.Owned) == 0 && holders > 0 {
			told <- fmt.Sprintf("%d of %d", holders, instances)
		}
		<-ctx.Done()
		return context.Cause(ctx)
	}
	for range 3 {
		consume(t, b, ask)
	}
	if got := await(t, "member that stands by", told); got != "2 of 3" {
		t.Errorf("it says that %s hold partitions, want 2 of 3", got)
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
