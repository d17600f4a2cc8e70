package avro

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
)

// exists is what Apicurio 2.6 answers to all but the quickest of those that
// register the first schema of a subject at the same moment.
const exists = `{"error_code":409,"message":"An artifact with ID 'status-value' in group 'default' already exists."}`

func registers(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/subjects/") && strings.HasSuffix(r.URL.Path, "/versions")
}

// TestInstancesRegisterAtOnce has three instances that start on an empty
// registry: each finds nothing, and all three register before the first answer.
func TestInstancesRegisterAtOnce(t *testing.T) {
	const instances = 3
	var mu sync.Mutex
	refused := 0
	arrived, all := map[string]int{}, map[string]chan struct{}{}
	for _, topic := range eventTopics() {
		all["/subjects/"+topic+"-value/versions"] = make(chan struct{})
	}
	fake := newFakeRegistry(t, func(w http.ResponseWriter, r *http.Request) bool {
		if !registers(r) {
			return false
		}
		mu.Lock()
		arrived[r.URL.Path]++
		n := arrived[r.URL.Path]
		if n == instances {
			close(all[r.URL.Path])
		}
		mu.Unlock()
		select {
		case <-all[r.URL.Path]:
		case <-r.Context().Done(): // an instance has given up
		}
		if n == 1 || n > instances {
			return false
		}
		mu.Lock()
		refused++
		mu.Unlock()
		respond(w, http.StatusConflict, exists)
		return true
	})
	got := make([]SchemaIDs, instances)
	ctx, giveUp := context.WithCancel(context.Background())
	defer giveUp()
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			r := openFake(t, fake.URL(), true)
			r.pause = pauseRegistration // another's registration takes its time
			var err error
			if got[i], err = r.IDs(ctx); err != nil {
				t.Error(err)
				giveUp()
			}
		})
	}
	wg.Wait()
	if want := (instances - 1) * len(eventTopics()); refused != want {
		t.Errorf("%d registrations were refused, want %d", refused, want)
	}
	for _, ids := range got {
		if len(ids) != len(eventTopics()) || !reflect.DeepEqual(ids, got[0]) {
			t.Errorf("the instances have different IDs: %v", got)
		}
	}
}

func TestRegistrationsThatOthersSpoil(t *testing.T) {
	tests := []struct {
		name     string
		status   int
		body     string
		spoilt   int    // how many registrations of a subject are answered so
		want     string // of the error; empty: it comes to a good end
		attempts int    // to register the first subject
	}{
		{"already there, not yet to be found", 409, exists, 2, "", 3},
		{"the registry breaks in the race", 500, `{"error_code":50001,"message":"Unique index violation"}`, 1, "", 2},
		{"a conflict that stays", 409, exists, 99, "Mend: ", registrations},
		{"no permission", 403, `{"error_code":40301,"message":"denied"}`, 99, "denied", 1},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			attempts := map[string]int{}
			fake := newFakeRegistry(t, func(w http.ResponseWriter, r *http.Request) bool {
				if !registers(r) {
					return false
				}
				if attempts[r.URL.Path]++; attempts[r.URL.Path] > tc.spoilt {
					return false
				}
				respond(w, tc.status, tc.body)
				return true
			})
			_, err := openFake(t, fake.URL(), true).IDs(context.Background())
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if got := attempts["/subjects/status-value/versions"]; got != tc.attempts {
				t.Errorf("tried %d times, want %d", got, tc.attempts)
			}
		})
	}
}

// TestConflictThatMeansIncompatible: Confluent refuses with 409 too. Another
// schema that came in between check and registration is told from a race.
func TestConflictThatMeansIncompatible(t *testing.T) {
	conflicts := 0
	fake := newFakeRegistry(t, func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case registers(r):
			conflicts++
			respond(w, http.StatusConflict, `{"error_code":409,"message":"Schema being registered is incompatible with an earlier schema"}`)
		case conflicts > 0 && strings.HasPrefix(r.URL.Path, "/compatibility/"):
			respond(w, http.StatusOK, `{"is_compatible":false,"messages":["READER_FIELD_MISSING"]}`)
		default:
			return false
		}
		return true
	})
	_, err := openFake(t, fake.URL(), true).IDs(context.Background())
	if !errors.Is(err, ErrIncompatible) || !strings.Contains(err.Error(), "READER_FIELD_MISSING") || conflicts != 1 {
		t.Errorf("after %d registrations: %v", conflicts, err)
	}
}

// TestQuickerOneIsLookedUp: a registry may refuse what is there already for as
// long as it is asked to register it.
func TestQuickerOneIsLookedUp(t *testing.T) {
	fake := newFakeRegistry(t, nil)
	want, err := openFake(t, fake.URL(), true).IDs(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	again := openFake(t, fake.URL(), true)
	fake.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if registers(r) {
			respond(w, http.StatusConflict, exists)
		}
		return registers(r)
	})
	got, err := again.IDs(context.Background())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}
