package callbot

import (
	"compress/gzip"
	"context"
	"crypto/md5" //nolint:gosec // the vendor's choice
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testKey  = "s3cret"
	testUUID = "acc-7"
)

// fakeAPI is an API that holds its clients to the contract: it checks the
// signature, the freshness of request IDs and times, and the batch size.
type fakeAPI struct {
	t *testing.T
	// entry returns an order's entry; empty = the API doesn't know the order.
	entry func(id string) string
	// fault may answer in the API's stead. n counts requests from 1.
	fault func(f *fakeAPI, w http.ResponseWriter, r *http.Request, n int, ids []string) bool

	mu    sync.Mutex
	asked [][]string
	at    []time.Time
	ids   map[string]bool // request IDs seen
}

func newFakeAPI(t *testing.T) *fakeAPI {
	return &fakeAPI{
		t:     t,
		entry: func(id string) string { return fmt.Sprintf(`{"orderID":%q,"userTaskID":"t","finish":true}`, id) },
		ids:   map[string]bool{},
	}
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		f.t.Errorf("read the request: %v", err)
	}
	ids := f.check(r, body)
	f.mu.Lock()
	f.asked = append(f.asked, ids)
	f.at = append(f.at, time.Now())
	n := len(f.asked)
	f.mu.Unlock()
	if f.fault != nil && f.fault(f, w, r, n, ids) {
		return
	}
	var entries []string
	for _, id := range ids {
		if entry := f.entry(id); entry != "" {
			entries = append(entries, entry)
		}
	}
	f.answer(w, r, http.StatusOK, `{"retCode":0,"retMsg":"success","responseID":"r-`+strconv.Itoa(n)+`","orderDetailList":[`+strings.Join(entries, ",")+`]}`)
}

// check reads a request and complains of all that the API would refuse.
func (f *fakeAPI) check(r *http.Request, body []byte) (ids []string) {
	if r.Method != http.MethodPost || r.URL.Path != "/callcentre/api/v3/listOrderDetail" {
		f.t.Errorf("%s %s", r.Method, r.URL.Path)
	}
	if r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Accept-Encoding") != "gzip" || r.Header.Get("uuid") != testUUID {
		f.t.Errorf("headers: %v", r.Header)
	}
	createTs, err := strconv.ParseInt(r.Header.Get("createTs"), 10, 64)
	if age := time.Since(time.Unix(createTs, 0)); err != nil || age < -time.Second || age > 2*time.Second {
		f.t.Errorf("createTs %q: %v old, %v", r.Header.Get("createTs"), age, err)
	}
	if got, want := r.Header.Get("sign"), fakeSign(r.Header.Get("algorithm"), body, r.Header.Get("createTs"), r.Header.Get("requestID"), testUUID); got != want {
		f.t.Errorf("sign %q, want %q", got, want)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if id := r.Header.Get("requestID"); id == "" || f.ids[id] {
		f.t.Errorf("request ID %q is not unique", id)
	}
	f.ids[r.Header.Get("requestID")] = true
	var request struct {
		ProductID, UserTaskID string
		OrderList             []string
	}
	if err := json.Unmarshal(body, &request); err != nil || request.ProductID != "callbot" || request.UserTaskID == "" {
		f.t.Errorf("request %+v: %v", request, err)
	}
	if n := len(request.OrderList); n == 0 || n > 500 {
		f.t.Errorf("%d orders in a request", n)
	}
	return request.OrderList
}

func fakeSign(algorithm string, body []byte, createTs, requestID, uuid string) string {
	text := fmt.Sprintf("%s&body=%s&createTs=%s&requestID=%s&uuid=%s", testKey, body, createTs, requestID, uuid)
	if algorithm == "SHA256" {
		return fmt.Sprintf("%X", sha256.Sum256([]byte(text)))
	}
	return fmt.Sprintf("%X", md5.Sum([]byte(text))) //nolint:gosec // the vendor's choice
}

// answer sends a signed answer, compressed as the real API does.
func (f *fakeAPI) answer(w http.ResponseWriter, r *http.Request, status int, body string) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("createTs", "1760000000")
	h.Set("requestID", r.Header.Get("requestID"))
	h.Set("uuid", testUUID)
	h.Set("algorithm", r.Header.Get("algorithm"))
	h.Set("sign", fakeSign(r.Header.Get("algorithm"), []byte(body), "1760000000", r.Header.Get("requestID"), testUUID))
	h.Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	zip := gzip.NewWriter(w)
	_, _ = io.WriteString(zip, body)
	_ = zip.Close()
}

func (f *fakeAPI) requests() [][]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

// code answers with a retCode.
func code200(retCode int) faultFunc {
	return func(f *fakeAPI, w http.ResponseWriter, r *http.Request) {
		f.answer(w, r, http.StatusOK, fmt.Sprintf(`{"retCode":%d,"retMsg":"no 13800138000","responseID":"r-9"}`, retCode))
	}
}

// status answers with a bare HTTP status, as a proxy would.
func status(code int) faultFunc {
	return func(_ *fakeAPI, w http.ResponseWriter, _ *http.Request) { http.Error(w, "secret", code) }
}

func hang(_ *fakeAPI, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

type faultFunc func(f *fakeAPI, w http.ResponseWriter, r *http.Request)

// always answers each request so.
func always(fault faultFunc) func(*fakeAPI, http.ResponseWriter, *http.Request, int, []string) bool {
	return func(f *fakeAPI, w http.ResponseWriter, r *http.Request, _ int, _ []string) bool {
		fault(f, w, r)
		return true
	}
}

// poisoned answers so each request that holds one of the poison orders.
func poisoned(fault faultFunc, poison ...string) func(*fakeAPI, http.ResponseWriter, *http.Request, int, []string) bool {
	return func(f *fakeAPI, w http.ResponseWriter, r *http.Request, _ int, ids []string) bool {
		for _, id := range ids {
			for _, p := range poison {
				if id == p {
					fault(f, w, r)
					return true
				}
			}
		}
		return false
	}
}

// pipes is a network in memory, so that real HTTP runs in synctest's time.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "unix"} }

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

func (c *counts) Request(class string, retCode, asked int, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if asked == 0 || took < 0 {
		class = "without orders or time"
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
