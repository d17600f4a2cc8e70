package monitor

import (
	"cmp"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"callstream/internal/order"
)

const (
	// topTasks is how many tasks have series of their own. There may be tens of
	// thousands, and each would make 7 series that live as long as the process.
	topTasks = 10
	// otherTasks is the label that all further tasks share. A task of that name
	// is one of them.
	otherTasks = "other"
	// maxTaskLabel bounds a label, in bytes; a task's name may have 256.
	maxTaskLabel = 64
)

// tasks are the series by task: of the tasks with the most orders, and of all
// others together.
type tasks struct {
	orders    *prometheus.GaugeVec
	freshness *prometheus.HistogramVec

	mu  sync.Mutex        // guards top, and keeps late from bringing back a series that held drops
	top map[string]string // labels by task
}

func (r registrar) tasks() *tasks {
	t := &tasks{
		orders: r.gauges("task_orders", "Orders held of the tasks that have the most; other: of all other tasks.", "task"),
		// Few, for there is one of each for each task: fresh, as fresh as a busy
		// limit allows, late.
		freshness: r.histograms("task_freshness_seconds", "Time from a change to the answer that showed it, by task as in task_orders.", "task", 2, 10, 60),
	}
	t.held(nil)
	t.freshness.WithLabelValues(otherTasks)
	return t
}

// held sets how many orders each task has. A task that is no longer among the
// largest loses its series; what it adds later is counted with the others.
func (t *tasks) held(orders map[string]int) {
	top := map[string]string{}
	others := 0
	for _, n := range orders {
		others += n
	}
	largest := largest(orders)
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, task := range largest {
		top[task] = taskLabel(task)
		t.orders.WithLabelValues(top[task]).Set(float64(orders[task]))
		others -= orders[task]
	}
	t.orders.WithLabelValues(otherTasks).Set(float64(others))
	for task, label := range t.top {
		if top[task] == "" {
			t.orders.DeleteLabelValues(label)
			t.freshness.DeleteLabelValues(label)
		}
	}
	t.top = top
}

// late counts how late events of a task were.
func (t *tasks) late(task string, late []order.Lateness) {
	if len(late) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	series := t.freshness.WithLabelValues(cmp.Or(t.top[task], otherTasks))
	for _, l := range late {
		series.Observe(seconds(l.By))
	}
}

// largest returns the tasks with the most orders. Of equals the first by name is
// the larger, lest they take turns.
func largest(orders map[string]int) []string {
	top := make([]string, 0, topTasks+1)
	for task, n := range orders {
		if task == otherTasks || len(top) == topTasks && n < orders[top[topTasks-1]] {
			continue
		}
		at, _ := slices.BinarySearchFunc(top, task, func(a, b string) int {
			return cmp.Or(cmp.Compare(orders[b], orders[a]), cmp.Compare(a, b))
		})
		if at < topTasks {
			top = slices.Insert(top, at, task)
			top = top[:min(len(top), topTasks)]
		}
	}
	return top
}

// taskLabel makes a label of a task's name, which is foreign text: valid UTF-8,
// since Prometheus takes nothing else, and short. A name that is cut ends in a
// checksum of all of it, so that two with one beginning stay two.
func taskLabel(task string) string {
	label := strings.ToValidUTF8(task, "\uFFFD")
	if label == task && len(label) <= maxTaskLabel {
		return label
	}
	end := fmt.Sprintf("~%08x", crc32.ChecksumIEEE([]byte(task)))
	label = label[:min(len(label), maxTaskLabel-len(end))]
	return strings.ToValidUTF8(label, "") + end // a character cut in half is left out
}
