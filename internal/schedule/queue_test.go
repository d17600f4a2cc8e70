package schedule

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"callstream/internal/order"
)

// size counts the orders in a queue.
func size(q *Queue) int {
	n := 0
	for _, t := range q.tasks {
		n += len(t.items)
	}
	return n
}

func item(task string, n int) *Item {
	return &Item{Ref: order.Ref{Task: task, ID: fmt.Sprint(n)}}
}

func ids(batch []*Item) []string {
	var out []string
	for _, i := range batch {
		out = append(out, i.Ref.Task+i.Ref.ID)
	}
	slices.Sort(out)
	return out
}

func TestBatch(t *testing.T) {
	type set struct {
		task      string
		from, due order.Millis
	}
	tests := []struct {
		name string
		sets []set // numbered from 0
		now  order.Millis
		want []string
		next order.Millis // when the next batch is ready, after this one; 0 = queue empty
	}{
		{name: "empty"},
		{name: "not due", sets: []set{{"a", 0, 1000}}, now: 900, next: 1100},
		{name: "due, lingering for others", sets: []set{{"a", 0, 1000}}, now: 1050, next: 1100},
		{name: "lingered", sets: []set{{"a", 0, 1000}}, now: 1100, want: []string{"a0"}},
		{name: "full needs no linger", sets: []set{{"a", 0, 1000}, {"a", 0, 1000}, {"a", 0, 1000}}, now: 1000, want: []string{"a0", "a1", "a2"}},
		{
			name: "one task a batch", sets: []set{{"a", 0, 1000}, {"b", 0, 1001}}, now: 1200,
			want: []string{"a0"}, next: 1101,
		},
		{
			name: "a task whose first order has left stands behind others",
			sets: []set{{"a", 0, 900}, {"a", 5000, 5000}, {"b", 0, 1000}}, now: 1050,
			want: []string{"a0"}, next: 1100,
		},
		{
			name: "filled up with what has waited half of its pause",
			sets: []set{{"a", 0, 1000}, {"a", 1000, 1200}, {"a", 1000, 1400}}, now: 1100,
			want: []string{"a0", "a1"}, next: 1500,
		},
		{
			name: "never before notBefore", sets: []set{{"a", 0, 1000}, {"a", 1200, 1200}}, now: 1150,
			want: []string{"a0"}, next: 1300,
		},
		{
			name: "the first due first", now: 5000,
			sets: []set{{"a", 0, 900}, {"a", 0, 100}, {"a", 0, 700}, {"a", 0, 300}},
			want: []string{"a1", "a2", "a3"}, next: 1000,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := NewQueue(3, 100*time.Millisecond)
			for n, s := range tt.sets {
				q.Set(item(s.task, n), s.from, s.due)
			}
			if got := ids(q.Batch(tt.now)); !slices.Equal(got, tt.want) {
				t.Errorf("Batch = %q, want %q", got, tt.want)
			}
			if next, _ := q.Next(tt.now); next != tt.next {
				t.Errorf("Next = %d, want %d", next, tt.next)
			}
			if want := len(tt.sets) - len(tt.want); size(q) != want {
				t.Errorf("Len = %d, want %d", size(q), want)
			}
		})
	}
}

// TestQueueModel does random things to a queue and to a plain list.
func TestQueueModel(t *testing.T) {
	const most, linger = 4, 10
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		q := NewQueue(most, linger*time.Millisecond)
		in := map[*Item]bool{}
		var items []*Item
		for n := range 20 {
			items = append(items, item(fmt.Sprint("t", n%3), n))
		}
		now := order.Millis(0)
		for range 300 {
			now += order.Millis(rng.IntN(8))
			switch i := items[rng.IntN(len(items))]; rng.IntN(5) {
			case 0:
				q.Remove(i)
				delete(in, i)
			case 1, 2:
				q.Set(i, now, now+order.Millis(rng.IntN(60)))
				in[i] = true
			default:
				checkBatch(t, q, in, now, most, linger)
			}
			if size(q) != len(in) {
				t.Fatalf("Len = %d, want %d", size(q), len(in))
			}
		}
	}
}

// checkBatch takes a batch and holds it against what is in the queue: it is of
// one task, holds the first due ones, and is taken as soon as it may be.
func checkBatch(t *testing.T, q *Queue, in map[*Item]bool, now order.Millis, size int, linger order.Millis) {
	t.Helper()
	first := order.Millis(-1)
	due := map[string]int{}
	for i := range in {
		if first < 0 || i.due < first {
			first = i.due
		}
		if i.due <= now {
			due[i.Ref.Task]++
		}
	}
	batch := q.Batch(now)
	if batch == nil {
		if first >= 0 && now >= first+linger {
			t.Fatalf("at %d no batch, though an order has been due since %d", now, first)
		}
		return
	}
	if len(batch) > size || now < first {
		t.Fatalf("batch of %d at %d, the first order is due at %d", len(batch), now, first)
	}
	if now < first+linger && due[batch[0].Ref.Task] < size {
		t.Fatalf("batch at %d did not wait for others until %d", now, first+linger)
	}
	taken := 0
	for _, i := range batch {
		if !in[i] || i.Ref.Task != batch[0].Ref.Task {
			t.Fatalf("batch holds %v beside %v", i.Ref, batch[0].Ref)
		}
		if i.due <= now {
			taken++
		} else if now < i.from+(i.due-i.from)/2 {
			t.Fatalf("at %d the batch holds an order whose pause from %d to %d is not half over", now, i.from, i.due)
		}
		delete(in, i)
	}
	if want := min(size, due[batch[0].Ref.Task]); taken != want {
		t.Fatalf("batch holds %d due orders, want %d", taken, want)
	}
}

func TestAlarms(t *testing.T) {
	var s Alarms
	if _, ok := s.Next(); ok || s.Ring(1<<60) != nil {
		t.Error("an alarm of no alarms")
	}
	a, b, c := &Alarm{}, &Alarm{}, &Alarm{}
	s.Set(a, 30)
	s.Set(b, 10)
	s.Set(c, 20)
	s.Set(b, 40) // moved
	s.Stop(a)
	s.Resume(a)
	s.Stop(c)
	s.Stop(c)
	if when, _ := s.Next(); when != 30 {
		t.Errorf("Next = %d, want 30", when)
	}
	if s.Ring(29) != nil {
		t.Error("rang early")
	}
	if s.Ring(40) != a || s.Ring(40) != b || s.Ring(40) != nil {
		t.Error("rang in the wrong order")
	}
}

func BenchmarkQueue(b *testing.B) {
	q := NewQueue(500, 0)
	items := make([]*Item, 100_000)
	for n := range items {
		items[n] = item(fmt.Sprint("t", n%10), n)
		q.Set(items[n], 0, order.Millis(n))
	}
	b.ReportAllocs()
	now := order.Millis(len(items))
	for b.Loop() {
		for _, i := range q.Batch(now) {
			q.Set(i, now, now+order.Millis(len(items)))
		}
		now += 500
	}
}
