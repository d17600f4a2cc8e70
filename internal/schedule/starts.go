package schedule

import (
	"math"
	"math/bits"
)

const (
	// reach is how far from a start orders are told apart, as a power of two.
	reach = 10
	// slots are the distances that are told apart: by powers of two, ahead of a
	// start and then behind it.
	slots = 2 * reach
	// far is the slot of all that is farther away.
	far = slots

	// startsKept is how many starts are remembered, where each answer shows a few: a
	// list that is dialed in another way from now on is believed to be after as many.
	startsKept = 64
	// answersKept is how many answers are remembered, where each shows a crowd.
	answersKept = 8
	// startMemory is after how many units evidence counts for a third.
	startMemory = 1200
	// spread is how many times less is expected of orders twice as far away, until
	// they were watched: the next starts are found a little ahead of the known.
	spread = 4
	// nearFactor is how much likelier than farther out a start must be at a distance
	// for that to be more than chance.
	nearFactor = 12
	// hope is the starts a unit that are expected next to a start before that was
	// watched. Without it the front of a list that is dialed in order is found by the
	// sweep alone, which takes minutes to come round, as are those that the front
	// passed a moment after a look at them.
	hope = 0.01
	// fewStarts is the starts a unit that are expected of a task before any was seen.
	fewStarts = 0.1
)

// slot returns the slot of a distance from a start.
func slot(distance int) int {
	b := bits.Len(uint(max(distance, -distance))) - 1 //nolint:gosec // not negative
	switch {
	case b < 0 || b >= reach:
		return far
	case distance < 0:
		return b + reach
	}
	return b
}

// span returns the distances of a slot, from the least to the greatest.
func span(slot int) (from, to int) {
	if slot >= reach {
		b := slot - reach
		return -(2<<b - 1), -(1 << b)
	}
	return 1 << slot, 2<<slot - 1
}

// starts is what was seen of the queued orders of a task: how many began, and for
// how long they were watched, by their distance from the latest starts that were
// known when they were asked for.
//
// Only what was watched counts. Starts alone would mislead: they are found where
// one looks, so wherever the sweep is they seem to be dense.
type starts struct {
	began, watched [slots + 1]float64 // watched in units
	faded          float64            // when old evidence last lost weight, in units
	answer         float64            // when the latest answer came, in units
	inAnswer       int                // how many starts it showed
}

// watch adds that an order was watched for some units, and whether it began, by an
// answer that came now.
func (s *starts) watch(slot int, units float64, began bool, now float64) {
	if passed := now - s.faded; passed > startMemory/64 {
		s.keep(math.Exp(-passed / startMemory))
		s.faded = now
	}
	s.watched[slot] += units
	if now != s.answer {
		s.answer, s.inAnswer = now, 0
	}
	if began {
		if s.inAnswer++; s.inAnswer <= startsKept/answersKept {
			s.keep(1 - 1.0/startsKept)
		}
		s.began[slot]++
	}
}

func (s *starts) keep(part float64) {
	for k := range s.began {
		s.began[k] *= part
		s.watched[k] *= part
	}
}

// hazards returns the starts a unit that are to be expected of one queued order,
// by slot, where so many wait. Near a start they are either much higher than
// farther out, or as there. Where nothing farther out was watched, for a short list has
// nothing far, what was seen of all stands for it.
func (s *starts) hazards(waiting int) (h [slots + 1]float64) {
	began, watched := 0.0, 0.0
	for k := range h {
		began, watched = began+s.began[k], watched+s.watched[k]
	}
	all := estimate(began, watched, fewStarts/float64(max(waiting, 1)))
	for _, side := range [...]int{0, reach} {
		believed := max(all, hope)
		for k := side; k < side+reach; k++ {
			h[k] = estimate(s.began[k], s.watched[k], believed)
			believed = max(all, h[k]/spread)
		}
	}
	began, watched = s.began[far], s.watched[far]
	h[far] = estimate(began, watched, all)
	for d := reach - 1; d >= 0; d-- { // from the outermost on
		for _, k := range [...]int{d, d + reach} {
			if h[k] <= nearFactor*h[far] {
				h[k] = 0 // as far
				began, watched = began+s.began[k], watched+s.watched[k]
				h[far] = estimate(began, watched, all)
			}
		}
	}
	for k := range slots {
		h[k] = max(h[k], h[far])
	}
	return h
}

// estimate returns a hazard by what was seen and what is believed. Hazards near
// and far differ a thousandfold, so they are averaged by their logarithms. One
// start alone proves nothing: where orders are dialed at random, some are
// neighbours too.
func estimate(began, watched, believed float64) float64 {
	cautious := (min(began, 1) + 1) / (watched + 1/believed)
	if began <= 1 {
		return cautious
	}
	trust := (began - 1) / (began + 1)
	return math.Exp(trust*math.Log(began/max(watched, 1)) + (1-trust)*math.Log(cautious))
}
