package avro

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"callstream/internal/order"
)

func TestRegisterAtStart(t *testing.T) {
	ctx := context.Background()
	fake := newFakeRegistry(t, nil)
	r := openFake(t, fake.URL(), true)
	ids, err := r.IDs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(ids) != 3 || ids[order.KindStatus] == ids[order.KindCompleted] || ids[order.KindStatus] == 0 {
		t.Errorf("IDs %v", ids)
	}
	for k, topic := range eventTopics() {
		subject := topic + "-value"
		registered, ok := fake.GetSchema(subject, 1)
		if !ok || registered.Schema.Schema != presentText(t, eventKinds()[k].schema) {
			t.Errorf("%s: the compact form is not what was registered", subject)
		}
		if fake.count("PUT /config/"+subject) != 1 {
			t.Errorf("%s: the level was set %d times, want once", subject, fake.count("PUT /config/"+subject))
		}
		if n := fake.count("POST /subjects/" + subject + "/versions?normalize=true"); n != 1 {
			t.Errorf("%s: registered %d times with normalize, want once", subject, n)
		}
	}
	again, err := r.IDs(ctx)
	if err != nil || !reflect.DeepEqual(again, ids) {
		t.Errorf("another start: %v, %v; want %v", again, err, ids)
	}
	// Another instance, which only looks up.
	found, err := openFake(t, fake.URL(), false).IDs(ctx)
	if err != nil || !reflect.DeepEqual(found, ids) {
		t.Errorf("looked up: %v, %v; want %v", found, err, ids)
	}
	// And one that does not use all topics.
	r.topics = map[order.Kind]string{order.KindCompleted: "done"}
	few, err := r.IDs(ctx)
	if err != nil || len(few) != 1 || few[order.KindCompleted] == 0 {
		t.Errorf("one topic: %v, %v", few, err)
	}
	if fake.SubjectExists("-value") {
		t.Error("a subject without topic was registered")
	}
}

// TestCheckAndRegister looks at a registry that is empty, filled, and wrong.
func TestCheckAndRegister(t *testing.T) {
	ctx := context.Background()
	fake := newFakeRegistry(t, nil)
	r := openFake(t, fake.URL(), false)
	_, err := r.IDs(ctx)
	if !errors.Is(err, ErrNotRegistered) || !strings.Contains(err.Error(), "status-value") || !strings.Contains(err.Error(), "callstream schemas register") {
		t.Errorf("got %v", err)
	}
	for _, s := range r.Check(ctx) {
		if s.ID != 0 || s.Level != "" || len(s.Problems) > 0 {
			t.Errorf("an empty registry: %+v", s)
		}
	}
	if fake.count("PUT") > 0 || fake.count("POST /subjects/status-value/versions") > 0 {
		t.Errorf("looking changed something: %q", fake.asked)
	}
	results, err := r.Register(ctx)
	if err != nil || len(results) != 3 {
		t.Fatalf("register: %+v, %v", results, err)
	}
	for _, s := range results {
		if s.ID == 0 || s.Level != "FULL_TRANSITIVE" || len(s.Problems) > 0 || s.Schema != eventKinds()[s.Kind].schema {
			t.Errorf("after register: %+v", s)
		}
	}
	if _, err := r.IDs(ctx); err != nil {
		t.Errorf("after register: %v", err)
	}
	if err := fake.SetCompat("lines-value", sr.CompatNone); err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Check(ctx) {
		if wrong := s.Subject == "lines-value"; wrong != (len(s.Problems) == 1) || wrong != (s.Level == "NONE") {
			t.Errorf("of another level: %+v", s)
		}
	}
}

func TestIncompatibleSchemas(t *testing.T) {
	tests := []struct{ name, answer, want string }{
		{"Confluent's reasons", `{"is_compatible":false,"messages":["READER_FIELD_MISSING at /fields/3","and more"]}`, "READER_FIELD_MISSING at /fields/3; and more"},
		{"Apicurio's reason", `{"is_compatible":false,"reason":"reader type: INT"}`, "reader type: INT"},
		{"no reason", `{"is_compatible":false}`, "no reason"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			ctx := context.Background()
			fake := newFakeRegistry(t, refuse(http.MethodPost, "/compatibility/subjects/completed-value/versions", 200, tc.answer))
			r := openFake(t, fake.URL(), true)
			_, err := r.IDs(ctx)
			if !errors.Is(err, ErrIncompatible) || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "completed-value") {
				t.Errorf("got %v", err)
			}
			if n := fake.count("POST /compatibility/subjects/completed-value/versions?normalize=true&verbose=true"); n != 1 {
				t.Errorf("asked for all versions with reasons %d times: %q", n, fake.asked)
			}
			if fake.SubjectExists("completed-value") && fake.count("POST /subjects/completed-value/versions") > 0 {
				t.Error("registered all the same")
			}
			// The command goes on with the others.
			results, err := r.Register(ctx)
			if !errors.Is(err, ErrIncompatible) || results[2].ID == 0 || !strings.Contains(strings.Join(results[1].Problems, "; "), tc.want) {
				t.Errorf("register: %+v, %v", results, err)
			}
		})
	}
}

