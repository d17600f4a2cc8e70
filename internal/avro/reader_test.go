package avro

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"

	twmb "github.com/twmb/avro"
)

// oneField is the schema of a record whose only field, v, is of that type.
func oneField(typ string) string {
	return `{"type":"record","name":"V","fields":[{"name":"v","type":` + typ + `}]}`
}

// nested puts a type into n arrays.
func nested(typ string, n int) string {
	return strings.Repeat(`{"type":"array","items":`, n) + typ + strings.Repeat(`}`, n)
}

// doubling is a type of which a value holds 2ⁿ empty records, in no bytes.
func doubling(n int) string {
	s := `{"type":"record","name":"L0","fields":[]}`
	for i := 1; i <= n; i++ {
		s = fmt.Sprintf(`{"type":"record","name":"L%d","fields":[{"name":"a","type":%s},{"name":"b","type":"L%d"}]}`, i, s, i-1)
	}
	return s
}

// long is a number as Avro writes it.
func long(n int64) string { return string(binary.AppendVarint(nil, n)) }

const (
	strs = `{"type":"array","items":"string"}`
	tree = `["null",{"type":"record","name":"T","fields":[{"name":"t","type":["null","T"]}]}]`
	// hollow takes no bytes, however many fields it has.
	hollow = `{"type":"record","name":"H","fields":[{"name":"a","type":"null"},{"name":"b","type":"null"}]}`
)

// TestHostileBytes holds that bytes which are no value of their schema are
// refused as what they are, at no cost beyond their own size, and unquoted.
func TestHostileBytes(t *testing.T) {
	tests := []struct{ name, typ, data string }{
		{"nothing", `"long"`, ""},
		{"ends in a number", `"long"`, "\x80"},
		{"a number of eleven bytes", `"long"`, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"},
		{"a number of 65 bits", `"long"`, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"},
		{"an int beyond 32 bits", `"int"`, "\x80\x80\x80\x80\x20"},
		{"bytes left over", `"string"`, long(6) + "secret" + "secret"},
		{"text longer than all", `"string"`, long(7) + "secret"},
		{"text of 2^40 bytes", `"string"`, long(1<<40) + "secret"},
		{"text of a negative length", `"string"`, long(-6) + "secret"},
		{"a fixed that ends early", `{"type":"fixed","name":"F","size":7}`, "secret"},
		{"a fixed of a huge size", `{"type":"fixed","name":"F","size":1000000000000}`, "secret"},
		{"a member that is not there", `["null","string"]`, long(2) + long(6) + "secret"},
		{"a negative member", `["null","string","int"]`, long(-1) + long(6) + "secret"},
		{"a symbol that is not there", `{"type":"enum","name":"E","symbols":["A"]}`, long(1)},
		{"2^62 items", strs, long(1<<62) + long(6) + "secret"},
		{"2^62 items in a block with its size", strs, long(-1<<62) + long(7) + long(6) + "secret"},
		{"a count of the least number", strs, long(-1<<63) + "\x00\x00"},
		{"a billion nulls where a string could be", `{"type":"array","items":["null","string"]}`, long(1e9) + "\x00\x00"},
		{"2^62 entries", `{"type":"map","values":"string"}`, long(1<<62) + long(6) + "secret"},
		{"counts of all that is left, ten deep", nested(`"string"`, 10), hostileCounts(100_000)},
		{
			"a thousand decimals of 60,000 places", `{"type":"array","items":{"type":"bytes","logicalType":"decimal","precision":60000,"scale":60000}}`,
			long(1000) + strings.Repeat("\x02\x05", 1000) + "\x00secret",
		},

		{"nulls by the billion", `{"type":"array","items":"null"}`, long(1e9) + "\x00"},
		{"nulls by the block", nested(`"null"`, 2), long(1000) + strings.Repeat(long(4096)+"\x00", 1000) + "\x00"},
		{"records of nulls", nested(hollow, 2), long(20) + strings.Repeat(long(4096)+"\x00", 20) + "\x00"},
		{"2^40 empty records", doubling(40), ""},
		{"a recursive schema, nested 10,000 deep", tree, strings.Repeat("\x02", 10_000) + "\x00"},
		{"a record in itself", `{"type":"record","name":"E","fields":[{"name":"e","type":"E"}]}`, ""},
		{"arrays nested 300 deep", nested(`"string"`, 300), hostileCounts(100_000)},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			const perByte = 512
			var err error
			cost := allocated(func() {
				var reader *Reader
				if reader, err = NewReader(oneField(tc.typ)); err == nil {
					_, err = reader.record([]byte(tc.data))
				}
			})
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("got %v", err)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error quotes the value: %v", err)
			}
			if limit := uint64(1<<20 + perByte*len(tc.data)); cost > limit {
				t.Errorf("%d bytes cost %d", len(tc.data), cost)
			}
		})
	}
}

