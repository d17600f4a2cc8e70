package simulator

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
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

// signRequest signs as a client with MD5 does; signature_test.go holds the
// algorithm to values made by other programs.
func signRequest(r *http.Request, key, body string) {
	h := signed{requestID: "r-1", uuid: "u", createTs: "1700000000"}
	sign, _ := h.sign(key, []byte(body))
	r.Header.Set(headerRequestID, h.requestID)
	r.Header.Set(headerUUID, h.uuid)
	r.Header.Set(headerCreateTs, h.createTs)
	r.Header.Set(headerSign, sign)
}

// post sends a signed body and returns what was recorded.
func post(s http.Handler, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, apiPath, strings.NewReader(body))
	signRequest(r, testKey, body)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
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
	w := post(s, query(task, ids...))
	var a response
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("read the answer: %v", err)
	}
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

// send makes a plain request, as to the control paths.
func send(s http.Handler, method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w
}
