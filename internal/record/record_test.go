package record

import "testing"

func TestLast(t *testing.T) {
	headers := []Header{{"a", []byte("1")}, {"b", nil}, {"a", []byte("2")}}
	for key, want := range map[string]string{"a": "2", "b": ""} {
		if got, found := Last(headers, key); !found || string(got) != want {
			t.Errorf("%s: %q, %t; want %q", key, got, found, want)
		}
	}
	if _, found := Last(headers, "A"); found {
		t.Error("found a header of another case")
	}
}

// TestSize: what the size says is no less than the bytes that are there.
func TestSize(t *testing.T) {
	m := Message{Key: []byte("key"), Value: []byte("value"), Headers: []Header{{"h", []byte("12")}, {"none", nil}}}
	const bytes = 3 + 5 + 1 + 2 + 4
	if got := m.Size(); got != bytes+2*headerOverhead {
		t.Errorf("%d bytes", got)
	}
}
