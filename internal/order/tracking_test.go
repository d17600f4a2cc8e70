package order

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// looked stands among the requests for the look that was all that was wanted.
const looked Mode = "looked"

func TestAsk(t *testing.T) {
	follow := func(at Millis) Request { return Request{Mode: Follow, Time: at} }
	once := func(at Millis) Request { return Request{Mode: LookOnce, Time: at} }
	stop := func(at Millis) Request { return Request{Mode: StopFollow, Time: at} }
	replay := func(at Millis) Request { return Request{Mode: Replay, Time: at} }
	hint := func(at Millis) Request { return Request{Mode: Hint, Time: at, NotBefore: at, Deadline: at} }
	for name, c := range map[string]struct {
		ask       []Request
		follows   Consequence // of the last
		rest      Rest
		following bool
		replay    Millis
	}{
		"follow":                                   {[]Request{follow(1)}, Looks, Active, true, 0},
		"a request without a mode follows":         {[]Request{{Time: 1}}, Looks, Active, true, 0},
		"asking again looks again":                 {[]Request{follow(1), follow(1)}, Looks, Active, true, 0},
		"an older follow is ignored":               {[]Request{follow(2), follow(1)}, Ignored, Active, true, 0},
		"stop":                                     {[]Request{follow(1), stop(2)}, Rests, Stopped, false, 0},
		"stop of an order never heard of":          {[]Request{stop(2)}, Rests, Stopped, false, 0},
		"an older stop is ignored":                 {[]Request{follow(2), stop(1)}, Ignored, Active, true, 0},
		"a follow older than a stop is ignored":    {[]Request{stop(2), follow(1)}, Ignored, Stopped, false, 0},
		"a newer follow follows again":             {[]Request{follow(1), stop(2), follow(3)}, Looks, Active, true, 0},
		"once":                                     {[]Request{once(1)}, Looks, Active, false, 0},
		"once does not end following":              {[]Request{follow(1), once(2)}, Looks, Active, true, 0},
		"follow outweighs a newer once":            {[]Request{once(2), follow(1)}, Looks, Active, true, 0},
		"an older once is ignored":                 {[]Request{once(2), once(1)}, Ignored, Active, false, 0},
		"a once older than a stop is ignored":      {[]Request{stop(2), once(1)}, Ignored, Stopped, false, 0},
		"a once newer than a stop looks":           {[]Request{follow(1), stop(2), once(3)}, Looks, Active, false, 0},
		"a stop ends following, not a newer once":  {[]Request{follow(1), once(3), stop(2)}, Looks, Active, false, 0},
		"such a stop holds against older follows":  {[]Request{once(3), stop(2), follow(1)}, Ignored, Active, false, 0},
		"replay looks":                             {[]Request{replay(1)}, Looks, Active, false, 1},
		"replay does not end following":            {[]Request{follow(1), replay(2)}, Looks, Active, true, 2},
		"an older replay still looks":              {[]Request{stop(3), replay(2)}, Looks, Active, false, 2},
		"an older replay keeps the newest's time":  {[]Request{replay(3), replay(2)}, Looks, Active, false, 3},
		"a stop ends the waiting for a replay":     {[]Request{replay(1), stop(2)}, Rests, Stopped, false, 0},
		"a stop leaves a newer replay":             {[]Request{replay(3), stop(2)}, Looks, Active, false, 3},
		"a replay does not bring following back":   {[]Request{follow(1), stop(2), replay(3)}, Looks, Active, false, 3},
		"a follow older than the replay is heeded": {[]Request{replay(3), follow(2)}, Looks, Active, true, 3},
		"the same once again looks again":          {[]Request{once(1), once(1)}, Looks, Active, false, 0},
		"the same stop again":                      {[]Request{stop(1), stop(1)}, Rests, Stopped, false, 0},
		"stop of the same time as follow":          {[]Request{follow(1), stop(1)}, Rests, Stopped, false, 0},
		"follow of the same time as stop":          {[]Request{stop(1), follow(1)}, Looks, Active, true, 0},
		"stop of the same time as once":            {[]Request{once(1), stop(1)}, Rests, Stopped, false, 0},
		"a stop older than a look made":            {[]Request{once(3), {Mode: looked}, stop(2)}, Rests, Once, false, 0},
		"a follow after a stop of a look":          {[]Request{once(3), {Mode: looked}, stop(2), follow(1)}, Ignored, Once, false, 0},
		"the same replay again looks again":        {[]Request{replay(1), {Mode: looked}, replay(1)}, Looks, Active, false, 1},
		"an old follow, settled, looked at once":   {[]Request{follow(2), {Mode: looked}, once(3), follow(1)}, Ignored, Active, false, 0},
		"an old follow, settled, replayed":         {[]Request{follow(3), {Mode: looked}, replay(2), follow(1)}, Ignored, Active, false, 2},
		"an old follow, stopped, looked at once":   {[]Request{follow(2), stop(2), once(3), follow(1)}, Ignored, Active, false, 0},
		"a hint asks for nothing":                  {[]Request{follow(1), hint(2)}, Ignored, Active, true, 0},
		"a hint wakes nothing that rests":          {[]Request{follow(1), stop(2), hint(3)}, Ignored, Stopped, false, 0},
		"a newer follow than the one that settled": {[]Request{follow(1), {Mode: looked}, once(3), follow(2)}, Looks, Active, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var tr Tracking
			var follows Consequence
			for i := range c.ask {
				if c.ask[i].Mode == looked {
					tr.Sleep(Once, 1)
					continue
				}
				follows = tr.Ask(&c.ask[i], Millis(100+i))
			}
			if follows != c.follows || tr.Rest != c.rest || tr.Following() != c.following || tr.ReplayAt != c.replay {
				t.Errorf("%d follows, rest %q, following %t, replay %d; want %d, %q, %t, %d",
					follows, tr.Rest, tr.Following(), tr.ReplayAt, c.follows, c.rest, c.following, c.replay)
			}
			if resting := tr.RestingSince != 0; resting != (tr.Rest != Active) {
				t.Errorf("rest %q since %d", tr.Rest, tr.RestingSince)
			}
		})
	}
}

