package avro

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"callstream/internal/order"
)

// limited is an encoder whose limit can be set.
type limited struct {
	*Encoder
	limit int // bytes a message; 0 = none
}

func newLimited(t testing.TB) *limited {
	l := new(limited)
	l.Encoder = newEncoder(t, Options{
		CompletedTranscript: true,
		Source:              "https://api.example.com/account",
		Limit:               func(order.Kind) int { return l.limit },
	}, nil)
	return l
}

func (l *limited) event(limit int, ev *order.Event) (Message, error) {
	l.limit = limit
	return l.Event(ev)
}

func (l *limited) must(t testing.TB, limit int, ev *order.Event) Message {
	t.Helper()
	m, err := l.event(limit, ev)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// largeCompleted has 1,000 bytes of each thing that may be left out.
func largeCompleted() *order.Event {
	ev := sampleEvent(sampleCompleted())
	large := strings.Repeat("x", 1000)
	ev.Transcript = []order.Line{{Text: large}}
	ev.Passthrough = large
	b := ev.Body.(*order.CallCompleted)
	b.Params = []order.Param{{Name: "p", Value: large}}
	b.SMS = []order.SMS{{MessageID: "m1", Content: large[:500]}, {MessageID: "m2", Content: large[:500]}}
	return ev
}

// TestWhatIsLeftOut lowers the limit byte by byte and holds, at every limit,
// what is left out, in which order, and that no more is than must be.
func TestWhatIsLeftOut(t *testing.T) {
	stages := [][]string{
		{},
		{"passthrough"},
		{"passthrough", "transcriptText"},
		{"passthrough", "transcriptText", "params"},
		{"passthrough", "transcriptText", "params", "sms.content"},
	}
	ev := largeCompleted()
	l := newLimited(t)
	whole := l.must(t, 0, ev)
	stage, lastSize := 0, whole.Size()
	for limit := whole.Size(); ; limit-- {
		m, err := l.event(limit, ev)
		if err != nil {
			if !errors.Is(err, ErrTooLarge) || stage != len(stages)-1 || limit != lastSize-1 {
				t.Fatalf("limit %d, after %v at %d bytes: %v", limit, stages[stage], lastSize, err)
			}
			if m.Size() <= limit {
				t.Errorf("the message that does not fit %d has %d bytes", limit, m.Size())
			}
			return
		}
		if m.Size() > limit {
			t.Fatalf("limit %d: %d bytes", limit, m.Size())
		}
		got := values(t, m)
		omitted := texts(got["omittedFields"])
		if !reflect.DeepEqual(omitted, stages[stage]) {
			if stage++; stage == len(stages) || !reflect.DeepEqual(omitted, stages[stage]) || limit != lastSize-1 {
				t.Fatalf("limit %d, %d bytes before: left out %q", limit, lastSize, omitted)
			}
		}
		lastSize = m.Size()
		checkOmitted(t, got, stage)
	}
}

func texts(list any) []string {
	out := []string{}
	for _, item := range list.([]any) {
		out = append(out, item.(string))
	}
	return out
}

// checkOmitted holds that what is named as left out is gone, and all else there.
func checkOmitted(t *testing.T, got map[string]any, stage int) {
	t.Helper()
	content := got["sms"].([]any)[1].(map[string]any)["content"]
	there := []bool{
		got["passthrough"] != nil,
		got["transcriptText"] != nil,
		len(got["params"].(map[string]any)) > 0,
		content != nil,
	}
	for i, is := range there {
		if is != (i >= stage) {
			t.Fatalf("stage %d: %v", stage, there)
		}
	}
	if id := got["sms"].([]any)[1].(map[string]any)["messageID"]; id != "m2" || got["userName"] != "李雷" {
		t.Fatalf("more was left out: message %v, user %v", id, got["userName"])
	}
}

func TestWhatIsNotThereIsNotNamed(t *testing.T) {
	ev := largeCompleted()
	ev.Transcript, ev.Passthrough = nil, ""
	ev.Body.(*order.CallCompleted).Params = nil
	l := newLimited(t)
	whole := l.must(t, 0, ev)
	m := l.must(t, whole.Size()-1, ev)
	if got := texts(values(t, m)["omittedFields"]); !reflect.DeepEqual(got, []string{"sms.content"}) {
		t.Errorf("left out %q", got)
	}
	// The encoder's memory of it must not reach the next event.
	l.must(t, whole.Size(), largeCompleted())
	if got := l.must(t, whole.Size(), ev); string(got.Value) != string(whole.Value) {
		t.Error("an event after a trimmed one is not whole")
	}
}

func TestLinesAreCut(t *testing.T) {
	tests := map[string]string{
		"one byte each":    strings.Repeat("x", 300),
		"three bytes each": strings.Repeat("好", 100),
		"mixed":            strings.Repeat("aé好😀", 30),
	}
	for name, said := range tests {
		t.Run(name, func(t *testing.T) {
			line := sampleLine()
			line.Text = said
			ev := sampleEvent(line)
			l := newLimited(t)
			whole := l.must(t, 0, ev)
			if values(t, whole)["truncated"] != false {
				t.Error("a whole line is marked truncated")
			}
			bare := whole.Size() - len(said)
			for limit := whole.Size(); limit >= bare; limit-- {
				checkCut(t, l, limit, said, ev, whole.Size())
			}
			// Without text the length takes a byte less than with 300.
			m, err := l.event(bare-2, ev)
			if !errors.Is(err, ErrTooLarge) || m.Size() <= bare-2 {
				t.Errorf("limit %d: %d bytes, %v", bare-2, m.Size(), err)
			}
		})
	}
}

func checkCut(t *testing.T, l *limited, limit int, said string, ev *order.Event, whole int) {
	t.Helper()
	m := l.must(t, limit, ev)
	got := values(t, m)
	kept := got["text"].(string)
	switch {
	case m.Size() > limit:
		t.Fatalf("limit %d: %d bytes", limit, m.Size())
	case got["truncated"] != (limit < whole):
		t.Fatalf("limit %d: truncated %v", limit, got["truncated"])
	case !strings.HasPrefix(said, kept) || !utf8.ValidString(kept):
		t.Fatalf("limit %d: not the beginning of the line: %q", limit, kept)
	case limit-m.Size() > utf8.UTFMax:
		t.Fatalf("limit %d: %d bytes, more cut than needed", limit, m.Size())
	}
}

func TestStatusThatDoesNotFit(t *testing.T) {
	ev := sampleEvent(sampleStatus())
	ev.Passthrough = strings.Repeat("private", 100)
	l := newLimited(t)
	whole := l.must(t, 0, ev).Size()
	if m := l.must(t, whole, ev); m.Size() != whole {
		t.Errorf("%d bytes, want %d", m.Size(), whole)
	}
	for _, limit := range []int{whole - 1, 10, 1} {
		m, err := l.event(limit, ev)
		if !errors.Is(err, ErrTooLarge) {
			t.Fatalf("limit %d: %v", limit, err)
		}
		if strings.Contains(fmt.Sprint(err), "private") {
			t.Errorf("the error quotes the event: %v", err)
		}
		if m.Size() != whole {
			t.Errorf("limit %d: the message has %d bytes, want %d", limit, m.Size(), whole)
		}
	}
}
