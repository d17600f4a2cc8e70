package monitor

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"callstream/internal/order"
)

// samples is all samples of our own, as Prometheus reads them.
func samples(t *testing.T, m *Metrics) map[string]string {
	t.Helper()
	page := ask(m.handler(), "GET", "/metrics")
	if page.Code != 200 {
		t.Fatalf("/metrics answers %d %s", page.Code, page.Body)
	}
	all := map[string]string{}
	for line := range strings.Lines(page.Body.String()) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.HasPrefix(name, "callstream_") {
			all[strings.TrimPrefix(name, "callstream_")] = value
		}
	}
	return all
}

// difference is the samples of after that are not so in before, and those
// that are gone, as "gone".
func difference(before, after map[string]string) map[string]string {
	d := map[string]string{}
	for name, value := range after {
		if before[name] != value {
			d[name] = value
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			d[name] = "gone"
		}
	}
	return d
}

func TestEachMethod(t *testing.T) {
	for name, tc := range map[string]struct {
		tell func(m *Metrics)
		want map[string]string
	}{
		"nothing":     {func(*Metrics) {}, map[string]string{}},
		"RequestRead": {func(m *Metrics) { m.RequestRead(3); m.RequestRead(3); m.RequestRead(11) }, map[string]string{`requests_read_total{partition="3"}`: "2", `requests_read_total{partition="11"}`: "1"}},
		"Forwarded":   {func(m *Metrics) { m.Forwarded(2); m.Forwarded(3) }, map[string]string{"requests_forwarded_total": "5"}},
		"Held":        {func(m *Metrics) { m.Held(9, 5); m.Held(7, 4) }, map[string]string{"orders_tracked": "7", "orders_waiting": "4"}},
		"Request": {func(m *Metrics) {
			m.Request("ok", 0, 500, 300*time.Millisecond)
			m.Request("ok", 0, 20, 3*time.Second)
			m.Request("busy", 7, 500, 90*time.Second)
		}, map[string]string{
			`api_requests_total{class="ok",ret_code="0"}`:   "2",
			`api_requests_total{class="busy",ret_code="7"}`: "1",
			"api_orders_asked_total":                        "1020",
			`api_request_seconds_bucket{le="0.5"}`:          "1",
			`api_request_seconds_bucket{le="1"}`:            "1",
			`api_request_seconds_bucket{le="2"}`:            "1",
			`api_request_seconds_bucket{le="4"}`:            "2",
			`api_request_seconds_bucket{le="8"}`:            "2",
			`api_request_seconds_bucket{le="15"}`:           "2",
			`api_request_seconds_bucket{le="30"}`:           "2",
			`api_request_seconds_bucket{le="+Inf"}`:         "3",
			"api_request_seconds_count":                     "3",
			"api_request_seconds_sum":                       "93.3",
		}},
		"Looked": {func(m *Metrics) {
			m.Looked(1, 1, map[order.Outcome]int{"hash": 499, "unchanged": 1}, order.Noticed{Stale: 2, Unknown: 1, Corrections: 3})
			m.Looked(1, 0.85, nil, order.Noticed{})
		}, map[string]string{
			`orders_looked_at_total{result="hash"}`: "499", `orders_looked_at_total{result="unchanged"}`: "1",
			"stale_answers_total": "2", "unknown_values_total": "1", "corrections_pending_total": "3",
			`batch_fill_bucket{le="0.9"}`: "1", `batch_fill_bucket{le="1"}`: "2", `batch_fill_bucket{le="+Inf"}`: "2", "batch_fill_count": "2", "batch_fill_sum": "1.85",
		}},
		"Published":    {func(m *Metrics) { m.Published(order.KindTranscript, 20); m.Published(order.KindStatus, 1) }, map[string]string{`events_total{type="transcript-line"}`: "20", `events_total{type="call-status-changed"}`: "1"}},
		"DeadLetter":   {func(m *Metrics) { m.DeadLetter("gave-up") }, map[string]string{`dead_letters_total{reason="gave-up"}`: "1"}},
		"Dropped":      {func(m *Metrics) { m.Dropped("not-asked-for", 2) }, map[string]string{`answers_dropped_total{why="not-asked-for"}`: "2"}},
		"Signature":    {func(m *Metrics) { m.Signature(true); m.Signature(false); m.Signature(true) }, map[string]string{"signature_checks_total": "3", "signature_failures_total": "1"}},
		"WriteRetried": {func(m *Metrics) { m.WriteRetried("t", 5) }, map[string]string{`write_retries_total{topic="t"}`: "5"}},
		"RateLimit":    {func(m *Metrics) { m.RateLimit(0.5) }, map[string]string{"rate_limit": "0.5"}},
		"Generation":   {func(m *Metrics) { m.Generation(12) }, map[string]string{"generation": "12"}},
		"Lag":          {func(m *Metrics) { m.Lag(2, 1000); m.Lag(2, 10) }, map[string]string{`request_lag{partition="2"}`: "10"}},
		"Committed":    {func(m *Metrics) { m.Committed(2, 77) }, map[string]string{`committed_offset{partition="2"}`: "77"}},
		"Restored":     {func(m *Metrics) { m.Restored(2, 5, 9) }, map[string]string{`restore_records{partition="2"}`: "5", `restore_records_end{partition="2"}`: "9"}},
		"Partitions": {func(m *Metrics) {
			m.Partitions([]int{1, 2})
			for p := range 4 {
				m.Lag(p, 1)
				m.Committed(p, 1)
				m.Restored(p, 1, 1)
				m.RequestRead(p)
			}
			m.Partitions([]int{2, 5, 7})
		}, map[string]string{
			"partitions_owned":           "3",
			`request_lag{partition="2"}`: "1", `committed_offset{partition="2"}`: "1", `restore_records{partition="2"}`: "1", `restore_records_end{partition="2"}`: "1",
			// A counter that went away would count anew.
			`requests_read_total{partition="0"}`: "1", `requests_read_total{partition="1"}`: "1", `requests_read_total{partition="2"}`: "1", `requests_read_total{partition="3"}`: "1",
		}},
		"Partitions, none": {func(m *Metrics) { m.Partitions([]int{1}); m.Lag(1, 1); m.Partitions(nil) }, map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			m := NewMetrics()
			before := samples(t, m)
			tc.tell(m)
			if got := difference(before, samples(t, m)); !maps.Equal(got, tc.want) {
				t.Errorf("changed %v\nwant    %v", got, tc.want)
			}
		})
	}
}

