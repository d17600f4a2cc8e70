package avro

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/sr/srfake"

	"callstream/internal/order"
)

// eventTopics are the topics of the tests: all three.
func eventTopics() map[order.Kind]string {
	return map[order.Kind]string{order.KindStatus: "status", order.KindCompleted: "completed", order.KindTranscript: "lines"}
}

// fakeRegistry is an in-memory registry that notes what was asked of it.
type fakeRegistry struct {
	*srfake.Registry
	mu    sync.Mutex
	asked []string // method, path and query
	// setLevels are the paths under /config where a level was set.
	setLevels map[string]bool
}

// newFakeRegistry starts one. answer, if any, gets every request first and
// reports whether it answered.
func newFakeRegistry(t *testing.T, answer func(w http.ResponseWriter, r *http.Request) bool, opts ...srfake.Option) *fakeRegistry {
	t.Helper()
	f := &fakeRegistry{Registry: srfake.New(opts...), setLevels: map[string]bool{}}
	t.Cleanup(f.Close)
	f.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		f.mu.Lock()
		f.asked = append(f.asked, r.Method+" "+r.URL.RequestURI())
		f.mu.Unlock()
		if answer != nil && answer(w, r) {
			return true
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		switch {
		case !strings.HasPrefix(r.URL.Path, "/config/"):
		case r.Method == http.MethodPut:
			f.setLevels[r.URL.Path] = true
		case !f.setLevels[r.URL.Path]:
			respond(w, http.StatusNotFound, `{"error_code":40408,"message":"no level"}`) // the fake would give the global one
			return true
		}
		return false
	})
	return f
}

func (f *fakeRegistry) count(prefix string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.asked {
		if strings.HasPrefix(a, prefix) {
			n++
		}
	}
	return n
}

func respond(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	w.WriteHeader(status)
	io.WriteString(w, body)
}

// refuse answers requests of a method and path prefix.
func refuse(method, path string, status int, body string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != method || !strings.HasPrefix(r.URL.Path, path) {
			return false
		}
		respond(w, status, body)
		return true
	}
}

func openFake(t *testing.T, url string, autoRegister bool) *Registry {
	t.Helper()
	r, err := NewRegistry(RegistryOptions{URL: url, AutoRegister: autoRegister, Topics: eventTopics()})
	if err != nil {
		t.Fatal(err)
	}
	r.pause = func(ctx context.Context, _ int) bool { return ctx.Err() == nil }
	return r
}
