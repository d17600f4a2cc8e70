package simulator

import (
	"maps"
	"time"
)

// Stats counts what the simulator was asked since it was made.
type Stats struct {
	Requests int `json:"requests"`
	// ListRequests are those of Requests that were for listOrder and let in.
	ListRequests int `json:"listRequests"`
	// Answers counts requests by what they met: a retCode, or http-429,
	// http-500, http-502, html, hang, cut, client-left. Requests still waiting
	// for their answer are in Requests alone.
	Answers map[string]int `json:"answers"`
	// OrdersAnswered counts entries of successful answers, those of strangers
	// and doubles too.
	OrdersAnswered int `json:"ordersAnswered"`
	// DistinctOrders is how many orders were ever asked for.
	DistinctOrders int `json:"distinctOrders"`
	// Batches counts readable batches, and OrdersAsked their orders.
	Batches     int `json:"batches"`
	OrdersAsked int `json:"ordersAsked"`
	// MeanFill is the mean number of orders of a readable batch; 0 = no batch yet.
	MeanFill float64 `json:"meanFill"`
	// MaxPerSecond is the most requests that arrived in any one second.
	MaxPerSecond int `json:"maxPerSecond"`
	// Callbacks counts what was sent by itself; all 0 without Config.Callbacks.
	Callbacks CallbackStats `json:"callbacks"`
}

// tally keeps Stats under way. The simulator's lock guards it.
type tally struct {
	received, lists, batches, asked, entries int
	answers                                  map[string]int
	window                                   []time.Time // arrivals of the last second
	peak                                     int
	callbacks                                CallbackStats
}

// arrive counts a request.
func (t *tally) arrive(now time.Time) {
	t.received++
	gone := 0
	for gone < len(t.window) && now.Sub(t.window[gone]) >= time.Second {
		gone++
	}
	t.window = append(t.window[gone:], now)
	t.peak = max(t.peak, len(t.window))
}

// asked counts the orders of a readable batch.
func (s *Simulator) asked(orders int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.batches++
	s.stats.asked += orders
}

// listed counts a request for a list.
func (s *Simulator) listed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.lists++
}

// finish counts an answer and logs it.
func (s *Simulator) finish(v fate, a reply) {
	s.mu.Lock()
	s.stats.answers[a.label]++
	s.stats.entries += a.entries
	s.mu.Unlock()
	s.config.Log.Debug("request answered", "request", v.number, "answer", a.label, "orders", a.entries)
}

// Stats returns the counts so far.
func (s *Simulator) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &s.stats
	return Stats{
		Requests:       t.received,
		ListRequests:   t.lists,
		Answers:        maps.Clone(t.answers),
		OrdersAnswered: t.entries,
		DistinctOrders: len(s.orders),
		Batches:        t.batches,
		OrdersAsked:    t.asked,
		MeanFill:       float64(t.asked) / float64(max(1, t.batches)),
		MaxPerSecond:   t.peak,
		Callbacks:      t.callbacks,
	}
}
