package simulator

import (
	"fmt"
	"net/http"
	"testing"
	"time"
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
				header := signedAs("k", query("t", ids...))
				header.Set("Accept-Encoding", encoding)
				w := send(s, http.MethodPost, apiPath, query("t", ids...), header)
				bytes += w.Body.Len()
			}
			orders := float64(n * maxOrders)
			b.ReportMetric(float64(b.Elapsed().Microseconds())/orders, "µs/order")
			b.ReportMetric(float64(bytes)/orders, "B/order")
		})
	}
}

// BenchmarkCampaignBatch is a batch of a campaign of 100,000 orders an hour after
// its start: most of them wait for their first call. The dialing itself is in it.
func BenchmarkCampaignBatch(b *testing.B) {
	c := newClock()
	s := newTestCampaign(c, 1, Campaign{Tasks: 4, Orders: 100_000, Lines: 400})
	s.StartCampaign()
	c.advance(time.Hour)
	post(s, query("campaign-1", numberedOrders(1)...)) // dials until now
	for b.Loop() {
		c.advance(500 * time.Millisecond)
		post(s, query("campaign-1", numberedOrders(maxOrders)...))
		post(s, query("campaign-1", s.campaign.list[0].ids[20_000:20_000+maxOrders]...))
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(2*maxOrders*b.N), "µs/order")
}
