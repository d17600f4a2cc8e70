package avro

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"callstream/internal/order"
	"callstream/schemas"
)

// draw sets everything in v to a random value that a codec gives back: no list
// is empty but not nil, and a number that is not set is 0.
func draw(rt *rapid.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.String: // a state keeps text that is no UTF-8
		v.SetString(string(rapid.SliceOfN(rapid.Byte(), 0, 12).Draw(rt, "text")))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(rt, "flag"))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.Int64().Draw(rt, "number"))
	case reflect.Uint64:
		v.SetUint(rapid.Uint64().Draw(rt, "hash"))
	case reflect.Pointer:
		if rapid.Bool().Draw(rt, "there") {
			v.Set(reflect.New(v.Type().Elem()))
			draw(rt, v.Elem())
		}
	case reflect.Slice:
		if n := rapid.IntRange(0, 3).Draw(rt, "items"); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range v.Len() {
			draw(rt, v.Index(i))
		}
	case reflect.Array:
		if rapid.Bool().Draw(rt, "there") {
			reflect.Copy(v, reflect.ValueOf(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(rt, "digest")))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			draw(rt, v.Field(i))
		}
		if opt, ok := v.Addr().Interface().(*order.Opt); ok && !opt.Set {
			opt.N = 0
		}
	default:
		panic("a kind that State did not have: " + v.Kind().String())
	}
}

// TestStateComesBack fails when a field is added to State and forgotten here: it
// sets whatever fields there are.
func TestStateComesBack(t *testing.T) {
	codec := newStateCodec(t)
	rapid.Check(t, func(rt *rapid.T) {
		var st order.State
		draw(rt, reflect.ValueOf(&st).Elem())
		data, err := codec.Encode(&st)
		if err != nil {
			rt.Fatal(err)
		}
		if back, err := codec.Decode(data); err != nil || !reflect.DeepEqual(back, &st) {
			rt.Fatalf("got  %+v, %v\nwant %+v", back, err, &st)
		}
	})
}

func TestStateExtremes(t *testing.T) {
	codec := newStateCodec(t)
	st := sampleState()
	st.Hash = math.MaxUint64
	st.TrackedSince = math.MinInt64
	st.Calls[0].Status.Previous = order.Some(math.MaxInt64)
	st.Calls[0].Completion.Agent = order.Agent{TalkSeconds: order.Some(0)} // all but zero
	data, err := codec.Encode(st)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := codec.Decode(data); err != nil || !reflect.DeepEqual(back, st) {
		t.Errorf("got %+v, %v", back, err)
	}
}

// TestStateOfAnotherRelease reads states whose schema differs from the present
// one.
func TestStateOfAnotherRelease(t *testing.T) {
	withoutReplay := sampleState()
	withoutReplay.ReplayAt = 0
	tests := []struct {
		name, present, other string
		want                 *order.State // nil = malformed
	}{
		{"a field more and one less", `{"name":"replayAt","type":{"type":"long","logicalType":"timestamp-millis"},`, `{"name":"wasCalledSo","type":"long",`, withoutReplay},
		// No release may do this: better no state than a wrong one.
		{"another type", `["null",{"type":"record","name":"StateAgent"`, `["null","long",{"type":"record","name":"StateAgent"`, nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			text := presentText(t, schemas.OrderState)
			other := strings.Replace(text, tc.present, tc.other, 1)
			if other == text {
				t.Fatal("the case changes nothing")
			}
			reader, err := NewReader(other)
			if err != nil {
				t.Fatal(err)
			}
			codec := newStateCodec(t)
			codec.readers[reader.fingerprint()] = reader
			data := append(singleObjectPrefix(reader.fingerprint()), golden(t, "state")[singleLength:]...)
			back, err := codec.Decode(data)
			if !reflect.DeepEqual(back, tc.want) || errors.Is(err, ErrMalformed) != (tc.want == nil) {
				t.Errorf("got  %+v, %v\nwant %+v", back, err, tc.want)
			}
		})
	}
}

func TestEveryReleasedStateIsRead(t *testing.T) {
	codec := newStateCodec(t)
	versions, err := schemas.Released(schemas.OrderState)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range versions {
		reader, err := NewReader(v.Text())
		if err != nil {
			t.Fatal(err)
		}
		if codec.readers[reader.fingerprint()] == nil {
			t.Errorf("version %d can't be read", v.Version)
		}
	}
}

func TestStateThatIsNone(t *testing.T) {
	codec := newStateCodec(t)
	good, d := golden(t, "state"), digestFrom(0)
	at := func(i int, b byte) []byte {
		data := append([]byte(nil), good...)
		data[i] = b
		return data
	}
	tests := []struct {
		name string
		data []byte
		want error
	}{
		{"nothing", nil, ErrMalformed},
		{"a tombstone's empty value", []byte{}, ErrMalformed},
		{"JSON", []byte(`{"orderID":"1"}`), ErrMalformed},
		{"another magic", at(0, 0), ErrMalformed},
		{"another fingerprint", at(5, 0x55), ErrUnknownState},
		{"an event", golden(t, "status"), ErrUnknownState},
		{"cut in the header", good[:9], ErrMalformed},
		{"cut after the header", good[:singleLength], ErrMalformed},
		{"cut near the end", good[:len(good)-1], ErrMalformed},
		{"bytes left over", append(append([]byte(nil), good...), 0), ErrMalformed},
		{"a length beyond the end", at(singleLength, 0x7e), ErrMalformed},
		{"a digest of 15 bytes", bytes.Replace(good, append([]byte{2 * 16}, d[:]...), append([]byte{2 * 15}, d[:15]...), 1), ErrMalformed},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if st, err := codec.Decode(tc.data); !errors.Is(err, tc.want) || st != nil {
				t.Errorf("got %v, %v; want %v", st, err, tc.want)
			}
		})
	}
}

func FuzzDecodeState(f *testing.F) {
	codec := newStateCodec(f)
	f.Add(golden(f, "state"))
	f.Add(golden(f, "state-bare"))
	f.Add(golden(f, "status"))
	f.Add(golden(f, "state")[:100])
	f.Fuzz(func(t *testing.T, data []byte) {
		// Most changes of the header are one error: aim at the body.
		if len(data) >= singleLength {
			data = append(singleObjectPrefix(codec.present.fingerprint()), data[singleLength:]...)
		}
		var st *order.State
		var err error
		cost := allocated(func() { st, err = codec.Decode(data) })
		if limit := uint64(1<<20 + 512*len(data)); cost > limit {
			t.Fatalf("%d bytes cost %d", len(data), cost)
		}
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrUnknownState) {
				t.Fatalf("untyped error: %v", err)
			}
			return
		}
		again, err := codec.Encode(st)
		if err != nil {
			t.Fatal(err)
		}
		back, err := codec.Decode(again)
		if err != nil || !reflect.DeepEqual(back, st) {
			t.Fatalf("decoded once %+v, again %+v, %v", st, back, err)
		}
	})
}
