package avro

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/sr"

	"callstream/internal/order"
	"callstream/schemas"
)

// realRegistry is the registry whose Confluent API is at
// CALLSTREAM_TEST_REGISTRY, and subjects of this run alone.
func realRegistry(t *testing.T, autoRegister bool) (*Registry, map[order.Kind]string) {
	t.Helper()
	url := os.Getenv("CALLSTREAM_TEST_REGISTRY")
	if url == "" {
		t.Skip("CALLSTREAM_TEST_REGISTRY is not set")
	}
	topics := map[order.Kind]string{}
	for k, topic := range eventTopics() {
		topics[k] = fmt.Sprintf("%s-%s-%d", topic, t.Name(), time.Now().UnixNano())
	}
	r, err := NewRegistry(RegistryOptions{URL: url, AutoRegister: autoRegister, Topics: topics})
	if err != nil {
		t.Fatal(err)
	}
	return r, topics
}

func TestRealRegistry(t *testing.T) {
	ctx := context.Background()
	r, topics := realRegistry(t, false)
	if _, err := r.IDs(ctx); !errors.Is(err, ErrNotRegistered) {
		t.Fatalf("before: %v", err)
	}
	for _, s := range r.Check(ctx) {
		if s.ID != 0 || len(s.Problems) > 0 {
			t.Errorf("before: %+v", s)
		}
	}
	r.autoRegister = true
	ids, err := r.IDs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Check(ctx) {
		if s.ID != ids[s.Kind] || s.Level != "FULL_TRANSITIVE" || len(s.Problems) > 0 {
			t.Errorf("after: %+v, IDs %v", s, ids)
		}
	}
	again, err := r.IDs(ctx)
	if err != nil || !reflect.DeepEqual(again, ids) {
		t.Errorf("again: %v, %v; want %v", again, err, ids)
	}
	// The same schema as it is written in its file, by someone else.
	s, _ := schemas.ByName("CallCompleted")
	id, err := r.client.RegisterSchema(sr.WithParams(ctx, sr.Normalize), topics[order.KindCompleted]+"-value", sr.Schema{Schema: s.Source}, -1, -1)
	if err != nil || uint32(id) != ids[order.KindCompleted] {
		t.Errorf("spaced out: %d, %v; want %d", id, err, ids[order.KindCompleted])
	}

	// What is encoded with these IDs is read with what the registry has.
	e := newEncoder(t, Options{}, ids)
	decoder := newAnyDecoder(t, r.Reader)
	for _, body := range sampleBodies() {
		d, err := decoder.Decode(ctx, mustEncode(t, e, sampleEvent(body)).Value)
		if err != nil || d.Name != eventKinds()[body.Kind()].schema || d.Values["callID"] != "call-9" {
			t.Errorf("%+v, %v", d, err)
		}
	}
}

func TestRealRegistryRefusesAnotherSchema(t *testing.T) {
	ctx := context.Background()
	r, topics := realRegistry(t, true)
	const other = `{"type":"record","name":"CallStatusChanged","namespace":"callstream.v1","fields":[{"name":"eventID","type":"int"}]}`
	if _, err := r.client.RegisterSchema(ctx, topics[order.KindStatus]+"-value", sr.Schema{Schema: other}, -1, -1); err != nil {
		t.Fatal(err)
	}
	if _, err := r.IDs(ctx); !errors.Is(err, ErrIncompatible) {
		t.Fatalf("got %v", err)
	} else {
		t.Log(err)
	}
	if problems := r.Check(ctx)[0].Problems; len(problems) == 0 {
		t.Error("the check finds nothing")
	}
}

func TestRealRegistryWithoutSchema(t *testing.T) {
	r, _ := realRegistry(t, false)
	for _, id := range []uint32{0, 2_000_000_000, 1<<31 - 1} {
		if _, err := r.Reader(context.Background(), id); !errors.Is(err, ErrNoSchema) {
			t.Errorf("ID %d: %v", id, err)
		}
	}
}
