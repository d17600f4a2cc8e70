package order

import "testing"

func TestStatus(t *testing.T) {
	for name, steps := range map[string][]step{
		"each step forward is announced, the end with its completion": {
			{show: on(call("c", 1)), want: "c status 1: 1"},
			{show: on(call("c", 2)), want: "c status 2: 1>2"},
			{show: on(call("c", 3)), want: "c status 3: 2>3"},
			{show: on(call("c", 4)), want: "c status 4: 3>4"},
			{show: on(call("c", 5)), want: "c status 5: 4>5"},
			{show: done(call("c", 6)), want: "c status 6: 5>6 end; c completed 1: 6"},
			{show: done(call("c", 6))},
		},
		"a finished order at first sight: status, lines, completed, call by call": {
			{
				show: done(call("a", 22), call("b", 6, lines(line(1, "hello"), line(2, "bye")))),
				want: "a status 1: 22 end; a completed 1: 22; b status 1: 6 end; b line 1: hello; b line 2: bye; b completed 1: 6",
			},
		},
		"a step back is stale and counted": {
			{show: on(call("c", 4)), want: "c status 1: 4"},
			{show: on(call("c", 3)), stale: 1},
			{show: on(call("c", 1)), stale: 1},
			{show: on(call("c", 5)), want: "c status 2: 4>5"},
		},
		"a final status never goes back to one on the way": {
			{show: done(call("c", 10)), want: "c status 1: 10 end; c completed 1: 10"},
			{show: on(call("c", 5)), stale: 1},
			{show: done(call("c", 10))},
		},
		"a call that went back is left out of the answer, the others count": {
			{show: on(call("a", 5), call("b", 1)), want: "a status 1: 5; b status 1: 1"},
			{show: on(call("a", 4, recording("old"), lines(line(1, "old"))), call("b", 2)), want: "b status 2: 1>2", stale: 1},
		},
		"another final status seen once is forgotten": {
			{show: on(call("c", 10)), want: "c status 1: 10 end; c completed 1: 10"},
			{show: on(call("c", 22)), again: true},
			{show: on(call("c", 10))},
			{show: on(call("c", 22)), again: true},
			{show: on(call("c", 23)), again: true},
			{show: on(call("c", 22)), again: true},
		},
		"an answer with the call gone back does not count between two looks": {
			{show: on(call("c", 10)), want: "c status 1: 10 end; c completed 1: 10"},
			{show: on(call("c", 22)), again: true},
			{show: on(call("c", 5)), stale: 1},
			{show: on(call("c", 22)), want: "c status 2: 10>22 end; c completed 2: 22 [status statusCode outcome]"},
			{show: on(call("c", 22))},
		},
		"plain completed to completed with a reason is a correction": {
			{show: on(call("c", 6)), want: "c status 1: 6 end; c completed 1: 6"},
			{show: on(call("c", 24)), again: true},
			{show: on(call("c", 24)), want: "c status 2: 6>24 end; c completed 2: 24 [status statusCode outcome answered]"},
		},
		"back to plain completed is stale": {
			{show: on(call("c", 24)), want: "c status 1: 24 end; c completed 1: 24"},
			{show: on(call("c", 6)), stale: 1},
			{show: on(call("c", 6)), stale: 1},
		},
		"two numbers of one name differ in the number alone": {
			{show: on(call("c", 12)), want: "c status 1: 12 end; c completed 1: 12"},
			{show: on(call("c", 13)), again: true},
			{show: on(call("c", 13)), want: "c status 2: 12>13 end; c completed 2: 13 [statusCode]"},
		},
		"a status left out stays as announced": {
			{show: on(call("c", 4)), want: "c status 1: 4"},
			{show: on(call("c", NoStatus))},
			{show: on(call("c", 5)), want: "c status 2: 4>5"},
		},
		"a call that never had a status waits for one": {
			{show: on(call("c", NoStatus))},
			{show: on(call("c", 1)), want: "c status 1: 1"},
		},
		"a call that disappears stays as announced": {
			{show: on(call("a", 3), call("b", 1)), want: "a status 1: 3; b status 1: 1"},
			{show: on(call("b", 1))},
			{show: on(call("a", 2), call("b", 1)), stale: 1},
			{show: on(call("b", 2), call("a", 4)), want: "b status 2: 1>2; a status 2: 3>4"},
		},
	} {
		t.Run(name, func(t *testing.T) { tell(t, steps...) })
	}
}