func TestAskTimes(t *testing.T) {
	var tr Tracking
	tr.Ask(&Request{Mode: Follow, Time: 5, NotBefore: 50, Deadline: 90}, 10)
	tr.MissingSince = 11
	if tr.FollowSince != 10 || tr.NotBefore != 50 || tr.Deadline != 90 {
		t.Errorf("after a follow: %+v", tr)
	}
	tr.Ask(&Request{Mode: Follow, Time: 6}, 20)
	if tr.FollowSince != 20 || tr.MissingSince != 0 || tr.NotBefore != 0 || tr.Deadline != 0 {
		t.Errorf("a newer follow begins anew: %+v", tr)
	}
	tr.Ask(&Request{Mode: LookOnce, Time: 7, NotBefore: 70}, 30)
	if tr.FollowSince != 20 || tr.NotBefore != 0 {
		t.Errorf("a once changed how the order is followed: %+v", tr)
	}
	tr.Sleep(Settled, 40)
	if tr.Following() || tr.RestingSince != 40 || tr.Rest != Settled {
		t.Errorf("settled: %+v", tr)
	}
	tr.Ask(&Request{Mode: LookOnce, Time: 8, NotBefore: 80}, 50)
	if tr.Following() || tr.NotBefore != 80 || tr.Rest != Active || tr.RestingSince != 0 {
		t.Errorf("a once after it settled looks once: %+v", tr)
	}
	tr.Ask(&Request{Mode: Replay, Time: 7}, 60)
	if tr.NotBefore != 80 || tr.ReplayAt != 7 {
		t.Errorf("an older replay changed when a newer once looks: %+v", tr)
	}
	tr.Ask(&Request{Mode: Replay, Time: 8, NotBefore: 85}, 65)
	if tr.NotBefore != 85 || tr.ReplayAt != 8 {
		t.Errorf("a replay of the same time did not say when to look: %+v", tr)
	}
	tr.Sleep(GaveUp, 70)
	if tr.ReplayAt != 8 {
		t.Errorf("a replay was forgotten: %+v", tr)
	}

	// The look asked for later is not bound to the times of what was followed.
	tr = Tracking{}
	tr.Ask(&Request{Mode: Follow, Time: 1, NotBefore: 50, Deadline: 90}, 10)
	tr.Ask(&Request{Mode: LookOnce, Time: 3, NotBefore: 80}, 20)
	tr.Ask(&Request{Mode: StopFollow, Time: 2}, 30)
	if tr.Following() || tr.NotBefore != 0 || tr.Deadline != 0 {
		t.Errorf("a look keeps the times of a stopped following: %+v", tr)
	}
	tr = Tracking{}
	tr.Ask(&Request{Mode: LookOnce, Time: 3, NotBefore: 80}, 20)
	tr.Ask(&Request{Mode: StopFollow, Time: 2}, 30)
	if tr.NotBefore != 80 {
		t.Errorf("an older stop changed when a look is made: %+v", tr)
	}
}

