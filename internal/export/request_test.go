package export

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"callstream/internal/order"
)

func TestReadRequest(t *testing.T) {
	long := strings.Repeat("x", maxID+1)
	tests := []struct {
		name    string
		value   string
		want    string // task, orders, mode, notBefore, deadline
		invalid int
		detail  string // of the UnreadableError
	}{
		{name: "one order", value: `{"userTaskID":"t","orderID":"a"}`, want: `t ["a"] follow 0 0`},
		{name: "several", value: `{"userTaskID":"t","orderIDs":["a","b","a"]}`, want: `t ["a" "b"] follow 0 0`},
		{name: "both", value: `{"userTaskID":"t","orderID":"b","orderIDs":["a","b"]}`, want: `t ["b" "a"] follow 0 0`},
		{name: "fields unknown", value: `{"userTaskID":"t","orderID":"a","x":{}}`, want: `t ["a"] follow 0 0`},
		{name: "space around", value: " \n{\"userTaskID\":\"t\",\"orderID\":\"a\"} ", want: `t ["a"] follow 0 0`},
		{
			name: "mode and times", want: `t ["a"] once 1000 2000`,
			value: `{"userTaskID":"t","orderID":"a","mode":"once","notBefore":"1970-01-01T00:00:01Z","deadline":"1970-01-01T01:00:02+01:00"}`,
		},
		{name: "odd IDs", value: `{"userTaskID":"/","orderIDs":[" ","a/b","\"","\u0000","ü"]}`, want: `/ [" " "a/b" "\"" "\x00" "ü"] follow 0 0`},
		{name: "an ID too long among others", value: `{"userTaskID":"t","orderIDs":["a","` + long + `"]}`, want: `t ["a"] follow 0 0`, invalid: 1},
		{name: "an empty ID among others", value: `{"userTaskID":"t","orderIDs":["a",""]}`, want: `t ["a"] follow 0 0`, invalid: 1},
		{name: "empty value", value: ``, detail: "not JSON"},
		{name: "cut", value: `{"userTaskID":"t"`, detail: "not JSON"},
		{name: "more behind", value: `{"userTaskID":"t","orderID":"a"}{}`, detail: "not JSON"},
		{name: "a list", value: `[]`, detail: "found an array"},
		{name: "no task", value: `{"orderID":"a"}`, detail: "userTaskID is missing"},
		{name: "empty task", value: `{"userTaskID":"","orderID":"a"}`, detail: "userTaskID is empty"},
		{name: "no order", value: `{"userTaskID":"t"}`, detail: "names an order"},
		{name: "empty list", value: `{"userTaskID":"t","orderIDs":[]}`, detail: "names an order"},
		{name: "empty order", value: `{"userTaskID":"t","orderID":""}`, detail: "orderID is empty"},
		{name: "long order", value: `{"userTaskID":"t","orderID":"` + long + `"}`, detail: "257 bytes"},
		{name: "number", value: `{"userTaskID":"t","orderID":7}`, detail: "orderID: want a string, found a number"},
		{name: "null in list", value: `{"userTaskID":"t","orderIDs":["a",null]}`, detail: "orderIDs[1] is null"},
		{name: "mode", value: `{"userTaskID":"t","orderID":"a","mode":"x"}`, detail: "mode"},
		{name: "time", value: `{"userTaskID":"t","orderID":"a","notBefore":"soon"}`, detail: "RFC 3339"},
		{name: "time as a number", value: `{"userTaskID":"t","orderID":"a","deadline":5}`, detail: "deadline: want a string, found a number"},
		{name: "not UTF-8", value: "{\"userTaskID\":\"t\",\"orderID\":\"\xff\"}", detail: "UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, invalid, err := readRequest(t.Context(), []byte(tt.value), nil)
			var bad *UnreadableError
			if tt.detail != "" {
				if !errors.As(err, &bad) || !strings.Contains(bad.Detail, tt.detail) {
					t.Fatalf("error %v, want one with %q", err, tt.detail)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%s %q %s %d %d", r.Task, r.Orders, r.Mode, r.NotBefore, r.Deadline); got != tt.want || len(invalid) != tt.invalid {
				t.Errorf("got %s and %d invalid, want %s and %d", got, len(invalid), tt.want, tt.invalid)
			}
		})
	}
}

func TestRequestTime(t *testing.T) {
	rec := Record{Time: time.UnixMilli(5000)}
	for _, tt := range []struct {
		header string
		want   order.Millis
	}{{"", 5000}, {"1970-01-01T00:00:07Z", 7000}, {"9000", 9000}, {"-3", 1}, {"later", -1}} {
		rec.Headers = nil
		if tt.header != "" {
			rec.Headers = []Header{{Key: headerTime, Value: []byte(tt.header)}}
		}
		got, err := requestTime(&rec)
		if err != nil {
			got = -1
		}
		if got != tt.want {
			t.Errorf("%q: %d, want %d", tt.header, got, tt.want)
		}
	}
}

