package simulator

import (
	"slices"
	"sort"
	"time"
)

// Beginnings of order IDs that decide a part of the story: see the package.
const (
	prefixMissing = "missing-"
	prefixLate    = "late-"
	prefixPoison  = "poison-"
	prefixDone    = "done-"
	prefixLive    = "live-"
)

// story is all that ever happens to one order. Moments are counted from its
// beginning; it never changes once told.
type story struct {
	ref
	nonexistent bool          // an order that never exists
	luck        float64       // below Config.Finished: over when first asked for
	age         time.Duration // of life since its end, if over when first asked for
	beats       []time.Duration
	finish      time.Duration // when the API's finish turns true
	style       style

	taskID, sceneID, phone, name, passthrough string

	rounds []round
}

// round is one call.
type round struct {
	id      string
	idAt    time.Duration // callID is left out before
	steps   []step        // callStatus
	number  string        // callingNumber
	address string        // lineAddress

	start, answer, end time.Duration // answer 0 = none
	answerAt           time.Duration // when callAnswerTs is first shown
	talk               int           // seconds
	audio              string
	audioAt            time.Duration // 0 = no recording
	cause, sip         string

	intents []intent
	sms     []message
	agent   *agent
	params  []param
	lines   []line
}

// step is a code from a moment on.
type step struct {
	at   time.Duration
	code int
}

type intent struct {
	at            time.Duration
	id, tag, name string
}

type message struct {
	states      []step
	id, content string
}

type agent struct {
	states             []step
	name, group, label string
	labelAt            time.Duration
	start, answer, end time.Duration // answer 0 = never
	talk, hungUpBy     int
}

type param struct {
	at          time.Duration
	name, value string
}

type line struct {
	at         time.Duration // when the API first shows it
	spoken     time.Duration
	index      int
	role, kind int
	text       string
	corrected  string // empty = never corrected
	correctAt  time.Duration
	node, desc string
}

// end is the last beat.
func (s *story) end() time.Duration {
	if len(s.beats) == 0 {
		return 0
	}
	return s.beats[len(s.beats)-1]
}

// versionAt counts the beats up to a moment, from 0; -1 before the order exists.
func (s *story) versionAt(elapsed time.Duration) int {
	return sort.Search(len(s.beats), func(i int) bool { return s.beats[i] > elapsed }) - 1
}

// last is the last version; -1 for an order that never exists.
func (s *story) last() int { return len(s.beats) - 1 }

// reached is the code at a moment, or false before the first.
func reached(steps []step, at time.Duration) (int, bool) {
	code, ok := 0, false
	for _, s := range steps {
		if s.at > at {
			break
		}
		code, ok = s.code, true
	}
	return code, ok
}

// unknownFor is how long after its end a call shows an unknown status, where it
// does so for some time only.
const unknownFor = time.Minute

// mark collects the beats: birth and every moment after it at which the order
// looks different.
func (s *story) mark(birth time.Duration) {
	beats := append(make([]time.Duration, 0, 64), birth, s.finish)
	steps := func(list []step) {
		for _, st := range list {
			beats = append(beats, st.at)
		}
	}
	for i := range s.rounds {
		r := &s.rounds[i]
		steps(r.steps)
		beats = append(beats, r.idAt, r.start, r.answerAt, r.end, r.end+unknownFor, r.audioAt)
		for _, v := range r.intents {
			beats = append(beats, v.at)
		}
		for _, v := range r.sms {
			steps(v.states)
		}
		for _, v := range r.params {
			beats = append(beats, v.at)
		}
		for _, v := range r.lines {
			beats = append(beats, v.at, v.correctAt)
		}
		if a := r.agent; a != nil {
			steps(a.states)
			beats = append(beats, a.labelAt)
		}
	}
	slices.Sort(beats)
	beats = slices.Compact(beats)
	s.beats = beats[sort.Search(len(beats), func(i int) bool { return beats[i] >= birth }):]
}

// style is how the vendor writes one order.
type style struct {
	callSeconds bool   // timestamps of calls and agents in seconds
	lineSeconds bool   // timestamps of lines in seconds
	blanks      uint64 // two bits a field: how it is written while it has no value
	faultLuck   uint64 // decides the faults that stay with an order
}

// blank is how a field without a value is written.
type blank int

const (
	absent blank = iota
	null
	empty // "", 0 or []
)

// blank chooses absent twice as often as null and empty, as the vendor's
// answers mostly leave out what they have not.
func (s style) blank(f field) blank {
	return [...]blank{absent, absent, null, empty}[s.blanks>>(2*uint(f))&3]
}

// field numbers the fields that can be blank; there is room for 32.
type field uint

const (
	fieldName field = iota
	fieldPassthrough
	fieldCalls
	fieldCallID
	fieldAnswer
	fieldEnd
	fieldDuration
	fieldAudio
	fieldCause
	fieldSIP
	fieldIntents
	fieldSMS
	fieldAgent
	fieldAgentText
	fieldAgentTimes
	fieldAgentTalk
	fieldParams
	fieldLines
	fieldNode
	fieldStart
	fieldTaskID
	fieldIntentTag
)
