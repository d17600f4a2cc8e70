package avro

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
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

func TestEventsAreWhatFastavroWrites(t *testing.T) {
	opts := Options{CompletedTranscript: true}
	single := newEncoder(t, opts, nil)
	confluent := newEncoder(t, opts, SchemaIDs{order.KindStatus: 70001})
	tests := []struct {
		golden  string
		encoder *Encoder
		event   *order.Event
	}{
		{"status", single, sampleEvent(sampleStatus())},
		{"status-bare", single, bareEvent(&order.StatusChanged{Sequence: 1, Status: order.NoStatus})},
		{"completed", single, sampleEvent(sampleCompleted())},
		{"completed-bare", single, bareEvent(&order.CallCompleted{Revision: 1, Status: 77})},
		{"line", single, sampleEvent(sampleLine())},
		{"line-bare", single, bareEvent(bareLine())},
		{"status-confluent", confluent, sampleEvent(sampleStatus())},
	}
	for _, tc := range tests {
		t.Run(tc.golden, func(t *testing.T) {
			want := golden(t, tc.golden)
			// Twice and in turn: nothing of the message before may be left.
			for range 2 {
				if got := mustEncode(t, tc.encoder, tc.event).Value; !bytes.Equal(got, want) {
					t.Fatalf("got  %x\nwant %x", got, want)
				}
				for _, other := range tests {
					if other.encoder == tc.encoder {
						mustEncode(t, tc.encoder, other.event)
					}
				}
			}
		})
	}
}

func TestStatesAreWhatFastavroWrites(t *testing.T) {
	codec := newStateCodec(t)
	for name, state := range map[string]*order.State{
		"state":      sampleState(),
		"state-bare": bareState(),
	} {
		t.Run(name, func(t *testing.T) {
			want := golden(t, name)
			got, err := codec.Encode(state)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got  %x\nwant %x", got, want)
			}
			back, err := codec.Decode(want)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(back, state) {
				t.Errorf("got  %+v\nwant %+v", back, state)
			}
		})
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
