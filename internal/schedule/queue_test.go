package schedule

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"callstream/internal/order"
)

// TestQueueModel does random things to a queue and to a plain slice.
func TestQueueModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		var in []*Item
		for range rapid.IntRange(0, 100).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "add") || len(in) == 0 {
				in = append(in, &Item{})
				q.add(in[len(in)-1])
			} else {
				k := rapid.IntRange(0, len(in)-1).Draw(t, "which")
				q.remove(in[k])
				if in[k].at != 0 {
					t.Fatalf("an order that left is at %d", in[k].at)
				}
				in = slices.Delete(in, k, k+1)
			}
			n := rapid.IntRange(0, len(in)+1).Draw(t, "n")
			var got []*Item
			q.walk(n, func(i *Item) { got = append(got, i) })
			if !slices.Equal(got, in[:min(n, len(in))]) {
				t.Fatalf("walk(%d) finds %d of %d, or not in their order", n, len(got), len(in))
			}
			if n := len(q.items) - q.head; len(in) == 0 && n > 0 {
				t.Fatalf("an empty queue keeps %d places", n)
			}
		}
	})
}

// TestQueueKeepsNothingAlive: an order that left is not held by its queue.
func TestQueueKeepsNothingAlive(t *testing.T) {
	var q queue
	items := make([]Item, 100)
	for k := range items {
		q.add(&items[k])
	}
	for k := range items {
		if k%10 != 0 {
			q.remove(&items[k])
		}
	}
	held := 0
	for _, i := range q.items[:cap(q.items)] {
		if i != nil {
			held++
		}
	}
	if held != 10 {
		t.Errorf("holds %d orders, want 10", held)
	}
}

// TestAskedAgain is of orders that requests or hints name while they wait.
func TestAskedAgain(t *testing.T) {
	const size, times = 3, 10
	linger := newPlan(size).linger
	tests := []struct {
		name string
		ask  func(p *Plan, i *Item, now order.Millis)
		next order.Millis // after the first was asked for first
	}{
		{"by requests", func(p *Plan, i *Item, now order.Millis) { p.Ask(i, 0, now, now) }, linger},
		{"by hints", func(p *Plan, i *Item, now order.Millis) { p.Ask(i, 0, now, now); p.Hint(i, now) }, times},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlan(size)
			one, two := item("a", 1), item("a", 2)
			for k := range times {
				tt.ask(p, one, noon+order.Millis(k))
			}
			if at, _ := p.Next(noon + times); at != noon+tt.next {
				t.Errorf("Next = %d after it was asked for first, want %d", at-noon, tt.next)
			}
			tt.ask(p, two, noon+times)
			if got := p.Take(noon+linger, false).Orders; !slices.Equal(got, []*Item{one, two}) {
				t.Errorf("takes %d orders, want each once, in their order", len(got))
			}
		})
	}
}
