package request

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"callstream/internal/order"
	"callstream/internal/record"
)

// says is a request in a line: task, orders, mode, notBefore, deadline.
func says(r *order.Request) string {
	return fmt.Sprintf("%s %q %s %d %d", r.Task, r.Orders, r.Mode, r.NotBefore, r.Deadline)
}

// isUnreadable fails the test unless err is an UnreadableError with such a
// detail, of valid UTF-8.
func isUnreadable(t *testing.T, err error, detail string) {
	t.Helper()
	var bad *UnreadableError
	if !errors.As(err, &bad) || !strings.Contains(bad.Detail, detail) || !utf8.ValidString(bad.Detail) {
		t.Fatalf("error %v, want one with %q", err, detail)
	}
}

// TestRead reads each row as JSON and, where that is an object, as Avro with the
// same values: the forms mean the same.
func TestRead(t *testing.T) {
	long := strings.Repeat("x", MaxID+1)
	tests := []struct {
		name    string
		value   string
		want    string
		invalid int
		detail  string // of the UnreadableError
	}{
		{name: "one order", value: `{"userTaskID":"t","orderID":"a"}`, want: `t ["a"] follow 0 0`},
		{name: "several", value: `{"userTaskID":"t","orderIDs":["a","b","a"]}`, want: `t ["a" "b"] follow 0 0`},
		{name: "both", value: `{"userTaskID":"t","orderID":"b","orderIDs":["a","b"]}`, want: `t ["b" "a"] follow 0 0`},
		{name: "fields unknown", value: `{"userTaskID":"t","orderID":"a","x":{}}`, want: `t ["a"] follow 0 0`},
		{name: "nulls", value: `{"userTaskID":"t","orderID":"a","orderIDs":null,"mode":null,"deadline":null}`, want: `t ["a"] follow 0 0`},
		{name: "empty text", value: `{"userTaskID":"t","orderID":"a","mode":"","deadline":""}`, want: `t ["a"] follow 0 0`},
		{name: "space around", value: " \n{\"userTaskID\":\"t\",\"orderID\":\"a\"} ", want: `t ["a"] follow 0 0`},
		{
			name: "mode and times", want: `t ["a"] once 1000 2000`,
			value: `{"userTaskID":"t","orderID":"a","mode":"once","notBefore":"1970-01-01T00:00:01Z","deadline":"1970-01-01T01:00:02+01:00"}`,
		},
		{name: "a hint", value: `{"userTaskID":"t","orderID":"a","mode":"hint"}`, want: `t ["a"] hint 0 0`},
		{name: "odd IDs", value: `{"userTaskID":"/","orderIDs":[" ","a/b","\"","\u0000","ü"]}`, want: `/ [" " "a/b" "\"" "\x00" "ü"] follow 0 0`},
		{name: "an ID too long among others", value: `{"userTaskID":"t","orderIDs":["a","` + long + `"]}`, want: `t ["a"] follow 0 0`, invalid: 1},
		{name: "an empty ID among others", value: `{"userTaskID":"t","orderIDs":["a",""]}`, want: `t ["a"] follow 0 0`, invalid: 1},
		{name: "empty value", value: ``, detail: "not JSON"},
		{name: "cut", value: `{"userTaskID":"t"`, detail: "not JSON"},
		{name: "more behind", value: `{"userTaskID":"t","orderID":"a"}{}`, detail: "not JSON"},
		{name: "a list", value: `[]`, detail: "not a request"},
		{name: "no task", value: `{"orderID":"a"}`, detail: "userTaskID is missing"},
		{name: "null for the task", value: `{"userTaskID":null,"orderID":"a"}`, detail: "userTaskID is missing"},
		{name: "empty task", value: `{"userTaskID":"","orderID":"a"}`, detail: "userTaskID is empty"},
		{name: "no order", value: `{"userTaskID":"t"}`, detail: "names an order"},
		{name: "empty list", value: `{"userTaskID":"t","orderIDs":[]}`, detail: "names an order"},
		{name: "empty order", value: `{"userTaskID":"t","orderID":""}`, detail: "orderID is empty"},
		{name: "long order", value: `{"userTaskID":"t","orderID":"` + long + `"}`, detail: "257 bytes"},
		{name: "number", value: `{"userTaskID":"t","orderID":7}`, detail: "orderID is not text"},
		{name: "text for the list", value: `{"userTaskID":"t","orderIDs":"a"}`, detail: "orderIDs is not a list"},
		{name: "null in list", value: `{"userTaskID":"t","orderIDs":["a",null]}`, detail: "orderIDs[1] is not text"},
		{name: "mode", value: `{"userTaskID":"t","orderID":"a","mode":"x"}`, detail: "mode is none of"},
		{name: "time", value: `{"userTaskID":"t","orderID":"a","notBefore":"soon"}`, detail: "notBefore is not an RFC 3339 time"},
		{name: "time as a JSON number", value: `{"userTaskID":"t","orderID":"a","deadline":5}`, detail: "deadline is not a time"},
		{name: "not UTF-8", value: "{\"userTaskID\":\"t\",\"orderID\":\"\xff\"}", detail: "UTF-8"},
	}
	for _, tt := range tests {
		read := func(name string, value []byte, avro func([]byte) (map[string]any, error)) {
			t.Run(tt.name+" "+name, func(t *testing.T) {
				r, invalid, err := Read(&record.Record{Value: value}, avro)
				if tt.detail != "" {
					isUnreadable(t, err, tt.detail)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if got := says(r); got != tt.want || len(invalid) != tt.invalid {
					t.Errorf("got %s and %d invalid, want %s and %d", got, len(invalid), tt.want, tt.invalid)
				}
			})
		}
		read("in JSON", []byte(tt.value), nil)
		var values map[string]any
		if json.Unmarshal([]byte(tt.value), &values) == nil && utf8.ValidString(tt.value) {
			read("in Avro", []byte{0}, func([]byte) (map[string]any, error) { return values, nil })
		}
	}
	_, _, err := Read(&record.Record{}, nil)
	isUnreadable(t, err, "null")
	down := errors.New("connection refused")
	if _, _, err = Read(&record.Record{Value: []byte{0}}, func([]byte) (map[string]any, error) { return nil, down }); !errors.Is(err, down) {
		t.Errorf("got %v, want the registry's error", err)
	}
}

// TestTimesMeanTheSame reads the same times in every way they can be written,
// text as bytes where Avro has it, and what is written of the outcome.
func TestTimesMeanTheSame(t *testing.T) {
	for _, tt := range []struct {
		text string
		want order.Millis
	}{
		{"0001-01-01T00:00:00Z", 0}, // Go's zero time
		{"1969-12-31T23:59:59.999Z", 0},
		{"1970-01-01T00:00:00Z", 0},
		{"1970-01-01T01:00:00+01:00", 0},
		{"1970-01-01T00:00:00.001Z", 1},
		{"1970-01-01T00:00:00.0019Z", 1}, // cut to the millisecond
		{"2026-03-04T05:06:07.89Z", 1772600767890},
		{"9999-12-31T23:59:59.999Z", latest},
		{"9999-12-31T23:59:59-23:59", latest}, // in the year 10000
	} {
		at, err := time.Parse(time.RFC3339, tt.text)
		if err != nil {
			t.Fatal(err)
		}
		forms := map[string]func() (Fields, error){
			"JSON": func() (Fields, error) {
				return FromJSON([]byte(`{"userTaskID":"t","orderIDs":["a","b"],"mode":"once","notBefore":"` + tt.text + `","deadline":"` + tt.text + `"}`))
			},
			"what is written": func() (Fields, error) {
				return FromJSON(JSON(&order.Request{Task: "t", Orders: []string{"a", "b"}, Mode: order.LookOnce, NotBefore: tt.want, Deadline: tt.want}))
			},
		}
		for name, value := range map[string]any{"timestamp": at, "number": at.UnixMilli(), "text": tt.text} {
			forms["Avro "+name] = func() (Fields, error) {
				return FromValues(map[string]any{
					"userTaskID": []byte("t"), "orderIDs": []any{[]byte("a"), "b"}, "mode": "once", "notBefore": value, "deadline": value,
				})
			}
		}
		want := fmt.Sprintf(`t ["a" "b"] once %d %d`, tt.want, tt.want)
		for name, form := range forms {
			f, err := form()
			if err != nil {
				t.Fatalf("%s as %s: %v", tt.text, name, err)
			}
			if r, _, err := f.Check(); err != nil || says(r) != want {
				t.Errorf("%s as %s: %+v, %v; want %s", tt.text, name, r, err, want)
			}
		}
	}
}

// TestErrorsQuoteNothing puts a word where it can't be read, and looks for it.
func TestErrorsQuoteNothing(t *testing.T) {
	const canary = "canary"
	long := strings.Repeat(canary, MaxID)
	var details []string
	read := func(value []byte, avro map[string]any, headers ...record.Header) {
		_, invalid, err := Read(&record.Record{Value: value, Headers: headers}, func([]byte) (map[string]any, error) { return avro, nil })
		if err != nil {
			details = append(details, err.Error())
		}
		for _, o := range invalid {
			details = append(details, o.Detail)
		}
	}
	for _, value := range []string{canary, `"canary"`, `{"canary`, `{"userTaskID":"canary"}x`, `["canary"]`, `{"orderID":1e999}`, "\"canary\xff\""} {
		read([]byte(value), nil)
	}
	for _, field := range []string{"userTaskID", "orderID", "orderIDs", "mode", "notBefore", "deadline"} {
		for _, value := range []any{long, []byte(long), canary + "\xff", []any{canary, 1}, []any{[]any{canary}}, map[string]any{canary: 1}, []any{"a", long}} {
			values := map[string]any{"userTaskID": "t", "orderID": "a"}
			values[field] = value
			read([]byte{0}, values)
			text, err := json.Marshal(values)
			if err != nil {
				t.Fatal(err)
			}
			read(text, nil)
		}
	}
	read([]byte(`{"userTaskID":"t","orderID":"a"}`), nil, record.Header{Key: HeaderTime, Value: []byte(canary)})
	if len(details) < 80 {
		t.Errorf("only %d of the requests were wrong", len(details))
	}
	for _, detail := range details {
		if strings.Contains(detail, canary) || strings.Contains(detail, "e999") {
			t.Errorf("quoted: %s", detail)
		}
	}
}

// FuzzReadRequest: whatever is read is within bounds, and what is written of
// it reads the same.
func FuzzReadRequest(f *testing.F) {
	for _, seed := range []string{
		`{"userTaskID":"t","orderID":"a"}`, `{"userTaskID":"t","orderIDs":["a","b"],"mode":"once","notBefore":"2026-01-01T00:00:00Z"}`,
		`{"userTaskID":"","orderID":null}`, "\x00\x00\x00\x00\x01", `[[[[`, `{"userTaskID":"\ud800","orderID":"\u0000"}`,
		`{"userTaskID":"t","orderID":"a","deadline":"9999-12-31T23:59:59-01:00"}`,
	} {
		f.Add([]byte(seed))
	}
	avro := func([]byte) (map[string]any, error) { return nil, unreadable("no registry") }
	f.Fuzz(func(t *testing.T, value []byte) {
		r, _, err := Read(&record.Record{Value: value}, avro)
		if err != nil {
			isUnreadable(t, err, "")
			return
		}
		if len(r.Orders) == 0 {
			t.Fatalf("accepted %+v", r)
		}
		for _, id := range append(r.Orders, r.Task) {
			if CheckID(id) != nil {
				t.Fatalf("accepted the ID %q", id)
			}
		}
		again, _, err := Read(&record.Record{Value: JSON(r)}, nil)
		if err != nil || says(again) != says(r) {
			t.Fatalf("%+v written and read again is %+v, %v", r, again, err)
		}
	})
}
