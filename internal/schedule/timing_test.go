package schedule

import (
	"testing"
	"time"

	"callstream/internal/order"
)

const second = order.Millis(1000)

func timing() Timing {
	return Timing{
		PollMin: 2 * time.Second, PollMax: 5 * time.Minute, Settle: 15 * time.Minute, FollowMax: 168 * time.Hour,
		NotFoundMax: time.Hour, Retention: 720 * time.Hour,
	}
}

func TestNextLook(t *testing.T) {
	start := 1_000_000 * second
	tests := []struct {
		name   string
		facts  Facts
		looked order.Millis
		want   order.Millis
	}{
		{"never looked at: now", Facts{}, 0, 0},
		{"notBefore", Facts{Tracking: order.Tracking{NotBefore: start}}, 0, start},
		{"just changed: the shortest pause", Facts{ChangedAt: start}, start, start + 2*second},
		{"quiet: half of the quiet time", Facts{ChangedAt: start}, start + 100*second, start + 150*second},
		{"very quiet: the longest pause", Facts{ChangedAt: start}, start + 86_400*second, start + 86_700*second},
		{"a correction: soon", Facts{ChangedAt: start, Again: true}, start + 100*second, start + 102*second},
		{"ended: when it settles", Facts{ChangedAt: start, Ended: true}, start + 800*second, start + 900*second},
		{"ended, late: soon", Facts{ChangedAt: start, Ended: true}, start + 899*second, start + 901*second},
		{"missing: growing pauses", Facts{Tracking: order.Tracking{MissingSince: start}}, start + 20*second, start + 30*second},
		{"missing: last look when the time is over", Facts{Tracking: order.Tracking{MissingSince: start}}, start + 3500*second, start + 3600*second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := timing().NextLook(tt.facts, tt.looked); got != tt.want {
				t.Errorf("NextLook = %d, want %d", got, tt.want)
			}
		})
	}
}

func TestEnds(t *testing.T) {
	start := 1_000_000 * second
	week := 7 * 86_400 * second
	active := order.Tracking{FollowSince: start}
	with := func(change func(*order.Tracking)) Facts {
		tr := active
		change(&tr)
		return Facts{Tracking: tr}
	}
	tests := []struct {
		name  string
		facts Facts
		want  order.Millis
	}{
		{"followed", Facts{Tracking: active}, start + week},
		{"deadline", with(func(t *order.Tracking) { t.Deadline = start + 5 }), start + 5},
		{"late deadline", with(func(t *order.Tracking) { t.Deadline = start + 2*week }), start + week},
		{"notBefore counts from then", with(func(t *order.Tracking) { t.NotBefore = start + 10 }), start + 10 + week},
		{"resting", with(func(t *order.Tracking) { t.Sleep(order.Settled, start+7) }), start + 7 + 30*86_400*second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := timing().End(tt.facts); got != tt.want {
				t.Errorf("End = %d, want %d", got, tt.want)
			}
		})
	}
}

func TestVerdicts(t *testing.T) {
	start := 1_000_000 * second
	settled := Facts{ChangedAt: start, Ended: true}
	if timing().Settled(settled, start+899*second) || !timing().Settled(settled, start+900*second) {
		t.Error("settles at the wrong time")
	}
	settled.Again = true
	if timing().Settled(settled, start+900*second) {
		t.Error("settles while a correction waits")
	}
	missing := Facts{Tracking: order.Tracking{MissingSince: start}}
	if timing().NotFound(missing, start+3599*second) || !timing().NotFound(missing, start+3600*second) {
		t.Error("not found at the wrong time")
	}
	missing.ChangedAt = 1
	if timing().NotFound(missing, start+3600*second) {
		t.Error("an order that was seen is not found")
	}
}
