package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const apiPath = "/callcentre/api/v3/listOrderDetail"

func query(task string, ids ...string) string {
	b, err := json.Marshal(map[string]any{"productID": "callbot", "userTaskID": task, "orderList": ids})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// signedAs is the header of a request as a client with MD5 signs it;
// signature_test.go holds the algorithm to values made by other programs.
func signedAs(key, body string) http.Header {
	h := signed{requestID: "r-1", uuid: "u", createTs: "1700000000"}
	sign, _ := h.sign(key, []byte(body))
	return headers(headerRequestID, h.requestID, headerUUID, h.uuid, headerCreateTs, h.createTs, headerSign, sign)
}

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for pair := range slices.Chunk(pairs, 2) {
		h.Set(pair[0], pair[1])
	}
	return h
}

// send makes a request and returns what was recorded.
func send(s http.Handler, method, path, body string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	maps.Copy(r.Header, header)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// post sends a signed query.
func post(s http.Handler, body string) *httptest.ResponseRecorder {
	return send(s, http.MethodPost, apiPath, body, signedAs(testKey, body))
}

// control makes a request to a control path.
func control(s http.Handler, method, path, body string) *httptest.ResponseRecorder {
	return send(s, method, "/sim/"+path, body, nil)
}

// numbered are IDs that begin alike.
func numbered(prefix string, n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprint(prefix, i)
	}
	return ids
}

const testKey = "secret"

// clock is a hand-moved one.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{time.UnixMilli(1_780_000_000_123)} }

func (c *clock) Now() time.Time          { return c.now }
func (c *clock) advance(d time.Duration) { c.now = c.now.Add(d) }

func newTest(c *clock, change func(*Config)) *Simulator {
	config := Config{Seed: 7, UUID: "u", SecretKey: testKey, Now: c.Now}
	if change != nil {
		change(&config)
	}
	return New(config)
}

// response is the API's answer as a client reads it.
type response struct {
	RetCode    int              `json:"retCode"`
	RetMsg     string           `json:"retMsg"`
	ResponseID string           `json:"responseID"`
	Orders     []map[string]any `json:"orderDetailList"`
}

func ask(t *testing.T, s http.Handler, task string, ids ...string) response {
	t.Helper()
	var a response
	decode(t, post(s, query(task, ids...)).Body.Bytes(), &a)
	return a
}

// callsOf are the calls of an order as JSON objects.
func callsOf(order map[string]any) []map[string]any {
	list, _ := order["callInfoDetailList"].([]any)
	calls := make([]map[string]any, len(list))
	for i, c := range list {
		calls[i] = c.(map[string]any)
	}
	return calls
}
