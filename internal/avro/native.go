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
	subs   map[string]*native        // by field
}

func newNative() *native {
	return &native{fields: map[string]any{}, unions: map[string]map[string]any{}, lists: map[string]*list{}, subs: map[string]*native{}}
}

func (r *native) set(field string, value any) { r.fields[field] = value }

// some sets a nullable field to a value of the member named.
func (r *native) some(field, member string, value any) {
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
func (r *native) optText(field, s string) {
	if s == "" {
		r.fields[field] = nil
		return
	}
	r.some(field, asString, valid(s))
}

// optTime sets a nullable field; time 0 is null.
func (r *native) optTime(field string, m order.Millis) {
	if m == 0 {
		r.fields[field] = nil
		return
	}
	r.some(field, asTime, int64(m))
}

// optInt sets a nullable int; a number not set is null.
func (r *native) optInt(field string, n order.Opt) {
	if !n.Set {
		r.fields[field] = nil
		return
	}
	r.some(field, asInt, nearestInt(n.N))
}

// optName sets a nullable field to the name of a code; a code not set is null.
func (r *native) optName(field string, code order.Opt, name func(int64) string) {
	if !code.Set {
		r.fields[field] = nil
		return
	}
	r.some(field, asString, name(code.N))
}

// sub returns the record in a field, to be filled.
func (r *native) sub(field string) *native {
	s, ok := r.subs[field]
	if !ok {
		s = newNative()
		r.subs[field] = s
	}
	r.fields[field] = s.fields
	return s
}

// strings sets a field to a list of text.
func (r *native) strings(field string, values []string) {
	l := r.list(field)
	for _, v := range values {
		l.items = append(l.items, valid(v))
	}
	l.done()
}

// list returns the emptied list of a field. Call its done after the last item.
func (r *native) list(field string) *list {
	l, ok := r.lists[field]
	if !ok {
		l = &list{owner: r, field: field}
		r.lists[field] = l
	}
	l.items = l.items[:0]
	return l
}

// list is an array field's items in the making.
type list struct {
	owner   *native
	field   string
	items   []any
	records []*native // kept beyond the items in use
}

// next adds a record to the list, to be filled.
func (l *list) next() *native {
	n := len(l.items)
	if n == len(l.records) {
		l.records = append(l.records, newNative())
	}
	l.items = append(l.items, l.records[n].fields)
	return l.records[n]
}

func (l *list) done() { l.owner.fields[l.field] = l.items }

// valid returns s with what is not UTF-8 replaced.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// nearestInt returns n, or the nearest number that an Avro int holds.
func nearestInt(n int64) int32 {
	return int32(max(math.MinInt32, min(math.MaxInt32, n)))
}
