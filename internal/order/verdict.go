package order

// A ReplyKind says what an answer of the API is to one of the orders that were
// asked for.
type ReplyKind uint8

// The kinds of replies.
const (
	Unanswered  ReplyKind = iota // the API said nothing of the order: it is asked for again
	SameBytes                    // the bytes of the last answer: a hash tells, nothing is read
	NotInAnswer                  // answered well, but the order is not in the answer
	Refused                      // the API refuses this order by itself
	Unreadable                   // its part of the answer can't be read
	Shown                        // its part of the answer was read
)

// Reply is what one answer of the API says of one order.
type Reply struct {
	Kind   ReplyKind
	At     Millis  // when the answer arrived
	Hash   uint64  // of the order's bytes, where Shown
	Answer *Answer // where Shown
	Detail string  // why it is Refused or Unreadable; fit for a log
	// Answering tells that the API answered some order well in the last minute.
	// Only then does what is missing count against an order: an API that shows
	// nobody is ill, and the order need not be wrong.
	Answering bool
}

// An Outcome is a verdict in a word, for metrics.
type Outcome string

// The outcomes of a look at one order.
const (
	OutcomeChanged    Outcome = "changed"
	OutcomeUnchanged  Outcome = "unchanged" // read, and nothing new
	OutcomeSame       Outcome = "hash"      // not read: the bytes are those of the last answer
	OutcomeMissing    Outcome = "missing"
	OutcomeRejected   Outcome = "rejected"
	OutcomeUnreadable Outcome = "unreadable"
	OutcomeUnanswered Outcome = "unanswered"
)

// A Fate says what becomes of the saved state.
type Fate uint8

// The fates of a state.
const (
	Leave  Fate = iota // it stays as it is saved
	Save               // it is written
	Forget             // it is removed, and with it all that is known of the order
)

// Verdict is what a reply, a request or the clock means for one order. Whoever
// carries it out publishes Events, then buries Letters, then does to the state
// what Fate says, and only then holds Facts to be true.
type Verdict struct {
	Outcome Outcome // of a look; empty where nobody looked
	Events  []*Event
	Letters []Letter
	Facts   Facts  // what is known next
	State   *State // what is announced once Events are; nil = what is saved
	Fate    Fate
	Noticed Noticed
}

// Noticed counts what a comparison came across, for metrics.
type Noticed struct {
	Stale       int // statuses and values that went back
	Unknown     int // statuses announced that are not in the table
	Corrections int // comparisons that saw a correction for the first time
}

// Reply says what the answer is to an order of which f is known.
func (l *Look) Reply(id string, f Facts) Reply {
	r := Reply{At: l.At}
	sighting, seen := l.Seen[id]
	detail, refused := l.Rejected[id]
	switch {
	case seen && f.Hash == sighting.Hash && f.Seen() && f.ReplayAt == 0:
		r.Kind = SameBytes
	case seen:
		r.Kind, r.Hash = Shown, sighting.Hash
		var err error
		if r.Answer, err = sighting.Decode(); err != nil {
			r.Kind, r.Detail = Unreadable, err.Error()
		}
	case l.Missing[id]:
		r.Kind = NotInAnswer
	case refused:
		r.Kind, r.Detail = Refused, detail
	}
	return r
}

// NeedsState reports whether Decide wants to know what was announced. The
// other replies are decided by the facts alone, which spares decoding a state.
func (r *Reply) NeedsState(f Facts) bool {
	return r.Kind == Shown || r.Kind == NotInAnswer && f.Seen() && f.ReplayAt > 0
}

// Decide says what a reply means for an order of which f is known. st is what
// was announced; it may be nil where the reply does not need it.
func Decide(f Facts, st *State, r Reply, rules Rules, terms Terms) Verdict {
	d := decision{Verdict: Verdict{Facts: f}, reply: r, rules: rules, terms: terms}
	switch r.Kind {
	case Unanswered:
		d.Outcome = OutcomeUnanswered
		return d.Verdict
	case SameBytes:
		d.Outcome = OutcomeSame
		d.lookIsOver(false)
	case NotInAnswer:
		d.Outcome = OutcomeMissing
		d.notInAnswer(st)
	case Refused:
		d.Outcome = OutcomeRejected
		d.refused()
	case Unreadable:
		d.Outcome = OutcomeUnreadable
		d.unreadable()
	case Shown:
		d.shown(st)
	}
	if d.Fate == Leave && (f.Unsaved || d.Facts.Tracking != f.Tracking) {
		d.Fate = Save
	}
	if d.Fate == Save {
		d.Facts.Unsaved = false
	}
	return d.Verdict
}

// decision is a Verdict in the making.
type decision struct {
	Verdict
	reply Reply
	rules Rules
	terms Terms
}

