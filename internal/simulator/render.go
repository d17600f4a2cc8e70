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
	// callback writes a call as callbacks show it: without its lines, and with
	// a level for each intent.
	callback bool
}

// render appends the order as the API shows it in a version, from 0 on.
func (s *story) render(b []byte, v *view) []byte {
	p := s.pen(b, v)
	p.open('{')
	p.order()
	list(&p, fieldCalls, "callInfoDetailList", s.rounds, func(r *round) time.Duration { return r.steps[0].at }, p.call)
	p.close('}')
	return p.b
}

// renderCallback writes what a callback says of one of the order's calls.
func (s *story) renderCallback(v *view, r *round) []byte {
	p := s.pen(nil, v)
	p.callback = true
	p.open('{')
	p.key("callbackType") // by order a number or a text, as with the vendor
	if s.style.faultLuck%2 == 0 {
		p.b = append(p.b, '2')
	} else {
		p.b = append(p.b, `"2"`...)
	}
	p.order()
	p.key("callInfoDetail")
	p.open('{')
	p.call(r)
	p.close('}')
	p.close('}')
	return p.b
}

func (s *story) pen(b []byte, v *view) pen {
	return pen{b: b, at: s.beats[v.version], view: v, story: s, numeric: share(s.style.faultLuck) < v.numeric}
}

// order writes what the order says of itself.
func (p *pen) order() {
	s, v := p.story, p.view
	p.text("orderID", s.order)
	p.text("userPhone", s.phone)
	p.optional(fieldName, "userName", s.name)
	p.id("sceneID", s.sceneID)
	p.text("userTaskID", s.task)
	p.optionalID(fieldTaskID, "taskID", s.taskID)
	p.key("finish")
	p.b = strconv.AppendBool(p.b, s.finished(v.version))
	p.optional(fieldPassthrough, "other", s.passthrough)
}

func (p *pen) call(r *round) {
	over := r.end <= p.at
	p.optional(fieldCallID, "callID", when(r.idAt <= p.at, r.id))
	p.text("callingNumber", r.number)
	p.text("lineAddress", r.address)
	code, _ := p.view.statusShown(r, p.at)
	p.number("callStatus", code)
	p.time(fieldStart, "callStartTs", r.start, r.start <= p.at)
	p.time(fieldAnswer, "callAnswerTs", r.answer, r.answer > 0 && r.answerAt <= p.at)
	p.time(fieldEnd, "callEndTs", r.end, over)
	p.optionalNumber(fieldDuration, "callDuration", r.talk, over && r.talk > 0, "0")
	p.optional(fieldAudio, "callAudioUrl", p.audio(r))
	p.optional(fieldCause, "hangupCause", when(over, r.cause))
	p.optionalID(fieldSIP, "termSipCode", when(over, r.sip))
	list(p, fieldIntents, "intents", r.intents, func(v *intent) time.Duration { return v.at }, func(v *intent) {
		p.id("intentID", v.id)
		p.optional(fieldIntentTag, "intentTag", v.tag)
		p.text("intentName", v.name)
		if p.callback {
			p.text("intentLevel", "A")
		}
	})
	list(p, fieldSMS, "sms", r.sms, func(m *message) time.Duration { return m.states[0].at }, func(m *message) {
		state, _ := reached(m.states, p.at)
		p.number("smsSendTs", state)
		p.text("sysMessageID", m.id)
		p.text("smsContent", m.content)
	})
	p.agent(r.agent)
	list(p, fieldParams, "params", r.params, func(v *param) time.Duration { return v.at }, func(v *param) {
		p.text("name", v.name)
		p.text("value", v.value)
	})
	if p.callback {
		return
	}
	list(p, fieldLines, "recordDetail", r.lines, func(l *line) time.Duration { return l.at }, p.line)
}

// audio is the recording's address. Where it has a token, each version has
// another one, as signed addresses of object stores do.
func (p *pen) audio(r *round) string {
	switch {
	case r.audioAt == 0 || r.audioAt > p.at:
		return ""
	case r.audio[len(r.audio)-1] == '=':
		return r.audio + strconv.Itoa(p.view.version)
	}
	return r.audio
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
	p.optionalNumber(fieldAgentTalk, "agentCallElapsed", a.talk, over && a.answer > 0, "null")
	p.optional(fieldAgentText, "agentLabel", when(a.labelAt <= p.at, a.label))
	p.time(fieldAgentTimes, "manualCallStart", a.start, true)
	p.time(fieldAgentTimes, "manualCallAnswer", a.answer, a.answer > 0 && a.answer <= p.at)
	p.time(fieldAgentTimes, "manualCallEnd", a.end, over)
	p.optionalNumber(fieldAgentTalk, "manualHangupBy", a.hungUpBy, over, "0")
	p.close('}')
}

func (p *pen) line(l *line) {
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
}

// when is the text, or none before its time.
func when(yes bool, text string) string {
	if yes {
		return text
	}
	return ""
}
