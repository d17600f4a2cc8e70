package schedule

import (
	"testing"
	"time"

	"callstream/internal/order"
)

const second = order.Millis(1000)

func timing() Timing {
	return Timing{
		PollMin: 2 * time.Second, PollMax: 5 * time.Minute, Terms: order.Terms{Settle: 900 * second, NotFoundMax: 3600 * second},
	}
}

func TestNextLook(t *testing.T) {
	start := 1_000_000 * second
	tests := []struct {
		name   string
		facts  order.Facts
		looked order.Millis
		want   order.Millis
	}{
		{"never looked at: now", order.Facts{}, 0, 0},
		{"notBefore", order.Facts{Tracking: order.Tracking{NotBefore: start}}, 0, start},
		{"just changed: the shortest pause", order.Facts{ChangedAt: start}, start, start + 2*second},
		{"quiet: half of the quiet time", order.Facts{ChangedAt: start}, start + 100*second, start + 150*second},
		{"very quiet: the longest pause", order.Facts{ChangedAt: start}, start + 86_400*second, start + 86_700*second},
		{"a correction: soon", order.Facts{ChangedAt: start, Unconfirmed: true}, start + 100*second, start + 102*second},
		{"ended: when it settles", order.Facts{ChangedAt: start, Ended: true}, start + 800*second, start + 900*second},
		{"ended, late: soon", order.Facts{ChangedAt: start, Ended: true}, start + 899*second, start + 901*second},
		{"missing: growing pauses", order.Facts{Tracking: order.Tracking{MissingSince: start}}, start + 20*second, start + 30*second},
		{"missing: last look when the time is over", order.Facts{Tracking: order.Tracking{MissingSince: start}}, start + 3500*second, start + 3600*second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := timing().NextLook(tt.facts, tt.looked); got != tt.want {
				t.Errorf("NextLook = %d, want %d", got, tt.want)
			}
		})
	}
}
