package order

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A growth is an order as its answers should be: what they show only arrives
// and moves on. Its answers are all that the API ever shows, in turn.
type growth struct {
	t       *rapid.T
	answers []*Answer
}

// grow draws an order's story, ended or not.
func grow(t *rapid.T) *growth {
	g := &growth{t: t, answers: []*Answer{on()}}
	for range 4 + g.upTo(26, "steps") {
		now := deepClone(g.answers[len(g.answers)-1])
		for range 1 + g.upTo(3, "changes") {
			g.change(now)
		}
		g.answers = append(g.answers, now)
	}
	return g
}

func (g *growth) upTo(n int, what string) int { return rapid.IntRange(0, n).Draw(g.t, what) }

// change lets one thing of the order arrive or move on.
func (g *growth) change(a *Answer) {
	switch g.upTo(9, "change") {
	case 0:
		arrive(&a.UserPhone, "0032")
	case 1:
		arrive(&a.UserName, "Bo")
	case 2:
		arrive(&a.Passthrough, "crm")
	case 3, 4:
		if len(a.Calls) < 4 {
			id := fmt.Sprint("call-", len(a.Calls))
			if g.upTo(2, "named late") == 0 {
				id = ""
			}
			a.Calls = append(a.Calls, call(id, Status(1+g.upTo(4, "status"))))
		}
	default:
		if len(a.Calls) > 0 {
			place := g.upTo(len(a.Calls)-1, "call")
			g.changeCall(&a.Calls[place], place)
		}
	}
	ended := len(a.Calls) > 0
	for i := range a.Calls {
		ended = ended && a.Calls[i].Status.final()
	}
	a.Finished = ended
}

func (g *growth) changeCall(c *Call, place int) {
	switch g.upTo(9, "detail") {
	case 0, 1:
		g.moveOn(c)
	case 2:
		arrive(&c.ID, fmt.Sprint("call-", place))
	case 3:
		arrive(&c.RecordingURL, "https://r/1.wav?sign=1")
	case 4:
		if c.DurationSeconds = Some(60); c.EndedAt == 0 && c.Status.final() {
			c.EndedAt = 9000
		}
	case 5:
		g.changeAgent(&c.Agent)
	case 6:
		c.Intents = append(c.Intents, Intent{ID: fmt.Sprint(g.upTo(1, "intent")), Tag: fmt.Sprint(len(c.Intents))})
	case 7:
		g.changeSMS(c)
	default:
		c.Lines = append(c.Lines, Line{Index: (1 + len(c.Lines)) / 2, Role: len(c.Lines) % 2, Text: fmt.Sprint("line ", len(c.Lines))})
	}
}

func (g *growth) moveOn(c *Call) {
	switch {
	case c.Status.final():
	case c.Status == InCall || g.upTo(2, "end") == 0:
		c.Status = rapid.SampledFrom([]Status{6, 8, 10, 22, 24}).Draw(g.t, "final")
	default:
		c.Status++
	}
}

func (g *growth) changeAgent(a *Agent) {
	arrive(&a.Name, "Ada")
	if a.Status.N < 4 {
		a.Status = Some(a.Status.N + 1)
	} else if a.HungUpBy.N == 0 {
		a.HungUpBy = Some(int64(g.upTo(2, "hung up by")))
	}
}

func (g *growth) changeSMS(c *Call) {
	n := len(c.SMS)
	if n == 0 || c.SMS[n-1].State.N == 2 && n < 3 {
		c.SMS = append(c.SMS, SMS{State: Some(0), Content: fmt.Sprint("text ", n)})
		return
	}
	last := &c.SMS[n-1] // a clone's own
	if last.State.N < 2 {
		last.State = Some(last.State.N + 1)
		last.MessageID = fmt.Sprint("m-", n)
	}
}

func arrive(value *string, now string) {
	if *value == "" {
		*value = now
	}
}

// exported is what one run of answers leads to: the IDs announced, in order,
// and the last state.
func exported(t *rapid.T, st *State, told *chronicle, answers []shown) (*State, []ID) {
	var ids []ID
	for i, s := range answers {
		got := Compare(st, deepClone(s.answer), s.at, Rules{Transcripts: true})
		if err := told.add(got.Events); err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		if got.Unconfirmed {
			t.Fatalf("answer %d: taken for a correction", i)
		}
		for _, ev := range got.Events {
			ids = append(ids, ev.ID)
		}
		st = got.State
	}
	return st, ids
}

