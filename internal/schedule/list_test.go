package schedule

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"callstream/internal/order"
)

// filled returns a list of so many orders, all of which may be asked for.
func filled(n int) *list {
	l := newList()
	for range n {
		l.append(&Item{place: listed})
	}
	return l
}

// living returns the orders from a position on and round to it, in their order.
func living(l *list, from int) (items []*Item) {
	for k := range l.items {
		if i := l.items[(from+k)%len(l.items)]; i != nil {
			items = append(items, i)
		}
	}
	return items
}

// round sweeps a whole round in steps of n and returns what is visited.
func round(l *list, n int) (visited []*Item) {
	for steps := 0; steps < len(l.items); {
		before, last := l.cursor, 0
		l.sweep(n, noon, func(i *Item, ahead int) {
			visited = append(visited, i)
			last = ahead + 1
		})
		l.advance(last)
		if last == 0 {
			return visited
		}
		steps += (l.cursor-before+len(l.items)-1)%len(l.items) + 1
	}
	return visited
}

// TestListModel does random things to a list and to a plain slice of its orders.
func TestListModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newList()
		var model []*Item
		for range rapid.IntRange(0, 80).Draw(t, "steps") {
			if len(model) == 0 || rapid.IntRange(0, 2).Draw(t, "what") == 0 {
				model = append(model, &Item{place: listed})
				l.append(model[len(model)-1])
				continue
			}
			k := rapid.IntRange(0, len(model)-1).Draw(t, "which")
			switch i := model[k]; rapid.SampledFrom([]string{"begin", "leave", "flip", "advance"}).Draw(t, "what") {
			case "begin":
				l.began(start{int(i.pos), order.Millis(rapid.IntRange(1, 1000).Draw(t, "at"))})
				model = removeFrom(t, l, model, k)
			case "leave":
				model = removeFrom(t, l, model, k)
			case "flip":
				i.place = listed + resting - i.place
			default:
				l.advance(rapid.IntRange(0, len(l.items)).Draw(t, "by"))
			}
			checkList(t, l, model)
		}
	})
}

// removeFrom removes an order and checks that all others stay where they were
// beside the cursor and the starts.
func removeFrom(t *rapid.T, l *list, model []*Item, k int) []*Item {
	i := model[k]
	others := func(from int) []*Item {
		return slices.DeleteFunc(living(l, from), func(other *Item) bool { return other == i })
	}
	marks := func() (all [][]*Item) {
		if l.live > 1 {
			all = append(all, others(l.cursor))
			for _, s := range l.recent {
				all = append(all, others(s.pos+1))
			}
		}
		return all
	}
	before := marks()
	two := l.live > 2
	l.remove(i)
	if i.list != nil {
		t.Fatal("an order that was removed is in a list")
	}
	if two && !slices.EqualFunc(before, marks(), slices.Equal) {
		t.Fatalf("the cursor or a start is elsewhere after order %d of %d was removed", k, len(model))
	}
	return slices.Delete(model, k, k+1)
}

func checkList(t *rapid.T, l *list, model []*Item) {
	if l.live != len(model) || !slices.Equal(living(l, 0), model) {
		t.Fatalf("has %d orders (live: %d), want %d, or not in their order", len(living(l, 0)), l.live, len(model))
	}
	if len(l.items) > 2*len(model)+1 {
		t.Fatalf("%d places for %d orders", len(l.items), len(model))
	}
	if l.cursor < 0 || l.cursor > len(l.items) {
		t.Fatalf("the sweep is at %d of %d", l.cursor, len(l.items))
	}
	if len(l.recent) == 0 || len(l.recent) > recentStarts || !slices.IsSortedFunc(l.recent, func(a, b start) int { return int(a.at - b.at) }) {
		t.Fatalf("latest starts: %v", l.recent)
	}
	found := map[int]map[*Item]bool{}
	for s := range slots {
		found[s] = map[*Item]bool{}
		l.near(s, func(i *Item) { found[s][i] = true })
	}
	for _, i := range model {
		if l.items[i.pos] != i || i.list != l {
			t.Fatalf("an order is not at its position %d", i.pos)
		}
		least := 1 << 20
		isNear := map[int]bool{}
		for _, s := range l.recent {
			d := int(i.pos) - s.pos
			least = min(least, max(d, -d))
			isNear[slot(d)] = i.place == listed
		}
		if d := l.distance(int(i.pos)); max(d, -d) != least {
			t.Fatalf("order %d is %d from the latest starts %v, want %d", i.pos, d, l.recent, least)
		}
		for s := range slots {
			if found[s][i] != isNear[s] {
				t.Fatalf("order %d is near %v in slot %d: %t, want %t", i.pos, l.recent, s, found[s][i], isNear[s])
			}
		}
	}
}

func TestSweepVisitsAllOnceARound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := filled(rapid.IntRange(1, 60).Draw(t, "orders"))
		all := slices.Clone(l.items)
		for range rapid.IntRange(0, len(all)/2).Draw(t, "gone") {
			if i := all[rapid.IntRange(0, len(all)-1).Draw(t, "who")]; i.list != nil {
				l.remove(i)
			}
		}
		for range rapid.IntRange(0, len(all)).Draw(t, "resting") {
			all[rapid.IntRange(0, len(all)-1).Draw(t, "who")].place = resting
		}
		l.advance(rapid.IntRange(0, len(l.items)-1).Draw(t, "from"))
		want := slices.DeleteFunc(living(l, l.cursor), func(i *Item) bool { return i.place != listed })
		n := rapid.IntRange(1, 10).Draw(t, "at a time")
		got := round(l, n)
		if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
			t.Fatalf("visits %d of %d orders, or not in their order", len(got), len(want))
		}
	})
}

