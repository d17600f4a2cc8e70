package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// receiver takes callbacks as a customer does.
type receiver struct {
	*testing.T
	answer int // HTTP status

	mu    sync.Mutex
	taken []callback
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		r.Errorf("read a callback: %v", err)
	}
	c := callback{signedOf(q.Header), q.Header.Get(headerSign), body}
	if want, ok := c.signed.sign(testKey, body); !ok || c.sign != want || c.uuid != "u" {
		r.Errorf("signed %s for %s, want %s", c.sign, c.uuid, want)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken = append(r.taken, c)
	w.WriteHeader(r.answer)
}

// listen serves a simulator whose callbacks go to a receiver.
func listen(t *testing.T, answer int, f Faults) (*Simulator, *receiver) {
	t.Helper()
	r := &receiver{T: t, answer: answer}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	// An order's story, up to 25 minutes, takes 1.5 s.
	s := New(Config{Seed: 7, UUID: "u", SecretKey: testKey, Speed: 1000, Callbacks: server.URL + "/callbacks/callbot"})
	setFaults(t, s, f)
	serve(t, s)
	return s, r
}

// until waits for what the simulator has counted.
func until(t *testing.T, s *Simulator, what string, holds func(CallbackStats) bool) CallbackStats {
	t.Helper()
	const patience = 30 * time.Second // stories take 1.5 s
	deadline := time.After(patience)
	for {
		got := s.Stats().Callbacks
		if holds(got) {
			return got
		}
		select {
		case <-deadline:
			t.Fatalf("%s: after %v counted %+v", what, patience, got)
		case <-time.After(time.Millisecond):
		}
	}
}

// endsOf counts the ends that orders have when they are first asked for.
func endsOf(s *Simulator, task string, ids []string) (n int) {
	for _, id := range ids {
		n += len(s.tell(ref{task, id}).ends())
	}
	return n
}

// TestCallbacks: each call that ends and each order that does is told of once,
// in the form of the vendor's, and not before the API shows it; what was over
// when it was first asked for, and what does not exist, is not told of.
func TestCallbacks(t *testing.T) {
	s, r := listen(t, http.StatusOK, Faults{})
	ids := numbered("live-", 30)
	ask(t, s, "t", append(append(slices.Clone(ids), numbered("done-", 10)...), "missing-1")...)
	want := endsOf(s, "t", ids)
	got := until(t, s, "all ends", func(c CallbackStats) bool { return c.Sent >= want })
	if got != (CallbackStats{Sent: want, Accepted: want}) {
		t.Errorf("counted %+v, want %d", got, want)
	}
	finished, types := map[string]int{}, map[string]bool{}
	for _, c := range r.taken {
		var says struct {
			CallbackType        any
			OrderID, UserTaskID string
			Finish              bool
			CallInfoDetail      map[string]any
		}
		if err := json.Unmarshal(c.body, &says); err != nil {
			t.Fatalf("%v: %s", err, c.body)
		}
		types[fmt.Sprintf("%T", says.CallbackType)] = true
		status, _ := says.CallInfoDetail["callStatus"].(float64)
		_, lines := says.CallInfoDetail["recordDetail"]
		if !strings.HasPrefix(says.OrderID, "live-") || says.UserTaskID != "t" || status < 6 || lines || fmt.Sprint(says.CallbackType) != "2" {
			t.Errorf("a callback says %s", c.body)
		}
		if says.Finish {
			finished[says.OrderID]++
		}
	}
	if len(finished) != len(ids) || len(types) != 2 {
		t.Errorf("%d orders are finished, types are %v", len(finished), types)
	}
}

// TestCallbackFaults: what is lost never comes, what is late and twice does, and
// all of it is counted.
func TestCallbackFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		faults Faults
		answer int
		want   func(ends int) CallbackStats
	}{
		"lost":    {Faults{CallbackLoss: 1}, 200, func(n int) CallbackStats { return CallbackStats{Lost: n} }},
		"late":    {Faults{CallbackDelay: 1, CallbackDelaySeconds: 1}, 200, func(n int) CallbackStats { return CallbackStats{Sent: n, Accepted: n, Delayed: n} }},
		"twice":   {Faults{CallbackDuplicates: 1}, 200, func(n int) CallbackStats { return CallbackStats{Sent: 2 * n, Accepted: 2 * n, Duplicated: n} }},
		"refused": {Faults{}, 401, func(n int) CallbackStats { return CallbackStats{Sent: n, Refused: n} }},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := listen(t, tc.answer, tc.faults)
			ids := numbered("live-", 20)
			ask(t, s, "t", ids...)
			want := tc.want(endsOf(s, "t", ids))
			until(t, s, "all ends", func(c CallbackStats) bool { return c == want })
			distinct := map[string]bool{}
			for _, c := range r.taken {
				distinct[c.requestID] = true
			}
			if same := len(r.taken) - len(distinct); name == "twice" != (same > 0 && same < want.Duplicated) {
				t.Errorf("%d of %d callbacks are the very same", same, len(r.taken))
			}
		})
	}
}
