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
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"callstream/internal/callbot"
	"callstream/internal/config"
	"callstream/internal/order"
	"callstream/internal/request"
)

// answering is the API as a transport: it answers every request alike.
type answering struct {
	status int // 0 = 200
	header http.Header
	body   string
	sent   *http.Request // the last one
	said   []byte        // its body
}

func (a *answering) RoundTrip(r *http.Request) (response *http.Response, err error) {
	a.sent = r
	a.said, err = io.ReadAll(r.Body)
	status := max(a.status, http.StatusOK)
	return &http.Response{StatusCode: status, Header: a.header, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}, err
}

// look lets a client ask for two orders of my-task, and reads what it is told of
// the first. The pauses between its attempts pass in a bubble.
func (a *answering) look(t *testing.T, c callbot.Config) (answer *order.Answer, err error) {
	t.Helper()
	c.BaseURL, c.RateLimit, c.HTTP = "http://api", 100, a
	synctest.Test(t, func(t *testing.T) {
		var look order.Look
		look, err = callbot.New(c).Look(t.Context(), "my-task", []string{"order-1", "order-2"})
		if seen, ok := look.Seen["order-1"]; ok {
			answer, err = seen.Decode()
		}
	})
	return answer, err
}

// failureOf is what the client makes of an answer with this HTTP status and
// retCode.
func failureOf(t *testing.T, status, retCode int) (failure *callbot.Error) {
	t.Helper()
	a := answering{status: status, body: fmt.Sprintf(`{"retCode":%d}`, retCode)}
	if _, err := a.look(t, callbot.Config{}); !errors.As(err, &failure) {
		t.Fatalf("HTTP %d, retCode %d: %v", status, retCode, err)
	}
	return failure
}

// TestDocsAPICodes holds the tables of codes in docs/api.md against those of
// package order.
func TestDocsAPICodes(t *testing.T) {
	d := readDoc(t, "docs/api.md")
	var statuses []string
	for n := range 1000 {
		if s := order.Status(n); s.Known() {
			row := fmt.Sprintf("%d | %s | no | ", n, s)
			if endsCall(s) {
				row = fmt.Sprintf("%d | %s | yes | %s", n, s, s.Outcome())
			}
			statuses = append(statuses, row)
		}
	}
	d.holds("Call status", 4, statuses)
	for table, name := range map[string]func(int64) string{
		"Message state": order.SMSState,
		"Agent status":  order.AgentStatus,
		"Who hung up":   order.HungUpBy,
		"Speaker":       func(n int64) string { return order.LineRole(int(n)) },
		"Line type":     func(n int64) string { return order.LineType(int(n)) },
	} {
		var codes []string
		for n := range int64(1000) {
			if text := name(n); text != "UNKNOWN" {
				codes = append(codes, fmt.Sprintf("%d | %s", n, text))
			}
		}
		d.holds(table, 2, codes)
	}
}

// endsCall reports whether a call first seen with the status is announced as
// completed.
func endsCall(s order.Status) bool {
	ans := &order.Answer{Calls: []order.Call{{ID: "c", Status: s}}}
	events := order.Compare(&order.State{}, ans, 1, order.Rules{}).Events
	return slices.ContainsFunc(events, func(ev *order.Event) bool { return ev.Body.Kind() == order.KindCompleted })
}

