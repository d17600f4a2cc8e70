package order

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Moments of the verdicts' tests.
const (
	day   = 86_400 * second
	asked = 1000 * second // when the request was read
	now   = asked + day   // when the answer arrived
)

// tracked returns facts as requests leave them; what the tests change stands in
// their tables.
func tracked(mode Mode, change func(*Facts)) Facts {
	var f Facts
	f.Ask(&Request{Mode: mode, Time: 1}, asked)
	if change != nil {
		change(&f)
	}
	return f
}

func seen(f *Facts)       { f.ChangedAt, f.Hash = asked, 7 }
func hasEnded(f *Facts)   { seen(f); f.Ended = true }
func neverFound(f *Facts) { f.MissingSince = now - 3600*second }

// oneCall is an answer of one call, finished or not, and the state after it.
func oneCall(finished bool, status Status) (*Answer, *State) {
	ans := &Answer{Ref: Ref{"t", "o"}, Finished: finished, Calls: []Call{{ID: "c", Status: status}}}
	return ans, Compare(&State{Ref: ans.Ref}, ans, asked, Rules{}).State
}

func TestDecide(t *testing.T) {
	ringing, wasRinging := oneCall(false, Ringing)
	missed, wasMissed := oneCall(true, 22)
	none := &State{Ref: ringing.Ref}
	renamed, _ := oneCall(true, 22)
	renamed.Calls[0].CallingNumber = "100" // arrives late
	reason := func(r ...Reason) []Reason { return r }
	tests := []struct {
		name    string
		facts   Facts
		state   *State
		reply   Reply
		outcome Outcome
		fate    Fate
		events  string
		letters []Reason
		rest    Rest
		check   func(Facts) bool // of what is known next
	}{
		// Unanswered: nothing is learnt, and nothing written, not even what a request changed.
		{name: "no answer", facts: tracked(Follow, seen), reply: Reply{Kind: Unanswered}, outcome: OutcomeUnanswered, fate: Leave},
		{
			name: "no answer, and a request is unsaved", facts: tracked(Follow, func(f *Facts) { f.Unsaved = true }), reply: Reply{Kind: Unanswered},
			outcome: OutcomeUnanswered, fate: Leave, check: func(f Facts) bool { return f.Unsaved },
		},

		// The same bytes: nothing is announced; an order that has ended may settle.
		{name: "same bytes", facts: tracked(Follow, seen), reply: Reply{Kind: SameBytes}, outcome: OutcomeSame, fate: Leave},
		{
			name: "same bytes, and a request is unsaved", facts: tracked(Follow, func(f *Facts) { seen(f); f.Unsaved = true }), reply: Reply{Kind: SameBytes},
			outcome: OutcomeSame, fate: Save, check: func(f Facts) bool { return !f.Unsaved },
		},
		{
			name: "same bytes when it settles", facts: tracked(Follow, func(f *Facts) { hasEnded(f); f.ChangedAt = now - 900*second }), reply: Reply{Kind: SameBytes},
			outcome: OutcomeSame, fate: Save, rest: Settled,
		},
		{
			name: "same bytes before it can settle", facts: tracked(Follow, func(f *Facts) { hasEnded(f); f.ChangedAt = now - 899*second }), reply: Reply{Kind: SameBytes},
			outcome: OutcomeSame, fate: Leave,
		},
		{
			name: "same bytes while a correction waits", facts: tracked(Follow, func(f *Facts) { hasEnded(f); f.Unconfirmed = true }), reply: Reply{Kind: SameBytes},
			outcome: OutcomeSame, fate: Leave, check: func(f Facts) bool { return f.Unconfirmed },
		},
		{name: "same bytes, looked at once", facts: tracked(LookOnce, seen), reply: Reply{Kind: SameBytes}, outcome: OutcomeSame, fate: Save, rest: Once},

		// Shown: what is new is announced, and the look ends what was to be looked at once.
		{
			name: "first shown", facts: tracked(Follow, neverFound), state: none, reply: Reply{Kind: Shown, Hash: 8, Answer: ringing},
			outcome: OutcomeChanged, fate: Save, events: "status", check: func(f Facts) bool { return f.ChangedAt == now && f.Hash == 8 && !f.Ended && f.MissingSince == 0 },
		},
		{
			name: "shown as it was", facts: tracked(Follow, seen), state: wasRinging, reply: Reply{Kind: Shown, Hash: 8, Answer: ringing},
			outcome: OutcomeUnchanged, fate: Leave, check: func(f Facts) bool { return f.ChangedAt == asked && f.Hash == 8 },
		},
		{
			name: "the order's end", facts: tracked(Follow, seen), state: wasRinging, reply: Reply{Kind: Shown, Hash: 8, Answer: missed},
			outcome: OutcomeChanged, fate: Save, events: "status completed", check: func(f Facts) bool { return f.Ended },
		},
		{
			name: "shown as it was, and ended long ago", facts: tracked(Follow, hasEnded), state: wasMissed, reply: Reply{Kind: Shown, Hash: 8, Answer: missed},
			outcome: OutcomeUnchanged, fate: Save, rest: Settled,
		},
		{
			name: "something arrives late", facts: tracked(Follow, hasEnded), state: wasMissed, reply: Reply{Kind: Shown, Hash: 8, Answer: renamed},
			outcome: OutcomeChanged, fate: Save, events: "completed",
		},
		{
			name: "shown once", facts: tracked(LookOnce, nil), state: none, reply: Reply{Kind: Shown, Hash: 8, Answer: ringing},
			outcome: OutcomeChanged, fate: Save, events: "status", rest: Once,
		},
		{
			name: "a replay tells all again", facts: tracked(Replay, seen), state: wasMissed, reply: Reply{Kind: Shown, Hash: 8, Answer: missed},
			outcome: OutcomeUnchanged, fate: Save, events: "status' completed'", rest: Once, check: func(f Facts) bool { return f.ReplayAt == 0 },
		},

		// Not in the answer: a seen order is followed on, one never seen waits for its time.
		{
			name: "gone, was seen", facts: tracked(Follow, func(f *Facts) { seen(f); f.Unconfirmed = true }), reply: Reply{Kind: NotInAnswer, Answering: true},
			outcome: OutcomeMissing, fate: Leave, check: func(f Facts) bool { return !f.Unconfirmed },
		},
		{
			name: "gone while a correction waits, looked at once", facts: tracked(LookOnce, func(f *Facts) { seen(f); f.Unconfirmed = true }),
			reply: Reply{Kind: NotInAnswer, Answering: true}, outcome: OutcomeMissing, fate: Save, rest: Once,
		},
		{
			name: "gone, was seen, a replay waits", facts: tracked(Replay, seen), state: wasMissed, reply: Reply{Kind: NotInAnswer},
			outcome: OutcomeMissing, fate: Save, events: "status' completed'", rest: Once,
		},
		{
			name: "not shown yet", facts: tracked(Follow, nil), reply: Reply{Kind: NotInAnswer, Answering: true},
			outcome: OutcomeMissing, fate: Save, check: func(f Facts) bool { return f.MissingSince == now },
		},
		{
			name: "never shown, looked at once, keeps waiting too", facts: tracked(LookOnce, nil), reply: Reply{Kind: NotInAnswer, Answering: true},
			outcome: OutcomeMissing, fate: Save,
		},
		{
			name: "never shown in its time", facts: tracked(Follow, neverFound), reply: Reply{Kind: NotInAnswer, Answering: true},
			outcome: OutcomeMissing, fate: Forget, letters: reason(ReasonNotFound),
		},
		{
			name: "not shown until nearly its time", facts: tracked(Follow, func(f *Facts) { f.MissingSince = now - 3599*second }),
			reply: Reply{Kind: NotInAnswer, Answering: true}, outcome: OutcomeMissing, fate: Leave,
		},
		{
			name: "never shown, but the API shows nobody", facts: tracked(Follow, neverFound), reply: Reply{Kind: NotInAnswer},
			outcome: OutcomeMissing, fate: Save, check: func(f Facts) bool { return f.MissingSince == now },
		},

		// Refused: asking again would change nothing.
		{name: "refused, never seen", facts: tracked(Follow, nil), reply: Reply{Kind: Refused}, outcome: OutcomeRejected, fate: Forget, letters: reason(ReasonRejected)},
		{
			name: "refused, was seen", facts: tracked(Follow, seen), reply: Reply{Kind: Refused},
			outcome: OutcomeRejected, fate: Save, letters: reason(ReasonRejected), rest: GaveUp, check: func(f Facts) bool { return f.Seen() },
		},

		// Unreadable: nothing is taken from it.
		{name: "unreadable, was seen", facts: tracked(Follow, seen), reply: Reply{Kind: Unreadable}, outcome: OutcomeUnreadable, fate: Leave},
		{
			name: "unreadable, not seen yet", facts: tracked(Follow, nil), reply: Reply{Kind: Unreadable},
			outcome: OutcomeUnreadable, fate: Save, check: func(f Facts) bool { return f.MissingSince == now },
		},
		{
			name: "never readable in its time", facts: tracked(Follow, neverFound), reply: Reply{Kind: Unreadable},
			outcome: OutcomeUnreadable, fate: Forget, letters: reason(ReasonUnreadable),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.reply.At = now
			if needs := tt.reply.NeedsState(tt.facts); needs != (tt.state != nil) {
				t.Fatalf("needs the state: %t", needs)
			}
			v := Decide(tt.facts, tt.state, tt.reply, Rules{}, testTerms())
			if got := kinds(v.Events); v.Outcome != tt.outcome || v.Fate != tt.fate || got != tt.events {
				t.Errorf("%s, fate %d, events %q; want %s, %d, %q", v.Outcome, v.Fate, got, tt.outcome, tt.fate, tt.events)
			}
			wantReasons(t, v.Letters, tt.letters)
			if v.Facts.Rest != tt.rest {
				t.Errorf("rests %q, want %q", v.Facts.Rest, tt.rest)
			}
			if v.Fate == Forget && v.Facts != (Facts{}) {
				t.Errorf("forgotten, but known: %+v", v.Facts)
			}
			if tt.check != nil && !tt.check(v.Facts) {
				t.Errorf("known next: %+v", v.Facts)
			}
		})
	}
}

