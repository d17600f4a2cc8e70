package order

import (
	"fmt"
	"strings"
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
	short, recorded := on(call("c", 6)), done(call("c", 6, recording("r")))
	all := on(call("a", 1)).with(taskID("t"), sceneID("s"), phone("1"), passthrough("p"), userName("Bo"))
	for name, c := range map[string]struct {
		a, b   *Answer
		either bool // also the other way round
		want   string
	}{
		"of two views of a call the further one": {
			on(call("x", 5, lines(line(1, "a"))), call("", 3)).with(phone("1"), userName("Bo")),
			done(call("x", 6), call("y", 10), call("z", 1)).with(phone("2"), sceneID("s")), true, "{ s 2 } Bo, x 6, y 10, z 1, end",
		},
		"what one lacks the other gives":              {all, done(call("a", 1)), true, "{t s 1 p} Bo, a 1, end"},
		"of equal views the finished entry's":         {short, recorded, true, "{   } , c 6 r, end"},
		"of equal views the finished one's, if short": {on(call("c", 6), call("d", 6)), recorded, true, "{   } , c 6 r, d 6, end"},
		"of equal views the longer transcript":        {on(call("c", 6, recording("r"), lines(line(1, "a")))), short, true, "{   } , c 6 r"},
		"else the second":                             {short, on(call("c", 6, recording("r"))), false, "{   } , c 6 r"},
		"an entry without ID is the one at its place": {on(call("", 5)), on(call("c", 4)), true, "{   } , c 5"},
		"two IDs are two calls":                       {on(call("c", 4)), on(call("d", 5)), false, "{   } , d 5, c 4"},
		"the longer list keeps its places":            {on(call("c", 4), call("d", 4)), on(call("d", 5)), true, "{   } , c 4, d 5"},
	} {
		t.Run(name, func(t *testing.T) {
			merged := []*Answer{MergeAnswers(deepClone(c.a), deepClone(c.b))}
			if c.either {
				merged = append(merged, MergeAnswers(deepClone(c.b), deepClone(c.a)))
			}
			for _, m := range merged {
				got := fmt.Sprintf("%v %s", m.Info, m.UserName)
				for _, c := range m.Calls {
					got += strings.TrimRight(fmt.Sprintf(", %s %d %s", c.ID, c.Status, c.RecordingURL), " ")
				}
				if m.Finished {
					got += ", end"
				}
				if got != c.want {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
			}
		})
	}
}

func TestFurther(t *testing.T) {
	inOrder := []Status{NoStatus, 1, 2, 5, 99, 6, 10}
	for i, far := range inOrder {
		for _, near := range inOrder[:i] {
			for _, got := range []Call{further(call("c", far), call("c", near)), further(call("c", near), call("c", far))} {
				if got.Status != far {
					t.Errorf("of %d and %d, %d is further", near, far, got.Status)
				}
			}
		}
	}
}