// TestBlocks reads lists in as many blocks as writers may make of them, which
// the decoder by itself would copy once a block.
func TestBlocks(t *testing.T) {
	many := make([]any, 20_000)
	for i := range many {
		many[i] = ""
	}
	tests := []struct {
		name, typ, data string
		want            any
	}{
		{"none", strs, "\x00", []any{}},
		{"one", strs, "\x04\x02a\x02b\x00", []any{"a", "b"}},
		{"two", strs, "\x02\x02a\x02\x02b\x00", []any{"a", "b"}},
		{"one with its size", strs, "\x01\x04\x02a\x00", []any{"a"}},
		{"one with a wrong size", strs, "\x01\x7e\x02a\x00", []any{"a"}},
		{"blocks in blocks", nested(`"int"`, 2), "\x02\x02\x02\x02\x04\x00\x02\x02\x06\x00\x00", []any{[]any{int32(1), int32(2)}, []any{int32(3)}}},
		{"a map in two", `{"type":"map","values":"int"}`, "\x02\x02a\x01\x02\x02b\x02\x00", map[string]any{"a": int32(-1), "b": int32(1)}},
		{"as many as items", strs, strings.Repeat("\x02\x00", len(many)) + "\x00", many},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			reader, err := NewReader(oneField(tc.typ))
			if err != nil {
				t.Fatal(err)
			}
			var record map[string]any
			cost := allocated(func() { record, err = reader.record([]byte(tc.data)) })
			if err != nil || !reflect.DeepEqual(record["v"], tc.want) {
				t.Errorf("got %v, %v", record, err)
			}
			if cost > uint64(1<<20+64*len(tc.data)) {
				t.Errorf("%d bytes cost %d", len(tc.data), cost)
			}
		})
	}
}

