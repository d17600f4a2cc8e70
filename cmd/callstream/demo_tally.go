package main

import (
	"fmt"
	"slices"
	"time"

	"callstream/internal/avro"
	"callstream/internal/callbot"
	"callstream/internal/export"
	"callstream/internal/order"
)

// tally counts what the demo's reader saw. It is not safe for concurrent use.
type tally struct {
	orders  int
	began   time.Time
	first   order.Millis   // when the first answer arrived that an event is of; 0 = none did
	events  map[string]int // by schema
	letters int
	calls   map[string]bool
	late    map[order.Change][]order.Millis // from a change to the answer that showed it
	resting map[string]bool
	settled chan struct{} // closed when every order rests
}

func newTally(orders int) *tally {
	return &tally{
		orders: orders, began: time.Now(), settled: make(chan struct{}),
		events: map[string]int{}, calls: map[string]bool{}, resting: map[string]bool{}, late: map[order.Change][]order.Millis{},
	}
}

// event counts an event. happened tells when something really was that the
// vendor dates so.
func (t *tally) event(d avro.Decoded, happened func(orderID string, dated time.Time) time.Time) {
	t.events[d.Name]++
	t.calls[fmt.Sprint(d.Values["callID"])] = true
	ev := t.dated(d, func(dated time.Time) time.Time { return happened(fmt.Sprint(d.Values["orderID"]), dated) })
	if t.first == 0 || ev.ObservedAt < t.first {
		t.first = ev.ObservedAt
	}
	for _, l := range ev.AppendLateness(nil, order.Millis(t.began.UnixMilli())) {
		t.late[l.Change] = append(t.late[l.Change], l.By)
	}
}

// dated returns of an event what its lateness depends on.
func (t *tally) dated(d avro.Decoded, happened func(dated time.Time) time.Time) *order.Event {
	number := func(name string) order.Opt {
		n, ok := d.Values[name].(int32) // an Avro int
		return order.Opt{N: int64(n), Set: ok}
	}
	moment := func(name string) time.Time {
		text, _ := d.Values[name].(string)
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return time.Time{} // left out
		}
		return at
	}
	was := func(name string) order.Millis {
		if at := moment(name); !at.IsZero() {
			return order.Millis(happened(at).UnixMilli())
		}
		return 0
	}
	leg := order.Leg{StartedAt: was("startedAt"), AnsweredAt: was("answeredAt"), EndedAt: was("endedAt")}
	revision := int(number("revision").N)
	ev := &order.Event{ObservedAt: order.Millis(moment("observedAt").UnixMilli())}
	switch d.Name {
	case "CallStatusChanged":
		ev.Body = &order.StatusChanged{Previous: number("previousStatusCode"), Status: order.Status(number("statusCode").N), Leg: leg}
	case "CallCompleted":
		ev.Body = &order.CallCompleted{Revision: revision, Details: order.Details{Leg: leg}}
	case "TranscriptLine":
		ev.Body = &order.TranscriptLine{Revision: revision, Line: order.Line{SpokenAt: was("spokenAt")}}
	}
	return ev
}

func (t *tally) state(d avro.Decoded) {
	if rest, ok := d.Values["rest"].(string); ok && rest != "" {
		t.rests(fmt.Sprint(d.Values["orderID"]))
	}
}

func (t *tally) deadLetter(orderID string) {
	t.letters++
	t.rests(orderID)
}

func (t *tally) rests(orderID string) {
	if t.resting[orderID] {
		return
	}
	t.resting[orderID] = true
	if len(t.resting) == t.orders {
		close(t.settled)
	}
}

func (d *demo) summary() {
	t, s := d.tally, d.sim.Stats()
	events := 0
	for _, n := range t.events {
		events += n
	}
	fmt.Fprintf(d.out, `
%d orders, %d settled, in %s
%d calls
%d events: %d status changes, %d completed calls (revisions counted), %d transcript lines; %d dead letters
%d requests to the API, %.0f orders in each on average, %.3f for each event
%d callbacks of the API came, %d hints were taken: their orders were looked at at once
`, t.orders, len(t.resting), time.Since(t.began).Round(100*time.Millisecond), len(t.calls),
		events,
		t.events["CallStatusChanged"], t.events["CallCompleted"], t.events["TranscriptLine"], t.letters,
		s.Requests, s.MeanFill, float64(s.Requests)/float64(max(1, events)),
		d.exporter.metrics.Counted("callbacks_total", callbot.CallbackAccepted), d.exporter.metrics.Counted("hints_total", export.HintTaken))
	if t.first == 0 {
		return // no event, so nothing to be late
	}
	allowed := 1 + d.rate*time.Since(time.UnixMilli(int64(t.first))).Seconds()
	fmt.Fprintf(d.out, "requests: %d used of %.0f allowed since the first answer, %.0f %% of %v a second\n",
		s.Requests, allowed, 100*float64(s.Requests)/allowed, d.rate)
	fmt.Fprintf(d.out, "freshness: from a change to the answer that showed it, in seconds of this demo, whose calls live %v times as fast as real ones\n", d.speed)
	for _, change := range order.Changes() {
		if late := t.late[change]; len(late) > 0 {
			slices.Sort(late)
			fmt.Fprintf(d.out, "  %-6s  p50 %.2f s  p95 %.2f s  of %d\n", change, percentile(late, 50), percentile(late, 95), len(late))
		}
	}
}

// percentile returns, in seconds, what p of 100 of the sorted values do not exceed.
func percentile(sorted []order.Millis, p int) float64 {
	at := (len(sorted)*p + 99) / 100
	return float64(sorted[max(at-1, 0)]) / 1000
}
