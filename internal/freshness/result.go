package freshness

import (
	"fmt"
	"time"

	"callstream/internal/order"
)

// Result is what a run measured.
type Result struct {
	Late     [kinds][]order.Millis // how late the changes were that were shown, sorted
	Missed   [kinds]int            // statuses that were overtaken before a look
	Slots    int                   // how many requests were allowed
	Requests int
	Looks    int // orders that they carried
	// Spent is how long the schedule took, and Taken for how many orders.
	Spent time.Duration
	Taken int
}

// quantile returns a quantile of how late changes of a kind were shown, in
// seconds.
func (r *Result) quantile(kind what, q float64) float64 {
	late := r.Late[kind]
	if len(late) == 0 {
		return 0
	}
	return float64(late[min(len(late)-1, int(q*float64(len(late))))]) / 1000
}

// mean returns how late changes of a kind were shown on average, in seconds.
func (r *Result) mean(kind what) float64 {
	sum := 0.0
	for _, late := range r.Late[kind] {
		sum += float64(late) / 1000
	}
	return sum / float64(max(1, len(r.Late[kind])))
}

// missed returns the percentage of a status that no look showed.
func (r *Result) missed(status what) float64 {
	return 100 * float64(r.Missed[status]) / float64(max(1, r.Missed[status]+len(r.Late[status])))
}

// cost returns the microseconds that the schedule took for each order.
func (r *Result) cost() float64 {
	return float64(r.Spent.Nanoseconds()) / 1000 / float64(max(1, r.Taken))
}

// heading is the first lines of the table that rows make, in Markdown.
const heading = `| world | policy | missed % dialing, ringing, in call | dialing | ended | line | mean | recording | slots used % | fill | µs |
|---|---|---|---|---|---|---|---|---|---|---|`

// row returns the result as a line of the table.
func (r *Result) row(world, policy string) string {
	late := func(kind what) string {
		if len(r.Late[kind]) == 0 {
			return "–"
		}
		return fmt.Sprintf("%.1f / %.1f", r.quantile(kind, .5), r.quantile(kind, .95))
	}
	missed, cost := "–", ""
	if len(r.Late[dialing])+r.Missed[dialing] > 0 {
		missed = fmt.Sprintf("%.0f %.0f %.1f", r.missed(dialing), r.missed(ringing), r.missed(inCall))
	}
	if r.Taken > 0 {
		cost = fmt.Sprintf("%.1f", r.cost())
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %.1f | %s | %.0f | %.0f | %s |", world, policy, missed,
		late(dialing), late(ended), late(line), r.mean(line), late(recording),
		100*float64(r.Requests)/float64(max(1, r.Slots)), float64(r.Looks)/float64(max(1, r.Requests)), cost)
}
