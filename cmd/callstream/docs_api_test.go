package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"callstream/internal/callbot"
	"callstream/internal/config"
	"callstream/internal/order"
)

// TestDocsAPICodes holds the tables of codes in docs/api.md against those of
// package order, in both directions: a code that one of them lacks is a fault.
func TestDocsAPICodes(t *testing.T) {
	doc := readDoc(t, "docs/api.md")
	t.Run("call status", func(t *testing.T) {
		var want [][]string
		for n := range 1000 {
			if s := order.Status(n); s.Known() {
				final, outcome := "no", ""
				if endsCall(s) {
					final, outcome = "yes", s.Outcome()
				}
				want = append(want, []string{strconv.Itoa(n), s.String(), final, outcome})
			}
		}
		sameRows(t, doc.table(t, "Call status"), want)
	})
	for section, name := range map[string]func(int64) string{
		"Message state": order.SMSState,
		"Agent status":  order.AgentStatus,
		"Who hung up":   order.HungUpBy,
		"Speaker":       func(n int64) string { return order.LineRole(int(n)) },
		"Line type":     func(n int64) string { return order.LineType(int(n)) },
	} {
		t.Run(strings.ToLower(section), func(t *testing.T) {
			var want [][]string
			for n := range int64(1000) {
				if text := name(n); text != "UNKNOWN" {
					want = append(want, []string{strconv.FormatInt(n, 10), text})
				}
			}
			sameRows(t, doc.table(t, section), want)
		})
	}
}

// endsCall reports whether a call first seen with the status is announced as
// completed.
func endsCall(s order.Status) bool {
	ans := &order.Answer{Calls: []order.Call{{ID: "c", Status: s}}}
	for _, ev := range order.Compare(&order.State{}, ans, 1, order.Rules{}).Events {
		if ev.Body.Kind() == order.KindCompleted {
			return true
		}
	}
	return false
}

// TestDocsAPIClasses holds the tables of retCodes and HTTP statuses against
// what the client makes of such answers.
func TestDocsAPIClasses(t *testing.T) {
	doc := readDoc(t, "docs/api.md")
	rows := doc.table(t, "retCode")
	known := map[int]bool{}
	for _, row := range rows {
		code, err := strconv.Atoi(row[0])
		if err != nil { // other
			code = 987_654
		}
		known[code] = true
		got := failureOf(t, http.StatusOK, code)
		if string(got.Class) != row[2] {
			t.Errorf("retCode %s is %s, docs/api.md says %s", row[0], got.Class, row[2])
		}
		if err == nil && !strings.Contains(got.Error(), "("+row[1]+")") {
			t.Errorf("retCode %s is worded %q, docs/api.md says %s", row[0], got, row[1])
		}
	}
	for code := 1; code < 7000; code++ {
		if got := failureOf(t, http.StatusOK, code); !known[code] && (got.Class != callbot.Failing || strings.Contains(got.Error(), "(")) {
			t.Errorf("docs/api.md lacks retCode %d: %v", code, got)
		}
	}
	for _, row := range doc.tableOf(t, "HTTP status") {
		for text := range strings.SplitSeq(row[0], ", ") {
			status, err := strconv.Atoi(text)
			if err != nil {
				t.Fatal(err)
			}
			if got := failureOf(t, status, 0); string(got.Class) != row[1] {
				t.Errorf("HTTP %d is %s, docs/api.md says %s", status, got.Class, row[1])
			}
		}
	}
	if got := failureOf(t, http.StatusTooManyRequests, 6); got.Class != callbot.Busy {
		t.Errorf("HTTP 429 with a retCode is %s", got.Class)
	}
	if got := failureOf(t, http.StatusServiceUnavailable, 6); got.Class != callbot.Refused {
		t.Errorf("HTTP 503 with retCode 6 is %s", got.Class)
	}
	var classes []string
	for _, row := range doc.tableOf(t, "class") {
		classes = append(classes, row[0])
	}
	want := []string{string(callbot.Busy), string(callbot.Maintenance), string(callbot.Failing), string(callbot.Rejected), string(callbot.Refused)}
	if !slices.Equal(classes, want) {
		t.Errorf("docs/api.md explains the classes %q, want %q", classes, want)
	}
}

