package avro

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"callstream/internal/request"
	"callstream/schemas"
)

func askRecord(fields string) string {
	return `{"type":"record","name":"Ask","namespace":"other.team","fields":[` + fields + `]}`
}

func TestRequestsOfOtherSchemas(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 890_000_000, time.UTC)
	tests := []struct {
		name, schema string
		body         string
		want         map[string]any
	}{
		{
			"our own schema, written by fastavro", presentText(t, schemas.OrderRequest),
			string(golden(t, "request-confluent")[confluentLength:]),
			map[string]any{
				"userTaskID": "task-3", "orderID": nil, "orderIDs": []any{"order-7", "order-8"},
				"mode": "once", "notBefore": time.UnixMilli(1700000000000).UTC(), "deadline": nil,
			},
		},
		{
			"plain fields, no nulls",
			askRecord(`{"name":"userTaskID","type":"string"},{"name":"orderIDs","type":{"type":"array","items":"string"}}`),
			"\x02t\x04\x02a\x02b\x00",
			map[string]any{"userTaskID": "t", "orderIDs": []any{"a", "b"}},
		},
		{
			"fields in another order, and others beside",
			askRecord(`{"name":"why","type":{"type":"map","values":"long"}},{"name":"orderID","type":["string","null"]},{"name":"userTaskID","type":["null","string"]}`),
			"\x02\x02x\x02\x00\x00\x06o-1\x02\x02t",
			map[string]any{"why": map[string]any{"x": int64(1)}, "orderID": "o-1", "userTaskID": "t"},
		},
		{
			"an empty list is not null",
			askRecord(`{"name":"userTaskID","type":"string"},{"name":"orderIDs","type":["null",{"type":"array","items":"string"}]}`),
			"\x02t\x02\x00",
			map[string]any{"userTaskID": "t", "orderIDs": []any{}},
		},
		{
			"nullable items, a symbol for the mode",
			askRecord(`{"name":"orderIDs","type":{"type":"array","items":["null","string"]}},{"name":"mode","type":["null",{"type":"enum","name":"Mode","symbols":["follow","once"]}]}`),
			"\x04\x02\x02a\x00\x00\x02\x02",
			map[string]any{"orderIDs": []any{"a", nil}, "mode": "once"},
		},
		{
			"times in microseconds, as text",
			askRecord(`{"name":"notBefore","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"deadline","type":["null","string"]}`),
			long(at.UnixMicro()) + "\x02" + long(28) + "2026-03-04T06:06:07.89+01:00",
			map[string]any{"notBefore": at, "deadline": "2026-03-04T06:06:07.89+01:00"},
		},
		{
			"times as plain numbers, as empty text",
			askRecord(`{"name":"notBefore","type":["null","long"]},{"name":"deadline","type":"string"}`),
			"\x02" + long(1772600767890) + "\x00",
			map[string]any{"notBefore": int64(1772600767890), "deadline": ""},
		},
		{
			"names without namespace within one with",
			askRecord(`{"name":"mode","type":["null",{"type":"enum","name":"Mode","namespace":"","symbols":["stop"]}]},{"name":"again","type":{"type":"fixed","name":"Mark","size":2}}`),
			"\x02\x00\x01\x02",
			map[string]any{"mode": "stop", "again": []byte("\x01\x02")},
		},
		{
			"logical types that are none of ours",
			askRecord(`{"name":"day","type":{"type":"int","logicalType":"date"}},{"name":"userTaskID","type":{"type":"string","logicalType":"uuid"}},{"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":4}}`),
			"\x02\x48b2b1ed7d-6d0e-4a94-8b0d-7bbd2a4ef5a3\x02\x05",
			map[string]any{"userTaskID": "b2b1ed7d-6d0e-4a94-8b0d-7bbd2a4ef5a3", "day": int32(1), "price": []byte{5}},
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := DecodeRequest(context.Background(), append(confluentPrefix(9), tc.body...), schemaUnder(t, 9, tc.schema))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestRequestsThatAreNone(t *testing.T) {
	own := presentText(t, schemas.OrderRequest)
	good := golden(t, "request-confluent")
	unreachable := errors.New("connection refused")
	tests := []struct {
		name   string
		value  []byte
		lookup Lookup
		want   error
	}{
		{"nothing", nil, schemaUnder(t, 7, own), ErrMalformed},
		{"the magic byte alone", good[:1], schemaUnder(t, 7, own), ErrMalformed},
		{"cut in the ID", good[:4], schemaUnder(t, 7, own), ErrMalformed},
		{"no body", good[:5], schemaUnder(t, 7, own), ErrMalformed},
		{"cut", good[:len(good)-1], schemaUnder(t, 7, own), ErrMalformed},
		{"bytes left over", append(append([]byte(nil), good...), 0), schemaUnder(t, 7, own), ErrMalformed},
		{"single-object encoding", golden(t, "status"), schemaUnder(t, 7, own), ErrMalformed},
		{"no such schema", good, schemaUnder(t, 8, own), ErrNoSchema},
		{"an ID that no registry gives", append([]byte{0, 0x80, 0, 0, 0}, good[5:]...), schemaUnder(t, 7, own), ErrNoSchema},
		{"no registry", good, nil, ErrNoRegistry},
		{"a schema that is no record", []byte{0, 0, 0, 0, 7, 2, 'x'}, schemaUnder(t, 7, `"string"`), ErrMalformed},
		{"the registry can't be reached", good, func(context.Context, uint32) (*Reader, error) { return nil, unreachable }, unreachable},
	}
	final := []error{ErrMalformed, ErrNoSchema, ErrUnreadableSchema, ErrNoRegistry}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := DecodeRequest(context.Background(), tc.value, tc.lookup)
			if !errors.Is(err, tc.want) || got != nil {
				t.Fatalf("got %+v, %v; want %v", got, err, tc.want)
			}
			for _, other := range final {
				if !errors.Is(tc.want, other) && errors.Is(err, other) {
					t.Errorf("%v is also %v", err, other)
				}
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error quotes the value: %v", err)
			}
		})
	}
}

