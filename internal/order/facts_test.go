package order

import "testing"

const second Millis = 1000

func testTerms() Terms {
	return Terms{Settle: 900 * second, NotFoundMax: 3600 * second, FollowMax: 7 * 86_400 * second, Retention: 30 * 86_400 * second}
}

func TestTimeOver(t *testing.T) {
	start := 1_000_000 * second
	week := 7 * 86_400 * second
	active := Tracking{FollowSince: start}
	with := func(change func(*Tracking)) Facts {
		tr := active
		change(&tr)
		return Facts{Tracking: tr}
	}
	tests := []struct {
		name  string
		facts Facts
		want  Millis
	}{
		{"followed", Facts{Tracking: active}, start + week},
		{"deadline", with(func(t *Tracking) { t.Deadline = start + 5 }), start + 5},
		{"late deadline", with(func(t *Tracking) { t.Deadline = start + 2*week }), start + week},
		{"notBefore counts from then", with(func(t *Tracking) { t.NotBefore = start + 10 }), start + 10 + week},
		{"resting", with(func(t *Tracking) { t.Sleep(Settled, start+7) }), start + 7 + 30*86_400*second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := testTerms().TimeOver(tt.facts); got != tt.want {
				t.Errorf("TimeOver = %d, want %d", got, tt.want)
			}
		})
	}
}
