package simulator

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// dice tells a story.
type dice struct{ *rand.Rand }

func (d dice) chance(p float64) bool { return d.Float64() < p }

// span is a length from lo up to, not including, hi, in whole milliseconds.
func (d dice) span(lo, hi time.Duration) time.Duration {
	return (lo + time.Duration(d.Int64N(int64(hi-lo)))).Truncate(time.Millisecond)
}

func pick[T any](d dice, list []T) T { return list[d.IntN(len(list))] }

// fingerprint hashes a seed and texts, each with its length.
func fingerprint(seed uint64, texts ...string) [sha256.Size]byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 128), seed)
	for _, t := range texts {
		b = binary.BigEndian.AppendUint32(b, uint32(len(t)))
		b = append(b, t...)
	}
	return sha256.Sum256(b)
}

// share turns 64 random bits into a number from 0 to 1.
func share(bits uint64) float64 { return float64(bits>>11) / (1 << 53) }

// maxRounds is the most calls an order gets.
const maxRounds = 3

// newStory makes up an order's story: answers is the chance that a call is
// answered, lines the mean length of its transcript.
func newStory(seed uint64, r ref, answers float64, lines int) *story {
	sum := fingerprint(seed, r.task, r.order)
	word := func(i int) uint64 { return binary.BigEndian.Uint64(sum[8*i:]) }
	d := dice{rand.New(rand.NewPCG(word(0), word(1)))}
	st := &story{ref: r, luck: share(word(2)), style: style{faultLuck: word(3), blanks: d.Uint64()}}
	st.age = d.span(time.Minute, 24*time.Hour)
	st.style.callSeconds = d.chance(0.4)
	st.style.lineSeconds = st.style.callSeconds != d.chance(0.1)
	var birth time.Duration
	switch {
	case strings.HasPrefix(r.order, prefixMissing):
		st.nonexistent = true
		return st
	case strings.HasPrefix(r.order, prefixLate):
		birth, st.luck = d.span(20*time.Second, 2*time.Minute), 1
	case strings.HasPrefix(r.order, prefixDone):
		st.luck = -1
	case strings.HasPrefix(r.order, prefixLive):
		st.luck = 1
	}
	sc := &scenes[d.IntN(len(scenes))]
	st.describe(d, sc)
	st.call(d, sc, birth, answers, lines)
	st.mark(birth)
	return st
}

// describe fills what the order says of itself.
func (s *story) describe(d dice, sc *scene) {
	s.sceneID = sc.id
	if d.chance(0.8) {
		s.taskID = strconv.Itoa(700000 + d.IntN(90000))
	}
	s.phone = sc.dialCode + fmt.Sprintf("%08d", d.IntN(100_000_000))
	if d.chance(0.85) {
		s.name = pick(d, sc.names)
	}
	switch d.IntN(5) {
	case 0:
		s.passthrough = `{"crm":"` + strconv.Itoa(d.IntN(1_000_000)) + `","campaign":"autumn"}`
	case 1:
		s.passthrough = sc.passthrough
	}
}

// call plans the rounds, and finish behind the last one.
func (s *story) call(d dice, sc *scene, birth time.Duration, answers float64, lines int) {
	at := birth
	if d.chance(0.5) {
		at += d.span(0, 5*time.Second) // the order is there before its first call
	}
	limit := 1 + d.IntN(maxRounds)
	for range limit {
		r, hopeless := newRound(d, sc, at, answers, lines)
		s.rounds = append(s.rounds, r)
		if r.final() == statusAnswered || hopeless {
			break
		}
		at = r.end + d.span(30*time.Second, 5*time.Minute)
	}
	s.finish = s.rounds[len(s.rounds)-1].end + d.span(0, 10*time.Second)
}

func (r *round) final() int { return r.steps[len(r.steps)-1].code }

