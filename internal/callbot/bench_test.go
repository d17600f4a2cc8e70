package callbot

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkWait takes turns one after the other, as fast as the limit and the
// machine's timers allow.
func BenchmarkWait(b *testing.B) {
	for _, limit := range []float64{50, 200, 1000, 10_000} {
		b.Run(fmt.Sprint("limit=", limit), func(b *testing.B) {
			p := newPacer(limit)
			for b.Loop() {
				if _, err := p.Wait(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
		})
	}
}

// BenchmarkAnswer reads an answer of finished orders, as the vendor sends them:
// fullEntry with 20 lines.
func BenchmarkAnswer(b *testing.B) {
	const orders, lines = 500, 20
	start := strings.Index(fullEntry, `{"recordWord"`)
	line := fullEntry[start : strings.Index(fullEntry[start:], "}")+start+1]
	entry := strings.Replace(fullEntry, line, strings.Repeat(line+",", lines-1)+line, 1)
	var ids, entries []string
	for i := range orders {
		ids = append(ids, fmt.Sprintf("order-%06d", i))
		entries = append(entries, strings.Replace(entry, `"o1"`, `"`+ids[i]+`"`, 1))
	}
	body := `{"retCode":0,"retMsg":"success","responseID":"8f3c2a7e","orderDetailList":[` + strings.Join(entries, ",") + `]}`
	for _, decode := range []bool{false, true} {
		b.Run(fmt.Sprintf("decode=%v", decode), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				answer, err := readEnvelope(body)
				if err != nil {
					b.Fatal(err)
				}
				f := sight(answer.orders, "t", ids, 1)
				if len(f.seen) != orders {
					b.Fatalf("%d orders seen", len(f.seen))
				}
				for _, s := range f.seen {
					if !decode {
						break
					}
					if _, err := s.Decode(); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/orders, "µs/order")
		})
	}
}
