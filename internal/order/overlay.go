package order

import (
	"slices"
	"strconv"
	"strings"
)

// overlay lays the values of an answer over those announced, field by field.
// A later answer is not always a newer one, so what differs is not always news:
//
//   - A value where none was has arrived. It is accepted at once.
//   - No value where one was is stale: what the vendor knew it does not unlearn.
//     The announced one stays.
//   - A code whose values have an order (the state of an SMS, an agent) is
//     accepted at once where it moves on, and is stale where it goes back.
//   - Any other difference is a correction. It waits until the next answer shows
//     the same value again. A duration of 60 that is followed by 61, 60, 61
//     stays 60; followed by 61, 61 it becomes 61.
type overlay struct {
	seen      []Correction        // corrections that the answer before showed
	index     map[Correction]bool // of seen, once there are more than a few and one is asked for
	fresh     []Correction        // corrections shown for the first time
	confirmed []Correction        // corrections shown for the second time: accepted
	stale     int                 // values that went back
}

// correct reports whether a correction is shown for the second time.
func (o *overlay) correct(field string, d Digest) bool {
	shown := Correction{Field: field, Digest: d}
	if o.saw(shown) {
		o.confirmed = append(o.confirmed, shown)
		return true
	}
	o.fresh = append(o.fresh, shown)
	return false
}

// saw reports whether the answer before showed a correction.
func (o *overlay) saw(c Correction) bool {
	if len(o.seen) <= few {
		return slices.Contains(o.seen, c)
	}
	if o.index == nil {
		o.index = make(map[Correction]bool, len(o.seen))
		for _, s := range o.seen {
			o.index[s] = true
		}
	}
	return o.index[c]
}

// left returns the corrections to remember. One that was confirmed is kept as
// long as no event has announced it: before a call has ended its details wait
// for its next status, and the correction must not have to be seen twice again
// by then.
func (o *overlay) left(announced bool) []Correction {
	if announced || len(o.confirmed) == 0 {
		return o.fresh
	}
	return append(o.confirmed, o.fresh...)
}

func (o *overlay) text(field, was, now string) string {
	switch {
	case now == was:
		return was
	case now == "":
		o.stale++
		return was
	case was == "" || o.correct(field, digest(now)):
		return now
	}
	return was
}

func (o *overlay) time(field string, was, now Millis) Millis {
	return Millis(o.opt(field, Opt{int64(was), was != 0}, Opt{int64(now), now != 0}).N)
}

func (o *overlay) opt(field string, was, now Opt) Opt {
	switch {
	case now == was:
		return was
	case !now.Set:
		o.stale++
		return was
	case !was.Set || o.correct(field, digest(strconv.FormatInt(now.N, 10))):
		return now
	}
	return was
}

// step is opt for a code of a table that has an order. A code that is not in
// the table has no place in it.
func (o *overlay) step(field string, was, now Opt, table codes) Opt {
	from, to := table[was.N].rank, table[now.N].rank
	switch ranked := was.Set && now.Set && from > 0 && to > 0; {
	case ranked && to > from:
		return now
	case ranked && to < from:
		o.stale++
		return was
	}
	return o.opt(field, was, now)
}

// info lays an order's info over the one announced last.
func (o *overlay) info(was, now Info) Info {
	return Info{
		TaskID:      o.text("taskID", was.TaskID, now.TaskID),
		SceneID:     o.text("sceneID", was.SceneID, now.SceneID),
		UserPhone:   o.text("userPhone", was.UserPhone, now.UserPhone),
		Passthrough: o.text("passthrough", was.Passthrough, now.Passthrough),
	}
}

// details lays a call's details over those announced. was is not changed.
func (o *overlay) details(was, now *Details) Details {
	return Details{
		Leg:             o.leg(was.Leg, now.Leg),
		DurationSeconds: o.opt("durationSeconds", was.DurationSeconds, now.DurationSeconds),
		RecordingURL:    o.recording(was.RecordingURL, now.RecordingURL),
		Intents:         o.intents(was.Intents, now.Intents),
		SMS:             o.sms(was.SMS, now.SMS),
		Agent:           o.agent(was.Agent, now.Agent),
		Params:          o.params(was.Params, now.Params),
	}
}

func (o *overlay) leg(was, now Leg) Leg {
	return Leg{
		CallingNumber: o.text("callingNumber", was.CallingNumber, now.CallingNumber),
		LineAddress:   o.text("lineAddress", was.LineAddress, now.LineAddress),
		StartedAt:     o.time("startedAt", was.StartedAt, now.StartedAt),
		AnsweredAt:    o.time("answeredAt", was.AnsweredAt, now.AnsweredAt),
		EndedAt:       o.time("endedAt", was.EndedAt, now.EndedAt),
		HangupCause:   o.text("hangupCause", was.HangupCause, now.HangupCause),
		SIPCode:       o.text("sipCode", was.SIPCode, now.SIPCode),
	}
}

// recording takes URLs that differ only in their query as equal. The query is a
// signature that runs out, and every answer may bring a new one: each would look
// like a correction. For the same reason a correction is known by the URL
// without it.
func (o *overlay) recording(was, now string) string {
	if was == "" || now == "" {
		return o.text("recordingURL", was, now)
	}
	file := withoutQuery(now)
	if file != withoutQuery(was) && o.correct("recordingURL", digest(file)) {
		return now
	}
	return was
}

func withoutQuery(url string) string {
	if end := strings.IndexAny(url, "?#"); end >= 0 {
		return url[:end]
	}
	return url
}

func (o *overlay) agent(was, now Agent) Agent {
	return Agent{
		Name:        o.text("agentName", was.Name, now.Name),
		Group:       o.text("agentGroup", was.Group, now.Group),
		Label:       o.text("agentLabel", was.Label, now.Label),
		Status:      o.step("agentStatus", was.Status, now.Status, agentStatuses),
		TalkSeconds: o.opt("agentTalkSeconds", was.TalkSeconds, now.TalkSeconds),
		StartedAt:   o.time("agentStartedAt", was.StartedAt, now.StartedAt),
		AnsweredAt:  o.time("agentAnsweredAt", was.AnsweredAt, now.AnsweredAt),
		EndedAt:     o.time("agentEndedAt", was.EndedAt, now.EndedAt),
		HungUpBy:    o.step("agentHungUpBy", was.HungUpBy, now.HungUpBy, hangups),
	}
}
