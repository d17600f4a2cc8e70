package avro

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/sr"

	"callstream/internal/order"
	"callstream/schemas"
)

// registryTimeout bounds one request to the registry. Answers take
// milliseconds; one that registers waits for the registry's own write to Kafka.
const registryTimeout = 10 * time.Second

// RegistryOptions say where the registry is and what goes to it.
type RegistryOptions struct {
	URL          string                // one or, separated by commas, several of the same registry; may carry user and password
	User         string                // empty = none
	Password     func() string         // asked for at each request; nil = none
	AutoRegister bool                  // register schemas at start; else they have to be there
	Topics       map[order.Kind]string // the event topics in use; a subject is <topic>-value
}

// Registry is a schema registry that speaks Confluent's API. It is safe for
// concurrent use.
type Registry struct {
	client       *sr.Client
	autoRegister bool
	topics       map[order.Kind]string

	// pause waits before the nth next try of a registration, n from 1; false =
	// ctx has ended.
	pause func(ctx context.Context, n int) bool

	mu      sync.Mutex
	readers map[uint32]*Reader // by schema ID; what an ID stands for never changes
}

// NewRegistry returns a registry. It asks nothing of it yet; it fails on
// a URL that is none.
func NewRegistry(opts RegistryOptions) (*Registry, error) {
	urls, user, password, err := splitURLs(opts)
	if err != nil {
		return nil, err
	}
	httpClient := &http.Client{Timeout: registryTimeout}
	options := []sr.ClientOpt{sr.URLs(urls...), sr.HTTPClient(httpClient), sr.UserAgent("callstream")}
	if user != "" || password() != "" {
		options = append(options, sr.PreReq(func(r *http.Request) error {
			r.SetBasicAuth(user, password())
			return nil
		}))
	}
	client, err := sr.NewClient(options...)
	if err != nil {
		return nil, fmt.Errorf("schema registry: %w", err)
	}
	return &Registry{
		client:       client,
		autoRegister: opts.AutoRegister,
		topics:       opts.Topics,
		pause:        pauseRegistration,
		readers:      map[uint32]*Reader{},
	}, nil
}

// splitURLs takes user and password out of the URLs: the client's errors
// quote those.
func splitURLs(opts RegistryOptions) (urls []string, user string, password func() string, err error) {
	user, password = opts.User, opts.Password
	if password == nil {
		password = func() string { return "" }
	}
	for text := range strings.SplitSeq(opts.URL, ",") {
		u, err := url.Parse(strings.TrimSpace(text))
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, "", nil, errors.New("schema registry: the URL is not http://… or https://…")
		}
		if u.User != nil && user == "" && password() == "" {
			inURL, _ := u.User.Password()
			user, password = u.User.Username(), func() string { return inURL }
		}
		u.User = nil
		urls = append(urls, u.String())
	}
	return urls, user, password, nil
}

// IDs returns the IDs of the event schemas: it registers them where that is
// on, else it looks them up. Call it at start; trying again is safe.
func (r *Registry) IDs(ctx context.Context) (SchemaIDs, error) {
	ids := SchemaIDs{}
	ask := r.find
	if r.autoRegister {
		ask = r.register
	}
	for _, s := range r.subjects() {
		var err error
		if ids[s.kind], err = ask(ctx, s); err != nil {
			return nil, fmt.Errorf("schema registry: subject %s: %w", s.name, err)
		}
	}
	return ids, nil
}

// ErrNotRegistered means that a schema is not in the registry and was not to be
// put there.
var ErrNotRegistered = errors.New("is not registered: run `callstream schemas register`, or set SCHEMA_REGISTRY_AUTO_REGISTER=true")

// ErrIncompatible means that the registry refuses a schema because of those
// registered before.
var ErrIncompatible = errors.New("is not compatible with the schemas registered before")

// subject is where a schema goes in the registry.
type subject struct {
	kind   order.Kind
	name   string
	schema string // name of the schema
	sr.Schema
}

