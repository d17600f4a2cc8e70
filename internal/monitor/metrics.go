package monitor

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"callstream/internal/order"
)

// Metrics counts what the exporter does, under the namespace callstream. Its
// methods are told what happened by the parts that do it; all are safe for
// concurrent use and none blocks. series.go has the metrics' names.
type Metrics struct {
	registry *prometheus.Registry
	series
	changed atomic.Pointer[time.Time] // when an answer was last told of that changed something; nil = none yet
	pace    atomic.Pointer[func() (perSecond float64, allowed int64)]

	mu         sync.Mutex
	partitions map[int]bool // that have series of their own
}

// NewMetrics returns metrics with a registry of their own.
func NewMetrics() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), partitions: map[int]bool{}}
	m.register()
	return m
}

func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// RequestRead counts a request read from Kafka.
func (m *Metrics) RequestRead(partition int) {
	m.requestsRead.WithLabelValues(strconv.Itoa(partition)).Inc()
}

// Forwarded counts requests sent on to their home partition.
func (m *Metrics) Forwarded(n int) { m.requestsForwarded.Add(float64(n)) }

// Hinted counts a hint for one order by what became of it: taken, followed or
// ignored.
func (m *Metrics) Hinted(effect string) { m.hints.WithLabelValues(effect).Inc() }

// Callback counts a callback of the vendor's by what became of it, in a word.
func (m *Metrics) Callback(result string) { m.callbacks.WithLabelValues(result).Inc() }

// Counted returns what a counter of ours has counted under a label's value, for
// those who show it in words. 0 where there is no such counter or label.
func (m *Metrics) Counted(name, value string) (n int) {
	families, err := m.registry.Gather()
	if err != nil {
		return 0
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			labels := metric.GetLabel()
			if family.GetName() == namespace+"_"+name && len(labels) == 1 && labels[0].GetValue() == value {
				n = int(metric.GetCounter().GetValue())
			}
		}
	}
	return n
}

// Request counts one request to the API for asked orders: call names it, class
// is "ok" or what went wrong, in a word; retCode is 0 where none was given.
func (m *Metrics) Request(call, class string, retCode, asked int, took time.Duration) {
	m.apiRequests.WithLabelValues(call, class, retCodeLabel(class, retCode)).Inc()
	m.apiSeconds.Observe(took.Seconds())
	m.apiOrders.Add(float64(asked))
}

// retCodeLabel bounds the label: the vendor may answer any number.
func retCodeLabel(class string, retCode int) string {
	switch retCode {
	case 0:
		if class != "ok" {
			return "none"
		}
	case 1, 2, 3, 4, 4001, 5, 5001, 6, 6001, 6002, 6003, 7: // docs/api.md#retcode
	default:
		return "other"
	}
	return strconv.Itoa(retCode)
}

// Looked counts what an answer came to that arrived just now, for a batch filled
// to a part of BATCH_SIZE.
func (m *Metrics) Looked(fill float64, outcomes map[order.Outcome]int, noticed order.Noticed) {
	m.batchFill.Observe(fill)
	for outcome, n := range outcomes {
		m.ordersLookedAt.WithLabelValues(string(outcome)).Add(float64(n))
	}
	m.stale.Add(float64(noticed.Stale))
	m.unknown.Add(float64(noticed.Unknown))
	m.corrections.Add(float64(noticed.Corrections))
	if outcomes[order.OutcomeChanged] > 0 {
		now := time.Now()
		m.changed.Store(&now)
	}
}

// LookBegins counts how long ago orders that are looked at were looked at before.
func (m *Metrics) LookBegins(ages []order.Millis) {
	for _, age := range ages {
		m.lookAge.Observe(seconds(age))
	}
}

// Held sets how many orders are held, how many of them have a request that is
// not marked yet, and how many the largest of all tasks have.
func (m *Metrics) Held(orders, waiting int, tasks map[string]int) {
	m.ordersTracked.Set(float64(orders))
	m.ordersWaiting.Set(float64(waiting))
	m.tasks.held(tasks)
}

