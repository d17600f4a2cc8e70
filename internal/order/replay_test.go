package order

import (
	"slices"
	"testing"
)

func TestSnapshot(t *testing.T) {
	show := func() *Answer {
		return done(
			call("", 10),
			call("b", 6, recording("r"), lines(line(1, "a"), line(1, "b"), line(2, "c"))),
		).with(phone("2"))
	}
	st, events := tell(t,
		step{
			show: done(call("", 10), call("b", 6, lines(line(1, "a"), line(1, "b")))).with(phone("1")),
			want: "o#1 status 1: 10 end; o#1 completed 1: 10; b status 1: 6 end; b line 1: a; b line 1/2: b; b completed 1: 6",
		},
		step{show: show(), want: "b line 2: c; b completed 2: 6 [recordingURL]", again: true},
		step{show: show(), want: "o#1 completed 2: 10 [userPhone]; b completed 3: 6 [userPhone]"},
	)
	before := frozen(t, st)
	got := Snapshot(st, show(), 5000, Rules{Transcripts: true})
	want := "again o#1 status 1: 10 end; again o#1 completed 2: 10 [userPhone]; " +
		"again b status 1: 6 end; again b line 1: a; again b line 1/2: b; again b line 2: c; again b completed 3: 6 [userPhone]"
	if text := said(got); text != want {
		t.Errorf("snapshot\n %s\nwant\n %s", text, want)
	}
	if frozen(t, st) != before {
		t.Error("the snapshot changed the state")
	}
	for _, ev := range got {
		i := slices.IndexFunc(events, func(first *Event) bool { return first.ID == ev.ID })
		if i < 0 {
			t.Errorf("%s has an ID that was never announced", saidBody(ev.Body))
			continue
		}
		first := events[i]
		if content(ev) != content(first) || ev.Attempt != first.Attempt || ev.TrackedSince != first.TrackedSince {
			t.Errorf("%s comes again as %s", content(first), content(ev))
		}
		if ev.ObservedAt != 5000 {
			t.Errorf("observed at %d, want 5000", ev.ObservedAt)
		}
	}
}

// Each announcement comes again with what was known of the order then, or its
// ID would be another.
func TestSnapshotUnderEachInfo(t *testing.T) {
	last := func() *Answer {
		return done(call("c", 6, lines(line(1, "a"), line(2, "b")))).with(phone("1"), sceneID("s"), taskID("t"))
	}
	st, events := tell(t,
		step{show: on(call("c", 4, lines(line(1, "a")))), want: "c status 1: 4; c line 1: a"},
		step{show: on(call("c", 5, lines(line(1, "a")))).with(phone("1")), want: "c status 2: 4>5"},
		step{show: on(call("c", 5, lines(line(1, "a"), line(2, "b")))).with(phone("1"), sceneID("s")), want: "c line 2: b"},
		step{show: done(call("c", 6, lines(line(1, "a"), line(2, "b")))).with(phone("1"), sceneID("s")), want: "c status 3: 5>6 end; c completed 1: 6"},
		step{show: last(), want: "c completed 2: 6 [taskID]"},
	)
	var want []ID
	for _, i := range []int{4, 1, 3, 6} { // the last status, the lines, the last completion
		want = append(want, events[i].ID)
	}
	var got []ID
	for _, ev := range Snapshot(st, last(), 1, Rules{Transcripts: true}) {
		got = append(got, ev.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("IDs %v, want %v", got, want)
	}
}

// The text of lines is not remembered: one that the answer shows otherwise than
// it was announced, or not at all, does not come again.
func TestSnapshotOfLines(t *testing.T) {
	st, _ := tell(t,
		step{
			show: on(call("c", 5, lines(line(1, "a"), line(2, "b"), line(3, "c")))),
			want: "c status 1: 5; c line 1: a; c line 2: b; c line 3: c",
		},
	)
	for name, c := range map[string]struct {
		show *Answer
		want string
	}{
		"as announced":   {on(call("c", 5, lines(line(1, "a"), line(2, "b"), line(3, "c")))), "again c status 1: 5; again c line 1: a; again c line 2: b; again c line 3: c"},
		"one corrected":  {on(call("c", 5, lines(line(1, "a"), line(2, "z"), line(3, "c")))), "again c status 1: 5; again c line 1: a; again c line 3: c"},
		"one not shown":  {on(call("c", 5, lines(line(3, "c")))), "again c status 1: 5; again c line 3: c"},
		"call not shown": {on(), "again c status 1: 5"},
		"never known":    {on(call("d", 5, lines(line(1, "a")))), "again c status 1: 5"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := said(Snapshot(st, c.show, 1, Rules{Transcripts: true})); got != c.want {
				t.Errorf("got\n %s\nwant\n %s", got, c.want)
			}
		})
	}
}

func TestSnapshotOfNothing(t *testing.T) {
	if got := Snapshot(&State{Ref: storyRef}, on(call("c", 1)), 1, Rules{Transcripts: true}); len(got) != 0 {
		t.Errorf("an order never heard of gave %s", said(got))
	}
}
