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
		if !slices.Equal(got, lines) || h.Ready() != (len(lines) == 0) {
			t.Errorf("%s: ready is %v, conditions %q, want %q", what, h.Ready(), got, lines)
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

func TestZeroHealth(t *testing.T) {
	var h Health
	if !h.Ready() {
		t.Error("the zero Health is not ready")
	}
	h.Set("x", "")
	if h.Ready() {
		t.Error("a condition is lost")
	}
}

func TestCheckMaySet(t *testing.T) {
	var h Health
	h.AddCheck("first look", func() string { h.Set("looked", ""); return "" })
	if !h.Ready() || h.Ready() {
		t.Error("want ready at first, and then the condition that the check has set")
	}
}

func TestHealthFromManyGoroutines(t *testing.T) {
	var h Health
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				h.Set("a", "b")
				h.AddCheck("c", func() string { return "" })
				h.Conditions()
				h.Clear("a")
			}
		})
	}
	wg.Wait()
	if !h.Ready() {
		t.Errorf("conditions are left: %v", h.Conditions())
	}
}
