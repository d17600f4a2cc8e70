package simulator

import (
	"encoding/binary"
	"strconv"
	"time"
)

// view is how a story is shown.
type view struct {
	version int
	epoch   int64 // Unix milliseconds of the story's beginning
	// canonical shows all timestamps in milliseconds, cut to whole seconds
	// where the API gives seconds.
	canonical bool
	seed      uint64
	unknown   float64 // Faults.UnknownStatus
	numeric   float64 // Faults.NumericIDs
}

// statusShown is the callStatus of a round at a moment, with the unknown ones
// that faults put in its place; false before the round began.
func (v *view) statusShown(r *round, at time.Duration) (int, bool) {
	code, ok := reached(r.steps, at)
	if !ok || v.unknown == 0 {
		return code, ok
	}
	sum := fingerprint(v.seed, "unknown status", r.id)
	if share(binary.BigEndian.Uint64(sum[:])) >= v.unknown {
		return code, true
	}
	switch sum[8] % 3 {
	case 0: // on the way
		if code == 3 || code == 4 {
			return 7, true
		}
	case 1: // for some time after the end
		if code > 5 && at < r.end+unknownFor {
			return 26, true
		}
	case 2: // from the end for ever
		if code > 5 {
			return 26, true
		}
	}
	return code, true
}

// finished is the API's finish in a version.
func (s *story) finished(version int) bool { return s.beats[version] >= s.finish }

// pen writes one order as JSON.
type pen struct {
	b       []byte
	at      time.Duration // the moment shown
	view    *view
	story   *story
	numeric bool
}

// render appends the order as the API shows it in a version, from 0 on.
func (s *story) render(b []byte, v *view) []byte {
	p := pen{b: b, at: s.beats[v.version], view: v, story: s, numeric: share(s.style.faultLuck) < v.numeric}
	p.open('{')
	p.text("orderID", s.order)
	p.text("userPhone", s.phone)
	p.optional(fieldName, "userName", s.name)
	p.id("sceneID", s.sceneID)
	p.text("userTaskID", s.task)
	if s.taskID != "" {
		p.id("taskID", s.taskID)
	} else {
		p.blank(fieldTaskID, "taskID", `""`)
	}
	p.key("finish")
	p.b = strconv.AppendBool(p.b, s.finished(v.version))
	p.optional(fieldPassthrough, "other", s.passthrough)
	if p.list(fieldCalls, "callInfoDetailList", s.rounds[0].steps[0].at <= p.at) {
		for i := range s.rounds {
			if r := &s.rounds[i]; r.steps[0].at <= p.at {
				p.call(r)
			}
		}
		p.close(']')
	}
	p.close('}')
	return p.b
}

func (p *pen) call(r *round) {
	begun := r.start <= p.at
	over := r.end <= p.at
	p.open('{')
	if r.idAt <= p.at {
		p.text("callID", r.id)
	} else {
		p.blank(fieldCallID, "callID", `""`)
	}
	p.text("callingNumber", r.number)
	p.text("lineAddress", r.address)
	code, _ := p.view.statusShown(r, p.at)
	p.number("callStatus", code)
	p.time(fieldStart, "callStartTs", r.start, begun)
	p.time(fieldAnswer, "callAnswerTs", r.answer, r.answer > 0 && r.answerAt <= p.at)
	p.time(fieldEnd, "callEndTs", r.end, over)
	if over && (r.talk > 0 || p.story.style.blank(fieldDuration) == empty) {
		p.number("callDuration", r.talk)
	} else {
		p.blank(fieldDuration, "callDuration", "0")
	}
	p.audio(r)
	p.optional(fieldCause, "hangupCause", when(over, r.cause))
	if sip := when(over, r.sip); sip != "" {
		p.id("termSipCode", sip)
	} else {
		p.blank(fieldSIP, "termSipCode", `""`)
	}
	p.intents(r)
	p.sms(r)
	p.agent(r.agent)
	p.params(r)
	p.lines(r)
	p.close('}')
}

