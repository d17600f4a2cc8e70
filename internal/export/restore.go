package export

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"callstream/internal/order"
)

const (
	// restoring is how many partitions are restored at once.
	restoring = 4
	// lastLook is how long an order whose time ran out before the start may
	// still be looked at.
	lastLook = time.Minute
)

// restore reads the state of all owned partitions. Only then may requests be
// taken: one taken earlier would find its order unknown and announce it anew.
func (p *Pipeline) restore(ctx context.Context) error {
	var mu sync.Mutex // guards p's fields below
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
			for _, e := range entries {
				p.book.orders[e.item.Ref] = e
				p.tasks.add(e.item.Ref.Task, 1)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	now := p.now()
	for _, e := range p.book.orders {
		p.book.lookSoon(e, max(now, e.facts.NotBefore))
		if e.facts.Rest == order.Active {
			// What happened while nobody looked is announced before an order
			// whose time ran out meanwhile is given up.
			p.book.alarms.Set(&e.alarm, max(p.cfg.Timing.Terms.TimeOver(e.facts), now+order.Millis(lastLook.Milliseconds())))
		}
	}
	p.observer.Held(len(p.book.orders), 0, p.tasks)
	return nil
}

// restorePartition returns the orders whose state stands in a partition.
func (p *Pipeline) restorePartition(ctx context.Context, partition int) ([]*entry, error) {
	latest := map[string][]byte{}
	err := p.session.Restore(ctx, partition, func(key, value []byte) error {
		if value == nil {
			delete(latest, string(key))
		} else {
			latest[string(key)] = value
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	entries := make([]*entry, 0, len(latest))
	for key, value := range latest {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		st, err := p.worker.states.Decode(value)
		if err != nil {
			return nil, fmt.Errorf("state under key %q: %w", key, err)
		}
		if home := p.session.Home(st.ID); home != partition {
			return nil, fmt.Errorf("the state of order %q is in partition %d, but its home is %d: the partition count of the "+
				"request and state topics changed; set it back, or start with new topics", st.ID, partition, home)
		}
		e := &entry{partition: partition, facts: order.FactsOf(st), saved: value}
		e.item.Ref, e.alarm.Ref = st.Ref, st.Ref
		entries = append(entries, e)
	}
	return entries, nil
}