// kinds names events in a word each; those told again have a '.
func kinds(events []*Event) string {
	var names []string
	for _, ev := range events {
		name := strings.TrimPrefix(strings.TrimSuffix(ev.Body.Kind().String(), "-changed"), "call-")
		if ev.Replay {
			name += "'"
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

func wantReasons(t *testing.T, letters []Letter, want []Reason) {
	t.Helper()
	var got []Reason
	for _, l := range letters {
		got = append(got, l.Reason)
	}
	if !slices.Equal(got, want) {
		t.Errorf("dead letters %q, want %q", got, want)
	}
}

// TestFlickeringValue: a value that differs in each answer waits for a second
// look each time. That keeps an order followed awake, not one looked at once.
func TestFlickeringValue(t *testing.T) {
	for mode, rest := range map[Mode]Rest{Follow: Active, LookOnce: Once} {
		_, st := oneCall(false, 22)
		st.Calls[0].Completion.DurationSeconds = Some(1)
		f := tracked(mode, seen)
		var total Noticed
		for second := range 3 {
			ans, _ := oneCall(false, 22)
			ans.Calls[0].DurationSeconds = Some(int64(2 + second))
			v := Decide(f, st, Reply{Kind: Shown, At: now + Millis(second), Hash: 9, Answer: ans}, Rules{}, testTerms())
			if v.Facts.Hash != 0 || v.Noticed.Corrections != 1 {
				t.Fatalf("%s: a correction was not noticed: %+v", mode, v)
			}
			if second == 0 && (!v.Facts.Unconfirmed || v.Facts.Rest != Active) {
				t.Errorf("%s: the first correction does not wait for a second look: %+v", mode, v.Facts)
			}
			f, st = v.Facts, v.State
			total.Add(v.Noticed)
		}
		if total != (Noticed{Corrections: 3}) {
			t.Errorf("%s: noticed %+v in all", mode, total)
		}
		if f.Rest != rest {
			t.Errorf("%s: rests %q, want %q", mode, f.Rest, rest)
		}
	}
}

// TestHeldBack: a call without a name keeps the bytes from being known, and the
// order from ending.
func TestHeldBack(t *testing.T) {
	ans, st := oneCall(true, 22)
	ans.Calls = append(ans.Calls, Call{Status: Ringing})
	v := Decide(tracked(Follow, hasEnded), st, Reply{Kind: Shown, At: now, Hash: 9, Answer: ans}, Rules{}, testTerms())
	if v.Facts.Hash != 0 || v.Facts.Ended || v.Facts.Rest != Active {
		t.Errorf("known next: %+v", v.Facts)
	}
}

func TestReply(t *testing.T) {
	look := Look{
		At: now,
		Seen: map[string]Sighting{
			"shown":   {Hash: 7, Decode: func() (*Answer, error) { return &Answer{}, nil }},
			"garbled": {Hash: 7, Decode: func() (*Answer, error) { return nil, errors.New("calls: want a list") }},
		},
		Missing:  map[string]bool{"missing": true},
		Rejected: map[string]string{"rejected": "retCode 4"},
	}
	known := tracked(Follow, seen)
	other := tracked(Follow, func(f *Facts) { seen(f); f.Hash = 8 })
	for _, tt := range []struct {
		id     string
		facts  Facts
		want   ReplyKind
		detail string
	}{
		{"shown", known, SameBytes, ""},
		{"shown", other, Shown, ""},
		{"shown", Facts{Hash: 7}, Shown, ""}, // of an order that no answer has shown, the hash says nothing
		{"shown", tracked(Replay, seen), Shown, ""},
		{"garbled", other, Unreadable, "calls: want a list"},
		{"missing", known, NotInAnswer, ""},
		{"rejected", known, Refused, "retCode 4"},
		{"silent", known, Unanswered, ""},
	} {
		r := look.Reply(tt.id, tt.facts)
		if r.Kind != tt.want || r.Detail != tt.detail || r.At != now || (r.Answer != nil) != (tt.want == Shown) {
			t.Errorf("%s: %+v, want kind %d", tt.id, r, tt.want)
		}
	}
}

func TestTimeIsOver(t *testing.T) {
	_, st := oneCall(false, Ringing)
	date := func(m Millis) string { return fmt.Sprint("at ", m) }
	for _, tt := range []struct {
		name   string
		facts  Facts
		state  *State
		fate   Fate
		detail string
	}{
		{"resting: forgotten", tracked(StopFollow, nil), nil, Forget, ""},
		{"never shown", tracked(Follow, nil), &State{}, Save, "no answer"},
		{"shown without calls", tracked(Follow, seen), &State{ChangedAt: 1}, Save, "no call announced, finished false"},
		{"shown", tracked(Follow, seen), st, Save, "finished false, calls 1, the last RINGING (4), last change at 1000000"},
	} {
		v := TimeIsOver(tt.facts, tt.state, now, date)
		if v.Fate != tt.fate || v.State != nil {
			t.Errorf("%s: %+v", tt.name, v)
		}
		if tt.fate == Forget {
			wantReasons(t, v.Letters, nil)
			continue
		}
		wantReasons(t, v.Letters, []Reason{ReasonGaveUp})
		if !strings.Contains(v.Letters[0].Detail, tt.detail) || v.Facts.Rest != GaveUp || v.Facts.RestingSince != now {
			t.Errorf("%s: %q, %+v", tt.name, v.Letters[0].Detail, v.Facts)
		}
	}
}

func TestStateTooLarge(t *testing.T) {
	missed, _ := oneCall(true, 22)
	f := tracked(Follow, func(f *Facts) { f.Unsaved = true })
	v := Decide(f, &State{Ref: missed.Ref}, Reply{Kind: Shown, At: now, Hash: 8, Answer: missed}, Rules{}, testTerms())
	small := v.StateTooLarge(missed.Ref, now, 900, 800)
	wantReasons(t, small.Letters, []Reason{ReasonTooLarge})
	if small.Fate != Save || len(small.Events) != len(v.Events) || len(small.State.Calls) != 0 || small.State.Ref != missed.Ref {
		t.Errorf("%+v", small)
	}
	if small.Facts != (Facts{Tracking: small.State.Tracking}) || small.Facts.Rest != GaveUp || small.Facts.FollowAt != f.FollowAt {
		t.Errorf("known next: %+v", small.Facts)
	}
	event := LetterEventTooLarge(v.Events[0], 900)
	if event.Reason != ReasonTooLarge || event.Detail != "a call-status-changed of attempt 1 has 900 bytes and fits no message" {
		t.Errorf("letter of an event: %+v", event)
	}
	if got := NoLook(f); got.Fate != Save || got.Facts.Unsaved || got.State != nil {
		t.Errorf("NoLook = %+v", got)
	}
}