// Published counts events of a task acknowledged by Kafka, and how late they
// announced what they were the first to announce.
func (m *Metrics) Published(task string, events map[order.Kind]int, late []order.Lateness) {
	for kind, n := range events {
		m.events.WithLabelValues(kind.String()).Add(float64(n))
	}
	for _, l := range late {
		m.freshness[l.Change].Observe(seconds(l.By))
	}
	m.tasks.late(task, late)
}

func seconds(d order.Millis) float64 { return float64(d) / 1000 }

// DeadLetter counts a dead letter by its reason.
func (m *Metrics) DeadLetter(reason order.Reason) {
	m.deadLetters.WithLabelValues(string(reason)).Inc()
}

// Dropped counts entries of answers that are left out, by why in a word.
func (m *Metrics) Dropped(why string, n int) { m.dropped.WithLabelValues(why).Add(float64(n)) }

// Signature counts an answer's signature looked at.
func (m *Metrics) Signature(ok bool) {
	m.signatures.Inc()
	if !ok {
		m.signatureFailures.Inc()
	}
}

// WriteRetried counts messages of a topic that have to be sent again.
func (m *Metrics) WriteRetried(topic string, n int) {
	m.writeRetries.WithLabelValues(topic).Add(float64(n))
}

// sinceChange is NaN until something changed.
func (m *Metrics) sinceChange() float64 {
	at := m.changed.Load()
	if at == nil {
		return math.NaN()
	}
	return time.Since(*at).Seconds() // by the monotonic clock: a stepped wall clock raises no alert
}

// Pace hands over what tells how many requests a second may go at present, and
// how many might have gone so far. It is asked at each scrape, as both change by
// time alone: a pause ends and slots pass without anything being done.
func (m *Metrics) Pace(read func() (perSecond float64, allowed int64)) { m.pace.Store(&read) }

func (m *Metrics) perSecond() float64 {
	if read := m.pace.Load(); read != nil {
		perSecond, _ := (*read)()
		return perSecond
	}
	return 0
}

func (m *Metrics) allowed() float64 {
	if read := m.pace.Load(); read != nil {
		_, allowed := (*read)()
		return float64(allowed)
	}
	return 0
}

// Generation sets the generation of the consumer group.
func (m *Metrics) Generation(n int) { m.generation.Set(float64(n)) }

// Lag sets how many records of a request partition are not yet read.
func (m *Metrics) Lag(partition int, n int64) { m.set(m.requestLag, partition, n) }

// Committed sets the offset a request partition goes on from.
func (m *Metrics) Committed(partition int, offset int64) {
	m.set(m.committedOffset, partition, offset)
}

// Restored sets how far the restoring of a state partition is: done of the
// offsets that were in its log when it began.
func (m *Metrics) Restored(partition int, done, of int64) {
	m.set(m.restoreRecords, partition, done)
	m.set(m.restoreRecordsEnd, partition, of)
}

func (m *Metrics) set(gauge *prometheus.GaugeVec, partition int, n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.partitions[partition] = true
	gauge.WithLabelValues(strconv.Itoa(partition)).Set(float64(n))
}

// Partitions drops the gauges of all partitions but those owned, so that two
// instances never show one partition. It is called when a generation begins,
// before anything is told of its partitions.
func (m *Metrics) Partitions(owned []int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for p := range m.partitions {
		if slices.Contains(owned, p) {
			continue
		}
		delete(m.partitions, p)
		for _, gauge := range []*prometheus.GaugeVec{m.requestLag, m.committedOffset, m.restoreRecords, m.restoreRecordsEnd} {
			gauge.DeleteLabelValues(strconv.Itoa(p))
		}
	}
	m.partitionsOwned.Set(float64(len(owned)))
	standby := 0.0
	if len(owned) == 0 {
		standby = 1
	}
	m.standby.Set(standby)
}
