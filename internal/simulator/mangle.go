package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
)

// mangle rewrites one rendered order with the faults that hit it. Such an order
// is not noted as shown: how much of it a client can read is the client's.
func (a *answering) mangle(order []byte, wrongType, nulls, noCallID bool) []byte {
	tree := parse(order)
	if noCallID {
		if calls, _ := tree["callInfoDetailList"].([]any); len(calls) > 0 {
			delete(calls[a.v.dice.IntN(len(calls))].(map[string]any), "callID")
		}
	}
	if nulls {
		for range 1 + a.v.dice.IntN(3) {
			object, key := choose(a.v.dice, tree, "orderID")
			object[key] = nil
		}
	}
	if wrongType {
		object, key := choose(a.v.dice, tree, "")
		object[key] = otherType(object[key])
	}
	out, err := json.Marshal(tree)
	if err != nil {
		panic(fmt.Sprintf("encode what was just decoded: %v", err))
	}
	return append(a.b, out...)
}

func parse(order []byte) map[string]any {
	d := json.NewDecoder(bytes.NewReader(order))
	d.UseNumber()
	var tree map[string]any
	if err := d.Decode(&tree); err != nil {
		panic(fmt.Sprintf("decode what was just rendered: %v", err))
	}
	return tree
}

// choose picks a field of an order or of an object in it that is not null, but
// not the one named except.
func choose(dice *rand.Rand, tree map[string]any, except string) (object map[string]any, key string) {
	type spot struct {
		object map[string]any
		key    string
	}
	var spots []spot
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) { // the choice must not depend on the map's order
				if v[k] != nil && k != except {
					spots = append(spots, spot{v, k})
				}
				walk(v[k])
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(tree)
	chosen := spots[dice.IntN(len(spots))]
	return chosen.object, chosen.key
}

// otherType is a value that no lenient reading takes for the field's own type:
// no digits for a number, no number or text for a flag.
func otherType(v any) any {
	switch v.(type) {
	case string, bool, json.Number:
		return []any{"wrong", "type"}
	default:
		return "wrong type"
	}
}