// shown is an answer and when it arrived.
type shown struct {
	answer *Answer
	at     Millis
}

func (g *growth) shown() []shown {
	all := make([]shown, len(g.answers))
	for i, a := range g.answers {
		all[i] = shown{a, Millis(1000 + i)}
	}
	return all
}

// noisy is the story with old answers, repeats and doubled entries between.
func (g *growth) noisy() []shown {
	var all []shown
	for i, s := range g.shown() {
		for range g.upTo(2, "noise") {
			old := g.answers[g.upTo(i, "old")]
			all = append(all, shown{old, s.at})
			if i == 0 {
				break // before the first answer there is nothing old
			}
		}
		if i == 0 {
			all = nil
		}
		if g.upTo(3, "doubled") == 0 {
			s.answer = MergeAnswers(deepClone(s.answer), deepClone(s.answer))
		}
		all = append(all, s)
	}
	return all
}

// values is what is known of the order in the end, without the counters, which
// tell how it came to be known.
func values(st *State) string {
	st = restored(jsonOf(st))
	st.ChangedAt, st.TrackedSince = 0, 0
	slices.SortFunc(st.Calls, func(a, b AnnouncedCall) int { return a.Attempt - b.Attempt })
	if n := len(st.Infos); n > 0 {
		st.Infos = st.Infos[n-1:]
	}
	for i := range st.Calls {
		c := &st.Calls[i]
		c.Status = StatusChanged{Status: c.Status.Status}
		c.StatusRef, c.CompletionRef = 0, 0
		// A call that ended before it had an ID keeps the name it was given,
		// which one first seen with its ID never had.
		c.ID, c.VendorID = either(c.VendorID, c.ID), ""
		if c.Completion != nil {
			c.Completion.Revision, c.Completion.ChangedFields = 0, nil
		}
		for k := range c.Lines {
			c.Lines[k].Revision, c.Lines[k].InfoRef = 0, 0
		}
	}
	return jsonOf(st)
}

// Old, repeated and doubled answers change nothing: the same is announced, in
// the same order, under the same IDs, and remembered.
func TestNoiseChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grow(t)
		plain, want := exported(t, &State{Ref: storyRef}, newChronicle(), g.shown())
		noisy, got := exported(t, &State{Ref: storyRef}, newChronicle(), g.noisy())
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("announced %d events, without the noise %d: or not the same", len(got), len(want))
		}
		noisy = restored(jsonOf(noisy))
		noisy.ChangedAt = plain.ChangedAt // an old answer's `finish` counts as a change
		if jsonOf(noisy) != jsonOf(plain) {
			t.Fatalf("remembered\n%s\nwithout the noise\n%s", jsonOf(noisy), jsonOf(plain))
		}
	})
}

// After a crash the exporter goes on from the state it saved last, which may
// be any earlier one, and sees only what the API shows then: it ends at the
// same, and what it announces again has the IDs that it had.
func TestAnyPrefixConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grow(t)
		all := g.shown()
		want, _ := exported(t, &State{Ref: storyRef}, newChronicle(), all)

		saved := g.upTo(len(all)-1, "saved")
		back := saved + g.upTo(len(all)-1-saved, "back")
		told := newChronicle()
		st, _ := exported(t, &State{Ref: storyRef}, told, all[:saved])
		st = restored(jsonOf(st))

		repeats, _ := exported(t, restored(jsonOf(st)), told.clone(), all[saved:])
		if jsonOf(repeats) != jsonOf(want) {
			t.Fatalf("from answer %d again: remembered\n%s\nwant\n%s", saved, jsonOf(repeats), jsonOf(want))
		}
		st, _ = exported(t, st, told, all[back:])
		if got := values(st); got != values(want) {
			t.Fatalf("from answer %d on at %d: known\n%s\nwant\n%s", saved, back, got, values(want))
		}
		if err := settles(st, g.answers[len(g.answers)-1], Rules{Transcripts: true}); err != nil {
			t.Fatal(err)
		}
	})
}

func (c *chronicle) clone() *chronicle {
	return &chronicle{maps.Clone(c.ids), maps.Clone(c.contents), maps.Clone(c.last), maps.Clone(c.counts), maps.Clone(c.status), maps.Clone(c.ended)}
}
