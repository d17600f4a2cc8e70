package main

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"

	"callstream/internal/broker"
	"callstream/internal/config"
)

// requestsPerInstance is how many API requests a second are one instance's work.
// Full requests in which most orders are as they were take it some 10 ms of CPU
// each (DESIGN.md, Capacity): 50 a second keep half a core busy.
const requestsPerInstance = 50

// holders returns how many instances are to hold partitions; 0 = all.
func holders(c *config.Config) int {
	if c.Kafka.Assignment == "spread" {
		return 0
	}
	needed := math.Ceil(c.Callbot.RateLimit / requestsPerInstance)
	return int(min(max(needed, 1), math.MaxInt32)) // a group has fewer members than that
}

// standby says why an instance without partitions has none; nil = it has some,
// or they are not known yet.
type standby struct{ why atomic.Pointer[string] }

func (s *standby) is() bool { return s.why.Load() != nil }

// becomes takes the news and tells whether it is any.
func (s *standby) becomes(why string) bool {
	before := s.why.Swap(&why)
	return before == nil || *before != why
}

// assigned says which partitions a generation brings. To stand by is said once,
// and again when the group has changed.
func (x *exporter) assigned(ctx context.Context, s *broker.Session, partitions int) {
	if len(s.Owned) > 0 {
		x.standby.why.Store(nil)
		x.health.Note("")
		x.log.Info("partitions assigned", "generation", s.Generation, "partitions", session{Session: s}.Owned())
		return
	}
	why := "other instances hold the partitions"
	holding, instances, err := s.Group(ctx)
	switch {
	case ctx.Err() != nil:
		return // the next generation says more
	case err != nil:
		x.log.Debug("how many instances hold partitions is not known", "err", err)
	case holding > 0: // none: the group is about to change again
		why = whyStandby(holding, instances, holders(x.cfg), partitions)
	}
	x.health.Note("standing by: " + why + "; ready to take over")
	if x.standby.becomes(why) {
		x.log.Info("standing by; ready to take over", "generation", s.Generation, "why", why)
	}
}

// whyStandby explains in a few words why an instance has no partition.
func whyStandby(holding, instances, needed, partitions int) string {
	verb := "hold"
	if holding == 1 {
		verb = "holds"
	}
	why := fmt.Sprintf("%d of %d instances %s the %d partitions", holding, instances, verb, partitions)
	switch holding {
	case needed:
		return why + ", which is what CALLBOT_RATE_LIMIT needs"
	case partitions:
		return why + ", one each"
	}
	return why
}
