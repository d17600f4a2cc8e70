package export

import (
	"context"
	"errors"
	"time"
)

// askGrace is how long a look may still wait for its answer once the
// generation ended; what was answered by then is published and saved.
const askGrace = 2 * time.Second

var errGivenUp = errors.New("the generation ended and its time to finish is over")

// grace is how long work in flight may go on once its generation ended. Both
// contexts outlive the generation, so that what is half done can be finished.
type grace struct {
	asking  context.Context // for asking the API
	writing context.Context // for effects
	end     func()
}

// newGrace returns the grace of a generation that ends with ctx. Writing ends
// drainFor after it, asking earlier.
func newGrace(ctx context.Context, drainFor time.Duration) *grace {
	base := context.WithoutCancel(ctx)
	asking, stopAsking := context.WithCancelCause(base)
	writing, stopWriting := context.WithCancelCause(base)
	stopWatch := context.AfterFunc(ctx, func() {
		time.AfterFunc(min(askGrace, drainFor/2), func() { stopAsking(errGivenUp) })
		time.AfterFunc(drainFor, func() { stopWriting(errGivenUp) })
	})
	return &grace{asking: asking, writing: writing, end: func() {
		stopWatch()
		stopAsking(errGivenUp)
		stopWriting(errGivenUp)
	}}
}
