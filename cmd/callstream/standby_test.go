package main

import (
	"math"
	"os"
	"strings"
	"syscall"
	"testing"

	"callstream/internal/config"
	"callstream/internal/simulator"
)

func TestHolders(t *testing.T) {
	for name, c := range map[string]struct {
		assignment string
		limit      float64
		want       int
	}{
		"the default":         {"pack", 2, 1},
		"a request a minute":  {"pack", 1. / 60, 1},
		"one full instance":   {"pack", 50, 1},
		"a little more":       {"pack", 50.1, 2},
		"many":                {"pack", 250, 5},
		"more than can be":    {"pack", math.MaxFloat64, math.MaxInt32},
		"all share":           {"spread", 2, 0},
		"commands without it": {"pack", 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := &config.Config{Kafka: config.Kafka{Assignment: c.assignment}, Callbot: config.Callbot{RateLimit: c.limit}}
			if got := holders(cfg); got != c.want {
				t.Errorf("%d instances hold partitions, want %d", got, c.want)
			}
		})
	}
}

func TestWhyStandby(t *testing.T) {
	for name, c := range map[string]struct {
		holding, instances, needed, partitions int
		want                                   string
	}{
		"packed":                   {1, 3, 1, 6, "1 of 3 instances holds the 6 partitions, which is what CALLBOT_RATE_LIMIT needs"},
		"spread":                   {6, 7, 0, 6, "6 of 7 instances hold the 6 partitions, one each"},
		"too few partitions":       {6, 9, 8, 6, "6 of 9 instances hold the 6 partitions, one each"},
		"the leader's limit rules": {2, 3, 1, 6, "2 of 3 instances hold the 6 partitions"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := whyStandby(c.holding, c.instances, c.needed, c.partitions); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestStandby: of three instances one works. Others stand by, ready and saying
// so, take over when it leaves or is killed, and what it was at is lost in
// neither case.
func TestStandby(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Config{Seed: 13, Speed: lifeSpeed / 3})
	// Fewer requests a second than are one instance's work, and enough for these orders.
	l.env["CALLBOT_RATE_LIMIT"], l.env["HTTP_ADDR"], l.env["LOG_LEVEL"], l.env["SETTLE"] = "10", "127.0.0.1:0", "info", "9s"
	shows := func(p *program, path, text string) func() bool {
		return func() bool {
			code, page := p.page(t, path)
			return code == 200 && strings.Contains(page, text)
		}
	}
	ids := names("order-", 80)
	l.ask(ids...)
	first := l.start(nil, "run")
	l.announcing(30)
	second, third := l.start(nil, "run"), (*program)(nil)
	eventually(t, "the second stands by", shows(second, "/readyz", "ready\nstanding by: 1 of 2 instances holds the 6 partitions, which is what CALLBOT_RATE_LIMIT needs; ready to take over\n"))
	third = l.start(nil, "run")
	eventually(t, "the third stands by", shows(third, "/readyz", "standing by: 1 of 3 instances"))
	eventually(t, "a metric says so", shows(third, "/metrics", "callstream_standby 1\n"))
	eventually(t, "the first goes on", shows(first, "/metrics", "callstream_partitions_owned 6\n"))

	if code := first.end(t, syscall.SIGTERM); code != exitDone {
		t.Errorf("exit code %d after SIGTERM", code)
	}
	eventually(t, "the second takes over", shows(second, "/metrics", "callstream_partitions_owned 6\n"))
	eventually(t, "it stands by no more", shows(second, "/metrics", "callstream_standby 0\n"))
	second.end(t, os.Kill)
	eventually(t, "the third takes over", shows(third, "/metrics", "callstream_partitions_owned 6\n"))
	eventually(t, "it is ready and says no more", func() bool {
		code, text := third.page(t, "/readyz")
		return code == 200 && text == "ready\n"
	})
	if n := strings.Count(third.log(), "standing by; ready to take over"); n < 1 || n > 3 {
		t.Errorf("the third says %d times that it stands by, want once for each change of the group", n)
	}
	l.settle(third, true, ids...)
}
