package monitor

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"callstream/internal/order"
)

const namespace = "callstream"

// series is the metrics themselves.
type series struct {
	requestsRead      *prometheus.CounterVec
	requestsForwarded prometheus.Counter
	hints             *prometheus.CounterVec
	callbacks         *prometheus.CounterVec
	ordersTracked     prometheus.Gauge
	ordersWaiting     prometheus.Gauge

	apiRequests       *prometheus.CounterVec
	apiSeconds        prometheus.Histogram
	apiOrders         prometheus.Counter
	ordersLookedAt    *prometheus.CounterVec
	batchFill         prometheus.Histogram
	lookAge           prometheus.Histogram
	dropped           *prometheus.CounterVec
	signatures        prometheus.Counter
	signatureFailures prometheus.Counter

	events       *prometheus.CounterVec
	freshness    []prometheus.Observer // by order.Change
	tasks        *tasks
	deadLetters  *prometheus.CounterVec
	stale        prometheus.Counter
	unknown      prometheus.Counter
	corrections  prometheus.Counter
	writeRetries *prometheus.CounterVec

	generation        prometheus.Gauge
	partitionsOwned   prometheus.Gauge
	standby           prometheus.Gauge
	requestLag        *prometheus.GaugeVec
	committedOffset   *prometheus.GaugeVec
	restoreRecords    *prometheus.GaugeVec
	restoreRecordsEnd *prometheus.GaugeVec
}

// register makes the series and puts them into the registry, beside those of
// the Go runtime, the process and the build.
func (m *Metrics) register() {
	r := registrar{promauto.With(m.registry)}
	m.series = series{
		requestsRead:      r.counters("requests_read_total", "Requests read from the request topic.", "partition"),
		requestsForwarded: r.counter("requests_forwarded_total", "Requests sent on to the home partition of their orders."),
		hints:             r.counters("hints_total", "Orders that hints were about, by what became of it (ignored: unknown, at rest, or not to be looked at yet).", "result"),
		callbacks:         r.counters("callbacks_total", "Callbacks of the vendor's, by what became of them.", "result"),
		ordersTracked:     r.gauge("orders_tracked", "Orders whose state is held by this instance."),
		ordersWaiting:     r.gauge("orders_waiting", "Orders of requests that are not yet done, so that their offset is not marked."),

		apiRequests: r.counters("api_requests_total", "Requests to the API, by call, what came of it and the vendor's code (none: no code; other: one not in its list).", "call", "class", "ret_code"),
		// From an answer of one order to the largest batches; 15 is
		// CALLBOT_TIMEOUT's default.
		apiSeconds:     r.histogram("api_request_seconds", "Time of a request to the API, from sending to the last byte.", 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30),
		apiOrders:      r.counter("api_orders_asked_total", "Orders asked for in requests to the API."),
		ordersLookedAt: r.counters("orders_looked_at_total", "Orders looked at, by what the answer showed (hash: byte for byte as before, not read).", "result"),
		batchFill:      r.histogram("batch_fill", "Orders in a batch, as a part of BATCH_SIZE.", 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1),
		// From POLL_MIN to POLL_MAX, as they are by default, and beyond.
		lookAge: r.histogram("look_age_seconds", "Time from an order's look to its next one.", 1, 2, 3, 5, 8, 15, 30, 60, 120, 300, 600, 1800),
		dropped: r.counters("answers_dropped_total", "Entries of answers left out.", "why"),

		signatures:        r.counter("signature_checks_total", "Signatures of answers looked at."),
		signatureFailures: r.counter("signature_failures_total", "Signatures of answers that were wrong or missing."),

		events:       r.counters("events_total", "Events acknowledged by Kafka.", "type"),
		freshness:    r.freshness(),
		tasks:        r.tasks(),
		deadLetters:  r.counters("dead_letters_total", "Dead letters.", "reason"),
		stale:        r.counter("stale_answers_total", "What answers showed moving back, which is not announced."),
		unknown:      r.counter("unknown_values_total", "Codes in answers that are not in the vendor's tables, announced as UNKNOWN."),
		corrections:  r.counter("corrections_pending_total", "Corrections seen once, announced when a second answer shows them."),
		writeRetries: r.counters("write_retries_total", "Messages that had to be sent to Kafka again.", "topic"),

		generation:        r.gauge("generation", "Generation of the consumer group."),
		partitionsOwned:   r.gauge("partitions_owned", "Request partitions this instance owns."),
		standby:           r.gauge("standby", "1 while this instance owns no partitions and is ready to take over, else 0."),
		requestLag:        r.gauges("request_lag", "Records of a request partition that are not yet read.", "partition"),
		committedOffset:   r.gauges("committed_offset", "Offset a request partition goes on from.", "partition"),
		restoreRecords:    r.gauges("restore_records", "Offsets of a state partition restored so far.", "partition"),
		restoreRecordsEnd: r.gauges("restore_records_end", "Offsets of a state partition there were to restore.", "partition"),
	}
	r.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: namespace, Name: "seconds_since_change",
		Help: "Time since an answer of the API last changed something; NaN before the first.",
	}, m.sinceChange)
	r.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: namespace, Name: "rate_limit",
		Help: "Requests a second that this instance may send at present: its share of CALLBOT_RATE_LIMIT, less while the API is busy; 0 in a pause after a failure.",
	}, m.perSecond)
	r.NewCounterFunc(prometheus.CounterOpts{
		Namespace: namespace, Name: "api_requests_allowed_total",
		Help: "Requests to the API that the slots of this instance have allowed, sent or not: api_requests_total is the part that was used.",
	}, m.allowed)
	m.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewBuildInfoCollector(),
	)
	m.startAtZero()
}

