package avro

import (
	"slices"
	"testing"

	"callstream/internal/order"
	"callstream/schemas"
)

func TestEveryKind(t *testing.T) {
	for _, k := range order.Kinds() {
		kind := eventKinds()[k]
		if _, ok := schemas.ByName(kind.schema); !ok {
			t.Errorf("kind %d (%s): no schema is called %q: add it to package schemas and to the table in kinds.go", k, k, kind.schema)
		}
		if kind.fill == nil {
			t.Errorf("kind %d (%s) has no function that fills its schema: add it to the table in kinds.go", k, k)
		}
		if !slices.ContainsFunc(sampleBodies(), func(b order.Body) bool { return b.Kind() == k }) {
			t.Errorf("kind %d (%s) has no sample: add one to sampleBodies", k, k)
		}
	}
}
