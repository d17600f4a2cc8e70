package broker

import (
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/segmentio/kafka-go/compress"
	kafkazstd "github.com/segmentio/kafka-go/compress/zstd"
)

// zstdWindow is how far back an encoder looks for repeats, in bytes. Records
// repeat within some kilobytes. The library's default of 8 MiB costs 16 MiB of
// memory for each encoder, and a write uses one for each partition.
const zstdWindow = 256 << 10

// zstdCodec is the library's zstd with encoders of a small window. Readers of
// any window read what it writes.
type zstdCodec struct {
	kafkazstd.Codec
	encoders sync.Pool // of *zstd.Encoder
}

// installZstd makes kafka-go encode with zstdCodec. kafka-go finds codecs in a
// table of the process; there is no other way to give it one.
var installZstd = sync.OnceFunc(func() { compress.Codecs[compress.Zstd] = &zstdCodec{} })

// NewWriter returns a writer that is to be closed.
func (c *zstdCodec) NewWriter(w io.Writer) io.WriteCloser {
	if enc, ok := c.encoders.Get().(*zstd.Encoder); ok {
		enc.Reset(w)
		return &zstdWriter{enc, c}
	}
	enc, err := zstd.NewWriter(w,
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(zstdWindow),
		zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithZeroFrames(true))
	if err != nil {
		return c.Codec.NewWriter(w) // an option was refused: as the library does it
	}
	return &zstdWriter{enc, c}
}

type zstdWriter struct {
	*zstd.Encoder
	codec *zstdCodec
}

// Close ends the frame and gives the encoder back.
func (w *zstdWriter) Close() error {
	err := w.Encoder.Close()
	w.Reset(nil) // keeps nothing of what was written to
	w.codec.encoders.Put(w.Encoder)
	return err
}
