package avro

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"

	"callstream/internal/order"
	"callstream/schemas"
)

// golden returns bytes that fastavro wrote: see testdata/make_golden.py.
func golden(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "golden", name+".avro"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func newEncoder(t testing.TB, opts Options, ids SchemaIDs) *Encoder {
	t.Helper()
	e, err := NewEncoder(opts, ids)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func newStateCodec(t testing.TB) *StateCodec {
	t.Helper()
	c, err := NewStateCodec()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mustEncode(t testing.TB, e *Encoder, ev *order.Event) Message {
	t.Helper()
	m, err := e.Event(ev)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// goldenCase makes what fastavro wrote.
type goldenCase struct {
	golden string
	encode func() ([]byte, error)
}

// goldenCases share an encoder a framing, and a codec.
func goldenCases(t testing.TB) []goldenCase {
	opts := Options{CompletedTranscript: true}
	single, confluent := newEncoder(t, opts, nil), newEncoder(t, opts, SchemaIDs{order.KindStatus: 70001})
	codec := newStateCodec(t)
	event := func(e *Encoder, ev *order.Event) func() ([]byte, error) {
		return func() ([]byte, error) {
			m, err := e.Event(ev)
			return m.Value, err
		}
	}
	return []goldenCase{
		{"status", event(single, sampleEvent(sampleStatus()))},
		{"status-bare", event(single, bareEvent(&order.StatusChanged{Sequence: 1, Status: order.NoStatus}))},
		{"completed", event(single, sampleEvent(sampleCompleted()))},
		{"completed-bare", event(single, bareEvent(&order.CallCompleted{Revision: 1, Status: 77}))},
		{"line", event(single, sampleEvent(sampleLine()))},
		{"line-bare", event(single, bareEvent(bareLine()))},
		{"status-confluent", event(confluent, sampleEvent(sampleStatus()))},
		{"state", func() ([]byte, error) { return codec.Encode(sampleState()) }},
		{"state-bare", func() ([]byte, error) { return codec.Encode(bareState()) }},
	}
}

func TestEncodedIsWhatFastavroWrites(t *testing.T) {
	cases := goldenCases(t)
	for _, tc := range cases {
		t.Run(tc.golden, func(t *testing.T) {
			want := golden(t, tc.golden)
			// Twice and in turn: nothing of the message before may be left.
			for range 2 {
				if got, err := tc.encode(); err != nil || !bytes.Equal(got, want) {
					t.Fatalf("got  %x, %v\nwant %x", got, err, want)
				}
				for _, other := range cases {
					if _, err := other.encode(); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

// TestEncodersInParallel has goroutines encode different values at a time; each
// has to get its own.
func TestEncodersInParallel(t *testing.T) {
	var wg sync.WaitGroup
	for _, tc := range goldenCases(t) {
		want := golden(t, tc.golden)
		wg.Go(func() {
			for range 200 {
				if got, err := tc.encode(); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: got  %x, %v\nwant %x", tc.golden, got, err, want)
				}
			}
		})
	}
	wg.Wait()
}

func TestStatesThatFastavroWrote(t *testing.T) {
	codec := newStateCodec(t)
	for name, want := range map[string]*order.State{"state": sampleState(), "state-bare": bareState()} {
		if got, err := codec.Decode(golden(t, name)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got  %+v, %v\nwant %+v", name, got, err, want)
		}
	}
}

func presentText(t testing.TB, name string) string {
	t.Helper()
	s, ok := schemas.ByName(name)
	if !ok {
		t.Fatalf("no schema %s", name)
	}
	return s.Text()
}

// schemaUnder is a registry that has one schema.
func schemaUnder(t testing.TB, id uint32, schema string) Lookup {
	t.Helper()
	reader, err := NewReader(schema)
	if err != nil {
		t.Fatal(err)
	}
	return func(_ context.Context, asked uint32) (*Reader, error) {
		if asked != id {
			return nil, ErrNoSchema
		}
		return reader, nil
	}
}
