package monitor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"callstream/internal/order"
)

// byTask returns the samples of a series by task.
func byTask(t *testing.T, m *Metrics, series string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for name, value := range samples(t, m) {
		if task, ok := strings.CutPrefix(name, series+`{task="`); ok {
			got[strings.TrimSuffix(task, `"}`)] = value
		}
	}
	return got
}

// TestManyTasks: 10,000 tasks make the series of eleven, and one that is no
// longer among the largest takes its series along.
func TestManyTasks(t *testing.T) {
	m := NewMetrics()
	orders := map[string]int{}
	for n := range 10_000 {
		orders[fmt.Sprintf("task-%04d", n)] = n % 100 // 100 tasks of each size
	}
	tell := func() {
		m.Held(0, 0, orders)
		for task := range orders {
			m.Published(task, nil, []order.Lateness{{Change: order.ChangeEnd, By: 1000}})
		}
	}
	tell()
	want := map[string]string{"other": "494010"}
	for n := range 10 {
		want[fmt.Sprintf("task-%04d", 99+100*n)] = "99" // the first by name of those with 99
	}
	if got := byTask(t, m, "task_orders"); !maps.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	if got := byTask(t, m, "task_freshness_seconds_count"); len(got) != 11 || got["other"] != "9990" || got["task-0099"] != "1" {
		t.Errorf("freshness %v", got)
	}
	orders["task-0099"], orders["task-0001"], orders["other"] = 3, 5000, 1_000_000
	tell()
	got := byTask(t, m, "task_freshness_seconds_count")
	if _, stays := got["task-0099"]; stays || len(got) != 11 || got["task-0001"] != "1" || got["task-0199"] != "2" {
		t.Errorf("freshness after another task grew %v", got)
	}
	if got := byTask(t, m, "task_orders"); got["task-0001"] != "5000" || got["other"] != "1.494012e+06" || len(got) != 11 {
		t.Errorf("orders after another task grew %v", got)
	}
	m.Held(0, 0, nil)
	if got := byTask(t, m, "task_orders"); !maps.Equal(got, map[string]string{"other": "0"}) {
		t.Errorf("orders of no task %v", got)
	}
}

// TestTaskLabels: a task's name is foreign text.
func TestTaskLabels(t *testing.T) {
	long := strings.Repeat("ü", 120)
	names := []string{"a b/ü", `q"\` + "\n", strings.Repeat("x", 64), strings.Repeat("x", 65), long + "1", long + "2", "\xff\xfe", "\xff\xff", "�"}
	var labels []string
	for _, name := range names {
		label := taskLabel(name)
		if !utf8.ValidString(label) || len(label) > maxTaskLabel || label == "" {
			t.Errorf("task %q: label %q", name, label)
		}
		labels = append(labels, label)
	}
	if slices.Sort(labels); len(slices.Compact(labels)) != len(names) {
		t.Errorf("two tasks share a label: %q", labels)
	}
	m := NewMetrics()
	orders := map[string]int{}
	for _, name := range names {
		orders[name] = 1
	}
	m.Held(0, 0, orders)
	if got := byTask(t, m, "task_orders"); len(got) != len(names)+1 {
		t.Errorf("got %v", got)
	}
}
