package avro

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// shape is a parsed Avro schema: as much of it as its bytes depend on, and
// which longs are times. Records refer to each other by pointer and may be
// recursive.
type shape struct {
	kind    kind
	name    string   // full name of a record, an enum or a fixed
	alias   string   // its name in the bare schema: "T1", "T2", …
	logical string   // timestampMillis, timestampMicros or empty
	fields  []field  // of a record
	items   *shape   // of an array or a map
	members []*shape // of a union
	symbols []string // of an enum
	size    int      // of a fixed, in bytes
}

type field struct {
	name string
	*shape
}

type kind uint8

const (
	kindNull kind = iota
	kindBoolean
	kindInt
	kindLong
	kindFloat
	kindDouble
	kindBytes
	kindString
	kindRecord
	kindEnum
	kindFixed
	kindArray
	kindMap
	kindUnion
)

// kindNames are the names of the kinds in schemas; a union has none.
var kindNames = [...]string{"null", "boolean", "int", "long", "float", "double", "bytes", "string", "record", "enum", "fixed", "array", "map"}

const (
	timestampMillis = "timestamp-millis"
	timestampMicros = "timestamp-micros"
)

// maxFixed is the largest fixed that is read. Nothing this package reads needs
// one beyond a digest.
const maxFixed = 1 << 20

// maxSchemaDepth bounds how deep types nest in a schema. Order requests nest
// two deep.
const maxSchemaDepth = 64

var errSchema = errors.New("not a readable Avro schema")

// parseShape reads a schema. Its errors wrap errSchema and quote at most names
// of the schema.
func parseShape(text string) (*shape, error) {
	var schema any
	if err := json.Unmarshal([]byte(text), &schema); err != nil {
		return nil, fmt.Errorf("%w: not JSON", errSchema)
	}
	p := shapeParser{named: map[string]*shape{}}
	return p.parse(schema, "", 0)
}

// shapeParser knows the named types met so far, by full name.
type shapeParser struct{ named map[string]*shape }

func (p *shapeParser) parse(schema any, namespace string, depth int) (*shape, error) {
	if depth > maxSchemaDepth {
		return nil, fmt.Errorf("%w: types nest deeper than %d", errSchema, maxSchemaDepth)
	}
	switch s := schema.(type) {
	case string:
		return p.lookup(s, namespace)
	case []any:
		union := &shape{kind: kindUnion}
		for _, member := range s {
			m, err := p.parse(member, namespace, depth+1)
			if err != nil {
				return nil, err
			}
			union.members = append(union.members, m)
		}
		return union, nil
	case map[string]any:
		return p.object(s, namespace, depth)
	}
	return nil, fmt.Errorf("%w: a type is neither text, list nor object", errSchema)
}

// lookup finds a primitive or a named type.
func (p *shapeParser) lookup(name, namespace string) (*shape, error) {
	for k := kindNull; k <= kindString; k++ {
		if kindNames[k] == name {
			return &shape{kind: k}, nil
		}
	}
	if s, ok := p.named[fullName(name, namespace)]; ok {
		return s, nil
	}
	return nil, fmt.Errorf("%w: type %q is not defined", errSchema, name)
}

func (p *shapeParser) object(s map[string]any, namespace string, depth int) (*shape, error) {
	typ, ok := s["type"].(string)
	if !ok {
		return p.parse(s["type"], namespace, depth+1) // {"type": {…}}
	}
	switch typ {
	case "record", "error", "enum", "fixed":
		return p.define(typ, s, namespace, depth)
	case "array", "map":
		key, k := "items", kindArray
		if typ == "map" {
			key, k = "values", kindMap
		}
		items, err := p.parse(s[key], namespace, depth+1)
		if err != nil {
			return nil, err
		}
		return &shape{kind: k, items: items}, nil
	}
	found, err := p.lookup(typ, namespace)
	if err != nil {
		return nil, err
	}
	if l, _ := s["logicalType"].(string); found.kind == kindLong && (l == timestampMillis || l == timestampMicros) {
		found.logical = l // lookup returned a fresh shape: long is a primitive
	}
	return found, nil
}

