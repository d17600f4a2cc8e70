package order

import (
	"math/rand/v2"
	"testing"
)

// chaos reads answers from any bytes: of few names and values, so that they
// meet, repeat and contradict each other.
type chaos struct{ bytes []byte }

func (c *chaos) pick(n int) int {
	if len(c.bytes) == 0 {
		return 0
	}
	b := c.bytes[0]
	c.bytes = c.bytes[1:]
	return int(b) % n
}

func (c *chaos) text(values ...string) string { return append(values, "", "")[c.pick(len(values)+2)] }
func (c *chaos) time() Millis                 { return Millis(c.pick(3)) }

func (c *chaos) opt(codes ...int64) Opt {
	if i := c.pick(len(codes) + 2); i < len(codes) {
		return Some(codes[i])
	}
	return Opt{}
}

// answers reads up to 12 answers, some of them again.
func (c *chaos) answers() []*Answer {
	const most = 12
	var all []*Answer
	for len(c.bytes) > 0 && len(all) < most {
		n := len(all)
		if n == 0 {
			all = append(all, c.answer())
			continue
		}
		switch last := all[n-1]; c.pick(6) {
		case 0: // a new one
			all = append(all, c.answer())
		case 1: // an old one
			all = append(all, deepClone(all[c.pick(n)]))
		case 2: // as before
			all = append(all, deepClone(last))
		default: // as before but for one call
			all = append(all, c.retold(last))
		}
	}
	return all
}

// retold is the answer with one of its calls moved on, back or aside.
func (c *chaos) retold(ans *Answer) *Answer {
	ans = deepClone(ans)
	n := len(ans.Calls)
	if n == 0 {
		return c.answer()
	}
	was, now := &ans.Calls[c.pick(n)], c.call()
	switch c.pick(5) {
	case 0:
		was.Status = now.Status
	case 1:
		was.Details = c.details()
	case 2:
		was.Lines = now.Lines
	case 3:
		now.ID = was.ID
		*was = now
	default:
		*was = now
	}
	return ans
}

func (c *chaos) answer() *Answer {
	a := &Answer{Ref: storyRef, Finished: c.pick(3) == 0, UserName: c.text("Bo", "Bea")}
	a.UserPhone, a.Passthrough = c.text("1", "2"), c.text("p", "q")
	for range c.pick(4) {
		a.Calls = append(a.Calls, c.call())
	}
	return a
}

func (c *chaos) call() Call {
	codes := []Status{1, 2, 3, 4, 5, 6, 6, 10, 12, 13, 24, 99, 98, 0, NoStatus}
	call := Call{ID: c.text("a", "b", "c"), Status: codes[c.pick(len(codes))]}
	switch c.pick(4) {
	case 0:
		return call
	case 1:
		call.EndedAt, call.StartedAt = c.time(), c.time()
	case 2:
		call.Details = c.details()
	case 3:
	}
	for range c.pick(4) {
		roles := []int{NoCode, 0, 1}
		call.Lines = append(call.Lines, Line{
			Index: c.pick(3), Role: roles[c.pick(3)], Type: NoCode, Text: c.text("x", "y"), NodeID: c.text("n"), SpokenAt: c.time(),
		})
	}
	return call
}

func (c *chaos) details() Details {
	d := Details{
		Leg:             Leg{CallingNumber: c.text("1", "2"), StartedAt: c.time(), EndedAt: c.time()},
		DurationSeconds: c.opt(0, 1), RecordingURL: c.text("r?1", "r?2", "s?1"),
		Agent: Agent{Name: c.text("Ada"), Status: c.opt(1, 3, 4, 10, 77), HungUpBy: c.opt(0, 1, 2)},
	}
	for range c.pick(3) {
		d.Intents = append(d.Intents, Intent{ID: c.text("1", "2"), Tag: c.text("A", "B")})
	}
	for range c.pick(3) {
		d.SMS = append(d.SMS, SMS{MessageID: c.text("m", "n"), State: c.opt(0, 1, 2, 3, 77), Content: c.text("x", "y")})
	}
	for range c.pick(3) {
		d.Params = append(d.Params, Param{Name: c.text("p", "q"), Value: c.text("1", "2")})
	}
	return d
}

func checkChaos(data []byte) error {
	c := chaos{data}
	rules := Rules{Transcripts: c.pick(4) != 0}
	answers := c.answers()
	if len(answers) == 0 {
		return nil
	}
	st, _, err := follow(answers, rules)
	if err != nil {
		return err
	}
	if err := settles(st, answers[0], rules); err != nil {
		return err
	}
	return checkMerge(answers, rules)
}

// checkMerge follows the merger of the first two answers.
func checkMerge(answers []*Answer, rules Rules) error {
	merged := MergeAnswers(deepClone(answers[0]), deepClone(answers[len(answers)/2]))
	st, _, err := follow([]*Answer{merged}, rules)
	if err != nil {
		return err
	}
	return settles(st, merged, rules)
}

// Whatever the answers, what is announced keeps the rules that a chronicle polices.
func TestChaos(t *testing.T) {
	stories := 300
	if testing.Short() {
		stories = 100
	}
	for seed := range stories {
		r := rand.New(rand.NewPCG(uint64(seed), 0))
		data := make([]byte, 20+r.IntN(600))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		if err := checkChaos(data); err != nil {
			t.Fatalf("story %d: %v", seed, err)
		}
	}
}

func FuzzCompare(f *testing.F) {
	f.Add([]byte("any bytes make answers"))
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24})
	f.Add([]byte{1, 0, 1, 1, 0, 3, 3, 9, 2, 0, 1, 0, 0, 3, 1, 0, 2, 3, 3, 9, 0, 2, 1, 3, 9, 1, 2, 1, 1, 3})
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := checkChaos(data); err != nil {
			t.Error(err)
		}
	})
}
