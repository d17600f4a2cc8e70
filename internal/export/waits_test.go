package export

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"callstream/internal/order"
	"callstream/internal/record"
)

// TestNotBefore: a waiting order does not fill up another one's batch, and a
// known one asked again is looked at when it was asked for.
func TestNotBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.stories["a"], w.stories["b"] = lively(), done()
		w.ask("follow", "a")
		w.askFor("b", "notBefore", time.Hour)
		proc := w.start(testConfig())
		asked := w.looksAt
		time.Sleep(59 * time.Minute)
		if n := asked("b"); n != 0 {
			t.Errorf("asked %d times before its time", n)
		}
		if st := w.lastState("b"); st == nil || st.Rest != order.Active || !w.allCommitted() {
			t.Errorf("its request is not done before its time: %+v", st)
		}
		time.Sleep(2 * time.Minute)
		if asked("b") == 0 {
			t.Error("not asked when its time had come")
		}
		time.Sleep(10 * time.Minute) // b has settled
		before := asked("b")
		w.askFor("b", "notBefore", 20*time.Second)
		time.Sleep(15 * time.Second)
		if asked("b") != before {
			t.Error("asked again before its time")
		}
		time.Sleep(10 * time.Second)
		if asked("b") == before {
			t.Error("not asked again when its time had come")
		}
		proc.end(t)
	})
}

// ownsNothing is the session of an instance that stands by.
type ownsNothing struct{ Session }

func (ownsNothing) Owned() []int { return nil }

// TestStandingBy: an instance without partitions asks for nothing, holds
// nothing, and ends as soon as it is told to.
func TestStandingBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.stories["a"] = lively()
		w.ask("follow", "a")
		p := &process{world: w, counter: &counter{looked: map[order.Outcome]int{}}, dead: make(chan struct{})}
		ctx, stop := context.WithCancel(t.Context())
		restored, ended := false, make(chan error, 1)
		go func() {
			pipeline := New(testConfig(), p, p, ownsNothing{p}, p, nil, p.counter, slog.New(slog.DiscardHandler))
			ended <- pipeline.Run(ctx, func() { restored = true })
		}()
		time.Sleep(time.Hour)
		synctest.Wait()
		if !restored || len(w.asked) > 0 || len(w.events) > 0 || p.held > 0 {
			t.Errorf("restored %v, asked %v, announced %d events, holds %d orders", restored, w.asked, len(w.events), p.held)
		}
		began := time.Now()
		stop()
		if err := <-ended; err != nil || time.Since(began) > 0 {
			t.Errorf("it ends after %s with %v", time.Since(began), err)
		}
	})
}

// TestDeadlineWhileDown: what happened before the deadline, while nothing ran,
// is announced before the order is given up, however long the API does not answer
// after the start.
func TestDeadlineWhileDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.stories["a"] = lively()
		w.askFor("a", "deadline", 30*time.Minute)
		cfg := testConfig()
		cfg.Timing.Terms.Settle = 12 * 60 * minute
		proc := w.start(cfg)
		time.Sleep(5 * time.Second)
		proc.end(t)
		time.Sleep(time.Hour)
		w.down = errors.New("connection refused") // its last look must not fall into this
		proc = w.start(cfg)
		time.Sleep(20 * time.Minute)
		w.set(func() {
			if w.down = nil; len(w.letters) > 0 {
				t.Errorf("given up without a look: %d dead letters", len(w.letters))
			}
		})
		time.Sleep(5 * time.Minute)
		proc.end(t)
		w.checkTruth("a")
		if len(w.letters) != 1 || w.letters[0].Reason != order.ReasonGaveUp {
			t.Fatalf("dead letters %+v", w.letters)
		}
		if value := string(w.letters[0].Value); strings.Contains(value, "deadline") || !strings.Contains(value, `"follow"`) {
			t.Errorf("the dead letter asks for %s", value)
		}
	})
}

// TestForwardTooLarge: a list that fits no message once its headers are added
// is forwarded in parts.
func TestForwardTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var ids []string
		for i := 0; len(ids) < 40; i++ {
			if id := fmt.Sprint("order-", i); homeOf(id) == 1 {
				w.stories[id] = done()
				ids = append(ids, id)
			}
		}
		w.put(`{"userTaskID":"t","orderIDs":["`+strings.Join(ids, `","`)+`"]}`, 0)
		w.put(`{"userTaskID":"t","orderID":"`+ids[0]+`"}`, 0, record.Header{Key: "trace", Value: make([]byte, 400)})
		cfg := testConfig()
		cfg.RequestLimit = 400
		proc := w.start(cfg)
		time.Sleep(5 * time.Minute)
		proc.end(t)
		if len(w.forwards) < 2 {
			t.Errorf("%d forwards", len(w.forwards))
		}
		for _, f := range w.forwards {
			if f.Size() > cfg.RequestLimit {
				t.Errorf("a forward of %d bytes", f.Size())
			}
		}
		if len(w.letters) != 1 || w.letters[0].Reason != order.ReasonTooLarge {
			t.Errorf("dead letters %+v", w.letters)
		}
		if n := len(w.told()); n != 2*len(ids) || !w.allCommitted() {
			t.Errorf("%d events, want %d", n, 2*len(ids))
		}
	})
}
