package freshness

import (
	"fmt"
	"math"
	"sort"
)

// steadyBound returns how late the changes of a steady task are at least on
// average, in seconds, under any policy that learns by looking, even one that
// knows the rates.
//
// A look at a Poisson process tells nothing of what comes, so an order's looks
// are best spread evenly. At a price of μ a look, the best pause τ of an order
// that changes λ times a second costs J(μ) = min λτ/2 + μ/τ a second, which is
// √(2λμ) at τ = √(2μ/λ), or what it is at POLL_MIN where that is longer. The
// limit lets some number of looks be paid for, so Σ J(μ) less that number times
// μ undercuts each policy within the limit, whatever μ; the largest says most.
func steadyBound(w *World) float64 {
	shortest := float64(pollMin) / 1000
	at := func(price float64) float64 {
		sum := -float64(w.size()) * w.Rate * price
		for _, class := range w.Tasks[0].Steady {
			if class.Every == 0 {
				continue
			}
			rate := 1000 / float64(class.Every)
			pause := max(shortest, math.Sqrt(2*price/rate))
			sum += float64(class.Orders) * (rate*pause/2 + price/pause)
		}
		return sum
	}
	changes := 0.0
	for _, class := range w.Tasks[0].Steady {
		if class.Every > 0 {
			changes += float64(class.Orders) * 1000 / float64(class.Every)
		}
	}
	// The sum is concave in the price.
	low, high := 0.0, 1e6
	for range 200 {
		a, b := low+(high-low)/3, high-(high-low)/3
		if at(a) < at(b) {
			low = a
		} else {
			high = b
		}
	}
	return at(low) / changes
}

// chance is what no policy can undercut in a world of equal tasks that are
// dialed at random, except by luck.
//
// Which order is the next to be called for the first time is then as good as
// drawn from all that were not, and nothing that other orders show tells which.
// So within t seconds of its beginning a call is found with a chance of at most
// looks a second × t / orders not called yet, even if all looks went to these.
// All else is granted: once found, a call is followed without a look, and
// retries are known beforehand.
type chance struct {
	open [kinds][]exposed // changes of first calls
	all  [kinds]int       // changes, those of retries too
}

// exposed is a change of a first call. All in seconds.
type exposed struct {
	round float64 // how long it takes to look at all that were not called when the call began
	age   float64 // of the call at the change
	until float64 // age of the call at the next status; 0 = there is none
}

func chanceOf(w *World, lives Lives) *chance {
	c, measured := &chance{}, w.measured()
	var begins []float64
	for _, task := range lives {
		for _, life := range task {
			if len(life) > 0 {
				begins = append(begins, float64(life[0].at))
			}
		}
	}
	sort.Float64s(begins)
	orders := 0
	for _, t := range w.Tasks {
		orders += t.Orders
	}
	for _, task := range lives {
		for _, life := range task {
			for k, change := range life {
				if !measured.holds(change.at) {
					continue
				}
				c.all[change.what]++
				if change.call > 1 {
					continue
				}
				begun := life[0].at
				left := orders - sort.SearchFloat64s(begins, float64(begun))
				e := exposed{round: float64(left) / (w.Rate * float64(w.size())), age: float64(change.at-begun) / 1000}
				for _, next := range life[k+1:] {
					if next.what <= ended && next.call == 1 {
						e.until = float64(next.at-begun) / 1000
						break
					}
				}
				c.open[change.what] = append(c.open[change.what], e)
			}
		}
	}
	return c
}

// late returns the share of changes of a kind that must be shown more than some
// seconds late.
func (c *chance) late(kind what, seconds float64) float64 {
	sum := 0.0
	for _, e := range c.open[kind] {
		sum += max(0, 1-(e.age+seconds)/e.round)
	}
	return sum / float64(max(1, c.all[kind]))
}

// missed returns the percentage of a status that must be missed.
func (c *chance) missed(status what) float64 {
	sum := 0.0
	for _, e := range c.open[status] {
		if e.until > 0 {
			sum += max(0, 1-e.until/e.round)
		}
	}
	return 100 * sum / float64(max(1, c.all[status]))
}

// quantile returns how late, in seconds, a quantile of the changes of a kind is
// at least.
func (c *chance) quantile(kind what, q float64) float64 {
	low, high := 0.0, 1e5
	for range 60 {
		if half := (low + high) / 2; c.late(kind, half) > 1-q {
			low = half
		} else {
			high = half
		}
	}
	return low
}

// row returns the bound as a line of the table.
func (c *chance) row(world string) string {
	late := func(kind what) string {
		return fmt.Sprintf("%.1f / %.1f", c.quantile(kind, .5), c.quantile(kind, .95))
	}
	return fmt.Sprintf("| %s | *bound* | %.0f %.0f %.1f | %s | %s | %s | | %s | | | |", world,
		c.missed(dialing), c.missed(ringing), c.missed(inCall), late(dialing), late(ended), late(line), late(recording))
}