// TestRegistriesThatRefuse has registries whose users may not do everything.
func TestRegistriesThatRefuse(t *testing.T) {
	denied := refuse("PUT", "/config/", 403, `{"error_code":40301,"message":"denied"}`)
	levelIsSet := refuse("GET", "/config/", 200, `{"compatibilityLevel":"FULL_TRANSITIVE"}`)
	page := "<html>" + strings.Repeat("error ", 1000)
	tests := []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request) bool
		want   string // empty: the schemas are registered all the same
	}{
		{"may not set the level, which someone else has", func(w http.ResponseWriter, r *http.Request) bool { return levelIsSet(w, r) || denied(w, r) }, ""},
		{"may not read the level", refuse("GET", "/config/", 403, `{"error_code":40301,"message":"denied"}`), "read the compatibility level: HTTP 403, code 40301: denied"},
		{"may not set the level", denied, "set the compatibility level to FULL_TRANSITIVE: HTTP 403"},
		{"may not check", refuse("POST", "/compatibility/", 500, page), "check CallStatusChanged: HTTP 500, code 0: <html>"},
		{"may not register", refuse("POST", "/subjects/", 422, `{"error_code":42201,"message":"invalid"}`), "register CallStatusChanged: HTTP 422, code 42201: invalid"},
		{"answers nothing", refuse("POST", "/subjects/", 503, ""), "register CallStatusChanged: HTTP 503, code 0: no response"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r := openFake(t, newFakeRegistry(t, tc.answer).URL(), true)
			_, err := r.IDs(context.Background())
			if text := fmt.Sprint(err); (err == nil) != (tc.want == "") || !strings.Contains(text, tc.want) || err != nil && !strings.Contains(text, "status-value") || len(text) > 1000 {
				t.Fatalf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// TestRegistryThatKnowsSubjectsBySchemas is one that sets levels only of
// subjects that have a schema: the level has to be set after the first one.
func TestRegistryThatKnowsSubjectsBySchemas(t *testing.T) {
	var fake *fakeRegistry
	refused := map[string]bool{}
	fake = newFakeRegistry(t, func(w http.ResponseWriter, r *http.Request) bool {
		subject := strings.TrimPrefix(r.URL.Path, "/config/")
		if subject == r.URL.Path || fake.SubjectExists(subject) {
			return false
		}
		refused[subject] = true
		respond(w, http.StatusNotFound, `{"error_code":40401,"message":"no such subject"}`)
		return true
	})
	if _, err := openFake(t, fake.URL(), true).IDs(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, topic := range eventTopics() {
		if !refused[topic+"-value"] || !fake.setLevels["/config/"+topic+"-value"] {
			t.Errorf("%s: refused %v, then set %v", topic, refused, fake.setLevels)
		}
	}
}

// A password that is rotated is used from the next request on.
func TestThePasswordIsAskedForEachTime(t *testing.T) {
	fake := newFakeRegistry(t, nil, srfake.WithAuth("Basic dXNlcjpzZWNyZXQ=")) // user:secret
	password := "old"
	r, err := NewRegistry(RegistryOptions{
		URL: fake.URL(), User: "user", Password: func() string { return password }, AutoRegister: true, Topics: eventTopics(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.IDs(context.Background()); err == nil {
		t.Fatal("the old password is taken")
	}
	password = "secret"
	if _, err := r.IDs(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestUserAndPassword(t *testing.T) {
	const basic = "Basic dXNlcjpzZWNyZXQ=" // user:secret
	fake := newFakeRegistry(t, nil, srfake.WithAuth(basic))
	host := strings.TrimPrefix(fake.URL(), "http://")
	dead := httptest.NewServer(nil)
	dead.Close()
	tests := []struct {
		name  string
		opts  RegistryOptions
		works bool
	}{
		{"in the settings", RegistryOptions{URL: fake.URL(), User: "user", Password: func() string { return "secret" }}, true},
		{"in the URL", RegistryOptions{URL: "http://user:secret@" + host}, true},
		{"the settings outweigh the URL", RegistryOptions{URL: "http://x:y@" + host, User: "user", Password: func() string { return "secret" }}, true},
		{"the second URL, the first one being down", RegistryOptions{URL: dead.URL + ", http://user:secret@" + host}, true},
		{"a wrong password", RegistryOptions{URL: "http://user:secret2@" + host}, false},
		{"nothing there", RegistryOptions{URL: strings.Replace(dead.URL, "http://", "http://user:secret@", 1)}, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			tc.opts.AutoRegister, tc.opts.Topics = true, eventTopics()
			r, err := NewRegistry(tc.opts)
			if err != nil {
				t.Fatal(err)
			}
			_, err = r.IDs(context.Background())
			if (err == nil) != tc.works {
				t.Errorf("got %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells the password: %v", err)
			}
			for _, s := range r.Check(context.Background()) {
				if (len(s.Problems) == 0) != tc.works || strings.Contains(fmt.Sprint(s.Problems), "secret") {
					t.Errorf("check: %+v", s)
				}
			}
		})
	}
}

func TestURLsThatAreNone(t *testing.T) {
	for _, url := range []string{"", "registry:8081", "ftp://registry", "http://", "http://a,,http://b", "http://user:secret@\x7f"} {
		if _, err := NewRegistry(RegistryOptions{URL: url}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestReaderByID(t *testing.T) {
	ctx := context.Background()
	var answer func(http.ResponseWriter, *http.Request) bool // nil = the fake's own
	fake := newFakeRegistry(t, func(w http.ResponseWriter, r *http.Request) bool { return answer != nil && answer(w, r) })
	fake.SeedSchema("a", 1, 7, sr.Schema{Schema: askRecord(`{"name":"userTaskID","type":"string"}`)})
	r := openFake(t, fake.URL(), false)
	for range 3 {
		reader, err := r.Reader(ctx, 7)
		if err != nil || reader.name() != "other.team.Ask" {
			t.Fatalf("%v, %v", reader, err)
		}
	}
	if n := fake.count("GET /schemas/ids/7"); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
	if _, err := r.Reader(ctx, 8); !errors.Is(err, ErrNoSchema) {
		t.Errorf("an ID that is not there: %v", err)
	}

	final := []error{ErrNoSchema, ErrUnreadableSchema, ErrMalformed, ErrNoRegistry}
	tests := []struct {
		name   string
		status int
		body   string
		want   error // nil = may pass
	}{
		{"no such schema", 404, `{"error_code":40403,"message":"Schema 9 not found"}`, ErrNoSchema},
		{"a wrong URL", 404, `<html>not found`, nil},
		{"a wrong URL, answered in JSON", 404, `{"error_code":404,"message":"no such path"}`, nil},
		{"no permission", 401, `{"error_code":40101,"message":"denied"}`, nil},
		{"down", 503, ``, nil},
		{"half an answer", 200, `{"schema":`, nil},
		{"another kind of schema", 200, `{"schemaType":"PROTOBUF","schema":"syntax = \"proto3\";"}`, ErrUnreadableSchema},
		{"a schema that refers to others", 200, `{"schema":"\"string\"","references":[{"name":"a","subject":"b","version":1}]}`, ErrUnreadableSchema},
		{"a schema that is none", 200, `{"schema":"{}"}`, ErrUnreadableSchema},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			answer = refuse(http.MethodGet, "/schemas/", tc.status, tc.body)
			_, err := r.Reader(ctx, 9)
			if err == nil || tc.want != nil && !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			for _, other := range final {
				if other != tc.want && errors.Is(err, other) {
					t.Errorf("%v is taken for %v", err, other)
				}
			}
		})
	}
	if _, err := r.Reader(ctx, 7); err != nil {
		t.Errorf("what was found is kept: %v", err)
	}
}

func TestReadersInParallel(t *testing.T) {
	fake := newFakeRegistry(t, nil)
	fake.SeedSchema("a", 1, 7, sr.Schema{Schema: presentText(t, "OrderRequest")})
	r := openFake(t, fake.URL(), false)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if _, err := DecodeRequest(context.Background(), golden(t, "request-confluent"), r.Reader); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestRegistryGivesUpWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := openFake(t, newFakeRegistry(t, nil).URL(), true).IDs(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
