package order

import (
	"slices"
	"strconv"
)

// Rules are the settings that shape what is announced.
type Rules struct {
	Transcripts bool // announce the lines of transcripts
}

// Result is what a comparison found.
type Result struct {
	State       *State   // the next state; the one given where Save is false
	Events      []*Event // to be published in this order
	Save        bool     // State differs from the one given in more than its hash
	Changed     bool     // the answer showed something new
	Unconfirmed bool     // a correction was seen for the first time: look again soon
	Held        bool     // a call has no name yet and is held back: the order has not ended
	Stale       int      // statuses and values that went back
	Unknown     int      // statuses announced that are not in the table
}

// Compare lays an answer over what was announced of its order and returns what
// is new, in the order to publish it, and the state that remembers it. prev is
// not changed, and shares memory with the result, as does ans, whose doubled
// calls are merged. at is when the answer arrived. The rules are in doc.go.
func Compare(prev *State, ans *Answer, at Millis, rules Rules) Result {
	c := comparison{prev: prev, ans: ans, at: at, rules: rules}
	next := *prev
	c.next = &next
	c.attempts.known = &next.Calls
	if next.TrackedSince == 0 {
		next.TrackedSince = at
	}
	ans.Calls = uniqueCalls(ans.Calls)
	next.Calls = slices.Clone(prev.Calls)
	places := matchCalls(prev, ans.Calls)
	back := c.goesBack(places)
	c.finish(back)
	c.order(back)
	for i, known := range places {
		if !back[i] {
			c.call(i, known)
		}
	}
	if next.Finished && !prev.Finished {
		c.endUnseen(places)
	}
	c.forget()
	c.result.Stale += len(back)
	if prev.ChangedAt == 0 || c.result.Changed {
		next.ChangedAt = at
		c.result.Changed = true
		c.result.Save = true
	}
	if c.result.Save = c.result.Save || !slices.Equal(next.Corrections, prev.Corrections); !c.result.Save {
		c.result.State = prev
		return c.result
	}
	c.result.State = c.next
	return c.result
}

type comparison struct {
	prev, next *State
	ans        *Answer
	at         Millis
	rules      Rules
	info, name overlay // of the order's own values
	userName   string  // as accepted
	named      bool    // userName is the answer's, else the one announced last
	attempts   numbering
	result     Result
}

// goesBack returns the answer's calls whose status went back.
func (c *comparison) goesBack(places []int) map[int]bool {
	var back map[int]bool
	for i, known := range places {
		if known >= 0 && c.move(&c.prev.Calls[known], &c.ans.Calls[i], c.ans.Finished) == movesBack {
			if back == nil {
				back = map[int]bool{}
			}
			back[i] = true
		}
	}
	return back
}

// finish takes over the API's `finish`. An answer with a call that went back
// is an old one: what it says of the end is old too.
func (c *comparison) finish(back map[int]bool) {
	if c.ans.Finished == c.prev.Finished || !c.ans.Finished && len(back) > 0 {
		return
	}
	c.next.Finished = c.ans.Finished
	c.result.Changed = true
}

// order lays the order's own values over the announced ones, unless the
// answer is an old one.
func (c *comparison) order(back map[int]bool) {
	c.info, c.name = overlay{seen: c.prev.Corrections}, overlay{seen: c.prev.Corrections}
	c.userName = announcedUserName(c.prev)
	if len(back) > 0 {
		c.info.fresh = c.prev.Corrections
		return
	}
	n := len(c.prev.Infos)
	if len(c.prev.Calls) == 0 { // nothing was announced: nothing to correct
		if n == 0 || c.prev.Infos[n-1] != c.ans.Info {
			c.next.Infos = []Info{c.ans.Info}
			c.result.Save = true
		}
	} else if now := c.info.info(c.prev.Infos[n-1], c.ans.Info); now != c.prev.Infos[n-1] {
		c.next.Infos = append(slices.Clip(c.prev.Infos), now)
		c.result.Save = true
	}
	c.userName = c.name.text("userName", c.userName, c.ans.UserName)
	c.named = c.ans.UserName != "" && c.userName == c.ans.UserName
	c.note(&c.info)
	c.note(&c.name)
}

// forget drops the order's corrections that are announced now.
func (c *comparison) forget() {
	told := announcedUserName(c.next) == c.userName
	c.next.Corrections = append(c.info.left(true), c.name.left(told)...)
}

// announcedUserName is the one of the last call completed.
func announcedUserName(st *State) string {
	for i := len(st.Calls) - 1; i >= 0; i-- {
		if done := st.Calls[i].Completion; done != nil {
			return done.UserName
		}
	}
	return ""
}

// note takes over what an overlay counted.
func (c *comparison) note(o *overlay) {
	c.result.Stale += o.stale
	c.result.Unconfirmed = c.result.Unconfirmed || len(o.fresh) > 0
}

