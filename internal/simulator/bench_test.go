package simulator

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkStory is what keeping stories would save.
func BenchmarkStory(b *testing.B) {
	s := New(Config{Answered: 1})
	for b.Loop() {
		s.tell(ref{"t", "live"})
	}
}

// BenchmarkFullBatch is the load test's share of the simulator: 500 finished and answered
// orders, signed and compressed. The budget is 60 µs of CPU an order.
func BenchmarkFullBatch(b *testing.B) {
	for _, encoding := range []string{"gzip", "identity"} {
		b.Run(encoding, func(b *testing.B) {
			s := New(Config{Seed: 1, SecretKey: "k", Finished: 1, Answered: 1})
			n, bytes := 0, 0
			for b.Loop() {
				ids := make([]string, maxOrders)
				for i := range ids {
					ids[i] = fmt.Sprintf("order-%07d", n*maxOrders+i)
				}
				n++
				r := httptest.NewRequest(http.MethodPost, apiPath, strings.NewReader(query("t", ids...)))
				r.Header.Set("Accept-Encoding", encoding)
				signRequest(r, "k", query("t", ids...))
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				bytes += w.Body.Len()
			}
			orders := float64(n * maxOrders)
			b.ReportMetric(float64(b.Elapsed().Microseconds())/orders, "µs/order")
			b.ReportMetric(float64(bytes)/orders, "B/order")
		})
	}
}
