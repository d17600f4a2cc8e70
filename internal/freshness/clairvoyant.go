package freshness

import (
	"cmp"
	"slices"

	"callstream/internal/order"
)

// clairvoyant is no policy that could be had: it knows each change as it
// happens, and looks where most has waited. What it misses or is late with, no
// spending of the requests would help much.
type clairvoyant struct {
	size   int
	coming []coming // changes that have not happened, by time
	sorted bool
	tasks  [][]undisclosed // by task and order
	open   [][]*undisclosed
}

// coming is a change that has not happened yet.
type coming struct {
	at    order.Millis
	order *undisclosed
}

// undisclosed is what no look has shown of an order.
type undisclosed struct {
	order   *member
	changes int
	sum     order.Millis // of their times
	from    order.Millis // when POLL_MIN is over since the last look
}

// waited is how long the changes of an order have waited, together.
func (u *undisclosed) waited(now order.Millis) order.Millis {
	return order.Millis(u.changes)*now - u.sum + order.Millis(u.changes)
}

func (c *clairvoyant) Know(members []member, _ order.Millis) {
	if len(members) == 0 {
		return
	}
	for len(c.tasks) <= members[0].task {
		c.tasks, c.open = append(c.tasks, nil), append(c.open, nil)
	}
	all := make([]undisclosed, len(members))
	for k := range members {
		all[k].order = &members[k]
		for _, change := range members[k].life {
			c.coming = append(c.coming, coming{change.at, &all[k]})
		}
	}
	c.tasks[members[0].task], c.sorted = all, false
}

func (c *clairvoyant) Batch(now order.Millis) []*member {
	c.happen(now)
	var top []*undisclosed
	var most order.Millis
	for _, open := range c.open {
		ready := slices.DeleteFunc(slices.Clone(open), func(u *undisclosed) bool { return u.from > now })
		if len(ready) > c.size {
			slices.SortFunc(ready, func(a, b *undisclosed) int { return cmp.Compare(b.waited(now), a.waited(now)) })
			ready = ready[:c.size]
		}
		sum := order.Millis(0)
		for _, u := range ready {
			sum += u.waited(now)
		}
		if sum > most {
			top, most = ready, sum
		}
	}
	batch := make([]*member, len(top))
	for k, u := range top {
		batch[k] = u.order
		*u = undisclosed{order: u.order, from: now + pollMin}
	}
	if len(batch) > 0 {
		task := batch[0].task
		c.open[task] = slices.DeleteFunc(c.open[task], func(u *undisclosed) bool { return u.changes == 0 })
	}
	return batch
}

// happen opens the changes up to now.
func (c *clairvoyant) happen(now order.Millis) {
	if !c.sorted {
		slices.SortStableFunc(c.coming, func(a, b coming) int { return cmp.Compare(a.at, b.at) })
		c.sorted = true
	}
	for len(c.coming) > 0 && c.coming[0].at <= now {
		u := c.coming[0].order
		if u.changes == 0 {
			c.open[u.order.task] = append(c.open[u.order.task], u)
		}
		u.changes++
		u.sum += c.coming[0].at
		c.coming = c.coming[1:]
	}
}

// Show does nothing: it knew.
func (c *clairvoyant) Show([]sight, order.Millis) {}