// shown compares what the answer shows with what was announced.
func (d *decision) shown(st *State) {
	f := &d.Facts
	r := Compare(st, d.reply.Answer, d.reply.At, d.rules)
	d.Events, d.State = r.Events, r.State
	if f.ReplayAt > 0 {
		d.Events = append(d.Events, Snapshot(r.State, d.reply.Answer, d.reply.At, d.rules)...)
	}
	if r.Save {
		d.Fate = Save
	}
	d.Noticed = Noticed{Stale: r.Stale, Unknown: r.Unknown}
	if r.Unconfirmed {
		d.Noticed.Corrections = 1
	}
	second := f.Unconfirmed
	f.ChangedAt, f.Ended, f.Unconfirmed = r.State.ChangedAt, r.State.Ended() && !r.Held, r.Unconfirmed
	f.Course = r.State.Course()
	if r.Held {
		f.Course = Course{Phase: PhaseInCall} // something goes on that can't be told yet
	}
	f.Hash = d.reply.Hash
	if r.Unconfirmed || r.Held {
		// The same bytes are to be read again: they confirm the correction, or
		// are all that a held-back call will ever show.
		f.Hash = 0
	}
	if second && !f.Following() {
		// A value that differs in each answer is a new correction each time. It
		// must not keep alive an order that was to be looked at once.
		f.Unconfirmed = false
	}
	d.lookIsOver(r.Changed)
	d.Outcome = OutcomeUnchanged
	if r.Changed {
		d.Outcome = OutcomeChanged
	}
}

// lookIsOver ends the looking where this answer was all that was wanted.
func (d *decision) lookIsOver(changed bool) {
	f := &d.Facts
	f.MissingSince, f.ReplayAt = 0, 0
	switch {
	case !f.Following():
		if !f.Unconfirmed {
			f.Sleep(Once, d.reply.At)
		}
	case !changed && d.terms.Settled(*f, d.reply.At):
		f.Sleep(Settled, d.reply.At)
	}
}

// notInAnswer: an order that was seen stays as it was announced, for the API
// may show it again. One never seen is asked for until its time is over.
func (d *decision) notInAnswer(st *State) {
	f := &d.Facts
	if !f.Seen() {
		d.neverSeen(letterNeverShown(), d.reply.Answering)
		return
	}
	if f.ReplayAt > 0 {
		d.Events = Snapshot(st, &Answer{}, d.reply.At, d.rules)
	}
	f.Unconfirmed = false // nothing is there to confirm a correction
	d.lookIsOver(false)
}

// unreadable: nothing is taken from the answer, the next look tries again. An
// order that no readable answer ever showed does not wait for ever.
func (d *decision) unreadable() {
	if !d.Facts.Seen() {
		d.neverSeen(letterNeverReadable(d.reply.Detail), true)
	}
}

// neverSeen waits on for an order that was never seen, or buries it where its
// time is over and that counts against it.
func (d *decision) neverSeen(letter Letter, counts bool) {
	f := &d.Facts
	if f.MissingSince == 0 {
		f.MissingSince = d.reply.At
	}
	switch {
	case !d.terms.NotFound(*f, d.reply.At):
	case counts:
		d.forget(letter)
	default:
		f.MissingSince = d.reply.At
	}
}

// refused: the order alone is refused, so asking again would change nothing.
// What was announced of it is kept, as of any order that is given up.
func (d *decision) refused() {
	letter := letterRefused(d.reply.Detail)
	if !d.Facts.Seen() {
		d.forget(letter)
		return
	}
	d.Letters = []Letter{letter}
	d.Facts.Sleep(GaveUp, d.reply.At)
}

// forget buries an order of which nothing was ever announced.
func (d *decision) forget(letter Letter) {
	d.Letters = []Letter{letter}
	d.Facts, d.Fate = Facts{}, Forget
}

// NoLook is the verdict on an order that a request changed and that needs no
// look now: it rests, or waits for its time.
func NoLook(f Facts) Verdict {
	f.Unsaved = false
	return Verdict{Facts: f, Fate: Save}
}

// TimeIsOver is the verdict on an order whose time is over (see
// Terms.TimeOver): the state of a resting one is removed, an active one is given
// up, with what was last known of it in its letter. st is what was announced;
// it may be nil where the order rests. date writes a moment for people.
func TimeIsOver(f Facts, st *State, now Millis, date func(Millis) string) Verdict {
	if f.Rest != Active {
		return Verdict{Fate: Forget}
	}
	letter := letterGaveUp(st, date)
	f.Sleep(GaveUp, now)
	f.Unsaved = false
	return Verdict{Facts: f, Letters: []Letter{letter}, Fate: Save}
}

// StateTooLarge turns a verdict whose state fits no message into one that gives
// the order up: all that is saved is that it is not followed. Asked for again,
// it is announced anew.
func (v Verdict) StateTooLarge(ref Ref, now Millis, bytes, limit int) Verdict {
	v.Facts.Sleep(GaveUp, now)
	v.Facts = Facts{Tracking: v.Facts.Tracking}
	v.State = &State{Ref: ref, Tracking: v.Facts.Tracking}
	v.Letters = append(v.Letters, letterStateTooLarge(bytes, limit))
	return v
}

// Add adds what another comparison came across.
func (n *Noticed) Add(more Noticed) {
	n.Stale += more.Stale
	n.Unknown += more.Unknown
	n.Corrections += more.Corrections
}
