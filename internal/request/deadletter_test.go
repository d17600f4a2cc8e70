package request

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"callstream/internal/order"
	"callstream/internal/record"
)

// TestDeadLetters lays letters out and reads them back.
func TestDeadLetters(t *testing.T) {
	const limit = 10_000
	header := func(key, value string) record.Header { return record.Header{Key: key, Value: []byte(value)} }
	hostile := []record.Header{
		header("reason", "not-found"), header("detail", "x"), header("topic", "elsewhere"), header("partition", "x"),
		header("offset", ""), {Key: "time"},
	}
	tests := []struct {
		name string
		give func(*DeadLetter)
		want func(*DeadLetter) // what is read, where it differs
	}{
		{name: "an order", give: func(*DeadLetter) {}},
		{name: "no offset, no detail", give: func(l *DeadLetter) { l.Offset, l.Detail = -1, "" }},
		{name: "a null without a key", give: func(l *DeadLetter) { l.Key, l.Value = nil, nil }},
		{name: "empty bytes", give: func(l *DeadLetter) { l.Key, l.Value = []byte{}, []byte{} }},
		{
			name: "bytes and headers as they came",
			give: func(l *DeadLetter) {
				l.Key, l.Value = []byte("\xff\x00"), []byte("\x00\x00\x00\x00\x07avro")
				l.Headers = []record.Header{header("trace", "x"), {Key: "null"}, header("trace", "\xff"), header("Reason", "x"), header("", "")}
			},
		},
		{
			name: "headers with the names of ours",
			give: func(l *DeadLetter) { l.Headers = append([]record.Header{header("trace", "x")}, hostile...) },
			want: func(l *DeadLetter) { l.Headers = l.Headers[:1] },
		},
		{
			name: "a detail that is not UTF-8",
			give: func(l *DeadLetter) { l.Detail = "a\xffb\xc3" },
			want: func(l *DeadLetter) { l.Detail = "ab" },
		},
		{
			name: "a detail cut within a character",
			give: func(l *DeadLetter) { l.Detail = strings.Repeat("x", detailAtMost-1) + "ü" },
			want: func(l *DeadLetter) { l.Detail = strings.Repeat("x", detailAtMost-1) },
		},
		{
			name: "a time finer than milliseconds, in a zone",
			give: func(l *DeadLetter) { l.Time = l.Time.Add(1234 * time.Microsecond).In(time.FixedZone("", 3600)) },
			want: func(l *DeadLetter) { l.Time = l.Time.Truncate(time.Millisecond).UTC() },
		},
		{
			name: "one that just fits",
			give: func(l *DeadLetter) { l.Key, l.Value = nil, make([]byte, limit-headersAtMost) },
		},
		{
			name: "too large by its value",
			give: func(l *DeadLetter) { l.Key, l.Value = nil, make([]byte, limit-headersAtMost+1) },
			want: func(l *DeadLetter) {
				l.Value, l.LeftOut = nil, 7953
				l.Detail += " (its 7953 bytes are left out: more than fit)"
			},
		},
		{
			name: "too large by its headers, which hide ours",
			give: func(l *DeadLetter) {
				l.Detail = strings.Repeat("ü", 4000)
				l.Headers = append([]record.Header{header("trace", strings.Repeat("x", limit))}, hostile...)
			},
			want: func(l *DeadLetter) {
				l.Key, l.Value, l.Headers, l.LeftOut = nil, nil, nil, 10048
				l.Detail = l.Detail[:detailAtMost] + " (its 10048 bytes are left out: more than fit)"
			},
		},
		{
			name: "a detail that only looks like one of those",
			give: func(l *DeadLetter) { l.Detail = "x (its 5 bytes are left out: more than fit)" },
		},
		{
			name: "a detail that has no number where those have it",
			give: func(l *DeadLetter) { l.Key, l.Value, l.Detail = nil, nil, " (its x bytes are left out: more than fit)" },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := DeadLetter{
				Reason: order.ReasonRejected, Detail: "retCode 4: ünknown", Topic: strings.Repeat("t", 249), Partition: 3, Offset: 1 << 40,
				Time: time.Date(2026, 3, 4, 5, 6, 7, 890_000_000, time.UTC), Key: []byte("a"), Value: []byte(`{"userTaskID":"t","orderID":"a"}`),
			}
			tt.give(&l)
			m := l.Message("letters", limit)
			if m.Topic != "letters" || m.Partition != record.ByKey || m.Size() > limit {
				t.Errorf("%d bytes for %s/%d", m.Size(), m.Topic, m.Partition)
			}
			want := l
			if tt.want != nil {
				tt.want(&want)
			}
			got, err := ReadDeadLetter(&record.Record{Key: m.Key, Value: m.Value, Headers: m.Headers})
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("got  %+v, %v\nwant %+v", got, err, want)
			}
			if again := got.Message("letters", limit); got.LeftOut == 0 && !reflect.DeepEqual(again, m) {
				t.Errorf("laid out again it is %+v, was %+v", again, m)
			}
		})
	}
}

func TestNoDeadLetter(t *testing.T) {
	l := DeadLetter{Reason: order.ReasonGaveUp, Detail: "canary", Topic: "canary", Key: []byte("canary")}
	whole := l.Message("letters", 10_000).Headers
	for i, h := range whole {
		without := append(append([]record.Header{}, whole[:i]...), whole[i+1:]...)
		if got, err := ReadDeadLetter(&record.Record{Headers: without}); err == nil {
			t.Errorf("without %s: %+v", h.Key, got)
		}
		if h.Key == "partition" || h.Key == "offset" || h.Key == "time" {
			_, err := ReadDeadLetter(&record.Record{Headers: append(without, record.Header{Key: h.Key, Value: []byte("canary")})})
			if err == nil || !strings.Contains(err.Error(), h.Key) || strings.Contains(err.Error(), "canary") {
				t.Errorf("with another %s: %v", h.Key, err)
			}
		}
	}
}