// TestNames holds what dashboards and alerts rely on.
func TestNames(t *testing.T) {
	var got []string
	for name, value := range samples(t, NewMetrics()) {
		if !strings.Contains(name, "_bucket{") {
			got = append(got, name+" "+value)
		}
	}
	slices.Sort(got)
	want := []string{
		`answers_dropped_total{why="not-asked-for"} 0`,
		`answers_dropped_total{why="unreadable"} 0`,
		`api_orders_asked_total 0`,
		`api_request_seconds_count 0`,
		`api_request_seconds_sum 0`,
		`batch_fill_count 0`,
		`batch_fill_sum 0`,
		`corrections_pending_total 0`,
		`dead_letters_total{reason="gave-up"} 0`,
		`dead_letters_total{reason="invalid-id"} 0`,
		`dead_letters_total{reason="misrouted"} 0`,
		`dead_letters_total{reason="not-found"} 0`,
		`dead_letters_total{reason="rejected"} 0`,
		`dead_letters_total{reason="too-large"} 0`,
		`dead_letters_total{reason="unreadable"} 0`,
		`events_total{type="call-completed"} 0`,
		`events_total{type="call-status-changed"} 0`,
		`events_total{type="transcript-line"} 0`,
		`generation 0`,
		`orders_looked_at_total{result="changed"} 0`,
		`orders_looked_at_total{result="hash"} 0`,
		`orders_looked_at_total{result="missing"} 0`,
		`orders_looked_at_total{result="rejected"} 0`,
		`orders_looked_at_total{result="unanswered"} 0`,
		`orders_looked_at_total{result="unchanged"} 0`,
		`orders_looked_at_total{result="unreadable"} 0`,
		`orders_tracked 0`,
		`orders_waiting 0`,
		`partitions_owned 0`,
		`rate_limit 0`,
		`requests_forwarded_total 0`,
		`seconds_since_change NaN`,
		`signature_checks_total 0`,
		`signature_failures_total 0`,
		`stale_answers_total 0`,
		`unknown_values_total 0`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestRetCodesAreBounded(t *testing.T) {
	m := NewMetrics()
	for code := -1000; code < 10_000; code++ {
		m.Request("failing", code, 1, time.Second)
	}
	got := map[string]string{}
	for name, value := range samples(t, m) {
		if code, ok := strings.CutPrefix(name, `api_requests_total{class="failing",ret_code="`); ok {
			got[strings.TrimSuffix(code, `"}`)] = value
		}
	}
	want := map[string]string{"none": "1", "other": "10987"}
	for _, code := range []string{"1", "2", "3", "4", "5", "6", "7", "4001", "5001", "6001", "6002", "6003"} {
		want[code] = "1"
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestSecondsSinceChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMetrics()
		want := func(value string) {
			t.Helper()
			if got := samples(t, m)["seconds_since_change"]; got != value {
				t.Errorf("got %s, want %s", got, value)
			}
		}
		want("NaN")
		start := order.Millis(time.Now().UnixMilli())
		m.changedAt(start)
		time.Sleep(90 * time.Second) // the bubble's clock
		want("90")
		m.changedAt(start + 60_000)
		want("30")
		m.changedAt(start + 10_000) // came late
		want("30")
	})
}

func TestLint(t *testing.T) {
	m := NewMetrics()
	everything(m, 1)
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// everything calls each method.
func everything(m *Metrics, n int) {
	m.RequestRead(n)
	m.Forwarded(n)
	m.Request("ok", n, n, time.Second)
	m.Looked(order.Millis(n), 1, map[order.Outcome]int{order.OutcomeChanged: n}, order.Noticed{Stale: n})
	m.Held(n, n)
	m.Published(order.KindStatus, n)
	m.DeadLetter("rejected")
	m.Dropped("unreadable", n)
	m.Signature(n%2 == 0)
	m.WriteRetried("t", n)
	m.RateLimit(float64(n))
	m.Generation(n)
	m.Lag(n, 1)
	m.Committed(n, 1)
	m.Restored(n, 1, 2)
	m.Partitions([]int{n})
}

func TestMetricsFromManyGoroutines(t *testing.T) {
	m := NewMetrics()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for n := range 50 {
				everything(m, n)
				if n%10 > 0 {
					continue
				}
				if _, err := m.registry.Gather(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := samples(t, m)["requests_forwarded_total"]; got != "9800" {
		t.Errorf("8 times 0 to 49 makes %s", got)
	}
	m.Partitions(nil)
	for name := range samples(t, m) {
		if strings.Contains(name, "partition=") && !strings.HasPrefix(name, "requests_read_total") {
			t.Errorf("%s is left", name)
		}
	}
}
