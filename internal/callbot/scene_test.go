package callbot

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"callstream/internal/order"
)

// scene is a client and an API that speak HTTP in synctest's time.
type scene struct {
	t        *testing.T
	api      *fakeAPI
	client   *Client
	observer *counts
	log      *bytes.Buffer
}

// play runs a test in synctest's time. The client may ask 1000 times a second
// and waits 15 s for an answer.
func play(t *testing.T, name string, test func(s *scene)) {
	t.Helper()
	inBubble(t, name, func(t *testing.T) {
		network := newPipes()
		s := &scene{t: t, api: newFakeAPI(t), observer: newCounts(), log: &bytes.Buffer{}}
		server := &http.Server{Handler: s.api, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
		served := make(chan error)
		go func() { served <- server.Serve(network) }()
		s.client = New(Config{
			BaseURL: "http://api", UUID: testUUID, SecretKey: testKey, Algorithm: SHA256, Verify: VerifyStrict,
			Timeout: 15 * time.Second, Concurrency: 4, RateLimit: 1000,
			HTTP: &http.Transport{DialContext: network.DialContext, DisableCompression: true, MaxIdleConnsPerHost: 4},
			Log:  slog.New(slog.NewTextHandler(s.log, nil)), Observer: s.observer,
		})
		test(s)
		s.client.Close()
		_ = server.Close()
		<-served
		synctest.Wait()
	})
}

func (s *scene) look(ids ...string) (order.Look, error) {
	return s.client.Look(s.t.Context(), "t", ids)
}

// well looks at an order that is no trouble, so that the API is known to answer.
func (s *scene) well() {
	s.t.Helper()
	if look, err := s.look("well"); err != nil || len(look.Seen) != 1 {
		s.t.Fatalf("look at a good order: %+v, %v", look, err)
	}
}

// wantLook compares what became of each order; those in none of the parts are
// unanswered.
func (s *scene) wantLook(look order.Look, ids []string, rejected, missing, unanswered []string) {
	s.t.Helper()
	var seen, wantSeen, got []string
	for _, id := range ids {
		_, isSeen := look.Seen[id]
		_, isRejected := look.Rejected[id]
		isMissing := look.Missing[id]
		switch parts := b2i(isSeen) + b2i(isRejected) + b2i(isMissing); {
		case parts > 1:
			s.t.Errorf("order %s is in %d parts of the look", id, parts)
		case parts == 0:
			got = append(got, id)
		case isSeen:
			seen = append(seen, id)
		}
		if !slices.Contains(slices.Concat(rejected, missing, unanswered), id) {
			wantSeen = append(wantSeen, id)
		}
	}
	if got := slices.Sorted(maps.Keys(look.Rejected)); !slices.Equal(got, rejected) {
		s.t.Errorf("rejected %q, want %q", got, rejected)
	}
	if got := slices.Sorted(maps.Keys(look.Missing)); !slices.Equal(got, slices.Sorted(slices.Values(missing))) {
		s.t.Errorf("missing %q, want %q", got, missing)
	}
	if !slices.Equal(got, unanswered) {
		s.t.Errorf("unanswered %q, want %q", got, unanswered)
	}
	if !slices.Equal(seen, wantSeen) {
		s.t.Errorf("seen %q, want %q", seen, wantSeen)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (s *scene) wantClass(err error, want Class) {
	s.t.Helper()
	var failure *Error
	if !errors.As(err, &failure) || failure.Class != want {
		s.t.Errorf("error %v, want %s", err, want)
	}
}

func (s *scene) wantRequests(want int) {
	s.t.Helper()
	if got := len(s.api.requests()); got != want {
		s.t.Errorf("%d requests, want %d", got, want)
	}
}

func (s *scene) wantTrouble(want string) {
	s.t.Helper()
	if got := s.client.Trouble(); got != want {
		s.t.Errorf("trouble %q, want %q", got, want)
	}
}

func orders(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("o%03d", i)
	}
	return ids
}
