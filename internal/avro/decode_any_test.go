package avro

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestDecodeAny(t *testing.T) {
	foreign := askRecord(`{"name":"b","type":"bytes"},{"name":"a","type":{"type":"map","values":["null","int"]}},` +
		`{"name":"at","type":["null",{"type":"long","logicalType":"timestamp-micros"}]},{"name":"f","type":"double"},{"name":"g","type":"float"},` +
		`{"name":"sub","type":["null",{"type":"record","name":"Sub","fields":[{"name":"x","type":"boolean"}]}]}`)
	nan := []byte{0, 0, 0, 0, 0, 0, 0xf8, 0x7f} // the quiet NaN of IEEE 754, little-endian
	value := append([]byte{0, 0, 0, 0, 7, 4, 0xCA, 0xFE, 2, 2, 'k', 2, 6, 0, 2, 0x80, 0x89, 0x7a}, nan...)
	value = append(value, 0, 0, 0x80, 0x3f, 2, 1)
	tests := []struct {
		name   string
		value  []byte
		lookup Lookup
		typ    string
		want   string // part of the JSON
	}{
		{"a status", golden(t, "status"), nil, "CallStatusChanged", `"eventID":"000102030405060708090a0b0c0d0e0f","observedAt":"2023-11-14T22:15:23.456Z","orderID":"order-7"`},
		{"nulls", golden(t, "status"), nil, "CallStatusChanged", `"endedAt":null,"hangupCause":null,"sipCode":null}`},
		{"lists and maps", golden(t, "completed"), nil, "CallCompleted", `"intents":[{"intentID":"i1","intentName":"interested","intentTag":"A"},`},
		{"a map", golden(t, "completed"), nil, "CallCompleted", `"params":{"city":"上海"}`},
		{"a state", golden(t, "state"), nil, "OrderState", `"digest":"000102030405060708090a0b0c0d0e0f"`},
		{
			"a request with its schema's ID", golden(t, "request-confluent"), schemaUnder(t, 7, presentText(t, "OrderRequest")), "OrderRequest",
			`{"userTaskID":"task-3","orderID":null,"orderIDs":["order-7","order-8"],"mode":"once","notBefore":"2023-11-14T22:13:20.000Z","deadline":null}`,
		},
		{"a schema of others", value, schemaUnder(t, 7, foreign), "Ask", `{"b":"cafe","a":{"k":3},"at":"1970-01-01T00:00:01.000Z","f":"NaN","g":1,"sub":{"x":true}}`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			d, err := newAnyDecoder(t, tc.lookup).Decode(context.Background(), tc.value)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			if d.Name != tc.typ || !strings.Contains(string(text), tc.want) {
				t.Errorf("%s: got  %s\nwant %s", d.Name, text, tc.want)
			}
		})
	}
}

func TestDecodeAnyRefuses(t *testing.T) {
	d := newAnyDecoder(t, nil)
	good := golden(t, "line")
	for name, tc := range map[string]struct {
		value []byte
		want  error
	}{
		"nothing":             {nil, ErrMalformed},
		"JSON":                {[]byte(`{"orderID":"1"}`), ErrMalformed},
		"an unknown schema":   {append([]byte{0xC3, 1, 1, 2, 3, 4, 5, 6, 7, 8}, good[10:]...), ErrMalformed},
		"cut":                 {good[:len(good)-1], ErrMalformed},
		"without a registry":  {golden(t, "status-confluent"), ErrNoRegistry},
		"no single-object ID": {good[:5], ErrMalformed},
	} {
		if _, err := d.Decode(context.Background(), tc.value); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", name, err, tc.want)
		}
	}
}
