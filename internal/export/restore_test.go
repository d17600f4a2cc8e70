package export

import (
	"strings"
	"testing"

	"callstream/internal/order"
)

// TestForeignState refuses to start where the state is not at home.
func TestForeignState(t *testing.T) {
	w := newWorld(t)
	st := &order.State{Ref: order.Ref{Task: "t", ID: "a"}}
	p := &process{world: w, counter: &counter{looked: map[order.Outcome]int{}}}
	value, err := p.Encode(st)
	if err != nil {
		t.Fatal(err)
	}
	w.states = []stored{{SavedState: SavedState{Ref: st.Ref, Partition: 1 - homeOf("a"), Value: value}}}
	if err := p.pipeline(testConfig()).Run(t.Context(), func() {}); err == nil || !strings.Contains(err.Error(), "partition count") {
		t.Errorf("Run = %v, want a refusal", err)
	}
}
