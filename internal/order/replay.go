package order

// Snapshot announces what is remembered of every call again, under the IDs it
// had: the last status, the lines, and the last CallCompleted. The text of
// lines is not remembered, so a line comes again only while the answer shows
// it as it was announced. st is the state after Compare with ans.
func Snapshot(st *State, ans *Answer, at Millis, rules Rules) []*Event {
	var events []*Event
	shown := make([]*Call, len(st.Calls))
	for i, known := range matchCalls(st, ans.Calls) {
		if known >= 0 {
			shown[known] = &ans.Calls[i]
		}
	}
	again := func(call *AnnouncedCall, ref int, body Body) *Event {
		ev := newEvent(st, call, ref, body, at)
		ev.Replay = true
		events = append(events, ev)
		return ev
	}
	for k := range st.Calls {
		call, seen := &st.Calls[k], shown[k]
		if seen == nil {
			seen = &Call{}
		}
		status := call.Status
		again(call, call.StatusRef, &status)
		lines := seen.Lines
		if !rules.Transcripts {
			lines = nil
		}
		finder := lineFinder{lines: call.Lines}
		for i, key := range lineKeys(lines) {
			if l := finder.find(key, i); l >= 0 && digest(lines[i].Text) == call.Lines[l].Digest {
				again(call, call.Lines[l].InfoRef, call.Lines[l].body(lines[i].Text))
			}
		}
		if call.Completion != nil {
			completed := *call.Completion
			again(call, call.CompletionRef, &completed).fillContext(st, call, seen)
		}
	}
	return events
}
