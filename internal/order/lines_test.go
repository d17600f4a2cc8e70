package order

import "testing"

func TestLines(t *testing.T) {
	const first = "c status 1: 5"
	show := func(list ...Line) *Answer { return on(call("c", 5, lines(list...))) }
	for name, steps := range map[string][]step{
		"each line is announced as it comes": {
			{show: show(), want: first},
			{show: show(line(1, "a")), want: "c line 1: a"},
			{show: show(line(1, "a"), line(2, "b"), line(3, "c")), want: "c line 2: b; c line 3: c"},
			{show: show(line(1, "a"), line(2, "b"), line(3, "c"))},
		},
		"a line that comes before others is new all the same": {
			{show: show(line(2, "b")), want: first + "; c line 2: b"},
			{show: show(line(1, "a"), line(2, "b")), want: "c line 1: a"},
			{show: show(line(1, "a"), line(2, "b"))},
		},
		"a correction is announced when it was seen twice, and forgotten where not": {
			{show: show(line(1, "a"), line(2, "b")), want: first + "; c line 1: a; c line 2: b"},
			{show: show(line(1, "z"), line(2, "b")), again: true},
			{show: show(line(1, "a"), line(2, "b"))},
			{show: show(line(1, "z"), line(2, "b")), again: true},
			{show: show(line(1, "y"), line(2, "b")), again: true},
			{show: show(line(1, "z"), line(2, "b")), again: true},
			{show: show(line(1, "z"), line(2, "b")), want: "c line 1 rev 2: z"},
			{show: show(line(1, "z"), line(2, "b"))},
			{show: show(line(1, "a"), line(2, "b")), again: true},
			{show: show(line(1, "a"), line(2, "b")), want: "c line 1 rev 3: a"},
		},
		"new lines do not wait for a correction": {
			{show: show(line(1, "a")), want: first + "; c line 1: a"},
			{show: show(line(1, "z"), line(2, "b")), want: "c line 2: b", again: true},
			{show: show(line(1, "z"), line(2, "b"), line(3, "c")), want: "c line 1 rev 2: z; c line 3: c"},
		},
		"a text that turns empty is stale": {
			{show: show(line(1, "a")), want: first + "; c line 1: a"},
			{show: show(line(1, "")), stale: 1},
			{show: show(line(1, "")), stale: 1},
			{show: show(line(1, "a"))},
		},
		"a text that arrives is announced at once": {
			{show: show(line(1, "")), want: first + "; c line 1: "},
			{show: show(line(1, "a")), want: "c line 1 rev 2: a"},
		},
		"lines that disappear stay as announced": {
			{show: show(line(1, "a"), line(2, "b")), want: first + "; c line 1: a; c line 2: b"},
			{show: show(line(2, "b"))},
			{show: show()},
			{show: show(line(3, "c")), want: "c line 3: c"},
			{show: show(line(1, "a"), line(2, "b"), line(3, "c"))},
		},
		"the order of lines is no change": {
			{show: show(line(1, "a"), line(2, "b"), line(3, "c")), want: first + "; c line 1: a; c line 2: b; c line 3: c"},
			{show: show(line(3, "c"), line(1, "a"), line(2, "b"))},
		},
		"two lines of one index are two occurrences": {
			{show: show(line(1, "a"), line(1, "b")), want: first + "; c line 1: a; c line 1/2: b"},
			{show: show(line(1, "a"), line(1, "b"))},
			{show: show(line(1, "a"), line(2, "c"), line(1, "b"), line(1, "d")), want: "c line 2: c; c line 1/3: d"},
			{show: show(line(1, "a"), line(1, "z")), again: true},
			{show: show(line(1, "a"), line(1, "z")), want: "c line 1/2 rev 2: z"},
		},
		"what a line lacked arrives at once, and does not leave": {
			{show: show(Line{Index: 1, Role: NoCode, Type: NoCode, Text: "a"}), want: first + "; c line 1: a"},
			{show: show(Line{Index: 1, Role: 0, Type: 8, Text: "a", NodeID: "n", NodeDesc: "d", SpokenAt: 7}), want: "c line 1 rev 2: a"},
			{show: show(Line{Index: 1, Role: NoCode, Type: NoCode, Text: "a"}), stale: 1},
			{show: show(Line{Index: 1, Role: 0, Type: 8, Text: "a", NodeID: "n", NodeDesc: "d", SpokenAt: 7})},
		},
		"another speaker, type, node or time is a correction": {
			{show: show(Line{Index: 1, Role: 0, Type: 8, Text: "a", NodeID: "n", NodeDesc: "d", SpokenAt: 7}), want: first + "; c line 1: a"},
			{show: show(Line{Index: 1, Role: 1, Type: 8, Text: "a", NodeID: "n", NodeDesc: "d", SpokenAt: 7}), again: true},
			{show: show(Line{Index: 1, Role: 0, Type: 7, Text: "a", NodeID: "n", NodeDesc: "d", SpokenAt: 7}), again: true},
			{show: show(Line{Index: 1, Role: 0, Type: 8, Text: "a", NodeID: "m", NodeDesc: "d", SpokenAt: 7}), again: true},
			{show: show(Line{Index: 1, Role: 0, Type: 8, Text: "a", NodeID: "n", NodeDesc: "e", SpokenAt: 7}), again: true},
			{show: show(Line{Index: 1, Role: 0, Type: 8, Text: "a", NodeID: "n", NodeDesc: "d", SpokenAt: 8}), again: true},
			{show: show(Line{Index: 1, Role: 0, Type: 8, Text: "a", NodeID: "n", NodeDesc: "d", SpokenAt: 8}), want: "c line 1 rev 2: a"},
		},
		"lines that come after the end are no revision of it": {
			{show: done(call("c", 6)), want: "c status 1: 6 end; c completed 1: 6"},
			{show: done(call("c", 6, lines(line(1, "a")))), want: "c line 1: a"},
		},
	} {
		t.Run(name, func(t *testing.T) { tell(t, steps...) })
	}
}

