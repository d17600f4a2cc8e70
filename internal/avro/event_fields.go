package avro

import (
	"cmp"
	"slices"
	"strings"

	"callstream/internal/order"
)

// fillCommon sets the fields that all events have.
func (e *Encoder) fillCommon(r *native, ev *order.Event) {
	r.set("eventID", ev.ID.String())
	r.set("observedAt", int64(ev.ObservedAt))
	r.text("orderID", ev.Ref.ID)
	r.text("userTaskID", ev.Task)
	r.text("callID", ev.CallID)
	r.optText("taskID", ev.TaskID)
	r.optText("sceneID", ev.SceneID)
	phone := ev.UserPhone
	if phone != "" && e.opts.Phone != nil {
		phone = e.opts.Phone(phone)
	}
	r.optText("userPhone", phone)
	r.optText("passthrough", ev.Passthrough)
	r.set("attempt", nearestInt(int64(ev.Attempt)))
	r.set("trackedSince", int64(ev.TrackedSince))
}

func fillStatus(_ *Encoder, r *native, ev *order.Event) {
	b := ev.Body.(*order.StatusChanged)
	r.set("sequence", nearestInt(int64(b.Sequence)))
	r.optName("previousStatus", b.Previous, statusName)
	r.optInt("previousStatusCode", b.Previous)
	r.set("status", b.Status.String())
	r.set("statusCode", nearestInt(int64(b.Status)))
	r.set("completed", b.Final)
	fillLeg(r, &b.Leg)
}

func fillLeg(r *native, l *order.Leg) {
	r.optText("callingNumber", l.CallingNumber)
	r.optText("lineAddress", l.LineAddress)
	r.optTime("startedAt", l.StartedAt)
	r.optTime("answeredAt", l.AnsweredAt)
	r.optTime("endedAt", l.EndedAt)
	r.optText("hangupCause", l.HangupCause)
	r.optText("sipCode", l.SIPCode)
}

func statusName(code int64) string { return order.Status(code).String() }

func fillCompleted(e *Encoder, r *native, ev *order.Event) {
	b := ev.Body.(*order.CallCompleted)
	r.set("revision", nearestInt(int64(b.Revision)))
	r.strings("changedFields", b.ChangedFields)
	r.set("status", b.Status.String())
	r.set("statusCode", nearestInt(int64(b.Status)))
	r.set("outcome", b.Status.Outcome())
	r.set("answered", b.Status.Answered())
	r.optText("userName", b.UserName)
	fillLeg(r, &b.Leg)
	r.optInt("ringSeconds", b.RingSeconds())
	r.optInt("durationSeconds", b.DurationSeconds)
	r.optText("recordingURL", b.RecordingURL)
	fillLists(r, &b.Details)
	fillAgent(r, &b.Agent)
	r.set("transcriptLines", nearestInt(int64(ev.TranscriptLines)))
	r.set("transcriptText", nil)
	if e.opts.CompletedTranscript {
		r.optText("transcriptText", transcriptText(ev.Transcript))
	}
	r.set("orderFinished", ev.OrderFinished)
	r.strings("omittedFields", nil)
}

func fillLists(r *native, d *order.Details) {
	for i, n := range r.records("intents", len(d.Intents)) {
		n.optText("intentID", d.Intents[i].ID)
		n.optText("intentTag", d.Intents[i].Tag)
		n.optText("intentName", d.Intents[i].Name)
	}
	for i, n := range r.records("sms", len(d.SMS)) {
		n.optText("messageID", d.SMS[i].MessageID)
		n.optName("state", d.SMS[i].State, order.SMSState)
		n.optInt("stateCode", d.SMS[i].State)
		n.optText("content", d.SMS[i].Content)
	}
	params := r.emptyMap("params")
	for _, p := range d.Params {
		params[valid(p.Name)] = valid(p.Value)
	}
}

func fillAgent(r *native, a *order.Agent) {
	r.optText("agentName", a.Name)
	r.optText("agentGroup", a.Group)
	r.optName("agentStatus", a.Status, order.AgentStatus)
	r.optText("agentLabel", a.Label)
	r.optName("agentHungUpBy", a.HungUpBy, order.HungUpBy)
	r.optInt("agentStatusCode", a.Status)
	r.optInt("agentTalkSeconds", a.TalkSeconds)
	r.optTime("agentStartedAt", a.StartedAt)
	r.optTime("agentAnsweredAt", a.AnsweredAt)
	r.optTime("agentEndedAt", a.EndedAt)
}

func fillLine(_ *Encoder, r *native, ev *order.Event) {
	b := ev.Body.(*order.TranscriptLine)
	r.set("lineIndex", nearestInt(int64(b.Index)))
	r.set("occurrence", nearestInt(int64(b.Occurrence)))
	r.set("revision", nearestInt(int64(b.Revision)))
	r.set("role", order.LineRole(b.Role))
	r.set("roleCode", nearestInt(int64(b.Role)))
	r.set("lineType", order.LineType(b.Type))
	r.set("lineTypeCode", nearestInt(int64(b.Type)))
	r.text("text", b.Text)
	r.optText("nodeID", b.NodeID)
	r.optText("nodeDesc", b.NodeDesc)
	r.optTime("spokenAt", b.SpokenAt)
	r.set("truncated", false)
}

// transcriptText is the transcript as one text, the speaker before each line.
func transcriptText(lines []order.Line) string {
	byIndex := func(a, b order.Line) int { return cmp.Compare(a.Index, b.Index) }
	if !slices.IsSortedFunc(lines, byIndex) {
		lines = slices.Clone(lines)
		slices.SortStableFunc(lines, byIndex)
	}
	var b strings.Builder
	for i, line := range lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(order.LineRole(line.Role))
		b.WriteString(": ")
		b.WriteString(line.Text)
	}
	return b.String()
}
