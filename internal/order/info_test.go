package order

import "testing"

func TestInfo(t *testing.T) {
	const first = "c status 1: 6 end; c completed 1: 6"
	show := func(options ...orderOption) *Answer { return done(call("c", 6)).with(options...) }
	for name, steps := range map[string][]step{
		"what arrives revises the ended calls": {
			{show: show(), want: first},
			{show: show(phone("1"), passthrough("p")), want: "c completed 2: 6 [userPhone passthrough]"},
			{show: show(phone("1"), passthrough("p"), taskID("t"), sceneID("s"), userName("Bo")), want: "c completed 3: 6 [taskID sceneID userName]"},
		},
		"what turns empty is stale": {
			{show: show(phone("1"), userName("Bo")), want: first},
			{show: show(), stale: 2},
		},
		"a correction is announced when it was seen twice": {
			{show: show(phone("1")), want: first},
			{show: show(phone("2")), again: true},
			{show: show(phone("2")), want: "c completed 2: 6 [userPhone]"},
			{show: show(phone("1")), again: true},
			{show: show(phone("3")), again: true},
			{show: show(phone("2"))},
		},
		"two corrections confirm each for itself": {
			{show: show(phone("1"), userName("Bo")), want: first},
			{show: show(phone("2"), userName("Bea")), again: true},
			{show: show(phone("2"), userName("Bob")), want: "c completed 2: 6 [userPhone]", again: true},
			{show: show(phone("2"), userName("Bob")), want: "c completed 3: 6 [userName]"},
			{show: show(phone("2"), userName("Bob"))},
		},
		"every ended call is revised": {
			{show: done(call("a", 6), call("b", 10)), want: "a status 1: 6 end; a completed 1: 6; b status 1: 10 end; b completed 1: 10"},
			{show: done(call("a", 6), call("b", 10)).with(phone("1")), want: "a completed 2: 6 [userPhone]; b completed 2: 10 [userPhone]"},
		},
		"an ended call that the answer does not show stays as announced": {
			{show: on(call("a", 6), call("b", 1)), want: "a status 1: 6 end; a completed 1: 6; b status 1: 1"},
			{show: done(call("b", 6)).with(phone("1")), want: "b status 2: 1>6 end; b completed 1: 6"},
			{show: done(call("a", 6), call("b", 6)).with(phone("1")), want: "a completed 2: 6 [userPhone]"},
		},
		"a call on its way is announced under it with its next status": {
			{show: on(call("c", 3)), want: "c status 1: 3"},
			{show: on(call("c", 3)).with(phone("1"))},
			{show: on(call("c", 4)).with(phone("1")), want: "c status 2: 3>4"},
		},
		"an answer with a call that went back says nothing of the order": {
			{show: on(call("a", 6), call("b", 3)).with(phone("1"), userName("Bo")), want: "a status 1: 6 end; a completed 1: 6; b status 1: 3"},
			{show: on(call("a", 6), call("b", 3)).with(phone("2"), userName("Bea")), again: true},
			{show: on(call("a", 6), call("b", 2)).with(phone("3"), userName("")), stale: 1},
			{show: on(call("a", 6), call("b", 3)).with(phone("2"), userName("Bea")), want: "a completed 2: 6 [userPhone userName]"},
		},
		"before a call is announced there is nothing to correct": {
			{show: on().with(phone("1"), userName("Bo"))},
			{show: on().with(phone("2"))},
			{show: done(call("c", 6)).with(phone("3"), userName("Bea")), want: first},
			{show: done(call("c", 6)).with(phone("3"), userName("Bea"))},
		},
		"calls announced under different names": {
			{show: on(call("a", 6), call("b", 6)).with(userName("Bo")), want: "a status 1: 6 end; a completed 1: 6; b status 1: 6 end; b completed 1: 6"},
			{show: on(call("a", 6)).with(userName("Bea")), again: true},
			{show: on(call("a", 6)).with(userName("Bea")), want: "a completed 2: 6 [userName]"},
			{show: on(call("a", 6)).with(userName("Bea"))},
			{show: on(call("a", 6)), stale: 1},
			{show: on(call("a", 6, recording("r"))).with(userName("Bea")), want: "a completed 3: 6 [recordingURL]", again: true},
			{show: on(call("a", 6, recording("r")), call("b", 6)).with(userName("Bea")), want: "b completed 2: 6 [userName]"},
		},
	} {
		t.Run(name, func(t *testing.T) { tell(t, steps...) })
	}
}

// What arrives between two announcements is remembered, also where the answer
// with the next one lacks it.
func TestInfoIsRemembered(t *testing.T) {
	_, events := tell(t,
		step{show: on(call("c", 3)), want: "c status 1: 3"},
		step{show: on(call("c", 3)).with(phone("1"))},
		step{show: on(call("c", 4)), want: "c status 2: 3>4", stale: 1},
	)
	if got := events[1].UserPhone; got != "1" {
		t.Errorf("announced with phone %q, want 1", got)
	}
}

// States share memory; two futures of one state must not meet in it.
func TestFuturesDoNotMeet(t *testing.T) {
	first := done(call("c", 6))
	st := Compare(&State{Ref: storyRef}, first, 1, Rules{}).State
	first.with(phone("1"))
	st = Compare(st, first, 2, Rules{}).State
	first.with(taskID("t"))
	st = Compare(st, first, 3, Rules{}).State // three infos: room for a fourth may be left

	one := Compare(st, done(call("c", 6)).with(phone("1"), taskID("t"), sceneID("one")), 4, Rules{}).State
	other := Compare(st, done(call("c", 6)).with(phone("1"), taskID("t"), sceneID("other")), 4, Rules{}).State
	if a, b := one.Infos[3].SceneID, other.Infos[3].SceneID; a != "one" || b != "other" {
		t.Errorf("one future knows scene %q, the other %q", a, b)
	}
}

func TestEventsCarryTheOrder(t *testing.T) {
	ans := done(call("c", 6, lines(line(1, "a")))).with(phone("1"), passthrough("p"), taskID("t"), sceneID("s"), userName("Bo"))
	got := Compare(&State{Ref: storyRef}, ans, 77, Rules{Transcripts: true})
	for _, ev := range got.Events {
		if ev.Ref != storyRef || ev.Info != ans.Info || ev.Attempt != 1 || ev.TrackedSince != 77 || ev.ObservedAt != 77 || ev.Replay {
			t.Errorf("%s: %+v", saidBody(ev.Body), ev)
		}
	}
	if got.State.TrackedSince != 77 || got.State.ChangedAt != 77 {
		t.Errorf("tracked since %d, changed at %d; want 77", got.State.TrackedSince, got.State.ChangedAt)
	}
	later := Compare(got.State, done(call("c", 24)), 99, Rules{Transcripts: true})
	later = Compare(later.State, done(call("c", 24)), 100, Rules{Transcripts: true})
	if len(later.Events) != 2 || later.Events[0].TrackedSince != 77 || later.Events[0].ObservedAt != 100 {
		t.Errorf("a later answer announced %s", said(later.Events))
	}
}

// An order without calls is known all the same: it is to be saved, and is no
// change the second time.
func TestOrderWithoutCalls(t *testing.T) {
	first := Compare(&State{Ref: storyRef}, on(), 5, Rules{})
	if !first.Changed || !first.Save || first.State.ChangedAt != 5 {
		t.Errorf("first answer: changed %t, save %t", first.Changed, first.Save)
	}
	if again := Compare(first.State, on(), 6, Rules{}); again.Changed || again.Save {
		t.Errorf("same again: changed %t, save %t", again.Changed, again.Save)
	}
}
