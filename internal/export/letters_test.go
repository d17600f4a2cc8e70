package export

import (
	"testing"
	"time"

	"callstream/internal/order"
)

// TestRequestAgain: the request in a dead letter asks for what was still wanted
// of the order, not for a following that had ended.
func TestRequestAgain(t *testing.T) {
	now := time.UnixMilli(1000)
	for name, c := range map[string]struct {
		asked []order.Request
		want  order.Request
	}{
		"followed":                {[]order.Request{{Mode: order.Follow, Time: 1, Deadline: 2000}}, order.Request{Mode: order.Follow, Deadline: 2000}},
		"a deadline that is over": {[]order.Request{{Mode: order.Follow, Time: 1, Deadline: 1000}}, order.Request{Mode: order.Follow}},
		"replayed":                {[]order.Request{{Mode: order.Replay, Time: 1, NotBefore: 1500}}, order.Request{Mode: order.Replay, NotBefore: 1500}},
		"looked at, and a following stopped": {
			[]order.Request{{Mode: order.Follow, Time: 1}, {Mode: order.LookOnce, Time: 3}, {Mode: order.StopFollow, Time: 2}}, order.Request{Mode: order.LookOnce},
		},
	} {
		var co checkout
		for i := range c.asked {
			co.facts.Ask(&c.asked[i], 1)
		}
		got := co.requestAgain(now)
		if got.Mode != c.want.Mode || got.Deadline != c.want.Deadline || got.NotBefore != c.want.NotBefore {
			t.Errorf("%s: asks again for %+v, want %+v", name, got, c.want)
		}
	}
}
