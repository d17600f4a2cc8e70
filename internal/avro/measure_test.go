package avro

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/linkedin/goavro/v2"
)

func mustShape(t testing.TB, schema string) *shape {
	t.Helper()
	s, err := parseShape(schema)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const (
	nulls   = `{"type":"array","items":"null"}`
	strs    = `{"type":"array","items":"string"}`
	tree    = `{"type":"record","name":"T","fields":[{"name":"t","type":["null","T"]}]}`
	endless = `{"type":"record","name":"E","fields":[{"name":"e","type":"E"}]}`
	// hollow takes no bytes, however many fields it has.
	hollow = `{"type":"array","items":{"type":"record","name":"H","fields":[` +
		`{"name":"a","type":"null"},{"name":"b","type":"null"},{"name":"c","type":"null"},{"name":"d","type":"null"},{"name":"e","type":"null"}]}}`
)

func TestMeasure(t *testing.T) {
	tests := []struct {
		name, schema, data string
		want               error
	}{
		{"an empty list", strs, "\x00", nil},
		{"a list", strs, "\x04\x02a\x02b\x00", nil},
		{"a list in two blocks", strs, "\x02\x02a\x02\x02b\x00", nil},
		{"a block with its size", strs, "\x01\x04\x02a\x00", nil},
		{"a map", `{"type":"map","values":"int"}`, "\x02\x02a\x01\x00", nil},
		{"a long of ten bytes", `"long"`, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", nil},
		{"every kind that has a size", askRecord(`{"name":"a","type":"float"},{"name":"b","type":"double"},{"name":"c","type":{"type":"fixed","name":"F","size":3}},{"name":"d","type":"bytes"},{"name":"e","type":"boolean"}`), "ffffddddddddFFF\x02b\x01", nil},
		{"nothing at all", `"null"`, "", nil},

		{"ends before the list", strs, "", errShort},
		{"ends in the list", strs, "\x04\x02a", errShort},
		{"ends in a number", `"long"`, "\x80", errShort},
		{"ends in a fixed", `{"type":"fixed","name":"F","size":3}`, "FF", errShort},
		{"text of a negative length", `"string"`, "\x01", errShort},
		{"text longer than all", `"string"`, "\x7e", errShort},
		{"bytes left over", `"int"`, "\x00\x00", errLeft},
		{"a number of eleven bytes", `"long"`, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", errNumber},
		{"a number of 65 bits", `"long"`, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", errNumber},
		{"an int beyond 32 bits", `"int"`, "\x80\x80\x80\x80\x20", errRange},
		{"a boolean of 2", `"boolean"`, "\x02", errRange},
		{"a member that is not there", `["null","int"]`, "\x04", errRange},
		{"a negative member", `["null","int"]`, "\x01", errRange},
		{"a symbol that is not there", `{"type":"enum","name":"E","symbols":["A"]}`, "\x02", errRange},
		{"two billion items", strs, "\xfe\xff\xff\xff\x0f", errTooMany},
		{"two billion nulls", nulls, "\xfe\xff\xff\xff\x0f\x00", errTooMany},
		{"many blocks of nulls", nulls, strings.Repeat("\x80\x01", 300) + "\x00", errTooMany},
		{"a count of the least number", strs, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x00", errTooMany},
		{"records without bytes", hollow, "\xd0\x0f" + strings.Repeat("\x00", 1000), errTooMany},
		{"a deep tree", tree, strings.Repeat("\x02", 1000) + "\x00", errTooDeep},
		{"a record in itself", endless, "", errTooDeep},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if err := mustShape(t, tc.schema).measure([]byte(tc.data)); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

// FuzzMeasure holds that what is found good is decoded by goavro, whole.
func FuzzMeasure(f *testing.F) {
	f.Add(strs, []byte("\x04\x02a\x02b\x00"))
	f.Add(tree, []byte("\x02\x02\x00"))
	f.Add(nulls, []byte("\x02\x00"))
	f.Add(askRecord(`{"name":"a","type":["null",{"type":"enum","name":"E","symbols":["A","B"]}]}`), []byte("\x02\x02"))
	f.Fuzz(func(t *testing.T, schema string, data []byte) {
		s, err := parseShape(schema)
		if err != nil || s.measure(data) != nil {
			return
		}
		text, err := s.bare(true)
		if err != nil {
			t.Fatal(err)
		}
		codec, err := goavro.NewCodec(text)
		if err != nil {
			return // stricter than parseShape, about names and unions
		}
		if _, rest, err := codec.NativeFromBinary(data); (err != nil && !strings.Contains(err.Error(), "duplicate key")) || len(rest) > 0 && err == nil {
			t.Fatalf("%s: %x: %d bytes left, %v", schema, data, len(rest), err)
		}
	})
}

func TestSchemasThatAreNone(t *testing.T) {
	tests := map[string]string{
		"nothing":                   ``,
		"no JSON":                   `{`,
		"a number":                  `1`,
		"null":                      `null`,
		"an unknown type":           `"strin"`,
		"an object without type":    `{"name":"A"}`,
		"a record without name":     `{"type":"record","fields":[]}`,
		"a record without fields":   `{"type":"record","name":"A"}`,
		"fields that are no list":   `{"type":"record","name":"A","fields":{}}`,
		"a field that is no object": `{"type":"record","name":"A","fields":[1]}`,
		"a field without name":      askRecord(`{"type":"int"}`),
		"a field without type":      askRecord(`{"name":"a"}`),
		"two fields of one name":    askRecord(`{"name":"a","type":"int"},{"name":"a","type":"int"}`),
		"a name defined twice":      askRecord(`{"name":"a","type":{"type":"fixed","name":"F","size":1}},{"name":"b","type":{"type":"fixed","name":"F","size":1}}`),
		"an array without items":    `{"type":"array"}`,
		"a fixed without size":      `{"type":"fixed","name":"F"}`,
		"a fixed of a huge size":    `{"type":"fixed","name":"F","size":1e18}`,
		"a fixed of half a byte":    `{"type":"fixed","name":"F","size":0.5}`,
		"an enum without symbols":   `{"type":"enum","name":"E"}`,
		"a symbol that is none":     `{"type":"enum","name":"E","symbols":[1]}`,
		"an empty union":            `[]`,
		"a union with a type twice": `["int","int"]`,
		"nested without end":        strings.Repeat(`{"type":`, 100) + `"int"` + strings.Repeat(`}`, 100),
		"an alias's schema":         `{"type":"other.Thing"}`,
	}
	for name, schema := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := NewReader(schema); !errors.Is(err, ErrUnreadableSchema) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestFingerprints compares with fastavro's: see testdata/make_golden.py.
func TestFingerprints(t *testing.T) {
	text, err := os.ReadFile("testdata/golden/fingerprints.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Schema      json.RawMessage
		Fingerprint string // hex, little-endian
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 10 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		prefix := singleObjectPrefix(mustShape(t, string(c.Schema)).fingerprint())
		if got := fmt.Sprintf("%x", prefix[2:]); got != c.Fingerprint {
			t.Errorf("%s: %s, want %s", c.Schema, got, c.Fingerprint)
		}
	}
}
