package export

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"callstream/internal/order"
	"callstream/internal/record"
	"callstream/internal/request"
)

// TestRoute sends a list that lives in two partitions, and then what no
// forwarding mends.
func TestRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var here, away []string
		for i := range 10 {
			id := fmt.Sprint("o", i)
			w.stories[id] = done()
			if homeOf(id) == 0 {
				here = append(here, id)
			} else {
				away = append(away, id)
			}
		}
		w.put(`{"userTaskID":"t","orderIDs":["`+strings.Join(append(slices.Clone(here), away...), `","`)+`"]}`, 0,
			record.Header{Key: "trace", Value: []byte("x")}, record.Header{Key: request.HeaderTime, Value: []byte("1970-01-01T00:00:07Z")})
		w.put(`{"userTaskID":"t","orderIDs":["`+here[0]+`","`+away[0]+`"]}`, 0, record.Header{Key: request.HeaderForwarded, Value: []byte("requests/1/0")})
		proc := w.start(testConfig())
		time.Sleep(5 * time.Minute)
		proc.end(t)
		if len(w.forwards) != 1 {
			t.Fatalf("forwarded %d requests, want 1 for all %d orders", len(w.forwards), len(away))
		}
		f := w.forwards[0]
		said := func(key string) string {
			value, _ := record.Last(f.Headers, key)
			return string(value)
		}
		if got := said(request.HeaderTime); got != "1970-01-01T00:00:07.000Z" {
			t.Errorf("forwarded with time %q", got)
		}
		if got := said(request.HeaderForwarded); got != "requests/0/0" || said("trace") != "x" || f.Partition != 1 {
			t.Errorf("forwarded as %+v", f)
		}
		if len(w.letters) != 1 || w.letters[0].Reason != order.ReasonMisrouted || string(w.letters[0].Key) != away[0] {
			t.Errorf("dead letters %+v", w.letters)
		}
		if n := len(w.told()); n != 20 {
			t.Errorf("%d events, want 2 an order", n)
		}
	})
}

// TestReadingStops: while the API answers nobody, no more than a bound of
// orders is taken in.
func TestReadingStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.down = errors.New("connection refused")
		for i := range 1000 {
			w.stories[fmt.Sprint("o", i)] = done()
			w.ask("follow", fmt.Sprint("o", i))
		}
		cfg := testConfig()
		proc := w.start(cfg)
		time.Sleep(time.Minute)
		bound := waitingBatches * cfg.BatchSize * cfg.Concurrency
		w.mu.Lock()
		asked := map[string]bool{}
		for _, batch := range w.asked {
			for _, id := range batch {
				asked[id] = true
			}
		}
		w.down = nil
		w.mu.Unlock()
		if len(asked) > bound {
			t.Errorf("%d orders taken in, the bound is %d", len(asked), bound)
		}
		time.Sleep(5 * time.Minute)
		proc.end(t)
		if n := len(w.told()); n != 2000 || !w.allCommitted() {
			t.Errorf("%d events, want 2000", n)
		}
	})
}
