package simulator

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"time"
)

const (
	// statusUnreached is how a campaign's calls end that nobody answered.
	statusUnreached = 23
	// never is a moment that no campaign reaches.
	never = math.MaxInt64 / 2 * time.Nanosecond
)

// story tells what is known of an order that has had these calls, as the answers
// render it: a call that began is told to its end, which the view hides until it
// has come. The versions of a story told before stay what they were, for new
// calls begin later than all that was shown.
func (c *campaign) story(d *dialer, order int, calls []placedCall) *story {
	st := &story{ref: ref{d.task, d.ids[order]}, finish: never}
	dice, sc := c.person(d, order)
	st.style = style{faultLuck: dice.Uint64(), blanks: dice.Uint64()}
	st.describe(dice, sc)
	for i, k := range calls {
		st.rounds = append(st.rounds, c.round(d, order, i+1, k.start, k.line))
	}
	if n := len(calls); n > 0 && (calls[n-1].answer > 0 || n == maxRounds) {
		st.finish = calls[n-1].end
	}
	st.mark(0)
	return st
}

// person returns the dice that describe an order, and its scene.
func (c *campaign) person(d *dialer, order int) (dice, *scene) {
	sum := fingerprint(c.seed, d.task, d.ids[order])
	dice := dice{rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])))}
	return dice, &scenes[dice.IntN(len(scenes))]
}

// round tells the whole of a call that begins at a moment, the same each time.
func (c *campaign) round(d *dialer, order, attempt int, start time.Duration, line int) round {
	_, sc := c.person(d, order)
	sum := fingerprint(c.seed, "call", d.task, d.ids[order], strconv.Itoa(attempt))
	dice := dice{rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])))}
	ring := start + c.span(dice, time.Second, 4*time.Second)
	rung := ring + c.span(dice, 3*time.Second, 23*time.Second)
	r := round{
		id: fmt.Sprintf("%016x", sum[16:24]), idAt: start, number: pick(dice, sc.numbers),
		address: fmt.Sprintf("line-%03d@gateway-%s", line+1, d.task), start: start, end: rung,
		steps: []step{{start, 3}, {ring, 4}},
	}
	if dice.chance(c.answers) {
		c.talk(dice, sc, &r)
		return r
	}
	r.steps = append(r.steps, step{r.end, statusUnreached})
	r.cause, r.sip = "NO_USER_RESPONSE", "408"
	return r
}

// talk tells what follows when a call is answered.
func (c *campaign) talk(dice dice, sc *scene, r *round) {
	length := 10*time.Second + time.Duration(dice.ExpFloat64()*float64(50*time.Second))
	r.answer, r.answerAt = r.end, r.end
	r.end += c.wall(length)
	r.talk = int((r.end - r.answer) / time.Second)
	r.steps = append(r.steps, step{r.answer, 5}, step{r.end, statusAnswered})
	r.cause, r.sip = "NORMAL_CLEARING", "200"
	r.audioAt = r.end + c.span(dice, 5*time.Second, 35*time.Second)
	r.audio = "https://recordings.example.com/" + r.id + ".wav"
	for at := r.answer + c.wall(time.Second); at < r.end; at += c.span(dice, 2*time.Second, 7*time.Second) {
		turn := len(r.lines)
		l := line{at: at, spoken: at, index: turn + 1, role: roleUser, kind: typeResponse, text: pick(dice, sc.user)}
		if turn%2 == 0 {
			l.role, l.kind, l.text = roleRobot, typeServer, sc.robot[turn/2%len(sc.robot)]
		}
		r.lines = append(r.lines, l)
	}
}

// span is a wall time, uniform between two lifelike lengths; a campaign that runs
// at a thousand times life's speed still moves.
func (c *campaign) span(d dice, lo, hi time.Duration) time.Duration {
	return max(time.Millisecond, c.wall(d.span(lo, hi)))
}

// statusOf is the callStatus of the last of an order's calls at a moment, and the
// API's finish; 0 before the first. Calls that begin later don't count: another
// request may have moved the dialer on already.
func statusOf(calls []placedCall, at time.Duration) (status int, finished bool) {
	n := len(calls)
	for n > 0 && calls[n-1].start > at {
		n--
	}
	if n == 0 {
		return 0, false
	}
	k := calls[n-1]
	switch {
	case k.end <= at && k.answer > 0:
		return statusAnswered, true
	case k.end <= at:
		return statusUnreached, n == maxRounds
	case k.answer > 0 && k.answer <= at:
		return 5, false
	case k.ring <= at:
		return 4, false
	}
	return 3, false
}