// Requests of distinct times lead to the same, in whatever order they arrive. A
// replay among them, which looks in any case, never changes what is followed.
func TestAskInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		requests := make([]Request, rapid.IntRange(1, 5).Draw(t, "requests"))
		replayed := false
		for i := range requests {
			at := Millis(i + 1)
			mode := rapid.SampledFrom([]Mode{Follow, LookOnce, StopFollow, Replay}).Draw(t, "mode")
			requests[i] = Request{Mode: mode, Time: at, NotBefore: 100 + at, Deadline: 200 + at}
			replayed = replayed || mode == Replay
		}
		following, rest, notBefore := lastOf(requests)
		for _, asked := range permutations(requests) {
			var tr Tracking
			for i := range asked {
				tr.Ask(&asked[i], 1)
			}
			if tr.Following() != following || !replayed && tr.Rest != rest {
				t.Fatalf("asked %s: following %t, rest %q; want %t, %q", asking(asked), tr.Following(), tr.Rest, following, rest)
			}
			// A stop that ends the following in favour of a newer once no
			// longer knows that one's times.
			if !replayed && tr.NotBefore != notBefore && (tr.Following() || tr.NotBefore != 0) {
				t.Fatalf("asked %s: not before %d, want %d", asking(asked), tr.NotBefore, notBefore)
			}
			if (tr.NotBefore == 0) != (tr.Deadline == 0) || tr.Deadline != 0 && tr.Deadline != tr.NotBefore+100 {
				t.Fatalf("asked %s: not before %d and deadline %d of two requests", asking(asked), tr.NotBefore, tr.Deadline)
			}
		}
	})
}

// lastOf says what requests lead to, from the newest of each kind alone.
func lastOf(requests []Request) (following bool, rest Rest, notBefore Millis) {
	newest := map[Mode]Request{}
	for _, r := range requests {
		newest[r.Mode] = r
	}
	switch stop := newest[StopFollow].Time; {
	case newest[Follow].Time > stop:
		return true, Active, newest[Follow].NotBefore
	case newest[LookOnce].Time > stop:
		return false, Active, newest[LookOnce].NotBefore
	}
	return false, Stopped, 0
}

func permutations(list []Request) [][]Request {
	if len(list) <= 1 {
		return [][]Request{list}
	}
	var all [][]Request
	for i := range list {
		rest := append(append([]Request(nil), list[:i]...), list[i+1:]...)
		for _, tail := range permutations(rest) {
			all = append(all, append([]Request{list[i]}, tail...))
		}
	}
	return all
}

func asking(requests []Request) (text string) {
	for _, r := range requests {
		text += fmt.Sprintf("%s@%d ", r.Mode, r.Time)
	}
	return text
}
