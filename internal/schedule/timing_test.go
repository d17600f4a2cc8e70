package schedule

import (
	"testing"
	"time"

	"callstream/internal/order"
)

const (
	second = order.Millis(1000)
	noon   = 1_000_000 * second
)

func timing() Timing {
	return Timing{
		PollMin: 2 * time.Second, PollMax: 5 * time.Minute, Terms: order.Terms{Settle: 900 * second, NotFoundMax: 3600 * second},
	}
}

func TestMissingPause(t *testing.T) {
	tests := []struct {
		name    string
		missing order.Millis // for how long, when it was looked at
		want    order.Millis // from then on
	}{
		{"just now: the shortest pause", 0, 2 * second},
		{"for a moment: the shortest", 3 * second, 2 * second},
		{"for a while: half of that", 20 * second, 10 * second},
		{"for long: the longest", 1800 * second, 300 * second},
		{"the last look when its time is over", 3500 * second, 100 * second},
		{"unanswered then: on", 3600 * second, 300 * second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := order.Facts{Tracking: order.Tracking{MissingSince: noon}}
			looked := noon + tt.missing
			if got := timing().missingPause(f, looked); got != looked+tt.want {
				t.Errorf("missingPause = %d after the look, want %d", got-looked, tt.want)
			}
		})
	}
}

func TestLatest(t *testing.T) {
	tests := []struct {
		name  string
		ended bool
		quiet order.Millis // for how long, when it was looked at
		want  order.Millis // from then on
	}{
		{"in calls: the longest pause", false, 800 * second, 300 * second},
		{"ended just now: the longest pause", true, 0, 300 * second},
		{"ended: when it settles", true, 800 * second, 100 * second},
		{"its settling was missed: on", true, 900 * second, 300 * second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			looked := noon + tt.quiet
			if got := timing().latest(order.Facts{ChangedAt: noon, Ended: tt.ended}, looked); got != looked+tt.want {
				t.Errorf("latest = %d after the look, want %d", got-looked, tt.want)
			}
		})
	}
}