func TestUnknownStatus(t *testing.T) {
	for name, steps := range map[string][]step{
		"it may move to any other, also one that is behind": {
			{show: on(call("c", 5)), want: "c status 1: 5"},
			{show: on(call("c", 99)), want: "c status 2: 5>99"},
			{show: on(call("c", 7)), want: "c status 3: 99>7"},
			{show: on(call("c", 2)), want: "c status 4: 7>2"},
			{show: on(call("c", 99)), want: "c status 5: 2>99"},
			{show: on(call("c", 6)), want: "c status 6: 99>6 end; c completed 1: 6"},
		},
		"it becomes final with an end time": {
			{show: on(call("c", 99)), want: "c status 1: 99"},
			{show: on(call("c", 99, ended(9))), want: "c completed 1: 99"},
			{show: on(call("c", 99)), stale: 1},
		},
		"it becomes final when the order finishes": {
			{show: on(call("c", 99)), want: "c status 1: 99"},
			{show: done(call("c", 99)), want: "c completed 1: 99"},
			{show: on(call("c", 99))},
		},
		"also one that the answer does not show": {
			{show: on(call("a", 99), call("b", 2)), want: "a status 1: 99; b status 1: 2"},
			{show: done(call("b", 10)), want: "b status 2: 2>10 end; b completed 1: 10; a completed 1: 99"},
			{show: done(call("a", 99), call("b", 10))},
		},
		"final at first sight with an end time, it follows the final rules": {
			{show: on(call("c", 99, ended(9))), want: "c status 1: 99 end; c completed 1: 99"},
			{show: on(call("c", 5)), stale: 1},
			{show: on(call("c", 3, ended(9))), stale: 1},
			{show: on(call("c", 6, ended(9))), stale: 1},
			{show: on(call("c", 6, ended(9))), stale: 1},
			{show: on(call("c", 10, ended(9))), again: true},
			{show: on(call("c", 10, ended(9))), want: "c status 2: 99>10 end; c completed 2: 10 [status statusCode outcome]"},
			{show: on(call("c", 98, ended(9))), again: true},
			{show: on(call("c", 98)), want: "c status 3: 10>98 end; c completed 3: 98 [status statusCode outcome]", stale: 1},
		},
		"a status on the way stays so when the order finishes": {
			{show: on(call("c", 4)), want: "c status 1: 4"},
			{show: done(call("c", 4))},
		},
		"one that is not final after a final one is stale, also where the order starts again": {
			{show: done(call("c", 10)), want: "c status 1: 10 end; c completed 1: 10"},
			{show: on(call("c", 99)), stale: 1},
			{show: on(call("c", 99)), stale: 1},
		},
	} {
		t.Run(name, func(t *testing.T) { tell(t, steps...) })
	}
}

func TestUnknownStatusIsCounted(t *testing.T) {
	got := Compare(&State{Ref: storyRef}, on(call("a", 99), call("b", 0), call("c", 6)), 1, Rules{})
	if got.Unknown != 2 {
		t.Errorf("unknown = %d, want 2", got.Unknown)
	}
}

func TestStatusTable(t *testing.T) {
	type row struct {
		code          Status
		name, outcome string
		final, takes  bool
	}
	for _, r := range []row{
		{1, "PREPARING", "UNKNOWN", false, false},
		{5, "IN_CALL", "UNKNOWN", false, true},
		{6, "COMPLETED", "ANSWERED", true, true},
		{7, "UNKNOWN", "UNKNOWN", false, false},
		{16, "UNKNOWN_REASON", "UNKNOWN", true, false},
		{24, "EARLY_MEDIA_OR_VOICE_MAIL", "VOICEMAIL", true, false},
		{NoStatus, "UNKNOWN", "UNKNOWN", false, false},
	} {
		s := r.code
		if s.String() != r.name || s.Outcome() != r.outcome || s.final() != r.final || s.Answered() != r.takes {
			t.Errorf("%d: %s %s final %t answered %t; want %+v", int(s), s, s.Outcome(), s.final(), s.Answered(), r)
		}
	}
	for s := range statuses {
		if s.final() != (s >= 6) {
			t.Errorf("%d (%s): final = %t; in the table 6 and over are", int(s), s, s.final())
		}
	}
}

func TestFinish(t *testing.T) {
	st, _ := tell(t,
		step{show: done(call("a", 6)), want: "a status 1: 6 end; a completed 1: 6"})
	if !st.Finished || !st.Ended() {
		t.Fatalf("finished %t, ended %t after a finished answer", st.Finished, st.Ended())
	}
	if onTheWay := Compare(st, done(call("a", 6), call("b", 1)), 2, Rules{}).State; onTheWay.Ended() {
		t.Error("ended with a call on its way")
	}
	again := Compare(st, on(call("a", 6)), 2, Rules{})
	if !again.Changed || !again.Save || again.State.Finished || again.State.Ended() || again.State.ChangedAt != 2 {
		t.Errorf("finish alone turned false: %+v", again)
	}
	old := Compare(st, on(call("a", 4)), 4, Rules{})
	if old.Changed || old.Save || old.State != st {
		t.Errorf("an old answer's finish=false was believed: %+v", old)
	}
}
