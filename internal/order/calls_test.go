package order

import (
	"fmt"
	"testing"
)

func TestCalls(t *testing.T) {
	for name, steps := range map[string][]step{
		"a call without ID is held back until it has one": {
			{show: on(call("", 3, lines(line(1, "a"))))},
			{show: on(call("", 5, lines(line(1, "a"))))},
			{show: on(call("c", 5, lines(line(1, "a")))), want: "c status 1: 5; c line 1: a"},
		},
		"a call without ID that is final is named by its attempt": {
			{show: on(call("", 3))},
			{show: on(call("", 10)), want: "o#1 status 1: 10 end; o#1 completed 1: 10"},
			{show: on(call("", 10, recording("r"))), want: "o#1 completed 2: 10 [recordingURL]"},
			{show: on(call("", 5)), stale: 1},
		},
		"it keeps that name when its ID comes": {
			{show: on(call("", 10)), want: "o#1 status 1: 10 end; o#1 completed 1: 10"},
			{show: on(call("c", 10))},
			{show: on(call("c", 10, recording("r")), call("d", 1)), want: "o#1 completed 2: 10 [recordingURL]; d status 1: 1"},
			{show: on(call("d", 2), call("c", 10, recording("r"))), want: "d status 2: 1>2"},
			{show: on(call("", 10, recording("r")), call("d", 2))},
		},
		"its ID, once known, is enough to know it by": {
			{show: on(call("", 10)), want: "o#1 status 1: 10 end; o#1 completed 1: 10"},
			{show: on(call("c", 10))},
			{show: on(call("d", 1), call("c", 10)), want: "d status 1: 1"},
			{show: on(call("c", 10, recording("r"))), want: "o#1 completed 2: 10 [recordingURL]"},
		},
		"its ID comes while another call waits for one": {
			{show: on(call("", 10)), want: "o#1 status 1: 10 end; o#1 completed 1: 10"},
			{show: on(call("c", 10), call("", 3))},
			{show: on(call("c", 10), call("", 22)), want: "o#2 status 1: 22 end; o#2 completed 1: 22"},
			{show: on(call("c", 10), call("d", 22))},
		},
		"a number that is not in the table names the call once it is final": {
			{show: on(call("", 99))},
			{show: on(call("", 99, ended(9))), want: "o#1 status 1: 99 end; o#1 completed 1: 99"},
		},
		"and when the order finishes": {
			{show: on(call("", 99))},
			{show: done(call("", 99)), want: "o#1 status 1: 99 end; o#1 completed 1: 99"},
		},
		"a known call that lacks its ID is known by its place": {
			{show: on(call("a", 6), call("b", 3)), want: "a status 1: 6 end; a completed 1: 6; b status 1: 3"},
			{show: on(call("", 6), call("", 4)), want: "b status 2: 3>4"},
			{show: on(call("a", 6), call("", 2)), stale: 1},
		},
		"of two nameless calls one disappears": {
			{
				show: on(call("", 10), call("", 22)),
				want: "o#1 status 1: 10 end; o#1 completed 1: 10; o#2 status 1: 22 end; o#2 completed 1: 22",
			},
			{show: on(call("", 10))},
			{show: on(call("", 10), call("", 22))},
		},
		"a nameless call at the place of another is announced once": {
			{show: on(call("a", 6)), want: "a status 1: 6 end; a completed 1: 6"},
			{show: on(call("", 10), call("a", 6)), want: "o#2 status 1: 10 end; o#2 completed 1: 10"},
			{show: on(call("", 10), call("a", 6))},
			{show: on(call("", 10), call("a", 6))},
			{show: on(call("", 3), call("a", 6))},
		},
		"two entries of one call in one list are merged, the further one wins": {
			{show: on(call("a", 4), call("b", 1), call("a", 5)), want: "a status 1: 5; b status 1: 1"},
			{show: on(call("a", 6), call("a", 5), call("b", 1)), want: "a status 2: 5>6 end; a completed 1: 6"},
		},
	} {
		t.Run(name, func(t *testing.T) { tell(t, steps...) })
	}
}

func TestAttempt(t *testing.T) {
	st, _ := tell(t,
		step{show: on(call("", 1), call("b", 1)), want: "b status 1: 1"},
		step{show: on(call("a", 1), call("b", 1)), want: "a status 1: 1"},
		step{show: on(call("c", 1), call("a", 1), call("b", 1)), want: "c status 1: 1"},
		step{show: on(call("b", 2), call("c", 2)), want: "b status 2: 1>2; c status 2: 1>2"},
	)
	got := map[string]int{}
	for _, c := range st.Calls {
		got[c.ID] = c.Attempt
	}
	// c came first in the list when all places there were taken: the next free.
	if got["a"] != 1 || got["b"] != 2 || got["c"] != 3 {
		t.Errorf("attempts %v", got)
	}
}

