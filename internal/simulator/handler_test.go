package simulator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestRetCodes(t *testing.T) {
	many := make([]string, maxOrders+1)
	for i := range many {
		many[i] = fmt.Sprintf("o%d", i)
	}
	for _, c := range []struct {
		name, body string
		faults     Faults
		want       int
	}{
		{"one order", query("t", "o"), Faults{}, 0},
		{"a full batch", query("t", many[:maxOrders]...), Faults{}, 0},
		{"too many", query("t", many...), Faults{}, 4001},
		{"no task", `{"productID":"callbot","orderList":["o"]}`, Faults{}, 2},
		{"no product", `{"userTaskID":"t","orderList":["o"]}`, Faults{}, 2},
		{"no orders", query("t"), Faults{}, 2},
		{"no list", `{"productID":"callbot","userTaskID":"t"}`, Faults{}, 2},
		{"broken JSON", `{"productID":`, Faults{}, 3},
		{"a number for an ID", `{"productID":"callbot","userTaskID":"t","orderList":[1]}`, Faults{}, 3},
		{"another product", `{"productID":"sms","userTaskID":"t","orderList":["o"]}`, Faults{}, 4},
		{"an empty ID", query("t", ""), Faults{}, 4},
		{"an ID too long", query("t", strings.Repeat("x", maxID+1)), Faults{}, 4},
		{"a task too long", query(strings.Repeat("x", maxID+1), "o"), Faults{}, 4},
		{"a body too long", strings.Repeat(" ", maxBody+1), Faults{}, 3},
		{"busy", query("t", "o"), Faults{Busy: 1}, 7},
		{"maintenance", query("t", "o"), Faults{Maintenance: 1}, 5},
		{"general", query("t", "o"), Faults{General: 1}, 1},
		{"internal", query("t", "o"), Faults{Internal: 1}, 5001},
		{"account refused", query("t", "o"), Faults{RejectAccount: true}, 6},
		{"all refused", query("t", "o"), Faults{RejectAll: true}, 4},
		{"a poisoned order", query("t", "o", "poison-1"), Faults{}, 4},
		{"an order poisoned by name", query("t", "o", "p"), Faults{Poison: []string{"p"}, PoisonWith: "4001"}, 4001},
		{"an order poisoned by its beginning", query("t", "o", "px"), Faults{Poison: []string{"p*"}}, 4},
		{"a beginning needs its star", query("t", "o", "px"), Faults{Poison: []string{"p"}}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTest(newClock(), nil)
			setFaults(t, s, c.faults)
			w := post(s, c.body)
			if want := fmt.Sprintf(`{"retCode":%d,`, c.want); !strings.HasPrefix(w.Body.String(), want) || w.Code != http.StatusOK {
				t.Errorf("answered %d %.100s, want %s", w.Code, w.Body, want)
			}
			if got := s.Stats().Answers[fmt.Sprint(c.want)]; got != 1 {
				t.Errorf("counted %v", s.Stats().Answers)
			}
		})
	}
}

func setFaults(t *testing.T, s *Simulator, f Faults) {
	t.Helper()
	if err := s.SetFaults(f); err != nil {
		t.Fatal(err)
	}
}

func TestOtherMethodsAndPaths(t *testing.T) {
	s := newTest(newClock(), nil)
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, apiPath, http.StatusMethodNotAllowed},
		{http.MethodPost, "/callcentre/api/v3/other", http.StatusNotFound},
		{http.MethodDelete, "/sim/faults", http.StatusMethodNotAllowed},
	} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		if w.Code != c.want {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, w.Code, c.want)
		}
	}
}

func TestDuplicatesAnsweredOnce(t *testing.T) {
	a := ask(t, newTest(newClock(), nil), "t", "b", "a", "b", "missing-x", "late-x", "a")
	if got := idsOf(a); !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("answered %v", got)
	}
}

func TestLateOrdersComeLater(t *testing.T) {
	c := newClock()
	s := newTest(c, func(c *Config) { c.Finished = 1 })
	if got := ask(t, s, "t", "late-1", "missing-1").Orders; len(got) != 0 {
		t.Fatalf("answered %v at once", got)
	}
	c.advance(121 * time.Second)
	if got := idsOf(ask(t, s, "t", "late-1", "missing-1")); !slices.Equal(got, []string{"late-1"}) {
		t.Errorf("answered %v after two minutes", got)
	}
	c.advance(1000 * time.Hour)
	if got := idsOf(ask(t, s, "t", "missing-1")); len(got) != 0 {
		t.Errorf("answered %v after a thousand hours", got)
	}
}

func TestRateLimit(t *testing.T) {
	c := newClock()
	s := newTest(c, func(c *Config) { c.RateLimit = 2 })
	var got []int
	for _, wait := range []time.Duration{0, 0, 0, 500 * time.Millisecond, 0, 10 * time.Second, 0, 0} {
		c.advance(wait)
		got = append(got, ask(t, s, "t", "o").RetCode)
	}
	if want := []int{0, 0, 7, 0, 7, 0, 0, 7}; !slices.Equal(got, want) {
		t.Errorf("answered %v, want %v", got, want)
	}
	if st := s.Stats(); st.MaxPerSecond != 5 || st.Requests != 8 || st.MeanFill != 1 || st.DistinctOrders != 1 || st.OrdersAnswered != 5 {
		t.Errorf("counted %+v", st)
	}
}

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{SecretKey: testKey, Latency: 3 * time.Second})
		begin := time.Now()
		ask(t, s, "t", "o")
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestClientLeavesDuringLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{SecretKey: testKey, Latency: 3 * time.Second})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if took := hangingPost(t, ctx, s, query("t", "o")); took != time.Second {
			t.Errorf("took %v", took)
		}
		if st := s.Stats(); st.Answers["client-left"] != 1 || st.DistinctOrders != 0 {
			t.Errorf("counted %+v", st)
		}
	})
}

// hangingPost sends a request that must end with a closed connection and returns
// how long that took.
func hangingPost(t *testing.T, ctx context.Context, s *Simulator, body string) (took time.Duration) {
	t.Helper()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, apiPath, strings.NewReader(body))
	signRequest(r, testKey, body)
	begin := time.Now()
	defer func() {
		t.Helper()
		took = time.Since(begin)
		if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("ended with %v, want a closed connection", err)
		}
	}()
	s.ServeHTTP(httptest.NewRecorder(), r)
	return 0
}