// define reads a named type and makes it known.
func (p *shapeParser) define(typ string, s map[string]any, namespace string, depth int) (*shape, error) {
	name, _ := s["name"].(string)
	if ns, ok := s["namespace"].(string); ok {
		namespace = ns
	}
	full := fullName(name, namespace)
	if name == "" || p.named[full] != nil {
		return nil, fmt.Errorf("%w: type name %q is missing or defined twice", errSchema, full)
	}
	if i := strings.LastIndexByte(full, '.'); i >= 0 {
		namespace = full[:i]
	}
	out := &shape{name: full, alias: "T" + strconv.Itoa(len(p.named)+1)}
	p.named[full] = out
	switch typ {
	case "enum":
		out.kind = kindEnum
		list, _ := s["symbols"].([]any)
		for _, symbol := range list {
			text, _ := symbol.(string)
			out.symbols = append(out.symbols, text)
		}
	case "fixed":
		size, ok := s["size"].(float64)
		if !ok || size < 0 || size > maxFixed || size != float64(int(size)) {
			return nil, fmt.Errorf("%w: size of %s", errSchema, full)
		}
		out.kind, out.size = kindFixed, int(size)
	default:
		out.kind = kindRecord
		return out, p.recordFields(out, s, namespace, depth)
	}
	return out, nil
}

func (p *shapeParser) recordFields(out *shape, s map[string]any, namespace string, depth int) error {
	list, ok := s["fields"].([]any)
	if !ok {
		return fmt.Errorf("%w: %s has no fields", errSchema, out.name)
	}
	for _, item := range list {
		f, _ := item.(map[string]any)
		name, _ := f["name"].(string)
		if name == "" {
			return fmt.Errorf("%w: a field of %s has no name", errSchema, out.name)
		}
		typ, err := p.parse(f["type"], namespace, depth+1)
		if err != nil {
			return fmt.Errorf("field %s: %w", name, err)
		}
		out.fields = append(out.fields, field{name, typ})
	}
	return nil
}

func fullName(name, namespace string) string {
	if namespace == "" || strings.Contains(name, ".") {
		return name
	}
	return namespace + "." + name
}

// bare writes the shape as a schema of nothing but what bytes depend on: no
// docs, defaults, namespaces or logical types, save times when wanted. goavro
// refuses some that are right, resolves some names in its own way, and keeps
// state in a global for one logical type.
func (s *shape) bare(times bool) (string, error) {
	text, err := json.Marshal(s.plain(times, map[string]bool{}))
	return string(text), err
}

func (s *shape) plain(times bool, defined map[string]bool) any {
	if s.alias != "" {
		if defined[s.alias] {
			return s.alias
		}
		defined[s.alias] = true
	}
	switch s.kind {
	case kindRecord:
		fields := make([]any, len(s.fields))
		for i, f := range s.fields {
			fields[i] = map[string]any{"name": f.name, "type": f.plain(times, defined)}
		}
		return map[string]any{"type": "record", "name": s.alias, "fields": fields}
	case kindEnum:
		return map[string]any{"type": "enum", "name": s.alias, "symbols": s.symbols}
	case kindFixed:
		return map[string]any{"type": "fixed", "name": s.alias, "size": s.size}
	case kindArray:
		return map[string]any{"type": "array", "items": s.items.plain(times, defined)}
	case kindMap:
		return map[string]any{"type": "map", "values": s.items.plain(times, defined)}
	case kindUnion:
		members := make([]any, len(s.members))
		for i, m := range s.members {
			members[i] = m.plain(times, defined)
		}
		return members
	}
	if times && s.logical != "" {
		return map[string]any{"type": "long", "logicalType": s.logical}
	}
	return kindNames[s.kind]
}
