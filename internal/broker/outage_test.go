package broker

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"callstream/internal/record"
)

// CALLSTREAM_TEST_KAFKA_CRASH is a shell command that kills the broker of
// CALLSTREAM_TEST_KAFKA without warning and starts it again on the same data.
// Meanwhile messages are written and read: none may be missing, and each key's
// last copies must be in order.
func TestCrashOfTheBroker(t *testing.T) {
	crash := os.Getenv("CALLSTREAM_TEST_KAFKA_CRASH")
	if crash == "" {
		t.Skip("needs CALLSTREAM_TEST_KAFKA_CRASH")
	}
	cfg := newLab(t).config(t)
	writer, reader := prepared(t, cfg), open(t, cfg)

	crashed := make(chan struct{})
	go func() {
		defer close(crashed)
		if out, err := exec.Command("sh", "-c", crash).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}()

	var mu sync.Mutex
	seen := map[string]bool{}
	news := make(chan struct{}, 1)
	stop := consume(t, reader, func(ctx context.Context, s *Session) error {
		var wg sync.WaitGroup
		for _, a := range s.Owned {
			wg.Go(func() {
				_ = s.Read(ctx, a.Partition, a.Offset, func(r record.Record) error {
					mu.Lock()
					seen[string(r.Value)] = true
					mu.Unlock()
					select {
					case news <- struct{}{}:
					default:
					}
					return nil
				})
			})
		}
		wg.Wait()
		return context.Cause(ctx)
	})

	// Some rounds past the restart, so that all of it is met while writing.
	var all []record.Message
	for round, past := 0, 0; past < 20; round++ {
		var msgs []record.Message
		for key := range 5 {
			msgs = append(msgs, sequence(cfg.Topics.Requests, fmt.Sprintf("%d-%d", round, key), 20)...)
		}
		write(t, writer, msgs...)
		all = append(all, msgs...)
		select {
		case <-crashed:
			past++
		default:
		}
	}
	for n := 0; n < len(all); {
		await(t, fmt.Sprintf("more than %d of %d records", n, len(all)), news)
		mu.Lock()
		n = len(seen)
		mu.Unlock()
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	log := read(t, writer, cfg.Topics.Requests)
	checkOrder(t, log, all)
	t.Logf("%d messages, %d records", len(all), len(log[0])+len(log[1])+len(log[2]))
}