// answering is the API as a transport: it answers every request alike.
type answering struct {
	status int
	header http.Header
	body   string
	sent   **http.Request // where to leave the request; may be nil
	said   *[]byte        // and its body
}

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if a.sent != nil {
		*a.sent, *a.said = r, body
	}
	return &http.Response{StatusCode: a.status, Header: a.header, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}, err
}

// failureOf is what the client makes of an answer with this HTTP status and
// retCode. The pauses between its attempts pass in a bubble.
func failureOf(t *testing.T, status, retCode int) *callbot.Error {
	t.Helper()
	var failure *callbot.Error
	synctest.Test(t, func(t *testing.T) {
		client := callbot.New(callbot.Config{
			BaseURL: "http://api", RateLimit: 100, HTTP: answering{status: status, body: fmt.Sprintf(`{"retCode":%d}`, retCode)},
		})
		_, err := client.Look(t.Context(), "task", []string{"order"})
		if !errors.As(err, &failure) {
			t.Fatalf("HTTP %d, retCode %d: %v", status, retCode, err)
		}
	})
	return failure
}

// TestDocsAPIRequest holds the request described against one that is sent.
func TestDocsAPIRequest(t *testing.T) {
	doc := readDoc(t, "docs/api.md")
	var sent *http.Request
	var said []byte
	client := callbot.New(callbot.Config{BaseURL: "http://api", RateLimit: 100, HTTP: answering{status: 200, body: `{"retCode":0}`, sent: &sent, said: &said}})
	if _, err := client.Look(t.Context(), "my-task", []string{"order-1", "order-2"}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(doc.section(t, "The request"), "`"+sent.Method+" "+sent.URL.Path+"`") {
		t.Errorf("docs/api.md does not name %s %s", sent.Method, sent.URL.Path)
	}
	var example bytes.Buffer
	if err := json.Compact(&example, []byte(doc.code(t, "The request"))); err != nil {
		t.Fatal(err)
	}
	if example.String() != string(said) {
		t.Errorf("docs/api.md shows %s, sent was %s", &example, said)
	}
	sameSet(t, "headers", firstColumn(doc.tableOf(t, "header")), slices.Collect(maps.Keys(sent.Header)))
	for _, s := range config.Settings() {
		if s.Name == "BATCH_SIZE" && !strings.Contains(doc.section(t, "Limits"), s.Max+" orders") {
			t.Errorf("docs/api.md names another limit than BATCH_SIZE's %s", s.Max)
		}
	}
}

// signatures hears what the client thinks of an answer's signature.
type signatures struct{ right, wrong int }

func (*signatures) Request(string, int, int, time.Duration) {}
func (*signatures) Dropped(string, int)                     {}
func (s *signatures) Signature(ok bool) {
	if ok {
		s.right++
	} else {
		s.wrong++
	}
}

// TestDocsAPISignature lets the client check the documented sample, as if it
// were an answer.
func TestDocsAPISignature(t *testing.T) {
	sample := map[string]string{}
	for _, row := range readDoc(t, "docs/api.md").table(t, "The signature") {
		sample[row[0]] = row[1]
	}
	check := func(algorithm, sign string) signatures {
		var heard signatures
		header := http.Header{}
		for name, value := range map[string]string{
			"requestID": sample["requestID"], "uuid": sample["uuid"], "createTs": sample["createTs"], "algorithm": algorithm, "sign": sign,
		} {
			header.Set(name, value)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		client := callbot.New(callbot.Config{
			BaseURL: "http://api", SecretKey: sample["key"], Verify: callbot.VerifyWarn, RateLimit: 100, Observer: &heard,
			HTTP: answeredOnce{answering{status: 200, header: header, body: sample["body"]}, cancel},
		})
		_, err := client.Look(ctx, "task", []string{"order"}) // the body is no answer, and has no retCode
		if err == nil {
			t.Fatal("the sample is taken for an answer")
		}
		return heard
	}
	for _, algorithm := range []string{"MD5", "SHA256"} {
		sign := sample[algorithm]
		if got := check(algorithm, sign); got != (signatures{right: 1}) {
			t.Errorf("%s: the client finds the sample's signature wrong", algorithm)
		}
		if got := check(algorithm, strings.Repeat("0", len(sign))); got != (signatures{wrong: 1}) {
			t.Errorf("%s: the client finds any signature right", algorithm)
		}
	}
}

// answeredOnce ends the asking with its first answer's end.
type answeredOnce struct {
	answering
	cancel context.CancelFunc
}

func (o answeredOnce) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := o.answering.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
	response.Body = &closing{response.Body, o.cancel}
	return response, err
}

type closing struct {
	io.ReadCloser
	closed func()
}

func (c *closing) Close() error {
	c.closed()
	return c.ReadCloser.Close()
}

// TestDocsAPIResponse decodes the documented answer: the tables list its fields
// and no other, and each of them is read.
func TestDocsAPIResponse(t *testing.T) {
	doc := readDoc(t, "docs/api.md")
	body := doc.code(t, "The response")
	var example any
	if err := json.Unmarshal([]byte(body), &example); err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, head := range []string{
		"field of the answer", "field of an order", "field of a call", "field of an intent", "field of a message",
		"field of the agent", "field of a parameter", "field of a line",
	} {
		documented = append(documented, firstColumn(doc.tableOf(t, head))...)
	}
	sameSet(t, "fields", documented, fieldNames(example))
	unread(t, "answer", reflect.ValueOf(decodeAnswer(t, body)).Elem())
}

// fieldNames lists the names of all fields of a JSON value, as often as it comes.
func fieldNames(value any) []string {
	var all []string
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			all = append(append(all, name), fieldNames(inner)...)
		}
	case []any:
		for _, inner := range v {
			all = append(all, fieldNames(inner)...)
		}
	}
	return all
}