func TestSweep(t *testing.T) {
	tests := []struct {
		name   string
		orders int
		edit   func(l *list)
		n      int
		want   []int // positions
		cursor int
	}{
		{"the next", 9, nil, 3, []int{0, 1, 2}, 0},
		{"round the end", 5, func(l *list) { l.advance(3) }, 4, []int{3, 4, 0, 1}, 3},
		{"never twice", 3, nil, 9, []int{0, 1, 2}, 0},
		{"none", 0, nil, 3, nil, 0},
		{"all rest", 4, func(l *list) { rest(l, 0, 4) }, 3, nil, 0},
		{"those that rest are passed over", 9, func(l *list) { rest(l, 2, 5) }, 4, []int{0, 1, 5, 6}, 0},
		{"and left behind at the front", 9, func(l *list) { rest(l, 0, 5) }, 2, []int{5, 6}, 5},
		{"a stretch of gaps that is longer than what is asked for", 100_001, func(l *list) { gaps(l, 50_000) }, 2, []int{50_000, 50_001}, 50_000},
		{"a stretch of orders that rest", 100_000, func(l *list) { rest(l, 1, 99_999) }, 2, []int{0, 99_999}, 0},
		{"those looked at lately are passed over", 9, func(l *list) { young(l, 2, 5) }, 4, []int{0, 1, 5, 6}, 0},
		{"also at the front", 9, func(l *list) { young(l, 0, 5) }, 2, []int{5, 6}, 0},
		{"but not too many of them", 100, func(l *list) { young(l, 1, 99) }, 2, []int{0}, 0},
		{"nor passed over for good before one behind them is taken", 100, func(l *list) { young(l, 0, 99) }, 2, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := filled(tt.orders)
			if tt.edit != nil {
				tt.edit(l)
			}
			var got []int
			l.sweep(tt.n, noon, func(i *Item, ahead int) {
				got = append(got, int(i.pos))
				if (l.cursor+ahead)%len(l.items) != int(i.pos) {
					t.Errorf("order %d is said to be %d ahead of %d", i.pos, ahead, l.cursor)
				}
			})
			if !slices.Equal(got, tt.want) || l.cursor != tt.cursor {
				t.Errorf("visits %v and is at %d, want %v and %d", got, l.cursor, tt.want, tt.cursor)
			}
		})
	}
}

// rest lets the orders of some positions rest.
func rest(l *list, from, to int) {
	for _, i := range l.items[from:to] {
		i.place = resting
	}
}

// young lets the orders of some positions be looked at just now.
func young(l *list, from, to int) {
	for _, i := range l.items[from:to] {
		i.looked = noon + 1
	}
}

// gaps removes the first n orders.
func gaps(l *list, n int) {
	for _, i := range slices.Clone(l.items[:n]) {
		l.remove(i)
	}
}

func TestLatestStarts(t *testing.T) {
	tests := []struct {
		name   string
		began  []start
		pos    int
		want   int   // its distance
		latest []int // positions, the oldest first
	}{
		{"none: from the front", nil, 0, 1, []int{-1}},
		{"ahead", []start{{10, 1}}, 12, 2, []int{-1, 10}},
		{"behind", []start{{10, 1}}, 8, -2, []int{-1, 10}},
		{"kept by time, however late they are learnt of", []start{{40, 4}, {10, 1}, {50, 5}, {20, 2}, {30, 3}}, 22, 2, []int{20, 30, 40, 50}},
		{"one that is older than those kept", []start{{20, 2}, {30, 3}, {40, 4}, {50, 5}, {10, 1}}, 11, -9, []int{20, 30, 40, 50}},
		{"at one moment: by position", []start{{30, 1}, {10, 1}, {20, 1}}, 31, 1, []int{-1, 10, 20, 30}},
		{"two lists dialed one within the other", []start{{10, 1}, {60, 1}, {11, 2}, {61, 2}}, 62, 1, []int{10, 60, 11, 61}},
		{"the other of them", []start{{10, 1}, {60, 1}, {11, 2}, {61, 2}}, 12, 1, []int{10, 60, 11, 61}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := filled(100)
			for _, s := range tt.began {
				l.began(s)
			}
			var latest []int
			for _, s := range l.recent {
				latest = append(latest, s.pos)
			}
			if got := l.distance(tt.pos); got != tt.want || !slices.Equal(latest, tt.latest) {
				t.Errorf("%d is %d from the latest starts %v, want %d from %v", tt.pos, got, latest, tt.want, tt.latest)
			}
			nearest := false
			l.near(slot(tt.want), func(i *Item) { nearest = nearest || int(i.pos) == tt.pos })
			if !nearest {
				t.Errorf("%d is not near a start at a distance like %d", tt.pos, tt.want)
			}
		})
	}
}