// hostileCounts claims, once for every array in an array, as many items as
// bytes are left.
func hostileCounts(size int) string {
	var b strings.Builder
	for b.Len() < 2000 {
		b.WriteString(long(int64(size - b.Len() - 8)))
	}
	return b.String() + strings.Repeat("\x01", size-b.Len())
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestSchemasThatAreNone(t *testing.T) {
	tests := map[string]string{
		"nothing":                   ``,
		"no JSON":                   `{`,
		"an unknown type":           `"strin"`,
		"a record without name":     `{"type":"record","fields":[]}`,
		"fields that are no list":   `{"type":"record","name":"A","fields":{}}`,
		"a field without name":      `{"type":"record","name":"A","fields":[{"type":"int"}]}`,
		"two fields of one name":    `{"type":"record","name":"A","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}`,
		"a name defined twice":      `[` + oneField(`"int"`) + `,` + oneField(`"int"`) + `]`,
		"a fixed of half a byte":    `{"type":"fixed","name":"F","size":0.5}`,
		"a symbol that is none":     `{"type":"enum","name":"E","symbols":[1]}`,
		"a union with a type twice": `["int","int"]`,
		"nested without end":        strings.Repeat(`{"type":`, 100_000) + `"int"` + strings.Repeat(`}`, 100_000),
		"arrays without end":        nested(`"int"`, 100_000),
		"another schema's type":     `{"type":"other.Thing"}`,
	}
	for name, schema := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := NewReader(schema); !errors.Is(err, ErrUnreadableSchema) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestSchemasOfOthers reads with what is right, or what registries let pass.
func TestSchemasOfOthers(t *testing.T) {
	tests := map[string]string{
		"types within themselves":          tree,
		"a type used again":                `[` + oneField(`["null",{"type":"fixed","name":"F","size":2}]`) + `,{"type":"record","name":"W","fields":[{"name":"a","type":"F"},{"name":"b","type":["F","V","null"]}]}]`,
		"names that registries let pass":   `{"type":"record","name":"Order-Request","namespace":"my-team.v1","fields":[{"name":"user-task","type":"string"}]}`,
		"a null default of a later member": `{"type":"record","name":"R","fields":[{"name":"a","type":["string","null"],"default":null}]}`,
		"attributes that Java adds":        oneField(`{"type":"string","avro.java.string":"String"}`),
	}
	for name, schema := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := NewReader(schema); err != nil {
				t.Error(err)
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
		schema, err := twmb.Parse(string(c.Schema))
		if err != nil {
			t.Fatal(err)
		}
		reader := Reader{schema: schema}
		if got := fmt.Sprintf("%x", singleObjectPrefix(reader.fingerprint())[2:]); got != c.Fingerprint {
			t.Errorf("%s: %s, want %s", c.Schema, got, c.Fingerprint)
		}
	}
}

// FuzzReader holds that whatever the schema and the bytes are, reading costs
// in proportion to them and errors quote no value.
func FuzzReader(f *testing.F) {
	f.Add(oneField(strs), []byte("\x04\x02a\x02b\x00"))
	f.Add(oneField(`{"type":"map","values":["null",{"type":"bytes","logicalType":"decimal","precision":60000,"scale":60000}]}`), []byte("\x02\x02a\x02\x02\x05\x00"))
	f.Add(oneField(nested(`"null"`, 2)), []byte(long(2)+strings.Repeat(long(4096)+"\x00", 2)+"\x00"))
	f.Add(oneField(strs), []byte(strings.Repeat("\x02\x00", 2000)+"\x00"))
	f.Add(oneField(nested(`["null","int"]`, 7)), []byte(hostileCounts(3000)))
	f.Add(oneField(doubling(3)), []byte(""))
	f.Add(oneField(`{"type":"array","items":{"type":"record","name":"T","fields":[{"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}}]}}`), []byte("\x04\x02\x00\x02\x02\x00"))
	const fixedText = "malformed Avro: does not decode ends early bytes left over the schema is not a record's "
	f.Fuzz(func(t *testing.T, schema string, data []byte) {
		reader, err := NewReader(schema)
		if err != nil {
			if !errors.Is(err, ErrUnreadableSchema) {
				t.Fatalf("untyped error: %v", err)
			}
			return
		}
		_, _ = reader.record(data) // what is made once a schema is not counted
		cost := allocated(func() { _, err = reader.record(data) })
		if limit := uint64(1<<20 + 512*len(schema) + 4096*len(data)); cost > limit {
			t.Fatalf("%d bytes of a schema of %d cost %d", len(data), len(schema), cost)
		}
		if err == nil {
			return
		}
		if !errors.Is(err, ErrMalformed) {
			t.Fatalf("untyped error: %v", err)
		}
		for i := range max(0, len(data)-5) {
			if part := string(data[i : i+6]); strings.Contains(err.Error(), part) && !strings.Contains(fixedText+schema, part) {
				t.Fatalf("%q is quoted: %v", part, err)
			}
		}
	})
}
