package request

import (
	"reflect"
	"testing"
	"time"

	"callstream/internal/order"
	"callstream/internal/record"
)

// TestTime reads when a request was asked, there and where it is forwarded to.
func TestTime(t *testing.T) {
	for _, tt := range []struct {
		header string
		want   order.Millis // -1 = unreadable
	}{
		{"none", 5000},
		{"1970-01-01T00:00:07Z", 7000},
		{"9000", 9000},
		{"0", 1},
		{"-3", 1},
		{"0001-01-01T00:00:00Z", 1},
		{"9223372036854775807", latest},
		{"later", -1},
		{"", -1},
	} {
		rec := record.Record{Partition: 3, Offset: 9, Time: time.UnixMilli(5000), Value: []byte(`{"userTaskID":"t","orderID":"a"}`)}
		if tt.header != "none" {
			rec.Headers = []record.Header{{Key: HeaderTime, Value: []byte("4000")}, {Key: HeaderTime, Value: []byte(tt.header)}}
		}
		r, _, err := Read(&rec, nil)
		if tt.want < 0 {
			isUnreadable(t, err, HeaderTime)
			continue
		}
		if err != nil || r.Time != tt.want {
			t.Errorf("%q: %+v, %v, want %d", tt.header, r, err, tt.want)
			continue
		}
		m := Forward(r, &rec, "requests", 1)
		again, _, err := Read(&record.Record{Value: m.Value, Headers: m.Headers, Time: time.UnixMilli(8000)}, nil)
		if err != nil || again.Time != tt.want {
			t.Errorf("%q, forwarded: %+v, %v, want %d", tt.header, again, err, tt.want)
		}
	}
	// A record without a time, which is year 1.
	if r, _, err := Read(&record.Record{Value: []byte(`{"userTaskID":"t","orderID":"a"}`)}, nil); err != nil || r.Time != 1 {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestForward(t *testing.T) {
	from := record.Record{Partition: 3, Offset: 9, Headers: []record.Header{{Key: HeaderTime, Value: []byte("7")}, {Key: "trace", Value: []byte("x")}, {Key: "trace"}}}
	part := order.Request{Task: "t", Orders: []string{"<a>", "b"}, Mode: order.Replay, Deadline: 2000, Time: 7}
	got := Forward(&part, &from, "requests", 1)
	want := record.Message{
		Topic: "requests", Partition: 1, Key: []byte("<a>"),
		Value: []byte(`{"userTaskID":"t","orderIDs":["<a>","b"],"mode":"replay","deadline":"1970-01-01T00:00:02.000Z"}`),
		Headers: []record.Header{
			{Key: "trace", Value: []byte("x")}, {Key: "trace"},
			{Key: "callstream-request-time", Value: []byte("1970-01-01T00:00:00.007Z")},
			{Key: "callstream-forwarded", Value: []byte("requests/3/9")},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %s %s\nwant %s %s", got.Value, got.Headers, want.Value, want.Headers)
	}
	if Forwarded(&from) || !Forwarded(&record.Record{Headers: got.Headers}) || !Forwarded(&record.Record{Headers: []record.Header{{Key: HeaderForwarded}}}) {
		t.Error("what was forwarded is not told from what was not")
	}
}

// TestCallbackHint: a callback's hint is a request at its order's home, and
// still known as such where it was forwarded; one of any other source is not.
func TestCallbackHint(t *testing.T) {
	m := CallbackHint(order.Ref{Task: "t", ID: "<a>"}, "requests")
	want := record.Message{
		Topic: "requests", Partition: record.ByKey, Key: []byte("<a>"), Value: []byte(`{"userTaskID":"t","orderID":"<a>","mode":"hint"}`),
		Headers: []record.Header{{Key: "callstream-hint-source", Value: []byte("callback")}},
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got  %s %s\nwant %s %s", m.Value, m.Headers, want.Value, want.Headers)
	}
	from := record.Record{Value: m.Value, Headers: m.Headers, Time: time.UnixMilli(5000)}
	r, _, err := Read(&from, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := says(r); got != `t ["<a>"] hint 0 0` {
		t.Errorf("read as %s", got)
	}
	forwarded := Forward(r, &from, "requests", 1)
	for name, c := range map[string]struct {
		headers []record.Header
		want    bool
	}{
		"as it is":     {m.Headers, true},
		"forwarded":    {forwarded.Headers, true},
		"none":         {nil, false},
		"by others":    {[]record.Header{{Key: HeaderHintSource, Value: []byte("scout")}}, false},
		"by the last":  {append(m.Headers[:1:1], record.Header{Key: HeaderHintSource}), false},
		"another name": {[]record.Header{{Key: HeaderTime, Value: []byte("callback")}}, false},
	} {
		if got := FromCallback(&record.Record{Headers: c.headers}); got != c.want {
			t.Errorf("%s: from a callback: %t", name, got)
		}
	}
}
