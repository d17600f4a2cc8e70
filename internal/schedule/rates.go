package schedule

import (
	"math"

	"callstream/internal/order"
)

const (
	// octave is how finely ages are told apart: each bin is 9 % wider than the one
	// before, so that a pause of ten minutes is known to the minute.
	octave = 8
	// bins reach to 2^17 units: with POLL_MIN 2s a day and a half, after which
	// nothing is told apart.
	bins = 17*octave + 1
	// belief is how many changes what is believed counts for, before some are seen.
	belief = 3
	// outdated is after how many units rates are added up anew.
	outdated = 5
	// memory is after how many units evidence counts for a third.
	memory = 1800
)

// clock counts in units of half of POLL_MIN, finer than which nothing is seen.
type clock struct{ unit float64 } // milliseconds

// age returns a span in units; one that is negative is none.
func (c clock) age(span order.Millis) float64 { return max(0, float64(span)) / c.unit }

// bin returns the bin of an age. The octave is the exponent of the number, which
// is four times as fast as a logarithm.
func bin(age float64) int {
	if age < 1 {
		return 0
	}
	const bits = 52 // of a float64's fraction
	all := math.Float64bits(age)
	exponent := int(all>>bits) - 1023 //nolint:gosec // 11 bits: no age is negative
	fraction := math.Float64frombits(all&(1<<bits-1) | 1023<<bits)
	part := 0
	for part < octave-1 && fraction >= edges[part+2] {
		part++
	}
	return min(1+octave*exponent+part, bins-1)
}

// edges are the ages at which the bins begin, and the end of the last.
var edges = func() (e [bins + 1]float64) {
	for b := 1; b < bins; b++ {
		e[b] = math.Exp2(float64(b-1) / octave)
	}
	e[bins] = math.Inf(1)
	return e
}()

// history is what was seen of one phase, by its age: how many changes, and for
// how many units orders were watched.
type history struct {
	changes, watched [bins]float32
	faded            float64 // when old evidence last lost weight, in units
}

// fade takes weight from old evidence, now and then.
func (h *history) fade(now float64) {
	passed := now - h.faded
	if passed < memory/32 {
		return
	}
	keep := float32(math.Exp(-passed / memory))
	for b := range h.watched {
		h.changes[b] *= keep
		h.watched[b] *= keep
	}
	h.faded = now
}

// watch adds that an order was watched from one age to another, and that it
// changed so many times, nobody knows when.
func (h *history) watch(from, to, changes float64) {
	for b, at := bin(from), from; at < to; b++ {
		until := min(to, edges[b+1])
		h.watched[b] += float32(until - at)
		h.changes[b] += float32(changes * (until - at) / (to - from))
		at = until
	}
}

// changed adds a change at a known age.
func (h *history) changed(age float64) { h.changes[bin(age)]++ }

// rates are the changes a unit to be expected of an order, by the age of its
// phase: as its task showed, else as all tasks did, else what is sensible.
type rates struct {
	phase       order.Phase
	task, fleet *history // nil = nothing was seen
}

// outlook is rates made ready for use: added up from age 0 to where each bin
// begins, so that what lies between two ages is a difference.
type outlook struct {
	rate  [bins]float64 // changes a unit
	count [bins]float64 // changes until then
	wait  [bins]float64 // how long they would have waited by then, in units
	made  order.Millis
}

// at returns the rate at an age, and what has added up by then.
func (o *outlook) at(age float64) (rate, count, wait float64) {
	return o.into(bin(age), age)
}

// into returns the same for an age of a bin, or of its end.
func (o *outlook) into(b int, age float64) (rate, count, wait float64) {
	in := age - edges[b]
	rate = o.rate[b]
	return rate, o.count[b] + rate*in, o.wait[b] + o.count[b]*in + rate*in*in/2
}

// outlook adds rates up.
func (r rates) outlook() *outlook {
	o := &outlook{}
	for b := range bins {
		o.rate[b] = r.at(b)
		if b+1 < bins {
			_, o.count[b+1], o.wait[b+1] = o.into(b, edges[b+1])
		}
	}
	return o
}

// outlook returns what is to be expected of an order, made anew now and then, as
// more is learnt.
func (p *Plan) outlook(i *Item, now order.Millis) *outlook {
	o := &i.task.outlooks[i.phase]
	if *o == nil || p.clock.age(now-(*o).made) > outdated {
		*o = rates{i.phase, i.task.histories[i.phase], p.fleet[i.phase]}.outlook()
		(*o).made = now
	}
	return *o
}

func (r rates) at(b int) float64 {
	rate := prior(r.phase, edges[b])
	if r.fleet != nil {
		rate = r.fleet.rate(b, rate)
	}
	if r.task != nil {
		rate = r.task.rate(b, rate)
	}
	return rate
}

// rate returns the changes a unit at an age, by what was seen and believed.
func (h *history) rate(b int, believed float64) float64 {
	return (float64(h.changes[b]) + belief) / (float64(h.watched[b]) + belief/believed)
}

// prior is what is believed before anything was seen: calls move on within
// seconds, and what is over moves less and less.
func prior(p order.Phase, age float64) float64 {
	switch p {
	case order.PhaseDispatching, order.PhaseRinging:
		return 0.1
	case order.PhaseDialing, order.PhaseInCall:
		return 0.3
	case order.PhaseBetween:
		return 0.5 / (age + 60)
	default:
		return 0.5 / (age + 10)
	}
}

// history returns what was seen of a phase in all tasks.
func (p *Plan) history(phase order.Phase) *history { return made(&p.fleet[phase]) }

// history returns what was seen of a phase in the task.
func (t *task) history(phase order.Phase) *history { return made(&t.histories[phase]) }

func made(h **history) *history {
	if *h == nil {
		*h = &history{}
	}
	return *h
}
