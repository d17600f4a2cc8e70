package schemas

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestPresentSchemasKeepEveryRelease holds the present schemas against all
// released ones. Registries check less: Apicurio takes an alias rename, a
// changed default and a changed logicalType for compatible.
func TestPresentSchemasKeepEveryRelease(t *testing.T) {
	for _, s := range All() {
		versions, err := Released(s.Name)
		if err != nil {
			t.Fatal(err)
		}
		// Versions among each other too: FULL_TRANSITIVE means every pair.
		versions = append(versions, s)
		for i, newer := range versions {
			for _, older := range versions[:i] {
				for _, reason := range breaks(decodeSchema(t, older.Source), decodeSchema(t, newer.Source)) {
					t.Errorf("%s: version %d breaks version %d: %s", s.Name, newer.Version, older.Version, reason)
				}
			}
		}
	}
}

func TestBreaks(t *testing.T) {
	const old = `{"type":"record","name":"R","namespace":"n","aliases":["Q"],"fields":[
		{"name":"id","type":"string"},
		{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
		{"name":"note","type":["null","string"],"default":null,"aliases":["remark"]},
		{"name":"count","type":"int","default":0},
		{"name":"tags","type":{"type":"array","items":"string"}},
		{"name":"sub","type":{"type":"array","items":{"type":"record","name":"S","fields":[{"name":"x","type":"string"}]}}},
		{"name":"sum","type":{"type":"fixed","name":"F","size":16},"default":"0123456789abcdef"}]}`
	tests := []struct {
		name, from, to string
		want           string // part of the one reason; empty = compatible
	}{
		{"nothing", `"R"`, `"R"`, ""},
		{"a doc is added", `"name":"id",`, `"name":"id","doc":"d",`, ""},
		{"fields change places", `{"name":"id","type":"string"},
		{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},`, `{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
		{"name":"id","type":"string"},`, ""},
		{"new field with default", `{"name":"id",`, `{"name":"n","type":"int","default":1},{"name":"id",`, ""},
		{"removed field with default", `{"name":"count","type":"int","default":0},`, ``, ""},
		{"new field without default", `{"name":"id",`, `{"name":"n","type":"int"},{"name":"id",`, "n: new, without a default"},
		{"removed field without default", `{"name":"tags","type":{"type":"array","items":"string"}},`, ``, "tags: removed, and had no default"},
		{"renamed field", `"name":"id"`, `"name":"key"`, "id: removed"},
		{"renamed record", `"name":"R"`, `"name":"P"`, "name"},
		{"other namespace", `"namespace":"n"`, `"namespace":"m"`, "namespace"},
		{"record alias renamed", `"aliases":["Q"]`, `"aliases":["T"]`, "aliases"},
		{"record alias removed", `"aliases":["Q"],`, ``, "aliases"},
		{"field alias renamed", `"aliases":["remark"]`, `"aliases":["comment"]`, "note: aliases"},
		{"field alias added", `"name":"id",`, `"name":"id","aliases":["key"],`, "id: aliases"},
		{"default changed", `"default":0`, `"default":1`, "count: default"},
		{"default removed", `"int","default":0`, `"int"`, "count: default"},
		{"default added", `{"name":"id","type":"string"}`, `{"name":"id","type":"string","default":""}`, "id: default"},
		{"int to long", `"type":"int"`, `"type":"long"`, "count: type"},
		{"string to bytes", `"name":"id","type":"string"`, `"name":"id","type":"bytes"`, "id: type"},
		{"logicalType changed", `timestamp-millis`, `timestamp-micros`, "at: logicalType"},
		{"logicalType removed", `{"type":"long","logicalType":"timestamp-millis"}`, `{"type":"long"}`, "at: logicalType"},
		{"logicalType as a bare type", `{"type":"long","logicalType":"timestamp-millis"}`, `"long"`, "at: type"},
		{"nullable", `"name":"id","type":"string"`, `"name":"id","type":["null","string"]`, "id: type"},
		{"no longer nullable", `["null","string"],"default":null`, `"string","default":null`, "note: type"},
		{"union turned round", `["null","string"]`, `["string","null"]`, "note"},
		{"union widened", `["null","string"]`, `["null","string","int"]`, "note: type"},
		{"other items", `"items":"string"`, `"items":"int"`, "tags[]: type"},
		{"array to map", `{"type":"array","items":"string"}`, `{"type":"map","values":"string"}`, "tags: type"},
		{"nested record renamed", `"name":"S"`, `"name":"Z"`, "sub[]: name"},
		{"nested field retyped", `{"name":"x","type":"string"}`, `{"name":"x","type":"int"}`, "sub[].x: type"},
		{"nested field added without default", `{"name":"x","type":"string"}`, `{"name":"x","type":"string"},{"name":"y","type":"string"}`, "sub[].y: new"},
		{"other size", `"size":16`, `"size":8`, "sum: size"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			changed := strings.Replace(old, tc.from, tc.to, 1)
			if changed == old && tc.name != "nothing" {
				t.Fatal("the case changes nothing")
			}
			reasons := breaks(decodeSchema(t, old), decodeSchema(t, changed))
			switch {
			case tc.want == "" && len(reasons) > 0:
				t.Errorf("want compatible, got %q", reasons)
			case tc.want != "" && !slices.ContainsFunc(reasons, func(r string) bool { return strings.Contains(r, tc.want) }):
				t.Errorf("want a reason with %q, got %q", tc.want, reasons)
			}
		})
	}
}

