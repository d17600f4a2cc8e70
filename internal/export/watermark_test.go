package export

import "testing"

func TestWatermark(t *testing.T) {
	var w watermark
	for _, offset := range []int64{3, 4, 7, 8} { // a gap: compacted, or control records
		if err := w.add(offset); err != nil {
			t.Fatal(err)
		}
	}
	steps := []struct {
		mark, next int64
		moved      bool
	}{{4, 0, false}, {7, 0, false}, {3, 8, true}, {8, 9, true}}
	for _, s := range steps {
		w.moved = false
		if w.mark(s.mark); w.moved != s.moved || w.next != s.next {
			t.Errorf("after %d: next %d moved %t, want %d %t", s.mark, w.next, w.moved, s.next, s.moved)
		}
	}
	if w.add(8) == nil {
		t.Error("took an offset again")
	}
	if len(w.read) != 0 {
		t.Errorf("%d left open", len(w.read))
	}
}