func TestIsConfluent(t *testing.T) {
	for text, want := range map[string]bool{"": false, `{"orderID":"1"}`: false, "\x00": true, "\xC3\x01": false} {
		if got := IsConfluent([]byte(text)); got != want {
			t.Errorf("IsConfluent(%q) = %v", text, got)
		}
	}
}

func FuzzDecodeRequest(f *testing.F) {
	own := presentText(f, schemas.OrderRequest)
	foreign := askRecord(`{"name":"userTaskID","type":["null","string"]},{"name":"orderIDs","type":{"type":"array","items":["null","string"]}},` +
		`{"name":"mode","type":{"type":"enum","name":"Mode","symbols":["follow","once"]}},{"name":"deadline","type":["string","long"]},` +
		`{"name":"m","type":{"type":"map","values":{"type":"array","items":["null","long"]}}}`)
	f.Add(golden(f, "request-confluent"), own)
	f.Add(golden(f, "request-confluent"), foreign)
	f.Add([]byte{0, 0, 0, 0, 7, 2, 2, 't', 2, 2, 2, 'o', 0, 2, 2, 0x80, 0x80, 1, 0, 0}, foreign)
	f.Add([]byte{0, 0, 0, 0, 7, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0}, askRecord(`{"name":"orderIDs","type":{"type":"array","items":"null"}}`))
	f.Add([]byte{0, 0, 0, 0, 7}, `{"type":"record","name":"A","fields":[{"name":"a","type":"A"}]}`)
	f.Add([]byte{0, 0, 0, 0, 7}, `{"type":"bytes","logicalType":"decimal"}`)
	f.Fuzz(func(t *testing.T, value []byte, schema string) {
		reader, err := NewReader(schema)
		if err != nil {
			if !errors.Is(err, ErrUnreadableSchema) {
				t.Fatalf("untyped error: %v", err)
			}
			return
		}
		lookup := func(context.Context, uint32) (*Reader, error) { return reader, nil }
		values, err := DecodeRequest(context.Background(), value, lookup)
		if err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrNoSchema) {
			t.Fatalf("untyped error: %v", err)
		}
		var unreadable *request.UnreadableError
		if _, err := request.FromValues(values); err != nil && !errors.As(err, &unreadable) {
			t.Fatalf("untyped error: %v", err)
		}
	})
}
