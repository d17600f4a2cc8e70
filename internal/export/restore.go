package export

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"callstream/internal/order"
)

// restoring is how many partitions are restored at once.
const restoring = 4

// restore reads the state of all owned partitions. Only then may requests be
// taken: one taken earlier would find its order unknown and announce it anew.
func (p *Pipeline) restore(ctx context.Context) error {
	var mu sync.Mutex // guards restored
	var restored [][]*entry
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(restoring)
	for _, partition := range p.session.Owned() {
		group.Go(func() error {
			entries, err := p.restorePartition(ctx, partition)
			if err != nil {
				return fmt.Errorf("restore state of partition %d: %w", partition, err)
			}
			mu.Lock()
			defer mu.Unlock()
			restored = append(restored, entries)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	now := p.now()
	for _, entries := range restored {
		looked := lastSign(entries, now)
		for _, e := range entries {
			p.book.add(e)
			p.book.restore(e, looked, now)
		}
	}
	p.observer.Held(len(p.book.orders), 0, p.book.tasks)
	return nil
}

// restorePartition returns the orders whose state stands in a partition.
func (p *Pipeline) restorePartition(ctx context.Context, partition int) ([]*entry, error) {
	latest := map[string]saved{}
	records := 0
	err := p.session.Restore(ctx, partition, func(key, value []byte) error {
		records++
		if value == nil {
			delete(latest, string(key))
		} else {
			latest[string(key)] = saved{value, records}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	entries := make([]*entry, 0, len(latest))
	at := make(map[*entry]int, len(latest))
	for key, s := range latest {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		st, err := p.worker.states.Decode(s.value)
		if err != nil {
			return nil, fmt.Errorf("state under key %q: %w", key, err)
		}
		if home := p.session.Home(st.ID); home != partition {
			return nil, fmt.Errorf("the state of order %q is in partition %d, but its home is %d: the partition count of the "+
				"request and state topics changed; set it back, or start with new topics", st.ID, partition, home)
		}
		e := &entry{partition: partition, facts: order.FactsOf(st), saved: s.value}
		e.item.Ref, e.alarm.Ref = st.Ref, st.Ref
		entries = append(entries, e)
		at[e] = s.at
	}
	// In the order of their requests, as far as it can be told: orders whose calls
	// have not begun were saved last when they were first looked at, in that order.
	slices.SortFunc(entries, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.facts.FollowAt, b.facts.FollowAt), cmp.Compare(at[a], at[b]))
	})
	return entries, nil
}

// saved is a state as it stands in the log, and where in it.
type saved struct {
	value []byte
	at    int
}

// lastSign returns until when orders of a partition were looked at, as far as
// their states tell: when the last of them changed. How much is worth looking at
// first after a start is measured by the time since then.
func lastSign(entries []*entry, now order.Millis) (last order.Millis) {
	for _, e := range entries {
		last = max(last, e.facts.ChangedAt, e.facts.RestingSince)
	}
	return min(last, now)
}