// FuzzReadRequest: whatever is read is within bounds, and what is written of
// it reads the same.
func FuzzReadRequest(f *testing.F) {
	for _, seed := range []string{
		`{"userTaskID":"t","orderID":"a"}`, `{"userTaskID":"t","orderIDs":["a","b"],"mode":"once","notBefore":"2026-01-01T00:00:00Z"}`,
		`{"userTaskID":"","orderID":null}`, "\x00\x00\x00\x00\x01", `[[[[`, `{"userTaskID":"\ud800","orderID":"\u0000"}`,
	} {
		f.Add([]byte(seed))
	}
	avro := func(context.Context, []byte) (Fields, error) { return Fields{}, unreadable("no registry") }
	f.Fuzz(func(t *testing.T, value []byte) {
		r, _, err := readRequest(t.Context(), value, avro)
		if err != nil {
			var bad *UnreadableError
			if !errors.As(err, &bad) || !utf8.ValidString(bad.Detail) {
				t.Fatalf("error %v is no UnreadableError", err)
			}
			return
		}
		if len(r.Orders) == 0 || r.Task == "" {
			t.Fatalf("accepted %+v", r)
		}
		for _, id := range append(r.Orders, r.Task) {
			if badID(id) != "" {
				t.Fatalf("accepted the ID %q", id)
			}
		}
		again, _, err := readRequest(t.Context(), writeRequest(r), nil)
		if err != nil || fmt.Sprint(again) != fmt.Sprint(r) {
			t.Fatalf("%+v written and read again is %+v, %v", r, again, err)
		}
	})
}

func TestWatermark(t *testing.T) {
	var w watermark
	for _, offset := range []int64{3, 4, 7, 8} { // a gap: compacted, or control records
		if err := w.add(offset); err != nil {
			t.Fatal(err)
		}
	}
	steps := []struct {
		mark, next int64
		moved      bool
	}{{4, 0, false}, {7, 0, false}, {3, 8, true}, {8, 9, true}}
	for _, s := range steps {
		w.moved = false
		if w.mark(s.mark); w.moved != s.moved || w.next != s.next {
			t.Errorf("after %d: next %d moved %t, want %d %t", s.mark, w.next, w.moved, s.next, s.moved)
		}
	}
	if w.add(8) == nil {
		t.Error("took an offset again")
	}
	if len(w.read) != 0 {
		t.Errorf("%d left open", len(w.read))
	}
}

// TestRoute sends a list that lives in two partitions, and then what no
// forwarding mends.
func TestRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var here, away []string
		for i := range 10 {
			id := fmt.Sprint("o", i)
			w.stories[id] = done()
			if homeOf(id) == 0 {
				here = append(here, id)
			} else {
				away = append(away, id)
			}
		}
		w.put(`{"userTaskID":"t","orderIDs":["`+strings.Join(append(slices.Clone(here), away...), `","`)+`"]}`, 0,
			Header{Key: "trace", Value: []byte("x")}, Header{Key: headerTime, Value: []byte("1970-01-01T00:00:07Z")})
		w.put(`{"userTaskID":"t","orderIDs":["`+here[0]+`","`+away[0]+`"]}`, 0, Header{Key: headerForwarded, Value: []byte("requests/1/0")})
		proc := w.start(testConfig())
		time.Sleep(5 * time.Minute)
		proc.end(t)
		if len(w.forwards) != 1 {
			t.Fatalf("forwarded %d requests, want 1 for all %d orders", len(w.forwards), len(away))
		}
		f := w.forwards[0]
		if got := string(header(f.Headers, headerTime)); got != "1970-01-01T00:00:07.000Z" {
			t.Errorf("forwarded with time %q", got)
		}
		if got := string(header(f.Headers, headerForwarded)); got != "requests/0/0" || string(header(f.Headers, "trace")) != "x" || f.Partition != 1 {
			t.Errorf("forwarded as %+v", f)
		}
		if len(w.letters) != 1 || w.letters[0].Reason != order.ReasonMisrouted || string(w.letters[0].Key) != away[0] {
			t.Errorf("dead letters %+v", w.letters)
		}
		if n := len(w.told()); n != 20 {
			t.Errorf("%d events, want 2 an order", n)
		}
	})
}

// TestReadingStops: while the API answers nobody, no more than a bound of
// orders is taken in.
func TestReadingStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.down = errors.New("connection refused")
		for i := range 1000 {
			w.stories[fmt.Sprint("o", i)] = done()
			w.ask("follow", fmt.Sprint("o", i))
		}
		cfg := testConfig()
		proc := w.start(cfg)
		time.Sleep(time.Minute)
		bound := waitingBatches * cfg.BatchSize * cfg.Concurrency
		w.mu.Lock()
		asked := map[string]bool{}
		for _, batch := range w.asked {
			for _, id := range batch {
				asked[id] = true
			}
		}
		w.down = nil
		w.mu.Unlock()
		if len(asked) > bound {
			t.Errorf("%d orders taken in, the bound is %d", len(asked), bound)
		}
		time.Sleep(5 * time.Minute)
		proc.end(t)
		if n := len(w.told()); n != 2000 || !w.allCommitted() {
			t.Errorf("%d events, want 2000", n)
		}
	})
}

// TestForeignState refuses to start where the state is not at home.
func TestForeignState(t *testing.T) {
	w := newWorld(t)
	st := &order.State{Ref: order.Ref{Task: "t", ID: "a"}}
	p := &process{world: w, counter: &counter{looked: map[order.Outcome]int{}}}
	value, err := p.Encode(st)
	if err != nil {
		t.Fatal(err)
	}
	w.states = []stored{{SavedState: SavedState{Ref: st.Ref, Partition: 1 - homeOf("a"), Value: value}}}
	if err := p.pipeline(testConfig()).Run(t.Context(), func() {}); err == nil || !strings.Contains(err.Error(), "partition count") {
		t.Errorf("Run = %v, want a refusal", err)
	}
}
