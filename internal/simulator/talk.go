package simulator

import (
	"fmt"
	"time"
)

// The vendor's recordRole and recordType.
const (
	roleRobot = 0
	roleUser  = 1
	roleAgent = 2

	typeTimeout      = 5
	typeInterruption = 6
	typeResponse     = 7
	typeServer       = 8
	typeAgentReply   = 18
)

// converse plans the talk of an answered call and all that comes of it.
func (r *round) converse(d dice, sc *scene, mean int) {
	n := max(1, int(float64(mean)*(0.4+1.2*d.Float64())+0.5))
	var transfer time.Duration // since the answer; 0 = none
	gap := d.span(2500*time.Millisecond, 6*time.Second)
	if d.chance(0.2) && n >= 4 {
		transfer = gap * time.Duration(n*6/10)
	}
	talk := gap * time.Duration(n)
	r.end = r.answer + talk
	r.talk = int(talk / time.Second)
	r.steps = append(r.steps, step{r.end, statusAnswered})
	connected := transfer > 0 && r.transfer(d, sc, transfer)
	r.speak(d, sc, n, gap, transfer, connected)
	r.correct(d)
	for i := range d.IntN(3) {
		v := sc.intents[(i+int(talk))%len(sc.intents)]
		v.at = r.answer + d.span(0, talk)
		if d.chance(0.2) { // recognised afterwards
			v.at = r.end + d.span(time.Second, 20*time.Second)
		}
		r.intents = append(r.intents, v)
	}
	if d.chance(0.9) {
		r.audioAt = r.end + d.span(2*time.Second, 90*time.Second)
		r.audio = "https://recordings.example.com/" + r.id + ".wav"
		if d.chance(0.25) {
			r.audio += "?token=" // renewed with every version: see render
		}
	}
}

// speak plans the lines, shown soon after they are spoken or, for some calls,
// as a whole after the end.
func (r *round) speak(d dice, sc *scene, n int, gap, transfer time.Duration, connected bool) {
	whole := d.chance(0.1)
	shownAfter := r.end + d.span(time.Second, 30*time.Second)
	first := 1 - d.IntN(2)
	twins := d.chance(0.03) // an interruption under the index of the line it cuts
	r.lines = make([]line, 0, n)
	for i := range n {
		spoken := r.answer + gap*time.Duration(i) + d.span(0, gap/2)
		l := line{spoken: spoken, at: spoken + d.span(100*time.Millisecond, 2*time.Second), index: first + i}
		if whole {
			l.at = shownAfter
		}
		switch {
		case i%2 == 1:
			l.role, l.kind, l.text = roleUser, typeResponse, pick(d, sc.user)
			switch {
			case d.chance(0.08):
				l.kind, l.text = typeTimeout, ""
			case d.chance(0.1):
				l.kind = typeInterruption
			}
			if twins && l.kind == typeInterruption {
				l.index--
			}
		case connected && gap*time.Duration(i) > transfer:
			l.role, l.kind, l.text = roleAgent, typeAgentReply, pick(d, sc.agent)
		default:
			turn := (i / 2) % len(sc.robot)
			l.role, l.kind, l.text = roleRobot, typeServer, sc.robot[turn]
			l.node, l.desc = fmt.Sprintf("n-%02d", turn+1), sc.nodes[turn%len(sc.nodes)]
		}
		r.lines = append(r.lines, l)
	}
}

// correct plans second thoughts of the speech recognition about users' lines.
func (r *round) correct(d dice) {
	for i := range r.lines {
		l := &r.lines[i]
		if l.role == roleUser && l.text != "" && d.chance(0.04) {
			l.corrected = l.text + " (✓)"
			l.correctAt = max(l.at, r.end) + d.span(5*time.Second, 2*time.Minute)
		}
	}
}

// transfer plans a human agent's part and reports whether one was reached.
func (r *round) transfer(d dice, sc *scene, after time.Duration) bool {
	at := r.answer + after
	a := &agent{name: pick(d, sc.agents), group: sc.group, start: at}
	r.agent = a
	a.states = append(a.states, step{at, 1})
	at += d.span(500*time.Millisecond, 2*time.Second)
	if d.chance(0.2) {
		a.end, a.labelAt = at, at
		a.states = append(a.states, step{at, pick(d, []int{10, 12})})
		return false
	}
	a.states = append(a.states, step{at, 2})
	at += d.span(500*time.Millisecond, 2*time.Second)
	a.answer = at
	a.end = max(r.end, at)
	a.states = append(a.states, step{at, 3}, step{a.end, 4})
	a.talk = int((a.end - at) / time.Second)
	a.hungUpBy = 1 + d.IntN(2)
	a.label = pick(d, sc.labels)
	a.labelAt = a.end + d.span(0, 40*time.Second)
	return true
}