// subjects are those of the topics in use.
func (r *Registry) subjects() (subjects []subject) {
	for _, k := range order.Kinds() {
		s, ok := schemas.ByName(eventKinds()[k].schema)
		if topic := r.topics[k]; topic != "" && ok {
			subjects = append(subjects, subject{k, topic + "-value", s.Name, sr.Schema{Schema: s.Text()}})
		}
	}
	return subjects
}

// find looks a schema's ID up.
func (r *Registry) find(ctx context.Context, s subject) (uint32, error) {
	found, err := r.client.LookupSchema(sr.WithParams(ctx, sr.Normalize), s.name, s.Schema)
	switch {
	case isNotFound(err):
		return 0, fmt.Errorf("%s %w", s.schema, ErrNotRegistered)
	case err != nil:
		return 0, fmt.Errorf("look up %s: %w", s.schema, registryError(err))
	}
	return uint32(found.ID), nil
}

// register puts a schema into the registry, and tries again what others that
// register at the same moment may have spoilt. Three instances that start on
// an empty registry each find nothing and register: Apicurio 2.6 answers all but
// the quickest with 409 "already exists", or breaks with a 500. The next try
// finds what the quickest has put there. A refusal that means what it says, such
// as Confluent's 409 for a schema that is not compatible, is there again.
func (r *Registry) register(ctx context.Context, s subject) (uint32, error) {
	for n := 1; ; n++ {
		id, err := r.registerOnce(ctx, s)
		if err == nil || !spoilt(err) || n == registrations || !r.pause(ctx, n) {
			return id, err
		}
	}
}

const (
	// registrations is how often a schema is tried to be registered, about 3 s in
	// all. With six instances on an empty Apicurio two tries were enough.
	registrations = 6
	// registrationPause is the first pause between two of them. A registration
	// takes milliseconds; each further pause is twice as long.
	registrationPause = 100 * time.Millisecond
)

// pauseRegistration waits between half and all of the nth pause, at random, so
// that instances which collided don't collide again.
func pauseRegistration(ctx context.Context, n int) bool {
	d := registrationPause << (n - 1)
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d/2 + rand.N(d/2+1)):
		return true
	}
}

// spoilt reports whether a registration may have failed because of another one
// at the same time.
func spoilt(err error) bool {
	var answer *answerError
	return errors.As(err, &answer) && (answer.status == http.StatusConflict || answer.status >= 500)
}

// registerOnce puts a schema into the registry, after it is found compatible
// with every version before. A subject of its own level is set to
// FULL_TRANSITIVE before and, since a registry may know subjects only by their
// schemas, after.
func (r *Registry) registerOnce(ctx context.Context, s subject) (uint32, error) {
	if err := r.setLevel(ctx, s); err != nil {
		return 0, err
	}
	reasons, err := r.incompatible(ctx, s)
	if err != nil {
		return 0, err
	}
	if len(reasons) > 0 {
		return 0, fmt.Errorf("%s %w: %s", s.schema, ErrIncompatible, strings.Join(reasons, "; ")+". "+mendConflict)
	}
	id, err := r.client.RegisterSchema(sr.WithParams(ctx, sr.Normalize), s.name, s.Schema, -1, -1)
	if err != nil {
		err = fmt.Errorf("register %s: %w", s.schema, registryError(err))
		if !spoilt(err) {
			return 0, err
		}
		// It may be there all the same, put there by someone who was quicker.
		found, missing := r.find(ctx, s)
		if missing != nil {
			return 0, err
		}
		id = int(found)
	}
	return uint32(id), r.setLevel(ctx, s)
}

// level returns the subject's own level of compatibility, 0 where it has none.
func (r *Registry) level(ctx context.Context, s subject) (sr.CompatibilityLevel, error) {
	result := r.client.Compatibility(ctx, s.name)[0]
	if isNotFound(result.Err) {
		return 0, nil
	}
	if result.Err != nil {
		return 0, fmt.Errorf("read the compatibility level: %w", registryError(result.Err))
	}
	return result.Level, nil
}