// TestDocsAPIClasses holds the tables of retCodes and HTTP statuses against
// what the client makes of such answers.
func TestDocsAPIClasses(t *testing.T) {
	d := readDoc(t, "docs/api.md")
	meaning := regexp.MustCompile(`\((.+?)\)`)
	codes := []string{fmt.Sprintf("other | not in the vendor's list | %s", failureOf(t, http.StatusOK, 987_654).Class)}
	for code := 1; code < 7000; code++ {
		got := failureOf(t, http.StatusOK, code)
		if text := meaning.FindStringSubmatch(got.Error()); text != nil {
			codes = append(codes, fmt.Sprintf("%d | %s | %s", code, text[1], got.Class))
		} else if got.Class != callbot.Failing {
			t.Errorf("retCode %d is %s, without a meaning", code, got.Class)
		}
	}
	d.holds("retCode", 3, codes)
	for _, row := range d.rows("HTTP status", 2) {
		statuses, class, _ := strings.Cut(row, " | ")
		for text := range strings.SplitSeq(statuses, ", ") {
			status, err := strconv.Atoi(text)
			if err != nil {
				t.Fatal(err)
			}
			if got := failureOf(t, status, 0); string(got.Class) != class {
				t.Errorf("HTTP %d is %s, docs/api.md says %s", status, got.Class, class)
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
	for _, c := range []callbot.Class{callbot.Busy, callbot.Maintenance, callbot.Failing, callbot.Rejected, callbot.Refused} {
		classes = append(classes, string(c))
	}
	d.holds("class", 1, classes)
}

// TestDocsAPIRequest holds the request described against one that is sent.
func TestDocsAPIRequest(t *testing.T) {
	d := readDoc(t, "docs/api.md")
	api := answering{body: `{"retCode":0}`}
	if _, err := api.look(t, callbot.Config{}); err != nil {
		t.Fatal(err)
	}
	if text := d.section("The request"); !strings.Contains(text, "`"+api.sent.Method+" "+api.sent.URL.Path+"`") {
		t.Errorf("docs/api.md does not name %s %s", api.sent.Method, api.sent.URL.Path)
	}
	var example bytes.Buffer
	if err := json.Compact(&example, []byte(d.code("The request"))); err != nil {
		t.Fatal(err)
	}
	if example.String() != string(api.said) {
		t.Errorf("docs/api.md shows %s, sent was %s", &example, api.said)
	}
	d.holds("header", 1, slices.Collect(maps.Keys(api.sent.Header)))
	for _, s := range config.Settings() {
		if s.Name == "BATCH_SIZE" && !strings.Contains(d.section("Limits"), s.Max+" orders") {
			t.Errorf("docs/api.md names another limit than BATCH_SIZE's %s", s.Max)
		}
	}
}

// TestDocsAPIList holds what is told of listOrder against what is asked, and
// against what the client makes of answers.
func TestDocsAPIList(t *testing.T) {
	d := readDoc(t, "docs/api.md")
	list := func(a *answering) (callbot.ListPage, error) {
		c := callbot.New(callbot.Config{BaseURL: "http://api", RateLimit: 100, HTTP: a})
		return c.List(t.Context(), callbot.ListQuery{Task: "my-task", Statuses: []int{3, 4, 5}, Unfinished: true, Page: 1, Size: 100})
	}
	api := answering{body: `{"retCode":0,"list":[]}`}
	if _, err := list(&api); err != nil {
		t.Fatal(err)
	}
	if text := d.section("listOrder"); !strings.Contains(text, "`"+api.sent.Method+" "+api.sent.URL.Path+"`") {
		t.Errorf("docs/api.md does not name %s %s", api.sent.Method, api.sent.URL.Path)
	}
	var example bytes.Buffer
	if err := json.Compact(&example, []byte(d.code("listOrder"))); err != nil {
		t.Fatal(err)
	}
	if example.String() != string(api.said) {
		t.Errorf("docs/api.md shows %s, sent was %s", &example, api.said)
	}
	var unsupported []string
	for status := 300; status < 600; status++ {
		if _, err := list(&answering{status: status}); callbot.Unsupported(err) {
			unsupported = append(unsupported, fmt.Sprintf("HTTP %d", status))
		}
	}
	for code := 1; code < 7000; code++ {
		if _, err := list(&answering{body: fmt.Sprintf(`{"retCode":%d}`, code)}); callbot.Unsupported(err) {
			unsupported = append(unsupported, fmt.Sprintf("retCode %d", code))
		}
	}
	d.sameSet("what listOrder answers where it is not to be had", strings.Split(d.rows("listOrder answers", 1)[0], ", "), unsupported)
}

// TestDocsAPISignature lets the client check the documented sample, as if it
// were an answer. It is none, which shows that its signature was found right.
func TestDocsAPISignature(t *testing.T) {
	sample := map[string]string{}
	for _, row := range readDoc(t, "docs/api.md").rows("The signature", 2) {
		part, value, _ := strings.Cut(row, " | ")
		sample[part] = value
	}
	for _, algorithm := range []string{"MD5", "SHA256"} {
		for sign, want := range map[string]string{
			sample[algorithm]: "the answer has no retCode",
			strings.Repeat("0", len(sample[algorithm])): "the answer's signature is wrong",
		} {
			api := answering{header: http.Header{}, body: sample["body"]}
			for name, value := range map[string]string{
				"requestID": sample["requestID"], "uuid": sample["uuid"], "createTs": sample["createTs"], "algorithm": algorithm, "sign": sign,
			} {
				api.header.Set(name, value)
			}
			_, err := api.look(t, callbot.Config{SecretKey: func() string { return sample["key"] }, Verify: callbot.VerifyStrict})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s %s: got %v, want %s", algorithm, sign, err, want)
			}
		}
	}
}

// TestDocsAPIResponse decodes the documented answer: the tables list its fields
// and no other, and each of them is read.
func TestDocsAPIResponse(t *testing.T) {
	d := readDoc(t, "docs/api.md")
	api := answering{body: d.code("The response")}
	var documented, shown []string
	for _, table := range []string{"the answer", "an order", "a call", "an intent", "a message", "the agent", "a parameter", "a line"} {
		documented = append(documented, d.rows("field of "+table, 1)...)
	}
	for _, m := range regexp.MustCompile(`"(\w+)":`).FindAllStringSubmatch(api.body, -1) {
		shown = append(shown, m[1])
	}
	d.sameSet("fields of the example", documented, shown)
	answer, err := api.look(t, callbot.Config{})
	if err != nil || answer == nil {
		t.Fatalf("the example is read as %v, %v", answer, err)
	}
	unread(t, "answer", reflect.ValueOf(answer).Elem())
}

// unread complains of each field that the decoding left at its zero value.
func unread(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	switch {
	case v.IsZero():
		t.Errorf("%s was not read from the example", path)
	case v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[order.Opt]():
		for field, inner := range v.Fields() {
			unread(t, path+"."+field.Name, inner)
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			unread(t, path+"["+strconv.Itoa(i)+"]", v.Index(i))
		}
	}
}

// TestDocsAPITimestamps holds the table of times against the decoder.
func TestDocsAPITimestamps(t *testing.T) {
	for _, row := range readDoc(t, "docs/api.md").rows("Timestamps", 2) {
		sent, want, _ := strings.Cut(row, " | ")
		api := answering{body: `{"retCode":0,"orderDetailList":[{"orderID":"order-1","callInfoDetailList":[{"callStartTs":` + sent + `}]}]}`}
		answer, err := api.look(t, callbot.Config{})
		got := "none"
		if err != nil {
			got = "unreadable"
		} else if at := answer.Calls[0].StartedAt; at != 0 {
			got = time.UnixMilli(int64(at)).UTC().Format("2006-01-02T15:04:05.000Z")
		}
		if got != want {
			t.Errorf("%s is read as %s, docs/api.md says %s", sent, got, want)
		}
	}
}

// TestDocsAPICallbacks lets the documented callback be taken: with the headers
// that the table names and no others it is accepted, as one about its order.
func TestDocsAPICallbacks(t *testing.T) {
	d := readDoc(t, "docs/api.md")
	body := d.code("Callbacks")
	var documented, shown []string
	for _, row := range d.rows("field of a callback", 1) {
		documented = append(documented, strings.Split(row, ", ")...)
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(body), &fields); err != nil {
		t.Fatal(err)
	}
	d.sameSet("fields of the example", documented, slices.AppendSeq(shown, maps.Keys(fields)))
	var put []order.Ref
	var results []string
	c := callbot.NewCallbacks(callbot.CallbackConfig{
		UUID: "account", SecretKey: func() string { return "key" }, CheckID: request.CheckID,
		Put:     func(_ context.Context, ref order.Ref) error { put = append(put, ref); return nil },
		Observe: func(result string) { results = append(results, result) },
	})
	values := map[string]string{"requestID": "r", "uuid": "account", "createTs": strconv.FormatInt(time.Now().Unix(), 10), "algorithm": "MD5"}
	values["sign"] = signMD5("key", body, values["createTs"], "r")
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, callbot.CallbackPath, strings.NewReader(body))
	for _, name := range d.rows("header of a callback", 1) {
		r.Header.Set(name, values[name])
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	if w.Code != http.StatusOK || !slices.Equal(put, []order.Ref{{Task: "my-task", ID: "order-1"}}) || !slices.Equal(results, []string{callbot.CallbackAccepted}) {
		t.Errorf("answered %d %s, hints about %v, counted %q", w.Code, w.Body, put, results)
	}
	if text := d.section("Callbacks"); !strings.Contains(text, "`"+w.Body.String()+"`") {
		t.Errorf("docs/api.md does not show the answer %s", w.Body)
	}
}