// breaks says why data written with one of two schemas is not read the same
// with the other; nothing where it is. It is stricter than Avro's resolution:
// what exists keeps its type, default and aliases, so consumers that map a
// schema to tables and classes see only fields come and go.
func breaks(older, newer any) []string { return breaksAt("", older, newer) }

func breaksAt(at string, older, newer any) []string {
	switch o := older.(type) {
	case map[string]any:
		n, ok := newer.(map[string]any)
		if !ok {
			return []string{at + ": type changed"}
		}
		return breaksType(at, o, n)
	case []any:
		n, ok := newer.([]any)
		if !ok || len(n) != len(o) {
			return []string{at + ": type changed: another union"}
		}
		var reasons []string
		for i := range o {
			reasons = append(reasons, breaksAt(at, o[i], n[i])...)
		}
		return reasons
	}
	if !reflect.DeepEqual(older, newer) {
		return []string{fmt.Sprintf("%s: type changed from %v", at, older)}
	}
	return nil
}

// breaksType compares two types, or two fields, written as objects. Every
// attribute but the docs has to stay; what holds other types is compared in depth.
func breaksType(at string, older, newer map[string]any) []string {
	var reasons []string
	for _, key := range attributes(older, newer) {
		o, had := older[key]
		n, has := newer[key]
		inner, deep := map[string]string{"type": "", "items": "[]", "values": "{}"}[key]
		switch {
		case key == "doc":
		case key == "fields":
			reasons = append(reasons, breaksFields(at, fieldsOf(older), fieldsOf(newer))...)
		case deep && had && has:
			reasons = append(reasons, breaksAt(at+inner, o, n)...)
		case had != has || !reflect.DeepEqual(o, n):
			reasons = append(reasons, fmt.Sprintf("%s: %s changed from %v to %v", at, key, o, n))
		}
	}
	return reasons
}

func breaksFields(at string, older, newer map[string]map[string]any) []string {
	var reasons []string
	for _, name := range attributes(older, newer) {
		at := strings.TrimPrefix(at+"."+name, ".")
		o, n := older[name], newer[name]
		_, droppable := o["default"]
		_, addable := n["default"]
		switch {
		case o == nil && !addable:
			reasons = append(reasons, at+": new, without a default")
		case n == nil && !droppable:
			reasons = append(reasons, at+": removed, and had no default")
		case o != nil && n != nil:
			reasons = append(reasons, breaksType(at, o, n)...)
		}
	}
	return reasons
}

// attributes returns the keys of both, sorted.
func attributes[V any](a, b map[string]V) []string {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return slices.Sorted(maps.Keys(both))
}

func fieldsOf(record map[string]any) map[string]map[string]any {
	fields := map[string]map[string]any{}
	list, _ := record["fields"].([]any)
	for _, f := range list {
		field := f.(map[string]any)
		fields[field["name"].(string)] = field
	}
	return fields
}

func decodeSchema(t *testing.T, text string) any {
	t.Helper()
	var schema any
	if err := json.Unmarshal([]byte(text), &schema); err != nil {
		t.Fatal(err)
	}
	return schema
}
