package broker

import (
	"bytes"
	"io"
	"strings"
	"testing"

	kafkazstd "github.com/segmentio/kafka-go/compress/zstd"
)

// TestZstd: what the codec writes, the library's reads, with encoders used
// again.
func TestZstd(t *testing.T) {
	codec := &zstdCodec{}
	for _, text := range []string{"", "a", strings.Repeat("callstream ", 200_000)} {
		var b bytes.Buffer
		w := codec.NewWriter(&b)
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		r := (&kafkazstd.Codec{}).NewReader(&b)
		got, err := io.ReadAll(r)
		if err != nil || string(got) != text {
			t.Errorf("read %d bytes of %d, %v", len(got), len(text), err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}
