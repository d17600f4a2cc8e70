package order

import "slices"

// changedFields names the fields of the event in which a revision of
// CallCompleted differs from the one before, as a consumer reads them: a call
// that goes from status 12 to 13 changes statusCode alone, since both are called
// USER_REJECTED.
func changedFields(was, now *CallCompleted, wasInfo, nowInfo Info) []string {
	var names []string
	add := func(name string, differs bool) {
		if differs {
			names = append(names, name)
		}
	}
	add("taskID", wasInfo.TaskID != nowInfo.TaskID)
	add("sceneID", wasInfo.SceneID != nowInfo.SceneID)
	add("userPhone", wasInfo.UserPhone != nowInfo.UserPhone)
	add("passthrough", wasInfo.Passthrough != nowInfo.Passthrough)
	add("status", was.Status.String() != now.Status.String())
	add("statusCode", was.Status != now.Status)
	add("outcome", was.Status.Outcome() != now.Status.Outcome())
	add("answered", was.Status.Answered() != now.Status.Answered())
	add("userName", was.UserName != now.UserName)
	add("callingNumber", was.CallingNumber != now.CallingNumber)
	add("lineAddress", was.LineAddress != now.LineAddress)
	add("startedAt", was.StartedAt != now.StartedAt)
	add("answeredAt", was.AnsweredAt != now.AnsweredAt)
	add("endedAt", was.EndedAt != now.EndedAt)
	add("ringSeconds", was.RingSeconds() != now.RingSeconds())
	add("durationSeconds", was.DurationSeconds != now.DurationSeconds)
	add("recordingURL", was.RecordingURL != now.RecordingURL)
	add("hangupCause", was.HangupCause != now.HangupCause)
	add("sipCode", was.SIPCode != now.SIPCode)
	add("intents", !slices.Equal(was.Intents, now.Intents))
	add("sms", !slices.Equal(was.SMS, now.SMS))
	addAgent(add, &was.Agent, &now.Agent)
	add("params", !slices.Equal(was.Params, now.Params))
	return names
}

func addAgent(add func(string, bool), was, now *Agent) {
	add("agentName", was.Name != now.Name)
	add("agentGroup", was.Group != now.Group)
	add("agentStatus", statusName(was.Status) != statusName(now.Status))
	add("agentStatusCode", was.Status != now.Status)
	add("agentLabel", was.Label != now.Label)
	add("agentTalkSeconds", was.TalkSeconds != now.TalkSeconds)
	add("agentStartedAt", was.StartedAt != now.StartedAt)
	add("agentAnsweredAt", was.AnsweredAt != now.AnsweredAt)
	add("agentEndedAt", was.EndedAt != now.EndedAt)
	add("agentHungUpBy", was.HungUpBy != now.HungUpBy)
}

func statusName(code Opt) string {
	if !code.Set {
		return ""
	}
	return AgentStatus(code.N)
}
