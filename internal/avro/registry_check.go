package avro

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/sr"

	"callstream/internal/order"
)

// SubjectResult is how one event schema stands in the registry.
type SubjectResult struct {
	Kind    order.Kind
	Subject string // <topic>-value
	Schema  string // its name, without namespace
	ID      uint32 // 0 = not registered
	Level   string // the subject's own compatibility level; empty = none
	// Problems are reasons why the registry would refuse the schema, or why
	// that could not be found out; none where all is well.
	Problems []string
}

// Check asks how the event schemas stand in the registry. It changes nothing.
// A registry that can't be asked is a problem of each subject.
func (r *Registry) Check(ctx context.Context) []SubjectResult {
	var results []SubjectResult
	for _, s := range r.subjects() {
		results = append(results, r.check(ctx, s))
	}
	return results
}

func (r *Registry) check(ctx context.Context, s subject) SubjectResult {
	result := SubjectResult{Kind: s.kind, Subject: s.name, Schema: s.schema}
	id, err := r.find(ctx, s)
	if err != nil && !errors.Is(err, ErrNotRegistered) {
		result.Problems = append(result.Problems, err.Error())
		return result
	}
	result.ID = id
	level, err := r.level(ctx, s)
	if err != nil {
		result.Problems = append(result.Problems, err.Error())
	} else if level != 0 {
		result.Level = level.String()
	}
	if id != 0 && level != sr.CompatFullTransitive && err == nil {
		result.Problems = append(result.Problems,
			"the subject's compatibility level is not FULL_TRANSITIVE: run `callstream schemas register`")
	}
	reasons, err := r.incompatible(ctx, s)
	if err != nil {
		reasons = []string{err.Error()}
	}
	result.Problems = append(result.Problems, reasons...)
	return result
}

// Register registers the event schemas, whether that is on at start or not,
// and returns how they stand then. It goes on with the next one after a
// failure and joins the errors.
func (r *Registry) Register(ctx context.Context) ([]SubjectResult, error) {
	var failures []error
	for _, s := range r.subjects() {
		if _, err := r.register(ctx, s); err != nil {
			failures = append(failures, fmt.Errorf("subject %s: %w", s.name, err))
		}
	}
	return r.Check(ctx), errors.Join(failures...)
}
