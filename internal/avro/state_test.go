package avro

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"callstream/internal/order"
	"callstream/schemas"
)

// drawBytes draws text that may be no UTF-8: a state keeps what it was given.
func drawBytes(rt *rapid.T, label string) string {
	return string(rapid.SliceOfN(rapid.Byte(), 0, 12).Draw(rt, label))
}

func drawDigest(rt *rapid.T, label string) (d order.Digest) {
	if rapid.Bool().Draw(rt, label+" there") {
		copy(d[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(rt, label))
	}
	return d
}

func drawPending(rt *rapid.T) order.Correction {
	return order.Correction{Field: drawBytes(rt, "field"), Digest: drawDigest(rt, "digest")}
}

func drawAnnouncedLine(rt *rapid.T) order.AnnouncedLine {
	return order.AnnouncedLine{
		Index: rapid.Int().Draw(rt, "index"), Occurrence: drawInt(rt, "occurrence"), Revision: drawInt(rt, "revision"),
		Role: rapid.Int().Draw(rt, "role"), Type: rapid.Int().Draw(rt, "type"),
		NodeID: drawBytes(rt, "node"), NodeDesc: drawBytes(rt, "desc"), SpokenAt: drawMillis(rt, "spoken"),
		InfoRef: drawInt(rt, "info"), Digest: drawDigest(rt, "digest"), Correction: drawDigest(rt, "pending"),
	}
}

func drawCall(rt *rapid.T) order.AnnouncedCall {
	c := order.AnnouncedCall{
		ID: drawBytes(rt, "id"), VendorID: drawBytes(rt, "vendor id"), Attempt: drawInt(rt, "attempt"),
		Status: drawStatusChanged(rt), StatusRef: drawInt(rt, "ref"), CompletionRef: drawInt(rt, "ref"),
		Lines: drawSlice(rt, "lines", drawAnnouncedLine), Corrections: drawSlice(rt, "pending", drawPending),
	}
	if rapid.Bool().Draw(rt, "ended") {
		c.Completion = drawCompleted(rt)
	}
	return c
}

func drawState(rt *rapid.T) *order.State {
	times := rapid.SliceOfN(rapid.Int64(), 11, 11).Draw(rt, "times")
	m := func(i int) order.Millis { return order.Millis(times[i]) }
	return &order.State{
		Ref:          order.Ref{Task: drawBytes(rt, "task"), ID: drawBytes(rt, "order")},
		TrackedSince: m(0),
		Tracking: order.Tracking{
			FollowAt: m(1), OnceAt: m(2), StopAt: m(3), ReplayAt: m(4), NotBefore: m(5), Deadline: m(6),
			FollowSince: m(7), MissingSince: m(8), RestingSince: m(9), Rest: order.Rest(drawBytes(rt, "rest")),
		},
		Hash: rapid.Uint64().Draw(rt, "hash"), Finished: rapid.Bool().Draw(rt, "finished"), ChangedAt: m(10),
		Infos: drawSlice(rt, "infos", drawInfo), Corrections: drawSlice(rt, "pending", drawPending), Calls: drawSlice(rt, "calls", drawCall),
	}
}

func TestStateComesBack(t *testing.T) {
	codec := newStateCodec(t)
	rapid.Check(t, func(rt *rapid.T) {
		st := drawState(rt)
		data, err := codec.Encode(st)
		if err != nil {
			rt.Fatal(err)
		}
		back, err := codec.Decode(data)
		if err != nil {
			rt.Fatal(err)
		}
		if !reflect.DeepEqual(back, st) {
			rt.Fatalf("got  %+v\nwant %+v", back, st)
		}
	})
}

// TestEveryFieldOfStateComesBack fails when a field is added to State and
// forgotten here: it sets every field there is, by reflection.
func TestEveryFieldOfStateComesBack(t *testing.T) {
	codec := newStateCodec(t)
	var st order.State
	fill(reflect.ValueOf(&st).Elem(), new(int64))
	data, err := codec.Encode(&st)
	if err != nil {
		t.Fatal(err)
	}
	back, err := codec.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, &st) {
		t.Errorf("got  %+v\nwant %+v", back, &st)
	}
}

// fill sets everything in v to values that differ from each other and from
// zero.
func fill(v reflect.Value, n *int64) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(strings.Repeat("x", int(*n)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(*n)
	case reflect.Uint64, reflect.Uint8:
		v.SetUint(uint64(*n%255 + 1))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	default:
		panic("a kind that State did not have: " + v.Kind().String())
	}
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

// TestStateOfAnotherRelease reads states whose schema has fields less or more
// than the present one.
func TestStateOfAnotherRelease(t *testing.T) {
	text := presentText(t, schemas.OrderState)
	older := strings.Replace(text, `{"name":"replayAt","type":{"type":"long","logicalType":"timestamp-millis"},"default":0,`, `{"name":"wasCalledSo","type":"long","default":0,`, 1)
	if older == text {
		t.Fatal("the case changes nothing")
	}
	reader, err := NewReader(older)
	if err != nil {
		t.Fatal(err)
	}
	codec := newStateCodec(t)
	codec.readers[reader.fingerprint()] = reader
	st := sampleState()
	data, err := codec.Encode(st)
	if err != nil {
		t.Fatal(err)
	}
	copy(data, singleObjectPrefix(reader.fingerprint()))
	back, err := codec.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	want := sampleState()
	want.ReplayAt = 0
	if !reflect.DeepEqual(back, want) {
		t.Errorf("got  %+v\nwant %+v", back, want)
	}
}

// TestStateOfABrokenRelease reads a state whose schema has another type for a
// field, which no release may: better no state than a wrong one.
func TestStateOfABrokenRelease(t *testing.T) {
	text := presentText(t, schemas.OrderState)
	broken := strings.Replace(text, `["null",{"type":"record","name":"StateAgent"`, `["null","long",{"type":"record","name":"StateAgent"`, 1)
	if broken == text {
		t.Fatal("the case changes nothing")
	}
	reader, err := NewReader(broken)
	if err != nil {
		t.Fatal(err)
	}
	codec := newStateCodec(t)
	codec.readers[reader.fingerprint()] = reader
	data, err := codec.Encode(sampleState())
	if err != nil {
		t.Fatal(err)
	}
	copy(data, singleObjectPrefix(reader.fingerprint()))
	if st, err := codec.Decode(data); !errors.Is(err, ErrMalformed) {
		t.Errorf("got %+v, %v", st, err)
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
	good := golden(t, "state")
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
		{"a digest of 15 bytes", shortDigest(t, codec), ErrMalformed},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if st, err := codec.Decode(tc.data); !errors.Is(err, tc.want) || st != nil {
				t.Errorf("got %v, %v; want %v", st, err, tc.want)
			}
		})
	}
}

// shortDigest is a state with a digest of a length that none has.
func shortDigest(t *testing.T, codec *StateCodec) []byte {
	t.Helper()
	st := &order.State{Corrections: []order.Correction{{Digest: digestFrom(1)}}}
	data, err := codec.Encode(st)
	if err != nil {
		t.Fatal(err)
	}
	whole := string(digestFromText(1, 16))
	cut := strings.Replace(string(data), "\x20"+whole, "\x1e"+whole[:15], 1)
	if cut == string(data) {
		t.Fatal("the case changes nothing")
	}
	return []byte(cut)
}

func digestFromText(first byte, n int) []byte {
	d := digestFrom(first)
	return d[:n]
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
