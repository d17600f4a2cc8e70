package config

import (
	"testing"

	"callstream/internal/order"
)

func TestEveryKindHasATopic(t *testing.T) {
	events := load1(t, with()).Topics.Events()
	for _, k := range order.Kinds() {
		if events[k] == "" {
			t.Errorf("kind %d (%s) has no topic: add a line to Topics with kind:%q in its tag", k, k, k)
		}
	}
}
