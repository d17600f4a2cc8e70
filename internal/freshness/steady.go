package freshness

import (
	"math/rand/v2"

	"callstream/internal/order"
)

// Class is orders of a steady task: each rings, or is in a call, all
// the time, and its changes are a Poisson process.
type Class struct {
	Orders int
	Every  order.Millis // mean time between two changes of one order; 0 = it never changes
	Phase  what         // ringing or inCall, so that the classes can be told apart
}

// steady plays a task whose orders change steadily. All of them have been in
// their phases since the beginning. Their changes count as lines.
func (w *World) steady(dice *rand.Rand, task *Task) []life {
	var all []life
	for _, class := range task.Steady {
		for range class.Orders {
			l := life{{what: dialing, call: 1}, {what: class.Phase, call: 1}}
			for at := exponential(dice, class.Every); class.Every > 0 && at < w.end(); at += exponential(dice, class.Every) {
				l = append(l, change{at: at, what: line, call: 1})
			}
			all = append(all, l)
		}
	}
	dice.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}