// startAtZero shows the labels that are known from the start: a rate over a
// series that appears with its first event misses that event.
func (m *Metrics) startAtZero() {
	for _, kind := range order.Kinds() {
		m.events.WithLabelValues(kind.String())
	}
	for vec, words := range map[*prometheus.CounterVec][]string{
		m.ordersLookedAt: {"changed", "unchanged", "hash", "missing", "rejected", "unreadable", "unanswered"},
		m.deadLetters:    {"unreadable", "invalid-id", "misrouted", "rejected", "not-found", "gave-up", "too-large"},
		m.dropped:        {"not-asked-for", "unreadable"},
		m.hints:          {"taken", "followed", "ignored"},
		m.callbacks:      {"accepted", "ignored", "forged", "replayed", "malformed", "too-large", "busy", "failed"},
	} {
		for _, word := range words {
			vec.WithLabelValues(word)
		}
	}
}

// registrar makes metrics and registers them.
type registrar struct{ promauto.Factory }

func (r registrar) counter(name, help string) prometheus.Counter {
	return r.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
}

func (r registrar) counters(name, help string, labels ...string) *prometheus.CounterVec {
	return r.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func (r registrar) gauge(name, help string) prometheus.Gauge {
	return r.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help})
}

func (r registrar) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return r.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

// freshness returns an observer for each kind of change. The first buckets part
// what a request or two decide, the last what is an outage.
func (r registrar) freshness() (byChange []prometheus.Observer) {
	vec := r.histograms("freshness_seconds", "Time from a change, by the vendor's clock, to the answer that showed it.", "change",
		0.25, 0.5, 1, 1.5, 2, 3, 5, 8, 15, 30, 60, 120, 300, 600)
	for _, change := range order.Changes() {
		byChange = append(byChange, vec.WithLabelValues(change.String()))
	}
	return byChange
}

func (r registrar) histograms(name, help, label string, buckets ...float64) *prometheus.HistogramVec {
	return r.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, []string{label})
}

func (r registrar) histogram(name, help string, buckets ...float64) prometheus.Histogram {
	return r.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets})
}
