package broker

import (
	"fmt"
	"os"
	"os/exec"
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

	seen := newHeard()
	stop := consume(t, reader, seen.handle)

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
	seen.await(t, len(all))
	if err := stop(); err != nil {
		t.Error(err)
	}
	log := read(t, writer, cfg.Topics.Requests)
	checkOrder(t, log, all)
	t.Logf("%d messages, %d records", len(all), len(log[0])+len(log[1])+len(log[2]))
}
