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

// everything tells of each kind of event, in numbers that differ, so that no
// series can stand for another.
func everything(m *Metrics) {
	m.RequestRead(3)
	m.RequestRead(3)
	m.Forwarded(4)
	m.Hinted("taken")
	m.Callback("forged")
	m.Callback("forged")
	m.Held(9, 1, map[string]int{"a": 4, "b": 5})
	m.Held(5, 6, map[string]int{"a": 5})
	m.LookBegins([]order.Millis{3000, 4000})
	m.Request("listOrderDetail", "ok", 0, 500, 3*time.Second)
	m.Request("listOrder", "busy", 7, 20, 90*time.Second)
	m.Looked(0.85, map[order.Outcome]int{order.OutcomeSame: 499}, order.Noticed{Stale: 22, Unknown: 23, Corrections: 24})
	m.Published("a", map[order.Kind]int{order.KindTranscript: 21}, []order.Lateness{
		{Change: order.ChangeStart, By: 100}, {Change: order.ChangeAnswer, By: 200}, {Change: order.ChangeEnd, By: 400}, {Change: order.ChangeLine, By: 800},
	})
	m.DeadLetter("gave-up")
	m.Dropped("unreadable", 25)
	m.Signature(true)
	m.Signature(false)
	m.WriteRetried("t", 26)
	m.Pace(func() (float64, int64) { return 0.5, 32 })
	m.Generation(27)
	m.Partitions([]int{2, 5, 7})
	m.Lag(2, 28)
	m.Committed(2, 29)
	m.Restored(2, 30, 31)
}

