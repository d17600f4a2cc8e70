package callbot

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"callstream/internal/order"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testKey  = "s3cret"
	testUUID = "acc-7"
)

// fixed is a key that stays.
func fixed(key string) func() string { return func() string { return key } }

// script is an API that answers as a test tells it to. It checks nothing: that
// requests are signed and shaped as the API wants them is held once, by
// TestExchange against the simulator.
type script struct {
	// entry returns an order's entry; empty = the API doesn't know the order.
	entry func(id string) string
	// instead may return what answers in the API's stead. n counts requests
	// from 1. nil = nothing ever does.
	instead func(n int, ids []string) http.HandlerFunc

	mu    sync.Mutex
	asked [][]string
	at    []time.Time
}

func knows(id string) string { return fmt.Sprintf(`{"orderID":%q,"userTaskID":"t"}`, id) }

func knowsNothing(string) string { return "" }

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var request struct{ OrderList []string }
	_ = json.NewDecoder(r.Body).Decode(&request) // a test that asks for nothing will miss something
	s.mu.Lock()
	s.asked = append(s.asked, request.OrderList)
	s.at = append(s.at, time.Now())
	n := len(s.asked)
	s.mu.Unlock()
	if s.instead != nil {
		if answer := s.instead(n, request.OrderList); answer != nil {
			answer(w, r)
			return
		}
	}
	var entries []string
	for _, id := range request.OrderList {
		if entry := s.entry(id); entry != "" {
			entries = append(entries, entry)
		}
	}
	signed(http.StatusOK, `{"retCode":0,"orderDetailList":[`+strings.Join(entries, ",")+`]}`)(w, r)
}

// signed answers as the real API does: signed and compressed. The client's own
// signature serves, for sign_test.go holds it to values made elsewhere.
func signed(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s := stamp{algorithm: r.Header.Get(headerAlgorithm), createTs: "1760000000", requestID: r.Header.Get(headerRequestID), uuid: testUUID}
		signature, _ := s.sign(testKey, []byte(body))
		for name, value := range map[string]string{
			"Content-Type": "application/json", "Content-Encoding": "gzip", headerCreateTs: s.createTs, headerSign: signature,
		} {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		zip := gzip.NewWriter(w)
		_, _ = io.WriteString(zip, body)
		_ = zip.Close()
	}
}

// retCode answers with a retCode.
func retCode(code int) http.HandlerFunc {
	return signed(http.StatusOK, fmt.Sprintf(`{"retCode":%d,"retMsg":"no 13800138000","responseID":"r-9"}`, code))
}

// status answers with a bare HTTP status, as a proxy would.
func status(code int) http.HandlerFunc { return unsigned(code, "secret") }

// unsigned answers so, with headers given as names and values in turn.
func unsigned(code int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // a server notices that the client has left once its body is read
	<-r.Context().Done()
}

// always answers each request so.
func always(answer http.HandlerFunc) func(int, []string) http.HandlerFunc {
	return func(int, []string) http.HandlerFunc { return answer }
}

// poisoned answers so each request that holds one of the poison orders.
func poisoned(answer http.HandlerFunc, poison ...string) func(int, []string) http.HandlerFunc {
	return func(_ int, ids []string) http.HandlerFunc {
		if slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(poison, id) }) {
			return answer
		}
		return nil
	}
}

// direct hands requests to a handler without a network between, so that a test
// runs in synctest's time.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	arrived := r.Clone(r.Context())
	arrived.Header = http.Header{}
	for name, values := range r.Header {
		arrived.Header.Set(name, values[0]) // as a server spells names
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, arrived)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// counts is an Observer that remembers.
type counts struct {
	mu       sync.Mutex
	requests map[string]int // class and retCode
	dropped  map[string]int
	signs    map[bool]int
}

func newCounts() *counts {
	return &counts{requests: map[string]int{}, dropped: map[string]int{}, signs: map[bool]int{}}
}

