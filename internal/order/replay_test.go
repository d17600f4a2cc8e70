package order

import (
	"slices"
	"testing"
)

// A snapshot tells the last of each call again. The text of lines is not
// remembered: one that the answer shows otherwise than it was announced, or not
// at all, does not come again. That the IDs are those of the announcements, under
// whatever was known of the order then, a chronicle holds of any story.
func TestSnapshot(t *testing.T) {
	shows := func(list ...Line) *Answer {
		return done(call("", 10), call("b", 6, recording("r"), lines(list...))).with(phone("2"))
	}
	a, b, c := line(1, "a"), line(1, "b"), line(2, "c")
	st, events := tell(t,
		step{
			show: done(call("", 10), call("b", 6, lines(a, b))).with(phone("1")),
			want: "o#1 status 1: 10 end; o#1 completed 1: 10; b status 1: 6 end; b line 1: a; b line 1/2: b; b completed 1: 6",
		},
		step{show: shows(a, b, c), want: "b line 2: c; b completed 2: 6 [recordingURL]", again: true},
		step{show: shows(a, b, c), want: "o#1 completed 2: 10 [userPhone]; b completed 3: 6 [userPhone]"},
	)
	for name, tt := range map[string]struct {
		show  *Answer
		lines string
	}{
		"as announced":   {shows(a, b, c), "again b line 1: a; again b line 1/2: b; again b line 2: c; "},
		"one corrected":  {shows(a, line(1, "z"), c), "again b line 1: a; again b line 2: c; "},
		"one not shown":  {shows(c), "again b line 2: c; "},
		"call not shown": {on(), ""},
		"another call":   {on(call("d", 5, lines(a))), ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := Snapshot(st, tt.show, 5000, Rules{Transcripts: true})
			want := "again o#1 status 1: 10 end; again o#1 completed 2: 10 [userPhone]; " +
				"again b status 1: 6 end; " + tt.lines + "again b completed 3: 6 [userPhone]"
			if text := said(got); text != want {
				t.Errorf("snapshot\n %s\nwant\n %s", text, want)
			}
			for _, ev := range got {
				i := slices.IndexFunc(events, func(first *Event) bool { return first.ID == ev.ID })
				if i < 0 || ev.Attempt != events[i].Attempt || ev.TrackedSince != events[i].TrackedSince || ev.ObservedAt != 5000 {
					t.Errorf("%s comes again as %+v", content(ev), ev)
				}
			}
		})
	}
}