// The text of a line is not kept: an arrival must not lose it, nor a
// correction mix the old and the new line.
func TestLineAnnouncedWhole(t *testing.T) {
	_, events := tell(t,
		step{show: on(call("c", 5, lines(Line{Index: 4, Role: 1, Type: 7, Text: "a", NodeID: "n"}))), want: "c status 1: 5; c line 4: a"},
		step{show: on(call("c", 5, lines(Line{Index: 4, Role: NoCode, Type: 7, Text: "a", SpokenAt: 9}))), want: "c line 4 rev 2: a", stale: 1},
	)
	got := *events[2].Body.(*TranscriptLine)
	want := TranscriptLine{
		Line:       Line{Index: 4, Role: 1, Type: 7, Text: "a", NodeID: "n", SpokenAt: 9},
		Occurrence: 1, Revision: 2,
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestTranscriptsOff(t *testing.T) {
	ans := done(call("c", 6, lines(line(1, "a"), line(2, "b"))))
	got := Compare(&State{Ref: storyRef}, ans, 1, Rules{})
	if text := said(got.Events); text != "c status 1: 6 end; c completed 1: 6" {
		t.Errorf("announced %s", text)
	}
	if n := got.Events[1].TranscriptLines; n != 2 {
		t.Errorf("transcript lines = %d, want 2: the call has them", n)
	}
	later := Compare(got.State, ans, 2, Rules{Transcripts: true})
	if text := said(later.Events); text != "c line 1: a; c line 2: b" {
		t.Errorf("turned on, announced %s", text)
	}
}

func TestCompletedKnowsItsSurroundings(t *testing.T) {
	_, events := tell(t,
		step{show: on(call("c", 5, lines(line(1, "a"), line(2, "b")))), want: "c status 1: 5; c line 1: a; c line 2: b"},
		step{show: done(call("c", 6, lines(line(2, "b")))), want: "c status 2: 5>6 end; c completed 1: 6"},
	)
	last := events[len(events)-1]
	if !last.OrderFinished || last.TranscriptLines != 2 || len(last.Transcript) != 1 || last.Transcript[0].Text != "b" {
		t.Errorf("finished %t, lines %d, transcript %v", last.OrderFinished, last.TranscriptLines, last.Transcript)
	}
}