// audio writes the recording's address. Where it has a token, each version has
// another one, as signed addresses of object stores do.
func (p *pen) audio(r *round) {
	if r.audioAt == 0 || r.audioAt > p.at {
		p.blank(fieldAudio, "callAudioUrl", `""`)
		return
	}
	url := r.audio
	if url[len(url)-1] == '=' {
		url += strconv.Itoa(p.view.version)
	}
	p.text("callAudioUrl", url)
}

func (p *pen) intents(r *round) {
	there := false
	for i := range r.intents {
		there = there || r.intents[i].at <= p.at
	}
	if !p.list(fieldIntents, "intents", there) {
		return
	}
	for _, v := range r.intents {
		if v.at <= p.at {
			p.open('{')
			p.id("intentID", v.id)
			p.optional(fieldIntentTag, "intentTag", v.tag)
			p.text("intentName", v.name)
			p.close('}')
		}
	}
	p.close(']')
}

func (p *pen) sms(r *round) {
	if !p.list(fieldSMS, "sms", len(r.sms) > 0 && r.sms[0].states[0].at <= p.at) {
		return
	}
	for _, m := range r.sms {
		if state, ok := reached(m.states, p.at); ok {
			p.open('{')
			p.number("smsSendTs", state)
			p.text("sysMessageID", m.id)
			p.text("smsContent", m.content)
			p.close('}')
		}
	}
	p.close(']')
}

// agent writes the agent; an empty one has all its fields null.
func (p *pen) agent(a *agent) {
	if a == nil || a.start > p.at {
		p.blank(fieldAgent, "agent", `{"agentName":null,"agentGroup":null,"agentCallStatus":null,"agentCallElapsed":null,`+
			`"agentLabel":null,"manualCallStart":null,"manualCallAnswer":null,"manualCallEnd":null,"manualHangupBy":null}`)
		return
	}
	over := a.end <= p.at
	p.key("agent")
	p.open('{')
	p.text("agentName", a.name)
	p.text("agentGroup", a.group)
	state, _ := reached(a.states, p.at)
	p.number("agentCallStatus", state)
	if over && a.answer > 0 {
		p.number("agentCallElapsed", a.talk)
	} else {
		p.blank(fieldAgentTalk, "agentCallElapsed", "null")
	}
	p.optional(fieldAgentText, "agentLabel", when(a.labelAt <= p.at, a.label))
	p.time(fieldAgentTimes, "manualCallStart", a.start, true)
	p.time(fieldAgentTimes, "manualCallAnswer", a.answer, a.answer > 0 && a.answer <= p.at)
	p.time(fieldAgentTimes, "manualCallEnd", a.end, over)
	if over {
		p.number("manualHangupBy", a.hungUpBy)
	} else {
		p.blank(fieldAgentTalk, "manualHangupBy", "0")
	}
	p.close('}')
}

func (p *pen) params(r *round) {
	if !p.list(fieldParams, "params", len(r.params) > 0 && r.params[0].at <= p.at) {
		return
	}
	for _, v := range r.params {
		if v.at <= p.at {
			p.open('{')
			p.text("name", v.name)
			p.text("value", v.value)
			p.close('}')
		}
	}
	p.close(']')
}

func (p *pen) lines(r *round) {
	there := false
	for i := range r.lines {
		there = there || r.lines[i].at <= p.at
	}
	if !p.list(fieldLines, "recordDetail", there) {
		return
	}
	for i := range r.lines {
		if l := &r.lines[i]; l.at <= p.at {
			p.line(l)
		}
	}
	p.close(']')
}

func (p *pen) line(l *line) {
	p.open('{')
	if l.corrected != "" && l.correctAt <= p.at {
		p.text("recordWord", l.corrected)
	} else {
		p.text("recordWord", l.text)
	}
	p.number("recordIndex", l.index)
	p.number("recordRole", l.role)
	p.number("recordType", l.kind)
	p.optional(fieldNode, "nodeID", l.node)
	p.optional(fieldNode, "nodeDesc", l.desc)
	p.key("createTs")
	p.stamp(l.spoken, p.story.style.lineSeconds)
	p.close('}')
}

// when is the text, or none before its time.
func when(yes bool, text string) string {
	if yes {
		return text
	}
	return ""
}
