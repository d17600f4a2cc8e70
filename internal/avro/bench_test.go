package avro

import (
	"fmt"
	"testing"

	"callstream/internal/order"
)

func BenchmarkEvent(b *testing.B) {
	for _, body := range sampleBodies() {
		b.Run(body.Kind().String(), func(b *testing.B) {
			e := newEncoder(b, Options{Source: "https://api.example.com/account"}, nil)
			ev := sampleEvent(body)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Event(ev); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// oneCall is a state of one completed call with 14 lines.
func oneCall() *order.State {
	st := sampleState()
	st.Calls = st.Calls[:1]
	line := st.Calls[0].Lines[0]
	st.Calls[0].Lines = nil
	for i := range 14 {
		line.Index, line.NodeID = i, fmt.Sprintf("node-%02d", i)
		st.Calls[0].Lines = append(st.Calls[0].Lines, line)
	}
	return st
}

func BenchmarkState(b *testing.B) {
	codec := newStateCodec(b)
	st := oneCall()
	data, err := codec.Encode(st)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := codec.Encode(st); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := codec.Decode(data); err != nil {
				b.Fatal(err)
			}
		}
	})
}