// TestSeries holds the names and labels that dashboards and alerts rely on, and
// that each kind of event reaches its own. Those at 0 show from the start.
func TestSeries(t *testing.T) {
	m := NewMetrics()
	everything(m)
	var got []string
	for name, value := range samples(t, m) {
		if !strings.Contains(name, "_bucket{") {
			got = append(got, name+" "+value)
		}
	}
	slices.Sort(got)
	want := []string{
		`answers_dropped_total{why="not-asked-for"} 0`,
		`answers_dropped_total{why="unreadable"} 25`,
		`api_orders_asked_total 520`,
		`api_request_seconds_count 2`,
		`api_request_seconds_sum 93`,
		`api_requests_allowed_total 32`,
		`api_requests_total{call="listOrder",class="busy",ret_code="7"} 1`,
		`api_requests_total{call="listOrderDetail",class="ok",ret_code="0"} 1`,
		`batch_fill_count 1`,
		`batch_fill_sum 0.85`,
		`callbacks_total{result="accepted"} 0`,
		`callbacks_total{result="busy"} 0`,
		`callbacks_total{result="failed"} 0`,
		`callbacks_total{result="forged"} 2`,
		`callbacks_total{result="ignored"} 0`,
		`callbacks_total{result="malformed"} 0`,
		`callbacks_total{result="replayed"} 0`,
		`callbacks_total{result="too-large"} 0`,
		`committed_offset{partition="2"} 29`,
		`corrections_pending_total 24`,
		`dead_letters_total{reason="gave-up"} 1`,
		`dead_letters_total{reason="invalid-id"} 0`,
		`dead_letters_total{reason="misrouted"} 0`,
		`dead_letters_total{reason="not-found"} 0`,
		`dead_letters_total{reason="rejected"} 0`,
		`dead_letters_total{reason="too-large"} 0`,
		`dead_letters_total{reason="unreadable"} 0`,
		`events_total{type="call-completed"} 0`,
		`events_total{type="call-status-changed"} 0`,
		`events_total{type="transcript-line"} 21`,
		`freshness_seconds_count{change="answer"} 1`,
		`freshness_seconds_count{change="end"} 1`,
		`freshness_seconds_count{change="line"} 1`,
		`freshness_seconds_count{change="start"} 1`,
		`freshness_seconds_sum{change="answer"} 0.2`,
		`freshness_seconds_sum{change="end"} 0.4`,
		`freshness_seconds_sum{change="line"} 0.8`,
		`freshness_seconds_sum{change="start"} 0.1`,
		`generation 27`,
		`hints_total{result="followed"} 0`,
		`hints_total{result="ignored"} 0`,
		`hints_total{result="taken"} 1`,
		`look_age_seconds_count 2`,
		`look_age_seconds_sum 7`,
		`orders_looked_at_total{result="changed"} 0`,
		`orders_looked_at_total{result="hash"} 499`,
		`orders_looked_at_total{result="missing"} 0`,
		`orders_looked_at_total{result="rejected"} 0`,
		`orders_looked_at_total{result="unanswered"} 0`,
		`orders_looked_at_total{result="unchanged"} 0`,
		`orders_looked_at_total{result="unreadable"} 0`,
		`orders_tracked 5`,
		`orders_waiting 6`,
		`partitions_owned 3`,
		`rate_limit 0.5`,
		`request_lag{partition="2"} 28`,
		`requests_forwarded_total 4`,
		`requests_read_total{partition="3"} 2`,
		`restore_records_end{partition="2"} 31`,
		`restore_records{partition="2"} 30`,
		`seconds_since_change NaN`,
		`signature_checks_total 2`,
		`signature_failures_total 1`,
		`stale_answers_total 22`,
		`standby 0`,
		`task_freshness_seconds_count{task="a"} 4`,
		`task_freshness_seconds_count{task="other"} 0`,
		`task_freshness_seconds_sum{task="a"} 1.5`,
		`task_freshness_seconds_sum{task="other"} 0`,
		`task_orders{task="a"} 5`,
		`task_orders{task="other"} 0`,
		`unknown_values_total 23`,
		`write_retries_total{topic="t"} 26`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if n, none := m.Counted("callbacks_total", "forged"), m.Counted("callbacks_total", "nonsense"); n != 2 || none != 0 {
		t.Errorf("counted %d and %d, want 2 and 0", n, none)
	}
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
}

// TestStandbyGauge: before the first generation nobody knows, and so nobody
// stands by.
func TestStandbyGauge(t *testing.T) {
	m := NewMetrics()
	want := func(what, value string) {
		t.Helper()
		if got := samples(t, m)["standby"]; got != value {
			t.Errorf("%s: %s, want %s", what, got, value)
		}
	}
	want("at the start", "0")
	m.Partitions(nil)
	want("without partitions", "1")
	m.Partitions([]int{0})
	want("with one", "0")
}

// TestPartitions: a partition that moves away takes its gauges with it, lest two
// instances show one lag. Its counters stay: they would count anew.
func TestPartitions(t *testing.T) {
	m := NewMetrics()
	m.Partitions([]int{1, 2})
	for p := range 4 {
		m.Lag(p, 1)
		m.Committed(p, 1)
		m.Restored(p, 1, 1)
		m.RequestRead(p)
	}
	m.Partitions([]int{2, 5, 7})
	var got []string
	for name := range samples(t, m) {
		if strings.Contains(name, "partition=") {
			got = append(got, name)
		}
	}
	slices.Sort(got)
	if want := []string{
		`committed_offset{partition="2"}`, `request_lag{partition="2"}`,
		`requests_read_total{partition="0"}`, `requests_read_total{partition="1"}`, `requests_read_total{partition="2"}`, `requests_read_total{partition="3"}`,
		`restore_records_end{partition="2"}`, `restore_records{partition="2"}`,
	}; !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestRetCodesAreBounded(t *testing.T) {
	m := NewMetrics()
	for code := -1000; code < 10_000; code++ {
		m.Request("listOrderDetail", "failing", code, 1, time.Second)
	}
	got := map[string]string{}
	for name, value := range samples(t, m) {
		if code, ok := strings.CutPrefix(name, `api_requests_total{call="listOrderDetail",class="failing",ret_code="`); ok {
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
		looked := func(outcome order.Outcome) { m.Looked(1, map[order.Outcome]int{outcome: 1}, order.Noticed{}) }
		looked(order.OutcomeSame)
		want("NaN")
		looked(order.OutcomeChanged)
		time.Sleep(90 * time.Second) // the bubble's clock
		looked(order.OutcomeUnchanged)
		want("90")
		looked(order.OutcomeChanged)
		want("0")
	})
}

// TestMetricsFromManyGoroutines is for the race detector.
func TestMetricsFromManyGoroutines(t *testing.T) {
	m := NewMetrics()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			everything(m)
			m.Looked(1, map[order.Outcome]int{order.OutcomeChanged: 1}, order.Noticed{})
			if _, err := m.registry.Gather(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := samples(t, m)["requests_forwarded_total"]; got != "32" {
		t.Errorf("8 times 4 makes %s", got)
	}
}