func (c *counts) Request(call, class string, retCode, asked int, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if (asked == 0) != (call == ListOrder) || took < 0 {
		class = "without orders or time"
	}
	if call == ListOrder {
		class = "list " + class
	}
	c.requests[fmt.Sprint(class, " ", retCode)]++
}

func (c *counts) Dropped(why string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropped[why] += n
}

func (c *counts) Signature(ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.signs[ok]++
}

// scene is a client and an API in synctest's time.
type scene struct {
	t        *testing.T
	api      *script
	client   *Client
	observer *counts
	log      *bytes.Buffer
}

// play runs a test in synctest's time. The client may ask 1000 times a second
// and waits 15 s for an answer.
func play(t *testing.T, name string, test func(s *scene)) {
	t.Helper()
	inBubble(t, name, func(t *testing.T) {
		s := &scene{t: t, api: &script{entry: knows}, observer: newCounts(), log: &bytes.Buffer{}}
		s.client = New(Config{
			BaseURL: "http://api", UUID: testUUID, SecretKey: fixed(testKey), Algorithm: SHA256, Verify: VerifyStrict,
			Timeout: 15 * time.Second, RateLimit: 1000, HTTP: direct{s.api},
			Log: slog.New(slog.NewTextHandler(s.log, nil)), Observer: s.observer,
		})
		test(s)
	})
}

func (s *scene) look(ids ...string) (order.Look, error) {
	return s.client.Look(s.t.Context(), "t", ids)
}

// well looks at an order that is no trouble, so that the API is known to answer.
func (s *scene) well() {
	s.t.Helper()
	s.looks([]string{"well"}, outcome{})
}

// outcome is what becomes of a look: all orders but the listed ones are seen,
// the unanswered are in no part of it, and class is its error's, empty = none.
type outcome struct {
	class                         Class
	rejected, missing, unanswered []string
}

// looks looks at orders and compares what becomes of it.
func (s *scene) looks(ids []string, want outcome) order.Look {
	s.t.Helper()
	look, err := s.look(ids...)
	failure, ok := errors.AsType[*Error](err)
	if ok != (want.class != "") || err != nil && (!ok || failure.Class != want.class) {
		s.t.Errorf("error %v, want %q", err, want.class)
	}
	s.wantLook(look, ids, want)
	return look
}

func (s *scene) wantLook(look order.Look, ids []string, o outcome) {
	s.t.Helper()
	want, got := map[string]string{}, map[string]string{} // got: a word of each part it is in
	for _, id := range ids {
		want[id], got[id] = "seen ", ""
	}
	for word, part := range map[string][]string{"rejected ": o.rejected, "missing ": o.missing, "": o.unanswered} {
		for _, id := range part {
			want[id] = word
		}
	}
	for word, part := range map[string][]string{
		"seen ": slices.Collect(maps.Keys(look.Seen)), "rejected ": slices.Collect(maps.Keys(look.Rejected)), "missing ": slices.Collect(maps.Keys(look.Missing)),
	} {
		for _, id := range part {
			got[id] += word
		}
	}
	wantEqual(s.t, got, want)
}

func (s *scene) wantRequests(want int) {
	s.t.Helper()
	if got := len(s.api.asked); got != want {
		s.t.Errorf("%d requests, want %d", got, want)
	}
}

func (s *scene) wantTrouble(want string) {
	s.t.Helper()
	if got := s.client.Trouble(); got != want {
		s.t.Errorf("trouble %q, want %q", got, want)
	}
}

// wantOneError holds the log to one error, whatever was tried how often.
func (s *scene) wantOneError() {
	s.t.Helper()
	if n := strings.Count(s.log.String(), "level=ERROR"); n != 1 {
		s.t.Errorf("%d errors logged:\n%s", n, s.log)
	}
}

func orders(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("o%03d", i)
	}
	return ids
}
