package avro

import (
	"math"
	"strings"

	"callstream/internal/order"
)

// What goavro calls the members of the nullable unions.
const (
	asString = "string"
	asInt    = "int"
	asTime   = "long.timestamp-millis"
)

// native is a record in the form that goavro encodes, filled again for every
// message: new maps would cost more than the encoding. A field set for one
// message has to be set for the next.
type native struct {
	fields map[string]any
	unions map[string]map[string]any // by field: the one-key map that says which member it is
	lists  map[string]*list          // by field
}

func newNative() *native {
	return &native{fields: map[string]any{}, unions: map[string]map[string]any{}, lists: map[string]*list{}}
}

func (r *native) set(field string, value any) { r.fields[field] = value }

// opt sets a nullable field to a value of the member named, or to null.
func (r *native) opt(set bool, field, member string, value any) {
	if !set {
		r.fields[field] = nil
		return
	}
	u, ok := r.unions[field]
	if !ok {
		u = make(map[string]any, 1)
		r.unions[field] = u
	}
	u[member] = value
	r.fields[field] = u
}

// text sets a field to valid UTF-8.
func (r *native) text(field, s string) { r.fields[field] = valid(s) }

// optText sets a nullable field; empty text is null.
func (r *native) optText(field, s string) { r.opt(s != "", field, asString, valid(s)) }

// optTime sets a nullable field; time 0 is null.
func (r *native) optTime(field string, m order.Millis) {
	r.opt(m != 0, field, asTime, int64(m))
}

// optInt sets a nullable int; a number not set is null.
func (r *native) optInt(field string, n order.Opt) {
	r.opt(n.Set, field, asInt, nearestInt(n.N))
}

// optName sets a nullable field to the name of a code; a code not set is null.
func (r *native) optName(field string, code order.Opt, name func(int64) string) {
	r.opt(code.Set, field, asString, name(code.N))
}

// emptyMap returns the emptied map in a field, to be filled.
func (r *native) emptyMap(field string) map[string]any {
	m, ok := r.fields[field].(map[string]any)
	if !ok {
		m = map[string]any{}
		r.fields[field] = m
	}
	clear(m)
	return m
}

// list is what an array field is made of.
type list struct {
	items   []any
	records []*native // kept beyond the items in use
}

// list returns the emptied list of a field.
func (r *native) list(field string) *list {
	l, ok := r.lists[field]
	if !ok {
		l = &list{}
		r.lists[field] = l
	}
	l.items = l.items[:0]
	return l
}

// strings sets a field to a list of text.
func (r *native) strings(field string, values []string) {
	l := r.list(field)
	for _, v := range values {
		l.items = append(l.items, valid(v))
	}
	r.fields[field] = l.items
}

// records sets a field to a list of n records, to be filled.
func (r *native) records(field string, n int) []*native {
	l := r.list(field)
	for len(l.records) < n {
		l.records = append(l.records, newNative())
	}
	for _, record := range l.records[:n] {
		l.items = append(l.items, record.fields)
	}
	r.fields[field] = l.items
	return l.records[:n]
}

// valid returns s with what is not UTF-8 replaced.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// nearestInt returns n, or the nearest number that an Avro int holds.
func nearestInt(n int64) int32 {
	return int32(max(math.MinInt32, min(math.MaxInt32, n)))
}