func TestMergeAnswers(t *testing.T) {
	a := on(call("x", 5, lines(line(1, "a"))), call("", 3)).with(phone("1"), userName("Bo"))
	b := done(call("x", 6), call("y", 10), call("z", 1)).with(phone("2"), sceneID("s"))
	for name, merged := range map[string]*Answer{
		"one way": MergeAnswers(clone(a), clone(b)), "the other": MergeAnswers(clone(b), clone(a)),
	} {
		got := Compare(&State{Ref: storyRef}, merged, 1, Rules{Transcripts: true})
		want := "x status 1: 6 end; x completed 1: 6; y status 1: 10 end; y completed 1: 10; z status 1: 1"
		if text := said(got.Events); text != want {
			t.Errorf("%s: announced\n %s\nwant\n %s", name, text, want)
		}
		info := Info{UserPhone: "2", SceneID: "s"}
		if !merged.Finished || merged.Info != info || merged.UserName != "Bo" {
			t.Errorf("%s: merged %+v", name, merged)
		}
	}
}

func TestMergeOfEqualViews(t *testing.T) {
	early := func() *Answer { return on(call("c", 6)) }
	late := func() *Answer { return done(call("c", 6, recording("r"))) }
	long := func() *Answer { return on(call("c", 6), call("d", 6)) }
	for name, c := range map[string]struct {
		a, b *Answer
		want string
	}{
		"the finished entry's, first":           {late(), early(), "r"},
		"the finished entry's, second":          {early(), late(), "r"},
		"the finished entry's, in a short list": {long(), late(), "r"},
		"the second, where both say the same":   {early(), on(call("c", 6, recording("second"))), "second"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := MergeAnswers(c.a, c.b).Calls[0].RecordingURL; got != c.want {
				t.Errorf("recording %q, want %q", got, c.want)
			}
		})
	}
}

func TestMergeKeepsWhatOneLacks(t *testing.T) {
	full := func() *Answer {
		return on(call("a", 1)).with(taskID("t"), sceneID("s"), phone("1"), passthrough("p"), userName("Bo"))
	}
	for name, merged := range map[string]*Answer{
		"the first":  MergeAnswers(done(call("a", 1)), full()),
		"the second": MergeAnswers(full(), done(call("a", 1))),
	} {
		if merged.Info != full().Info || merged.UserName != "Bo" || !merged.Finished {
			t.Errorf("%s lacks what the other has: %+v", name, merged)
		}
	}
}

func TestMergeByPlace(t *testing.T) {
	for name, c := range map[string]struct {
		a, b *Answer
		want string
	}{
		"an entry without ID is the one at its place": {on(call("", 5)), on(call("c", 4)), "c 5"},
		"and gives its place the other's ID":          {on(call("c", 4)), on(call("", 5)), "c 5"},
		"two IDs are two calls":                       {on(call("c", 4)), on(call("d", 5)), "d 5; c 4"},
		"the longer list keeps its places":            {on(call("c", 4), call("d", 4)), on(call("d", 5)), "c 4; d 5"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			for i, merged := range MergeAnswers(c.a, c.b).Calls {
				if i > 0 {
					got += "; "
				}
				got += fmt.Sprint(merged.ID, " ", int(merged.Status))
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestFurther(t *testing.T) {
	inOrder := []Call{
		call("c", NoStatus), call("c", 1), call("c", 2), call("c", 5), call("c", 99),
		call("c", 6), call("c", 10),
	}
	for i := range inOrder {
		for j := range inOrder[:i] {
			for _, got := range []Call{further(inOrder[i], inOrder[j]), further(inOrder[j], inOrder[i])} {
				if got.Status != inOrder[i].Status {
					t.Errorf("of %d and %d, %d is further", inOrder[j].Status, inOrder[i].Status, got.Status)
				}
			}
		}
	}
	long := call("c", 6, lines(line(1, "a"), line(2, "b")))
	for _, got := range []Call{further(long, call("c", 6)), further(call("c", 6), long)} {
		if len(got.Lines) != 2 {
			t.Error("of two equal views the shorter transcript won")
		}
	}
}

// clone is a copy that shares no list of calls.
func clone(a *Answer) *Answer {
	b := *a
	b.Calls = append([]Call(nil), a.Calls...)
	return &b
}
