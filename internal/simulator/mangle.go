package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
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
			spot := choose(a.v.dice, tree, "orderID")
			spot.set(nil)
		}
	}
	if wrongType {
		spot := choose(a.v.dice, tree, "")
		spot.set(otherType(spot.get()))
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

// spot is a field of an order or of an object in it.
type spot struct {
	object map[string]any
	key    string
}

func (s spot) get() any  { return s.object[s.key] }
func (s spot) set(v any) { s.object[s.key] = v }

// choose picks a field that is not null, but not the one named except.
func choose(dice *rand.Rand, tree map[string]any, except string) spot {
	var spots []spot
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			keys := make([]string, 0, len(v))
			for k := range v {
				keys = append(keys, k)
			}
			slices.Sort(keys) // the choice must not depend on the map's order
			for _, k := range keys {
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
	return spots[dice.IntN(len(spots))]
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
