package schedule

import (
	"math"

	"callstream/internal/order"
)

const (
	// firstWorth is what a first look is worth. A call in progress is worth more
	// after POLL_MIN, an order that waits is worth less for long.
	firstWorth = 0.25
	// urgentWorth is what a look is worth that a hint asked for: before all else,
	// also before calls that an outage of a week left without a look.
	urgentWorth = 1e12
	// startWeight is how many changes the beginning of a call counts for: it brings
	// others, which are missed until it is noticed. It is the knob between mean and
	// p95: more lets the sweep come round sooner, at the cost of calls in progress.
	startWeight = 3
	// lull is for how many units no call of a task may begin until the task counts
	// as paused.
	lull = 60
	// doubt is how many units a pause lasts until half as much is expected.
	doubt = 600
)

// worth is what a look is worth: the expected waiting, in changes times units, of
// all that may have changed since the last one. It grows: rate is its growth
// now, and bend how that grows.
type worth struct{ sum, rate, bend float64 }

// after returns the worth some units later.
func (w worth) after(units float64) worth {
	return worth{w.sum + w.rate*units + w.bend*units*units/2, w.rate + w.bend*units, w.bend}
}

func (w worth) plus(o worth) worth { return worth{w.sum + o.sum, w.rate + o.rate, w.bend + o.bend} }

func (w worth) times(f float64) worth { return worth{w.sum * f, w.rate * f, w.bend * f} }

// since returns the worth of a look at an order that was looked at at one age of
// its phase and is another age now: the sum over all moments between of how many
// changes a unit are to be expected then, times how long one would have waited.
// With 0.25 changes a unit, after 4 units, that is 0.25·4²/2 = 2.
func (o *outlook) since(looked, now float64) worth {
	_, counted, waited := o.at(looked)
	rate, count, wait := o.at(now)
	if now <= looked {
		return worth{bend: rate}
	}
	return worth{max(0, wait-waited-counted*(now-looked)), max(0, count-counted), rate}
}

// reaches returns the age at which the worth of a look at an order that was
// looked at at a given age reaches a price, but none over the bound.
func (o *outlook) reaches(price, looked, bound float64) float64 {
	var w worth
	for b := bin(looked); looked < bound; b++ {
		until := min(bound, edges[b+1])
		w.bend = o.rate[b]
		next := w.after(until - looked)
		if next.sum >= price {
			return min(until, looked+(math.Sqrt(w.rate*w.rate+2*w.bend*(price-w.sum))-w.rate)/w.bend)
		}
		w, looked = next, until
	}
	return bound
}

// worthOf returns what a look at an order that may be asked for is worth.
func (p *Plan) worthOf(i *Item, now order.Millis) worth {
	switch i.place {
	case urgent:
		return worth{sum: urgentWorth}
	case first:
		return worth{sum: firstWorth}
	case listed:
		return p.worthQueued(i, now)
	default:
		return p.worthPaced(i, now)
	}
}

func (p *Plan) worthPaced(i *Item, now order.Millis) worth {
	t := i.task
	w := p.outlook(i, now).since(p.clock.age(i.looked-i.since), p.clock.age(now-i.since))
	if i.phase == order.PhaseBetween {
		w = w.times(p.startsCount(t, now))
	}
	if now >= i.latest {
		w.sum = max(w.sum, t.price)
	}
	return w
}

// worthQueued is of an order whose calls have not begun. Of what scouts are good
// for, nothing is left before the latest.
func (p *Plan) worthQueued(i *Item, now order.Millis) worth {
	t := i.task
	w := worth{bend: t.hazards[slot(i.list.distance(int(i.pos)))] * p.startsCount(t, now)}
	looked := w.after(p.clock.age(now - i.looked))
	if t.scouts.at <= i.looked {
		return looked
	}
	found := min(t.scouts.yield, mostYield)
	return looked.times(1 - found).plus(w.after(p.clock.age(now - t.scouts.at)).times(found))
}

// worthAPlace returns when a paced order will be worth a place in a request, at
// the latest when it must be looked at.
func (p *Plan) worthAPlace(i *Item, now order.Millis) order.Millis {
	price := i.task.price
	if i.phase == order.PhaseBetween {
		price /= p.startsCount(i.task, now)
	}
	at := p.outlook(i, now).reaches(price, p.clock.age(i.looked-i.since), p.clock.age(i.latest-i.since))
	return i.since + order.Millis(at*p.clock.unit)
}

// settlePrice learns what a place in a request of the task is worth to paced
// orders: as much as the best of them that found none, or as the least worthwhile
// order that found one, if that is more; next to nothing where places were left.
// What is urgent goes before all, and so doesn't count.
func (t *task) settlePrice(chosen, left []candidate) {
	price := 0.0
	if len(left) > 0 {
		least, found := 0.0, false
		for _, c := range chosen {
			if c.item.place != urgent && (!found || c.worth.sum < least) {
				least, found = c.worth.sum, true
			}
		}
		price = least
		for _, c := range left {
			if c.item.place == paced {
				price = max(price, c.worth.sum)
			}
		}
	}
	t.price = max(leastPrice, t.price+priceWeight*(price-t.price))
}

// startsCount returns how many changes the beginning of a call counts for that is
// expected of a task while it is dialed.
func (p *Plan) startsCount(t *task, now order.Millis) float64 { return startWeight * p.dialing(t, now) }

// dialing returns how much of what is expected of a task while it is dialed is
// expected now: the less, the longer no call of it has begun. One call that
// begins, and all is as it was before a pause.
func (p *Plan) dialing(t *task, now order.Millis) float64 {
	return doubt / (doubt + max(0, p.clock.age(now-t.dialed)-lull))
}