// setLevel sets the subject's level where it is another. It asks first, so that
// who may not set levels can have them set by someone else.
func (r *Registry) setLevel(ctx context.Context, s subject) error {
	level, err := r.level(ctx, s)
	if err != nil || level == sr.CompatFullTransitive {
		return err
	}
	result := r.client.SetCompatibility(ctx, sr.SetCompatibility{Level: sr.CompatFullTransitive}, s.name)[0]
	if result.Err != nil && !isNotFound(result.Err) {
		return fmt.Errorf("set the compatibility level to FULL_TRANSITIVE: %w", registryError(result.Err))
	}
	return nil
}

// incompatible asks whether the registry would take the schema, and returns
// its reasons why not. A subject without schemas takes any.
func (r *Registry) incompatible(ctx context.Context, s subject) ([]string, error) {
	var answer struct {
		Compatible bool     `json:"is_compatible"`
		Messages   []string `json:"messages"` // Confluent
		Reason     string   `json:"reason"`   // Apicurio
	}
	path := "/compatibility/subjects/" + url.PathEscape(s.name) + "/versions"
	verbose := sr.WithParams(ctx, sr.Verbose, sr.Normalize)
	err := r.client.Do(verbose, http.MethodPost, path, s.Schema, &answer)
	switch {
	case isNotFound(err), err == nil && answer.Compatible:
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("check %s: %w", s.schema, registryError(err))
	}
	reasons := answer.Messages
	if answer.Reason != "" {
		reasons = append(reasons, answer.Reason)
	}
	if len(reasons) == 0 {
		reasons = []string{"the registry gives no reason"}
	}
	return reasons, nil
}

// Reader returns what reads values written with the schema of that ID: see
// Lookup. Schemas once found are kept; what an ID stands for never changes.
func (r *Registry) Reader(ctx context.Context, id uint32) (*Reader, error) {
	r.mu.Lock()
	reader := r.readers[id]
	r.mu.Unlock()
	if reader != nil {
		return reader, nil
	}
	schema, err := r.client.SchemaByID(ctx, int(id))
	var answer *sr.ResponseError
	switch {
	case errors.As(err, &answer) && answer.ErrorCode == sr.ErrSchemaNotFound.Code:
		return nil, ErrNoSchema // other 404s come from a wrong URL
	case err != nil:
		return nil, fmt.Errorf("schema registry: %w", registryError(err))
	case schema.Type != sr.TypeAvro:
		return nil, fmt.Errorf("%w: it is of type %s", ErrUnreadableSchema, schema.Type)
	case len(schema.References) > 0:
		return nil, fmt.Errorf("%w: it refers to other schemas", ErrUnreadableSchema)
	}
	if reader, err = NewReader(schema.Schema); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.readers[id] = reader
	return reader, nil
}

// isNotFound reports whether the registry answered that it has no such
// subject, version, schema or level.
func isNotFound(err error) bool {
	var answer *sr.ResponseError
	return errors.As(err, &answer) && sr.IsNotFoundError(answer.ErrorCode)
}

// maxAnswer is how much of a registry's error is kept, in bytes: proxies answer
// with pages.
const maxAnswer = 300

// registryError says what the registry answered, or why it did not.
func registryError(err error) error {
	var answer *sr.ResponseError
	if !errors.As(err, &answer) {
		return err
	}
	message := valid(answer.Error())
	if len(message) > maxAnswer {
		message = valid(message[:maxAnswer]) + "…"
	}
	return &answerError{answer.StatusCode, answer.ErrorCode, message}
}

// mendConflict mends a subject that holds another schema.
const mendConflict = "Mend: delete the subject's schemas that are not callstream's, or set TOPIC_* to a topic with a subject of its own"

// answerError is a registry's answer that is no success.
type answerError struct {
	status, code int
	message      string
}

func (e *answerError) Error() string {
	text := fmt.Sprintf("HTTP %d, code %d: %s", e.status, e.code, e.message)
	if e.status == http.StatusConflict {
		text += ". " + mendConflict
	}
	return text
}
