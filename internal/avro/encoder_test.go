package avro

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"callstream/internal/order"
	"callstream/schemas"
)

func newAnyDecoder(t testing.TB, lookup Lookup) *AnyDecoder {
	t.Helper()
	d, err := NewAnyDecoder(lookup)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var withoutRegistry = sync.OnceValues(func() (*AnyDecoder, error) { return NewAnyDecoder(nil) })

// values decodes a message's value.
func values(t testing.TB, m Message) map[string]any {
	t.Helper()
	decoder, err := withoutRegistry()
	if err != nil {
		t.Fatal(err)
	}
	d, err := decoder.Decode(context.Background(), m.Value)
	if err != nil {
		t.Fatal(err)
	}
	return d.Values
}

func TestHeadersAndKey(t *testing.T) {
	ev := sampleEvent(sampleStatus())
	e := newEncoder(t, Options{Source: "https://api.example.com/account-1"}, nil)
	m := mustEncode(t, e, ev)
	want := []string{
		"ce_specversion=1.0",
		"ce_type=callstream.call-status-changed.v1",
		"ce_source=https://api.example.com/account-1",
		"content-type=application/avro",
		"ce_id=000102030405060708090a0b0c0d0e0f",
		"ce_time=2023-11-14T22:15:23.456Z",
		"ce_subject=call-9",
	}
	if got := headerTexts(m); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if string(m.Key) != "order-7" || m.Kind != order.KindStatus {
		t.Errorf("key %q, kind %v", m.Key, m.Kind)
	}
	// A header's bytes must not run into the next one's when appended to.
	for _, h := range m.Headers {
		_ = append(h.Value, "!!!!!!!!"...)
	}
	if got := headerTexts(m); !slices.Equal(got, want) {
		t.Errorf("headers share memory: %q", got)
	}

	ev.Replay = true
	if got := headerTexts(mustEncode(t, e, ev)); !slices.Equal(got, append(want, "callstream-replay=true")) {
		t.Errorf("a replay: got %q", got)
	}
	byCall := newEncoder(t, Options{EventKey: KeyCall}, nil)
	if m := mustEncode(t, byCall, ev); string(m.Key) != "call-9" {
		t.Errorf("keyed by call: key %q", m.Key)
	}
	for _, body := range sampleBodies() {
		typ := "ce_type=callstream." + body.Kind().String() + ".v1"
		if got := headerTexts(mustEncode(t, e, sampleEvent(body))); !slices.Contains(got, typ) {
			t.Errorf("want %s in %q", typ, got)
		}
	}
}

func headerTexts(m Message) []string {
	var texts []string
	for _, h := range m.Headers {
		texts = append(texts, h.Key+"="+string(h.Value))
	}
	return texts
}

func TestEncoderRefuses(t *testing.T) {
	if _, err := NewEncoder(Options{EventKey: "phone"}, nil); err == nil {
		t.Error("an unknown event key is taken")
	}
	e := newEncoder(t, Options{}, SchemaIDs{order.KindStatus: 1})
	if _, err := e.Event(sampleEvent(sampleLine())); err == nil || !strings.Contains(err.Error(), "TranscriptLine") {
		t.Errorf("a kind without schema ID: %v", err)
	}
	if _, err := e.Event(&order.Event{}); err == nil {
		t.Error("an event without body is encoded")
	}
}

func TestTextThatIsNotUTF8(t *testing.T) {
	ev := sampleEvent(sampleCompleted())
	ev.Passthrough = "a\xffb"
	ev.CallID = "c\xc3"
	b := ev.Body.(*order.CallCompleted)
	b.Params = []order.Param{{Name: "k\xfe", Value: "v\xfe"}}
	b.SMS[0].Content = "\x80"
	m := mustEncode(t, newEncoder(t, Options{}, nil), ev)
	got := values(t, m)
	if got["passthrough"] != "a\uFFFDb" || got["callID"] != "c\uFFFD" {
		t.Errorf("got %q, %q", got["passthrough"], got["callID"])
	}
	if want := map[string]any{"k\uFFFD": "v\uFFFD"}; !reflect.DeepEqual(got["params"], want) {
		t.Errorf("params %q, want %q", got["params"], want)
	}
	if !slices.Contains(headerTexts(m), "ce_subject=c\uFFFD") {
		t.Errorf("headers %q", headerTexts(m))
	}
	if b.SMS[0].Content != "\x80" {
		t.Error("the event itself was changed")
	}
}

func TestNumbersBeyondAnInt(t *testing.T) {
	e := newEncoder(t, Options{}, nil)
	b := sampleCompleted()
	b.Status = math.MaxInt64
	b.DurationSeconds = order.Some(math.MaxInt32 + 1)
	b.Agent.Status = order.Some(math.MinInt64)
	b.EndedAt = math.MaxInt64 // rings for ever
	got := values(t, mustEncode(t, e, sampleEvent(b)))
	for field, want := range map[string]any{
		"statusCode": int32(math.MaxInt32), "status": "UNKNOWN", "outcome": "UNKNOWN",
		"durationSeconds": int32(math.MaxInt32), "agentStatusCode": int32(math.MinInt32), "ringSeconds": int32(math.MaxInt32),
	} {
		if got[field] != want {
			t.Errorf("%s is %v, want %v", field, got[field], want)
		}
	}
}

func TestPhone(t *testing.T) {
	ev := sampleEvent(sampleStatus())
	e := newEncoder(t, Options{Phone: PhoneMask}, nil)
	if got := values(t, mustEncode(t, e, ev)); got["userPhone"] != "+86*******5678" || got["callingNumber"] != "02155550000" {
		t.Errorf("userPhone %q, callingNumber %q: want the one masked, the other not", got["userPhone"], got["callingNumber"])
	}
	ev.UserPhone = ""
	for _, replace := range []func(string) string{PhoneMask, PhoneHMAC([]byte("key"))} {
		if got := values(t, mustEncode(t, newEncoder(t, Options{Phone: replace}, nil), ev)); got["userPhone"] != nil {
			t.Errorf("no phone became %q", got["userPhone"])
		}
	}
}

func TestPhoneMask(t *testing.T) {
	for phone, want := range map[string]string{
		"":              "",
		"1":             "*",
		"1234567":       "*******",
		"12345678":      "123*5678",
		"13812345678":   "138****5678",
		"一二三四五六七八九十":    "一二三***七八九十",
		"123\xff456789": "123***6789",
	} {
		if got := PhoneMask(phone); got != want {
			t.Errorf("PhoneMask(%q) = %q, want %q", phone, got, want)
		}
	}
}

func TestPhoneHMAC(t *testing.T) {
	// printf '%s' 13812345678 | openssl dgst -sha256 -hmac key
	const want = "a314f9149c1e080839180b86d18542c1fafe467b40bf1fbcf8513a5903309703"
	key := []byte("key")
	f := PhoneHMAC(key)
	key[0] = 'x' // the function keeps its own
	if got := f("13812345678"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTranscriptText(t *testing.T) {
	lines := []order.Line{
		{Index: 2, Role: 2, Text: "three"},
		{Index: 0, Role: 0, Text: "one"},
		{Index: 1, Role: 1, Text: "two"},
		{Index: 1, Role: order.NoCode, Text: ""},
	}
	const want = "ROBOT: one\nUSER: two\nUNKNOWN: \nAGENT: three"
	if got := transcriptText(lines); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if lines[0].Index != 2 {
		t.Error("the event's lines were sorted")
	}
	ev := sampleEvent(sampleCompleted())
	if got := values(t, mustEncode(t, newEncoder(t, Options{}, nil), ev)); got["transcriptText"] != nil {
		t.Errorf("without CompletedTranscript: %q", got["transcriptText"])
	}
	ev.Transcript = nil
	if got := values(t, mustEncode(t, newEncoder(t, Options{CompletedTranscript: true}, nil), ev)); got["transcriptText"] != nil {
		t.Errorf("without lines: %q", got["transcriptText"])
	}
}

// TestDocsListTheCodes holds the schemas' docs to the tables of package order.
func TestDocsListTheCodes(t *testing.T) {
	docs := map[string]string{}
	for _, s := range schemas.All() {
		for _, chunk := range strings.Split(s.Source, `{"name": "`)[1:] {
			name, rest, _ := strings.Cut(chunk, `"`)
			_, doc, _ := strings.Cut(rest, `"doc": "`)
			docs[s.Name+"."+name] = doc
		}
	}
	tables := []struct {
		field string
		name  func(code int) string
	}{
		{"CallStatusChanged.status", func(c int) string { return order.Status(c).String() }},
		{"TranscriptLine.role", order.LineRole},
		{"TranscriptLine.lineType", order.LineType},
		{"CallCompleted.state", func(c int) string { return order.SMSState(int64(c)) }},
		{"CallCompleted.agentStatus", func(c int) string { return order.AgentStatus(int64(c)) }},
		{"CallCompleted.agentHungUpBy", func(c int) string { return order.HungUpBy(int64(c)) }},
		{"CallCompleted.status", func(c int) string {
			if order.Status(c) < order.Completed {
				return "UNKNOWN" // not final: no CallCompleted has it
			}
			return order.Status(c).String()
		}},
	}
	const beyond = 100 // every table ends before
	for _, table := range tables {
		for code := range beyond {
			entry := fmt.Sprintf(" %d %s", code, table.name(code))
			if listed := strings.Contains(docs[table.field], entry); listed != (table.name(code) != "UNKNOWN") {
				t.Errorf("the doc of %s lists%s: %v", table.field, entry, listed)
			}
		}
	}
	outcomes := outcomesIn(docs["CallCompleted.outcome"])
	for code := range beyond {
		if s := order.Status(code); s.Known() && s >= order.Completed && outcomes[code] != s.Outcome() {
			t.Errorf("the doc of outcome says %q of %d, it is %s", outcomes[code], code, s.Outcome())
		}
	}
}

// outcomesIn reads "NO_ANSWER: 22, 23, 25. BUSY: 10." out of a doc.
func outcomesIn(doc string) map[int]string {
	outcomes := map[int]string{}
	for sentence := range strings.SplitSeq(doc, ". ") {
		word, codes, ok := strings.Cut(sentence, ": ")
		if !ok {
			continue
		}
		for text := range strings.FieldsFuncSeq(codes, func(r rune) bool { return r < '0' || r > '9' }) {
			var code int
			fmt.Sscan(text, &code)
			outcomes[code] = word
		}
	}
	return outcomes
}
