package export

import (
	"context"
	"errors"
	"time"
)

// lookGrace is how long a look may still wait for its answer once the
// generation ended; what was answered by then is published and saved.
const lookGrace = 2 * time.Second

var errGivenUp = errors.New("the generation ended and its time to finish is over")

// jobs holds the contexts of a generation's jobs. Both outlive the generation,
// so that what is in flight can be finished.
type jobs struct {
	looks   context.Context // for asking the API
	effects context.Context // for writing
	end     func()
}

// newJobs returns the contexts of a generation that ends with ctx. Effects end
// drainFor after it, looks earlier.
func newJobs(ctx context.Context, drainFor time.Duration) *jobs {
	base := context.WithoutCancel(ctx)
	looks, stopLooks := context.WithCancelCause(base)
	effects, stopEffects := context.WithCancelCause(base)
	stopWatch := context.AfterFunc(ctx, func() {
		time.AfterFunc(min(lookGrace, drainFor/2), func() { stopLooks(errGivenUp) })
		time.AfterFunc(drainFor, func() { stopEffects(errGivenUp) })
	})
	return &jobs{looks: looks, effects: effects, end: func() {
		stopWatch()
		stopLooks(errGivenUp)
		stopEffects(errGivenUp)
	}}
}

// start runs a job; what it returns is run by the pipeline's own goroutine.
func (p *Pipeline) start(job func() func()) {
	p.inFlight++
	go func() {
		result := job()
		p.results <- func() {
			p.inFlight--
			result()
		}
	}()
}