// newRound plans a call; hopeless means that no further round will be tried.
func newRound(d dice, sc *scene, at time.Duration, answers float64, lines int) (r round, hopeless bool) {
	r = round{
		id:      fmt.Sprintf("%016x", d.Uint64()),
		number:  pick(d, sc.numbers),
		address: fmt.Sprintf("line-%02d@gateway-%d", d.IntN(40), 1+d.IntN(3)),
	}
	e := &answered
	if !d.chance(answers) {
		e = unanswered(d)
	}
	r.climb(d, e, at)
	r.cause, r.sip = pick(d, e.causes), pick(d, e.sips)
	if e.status == statusAnswered {
		r.converse(d, sc, lines)
	} else {
		r.fail(d, sc, e)
	}
	r.text(d, sc, e.status == statusAnswered)
	if d.chance(0.15) {
		r.idAt = r.steps[min(1, len(r.steps)-1)].at
	}
	for i, name := range sc.params {
		p := param{at: r.steps[0].at, name: name, value: pick(d, sc.values)}
		if i > 0 { // asked for in the call
			p.at = r.end + d.span(0, 3*time.Second)
		}
		if i == 0 || e.status == statusAnswered && d.chance(0.7) {
			r.params = append(r.params, p)
		}
	}
	return r, e.hopeless
}

// climb lets the status rise to the height of the ending, some on the way
// skipped. The talk of an answered call is added by converse.
func (r *round) climb(d dice, e *ending, at time.Duration) {
	for code := 1; code <= e.height; code++ {
		switch code {
		case 3:
			r.start = at
		case 5:
			r.answer, r.answerAt = at, at
		}
		if code == 1 && len(r.steps) == 0 && d.chance(0.8) || code > 1 && d.chance(0.85) {
			r.steps = append(r.steps, step{at, code})
		}
		at += d.span(stays[code].lo, stays[code].hi)
	}
	if r.start == 0 {
		r.start = at
	}
	r.end = at
}

// stays is how long a call stays in each of the statuses 1 to 5; the length of
// 5 is the talk's and added apart.
var stays = [...]struct{ lo, hi time.Duration }{
	1: {500 * time.Millisecond, 4 * time.Second},
	2: {200 * time.Millisecond, 2 * time.Second},
	3: {1 * time.Second, 4 * time.Second},
	4: {4 * time.Second, 30 * time.Second},
	5: {1 * time.Second, 2 * time.Second},
}

// fail ends a call that nobody took.
func (r *round) fail(d dice, sc *scene, e *ending) {
	r.steps = append(r.steps, step{r.end, e.status})
	if e.status == statusUnknownReason && d.chance(0.3) { // the carrier tells later
		r.steps = append(r.steps, step{r.end + d.span(20*time.Second, 90*time.Second), pick(d, []int{9, 10, 22})})
	}
	if d.chance(0.3) { // an answer time on an unanswered call
		r.answer, r.answerAt = r.end, r.end
	}
	if e.status == statusVoiceMail && d.chance(0.6) {
		r.lines = append(r.lines, line{
			at: r.end, spoken: r.end - time.Second, role: roleUser, kind: typeResponse, text: sc.voiceMail,
		})
	}
}

// text plans the message after the call, for some.
func (r *round) text(d dice, sc *scene, taken bool) {
	p := 0.12
	if taken {
		p = 0.3
	}
	if !d.chance(p) {
		return
	}
	at := r.end + d.span(0, 4*time.Second)
	m := message{id: fmt.Sprintf("sms-%010d", d.Int64N(1e10)), content: pick(d, sc.messages)}
	if d.chance(0.7) {
		m.states = append(m.states, step{at, 0})
		at += d.span(time.Second, 5*time.Second)
	}
	m.states = append(m.states, step{at, 1})
	at += d.span(2*time.Second, 30*time.Second)
	if d.chance(0.15) {
		m.states = append(m.states, step{at, 3})
	} else {
		m.states = append(m.states, step{at, 2})
		if d.chance(0.3) {
			m.states = append(m.states, step{at + d.span(10*time.Second, 5*time.Minute), 4})
		}
	}
	r.sms = append(r.sms, m)
}