// call compares one call of the answer with the announced one; known is its
// place in the state, -1 for one never seen.
func (c *comparison) call(i, known int) {
	seen := &c.ans.Calls[i]
	ended := isFinal(seen.Status, seen.EndedAt, c.next.Finished)
	if known < 0 {
		if seen.Status == NoStatus || seen.ID == "" && !ended {
			c.result.Held = true // until it has a name and a status
			return
		}
		attempt := c.attempts.free(i + 1)
		id := seen.ID
		if id == "" {
			id = generatedID(c.prev.ID, attempt)
		}
		known = len(c.next.Calls)
		const statusAndCompleted = 2
		c.result.Events = slices.Grow(c.result.Events, len(seen.Lines)+statusAndCompleted)
		c.next.Calls = append(c.next.Calls, AnnouncedCall{ID: id, Attempt: attempt, Status: StatusChanged{Status: NoStatus}})
	}
	call := &c.next.Calls[known]
	if seen.ID != "" && seen.ID != call.ID && call.VendorID != seen.ID {
		call.VendorID = seen.ID
		c.result.Save = true
	}
	was := call.Corrections
	o := overlay{seen: was}
	base := call.announcedDetails()
	details := o.details(&base, &seen.Details)
	moved := c.status(call, seen, &details, &o)
	lines := c.rules.Transcripts && c.lines(call, seen)
	announced := c.completion(call, seen, &details) || moved
	call.Corrections = o.left(announced)
	c.note(&o)
	if announced || lines {
		c.result.Changed = true
	} else if !slices.Equal(was, call.Corrections) {
		c.result.Save = true
	}
}

// endUnseen completes the calls with a number that is not in the table which
// the answer that finished the order does not show.
func (c *comparison) endUnseen(places []int) {
	shown := make([]bool, len(c.prev.Calls))
	for _, known := range places {
		if known >= 0 {
			shown[known] = true
		}
	}
	for k := range shown {
		if call := &c.next.Calls[k]; call.Completion == nil && !shown[k] {
			details := call.announcedDetails()
			c.completion(call, &Call{}, &details)
		}
	}
}

// announcedDetails returns what was announced of the call's details.
func (a *AnnouncedCall) announcedDetails() Details {
	if a.Completion != nil {
		return a.Completion.Details
	}
	return Details{Leg: a.Status.Leg}
}

// status announces the call's status where it moved on or a correction was
// confirmed.
func (c *comparison) status(call *AnnouncedCall, seen *Call, d *Details, o *overlay) bool {
	switch c.move(call, seen, c.next.Finished) {
	case stays, movesBack:
		return false
	case isCorrected:
		if !o.correct("status", digest(strconv.Itoa(int(seen.Status)))) {
			return false
		}
	case movesOn:
	}
	var previous Opt
	if call.Status.Sequence > 0 {
		previous = Some(int64(call.Status.Status))
	}
	if !seen.Status.Known() {
		c.result.Unknown++
	}
	call.Status = StatusChanged{
		Sequence: call.Status.Sequence + 1, Previous: previous, Status: seen.Status,
		Final: isFinal(seen.Status, d.EndedAt, c.next.Finished), Leg: d.Leg,
	}
	call.StatusRef = len(c.next.Infos) - 1
	body := call.Status
	c.announce(call, call.StatusRef, &body)
	return true
}

// completion announces a call that has ended, and again where its details
// moved.
func (c *comparison) completion(call *AnnouncedCall, seen *Call, d *Details) bool {
	if call.Completion == nil && !isFinal(call.Status.Status, d.EndedAt, c.next.Finished) {
		return false
	}
	was := call.Completion
	now := &CallCompleted{Revision: 1, Status: call.Status.Status, UserName: c.userName, Details: *d}
	ref := len(c.next.Infos) - 1
	if was != nil {
		if !c.named { // the call may have been announced under another name
			now.UserName = was.UserName
		}
		now.ChangedFields = changedFields(was, now, c.next.Infos[call.CompletionRef], c.next.Infos[ref])
		if len(now.ChangedFields) == 0 {
			return false
		}
		now.Revision = was.Revision + 1
	}
	call.Completion, call.CompletionRef = now, ref
	body := *now
	ev := c.announce(call, ref, &body)
	ev.fillContext(c.next, call, seen)
	return true
}

func (ev *Event) fillContext(st *State, call *AnnouncedCall, seen *Call) {
	ev.OrderFinished = st.Finished
	ev.TranscriptLines = max(len(call.Lines), len(seen.Lines))
	ev.Transcript = seen.Lines
}

// announce adds an event of the call.
func (c *comparison) announce(call *AnnouncedCall, ref int, body Body) *Event {
	ev := newEvent(c.next, call, ref, body, c.at)
	c.result.Events = append(c.result.Events, ev)
	return ev
}

func newEvent(st *State, call *AnnouncedCall, ref int, body Body, at Millis) *Event {
	ev := &Event{
		Ref: st.Ref, Info: st.Infos[ref], CallID: call.ID, Attempt: call.Attempt,
		TrackedSince: st.TrackedSince, ObservedAt: at, Body: body,
	}
	ev.ID = identify(ev)
	return ev
}
