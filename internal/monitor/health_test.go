package monitor

import (
	"slices"
	"sync"
	"testing"
)

func TestHealth(t *testing.T) {
	h := NewHealth()
	trouble := ""
	want := func(what string, lines ...string) {
		t.Helper()
		var got []string
		for _, c := range h.Conditions() {
			got = append(got, c.String())
		}
		if !slices.Equal(got, lines) {
			t.Errorf("%s: conditions %q, want %q", what, got, lines)
		}
	}
	want("new", "joining-group: waiting for partitions of the request topic")
	h.Set("restoring", "partition 3\n  of 6")
	want("set", "joining-group: waiting for partitions of the request topic", "restoring: partition 3 of 6")
	h.Clear(JoiningGroup)
	want("cleared", "restoring: partition 3 of 6")
	h.Clear(JoiningGroup)
	want("cleared again", "restoring: partition 3 of 6")
	h.Set("restoring", "")
	want("another detail", "restoring")
	h.AddCheck("api", func() string { return trouble })
	h.Clear("restoring")
	want("a check in good order")
	trouble = "rejecting-everything"
	want("a check that holds", "api: rejecting-everything")
	h.Clear("api")
	want("a check is not cleared", "api: rejecting-everything")
	h.AddCheck("broker", func() string { return "gone" })
	h.Set("api", "account-refused")
	want("checks and conditions", "api: account-refused", "api: rejecting-everything", "broker: gone")
	h.Clear("api")
	trouble = ""
	want("the other check", "broker: gone")
}

// TestCheckMaySet: a check that sets a condition does not lock itself out. Many
// do at once, for the race detector.
func TestCheckMaySet(t *testing.T) {
	var h Health
	if len(h.Conditions()) != 0 {
		t.Error("the zero Health is not ready")
	}
	h.AddCheck("looks", func() string { h.Set("looked", ""); h.Clear("never set"); return "" })
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { h.Conditions() })
	}
	wg.Wait()
	if got := h.Conditions(); len(got) != 1 || got[0].Name != "looked" {
		t.Errorf("got %v, want what the check has set", got)
	}
}