// unread complains of each field that the decoding left at its zero value.
func unread(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	switch {
	case v.IsZero():
		t.Errorf("%s was not read from the example", path)
	case v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[order.Opt]():
		for i := range v.NumField() {
			unread(t, path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			unread(t, path+"["+strconv.Itoa(i)+"]", v.Index(i))
		}
	}
}

// decodeAnswer lets the client read an answer about order-1 of my-task.
func decodeAnswer(t *testing.T, body string) *order.Answer {
	t.Helper()
	answer, err := tryDecode(t, body)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func tryDecode(t *testing.T, body string) (*order.Answer, error) {
	t.Helper()
	client := callbot.New(callbot.Config{BaseURL: "http://api", RateLimit: 100, HTTP: answering{status: 200, body: body}})
	look, err := client.Look(t.Context(), "my-task", []string{"order-1"})
	if err != nil {
		t.Fatal(err)
	}
	return look.Seen["order-1"].Decode()
}

// TestDocsAPITimestamps holds the table of times against the decoder.
func TestDocsAPITimestamps(t *testing.T) {
	const layout = "2006-01-02T15:04:05.000Z"
	for _, row := range readDoc(t, "docs/api.md").table(t, "Timestamps") {
		answer, err := tryDecode(t, `{"retCode":0,"orderDetailList":[{"orderID":"order-1","callInfoDetailList":[{"callStartTs":`+row[0]+`}]}]}`)
		got := "unreadable"
		if err == nil {
			got = "none"
			if at := answer.Calls[0].StartedAt; at != 0 {
				got = time.UnixMilli(int64(at)).UTC().Format(layout)
			}
		}
		if got != row[1] {
			t.Errorf("%s is read as %s, docs/api.md says %s", row[0], got, row[1])
		}
	}
}
