package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Problem is one setting that is wrong.
type Problem struct {
	Name string // the variable
	Text string // what is wrong and what is allowed; never a secret
}

// Error lists every setting that is wrong. Its holder exits with code 2.
type Error struct{ Problems []Problem }

// Error puts each setting on its own line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("wrong settings:")
	for _, p := range e.Problems {
		fmt.Fprintf(&b, "\n  %s: %s", p.Name, p.Text)
	}
	return b.String()
}

// Load reads and checks all settings; environ nil means the process's
// environment. Wrong settings come back together, as an *Error.
func Load(environ map[string]string) (*Config, error) {
	return load(environ, func(string) bool { return true })
}

// LoadKafka is Load for commands that need brokers, topics and registry, but
// not the API: whatever else the environment holds is neither read nor
// demanded, and stands at its default.
func LoadKafka(environ map[string]string) (*Config, error) {
	return load(environ, begins(kafkaPrefixes))
}

// LoadAccount is LoadKafka for commands that need the API too.
func LoadAccount(environ map[string]string) (*Config, error) {
	return load(environ, begins(append(slices.Clone(kafkaPrefixes), "CALLBOT_")))
}

var kafkaPrefixes = []string{"KAFKA_", "TOPIC_", "SCHEMA_REGISTRY_", "LOG_"}

func begins(prefixes []string) (wanted func(name string) bool) {
	return func(name string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	}
}

// loading is one reading of the environment.
type loading struct {
	Config
	environ  map[string]string // what env parses: only values found good
	problems []Problem
	wrong    map[string]bool // variables with a problem
}

func load(environ map[string]string, wanted func(name string) bool) (*Config, error) {
	if environ == nil {
		environ = env.ToMap(os.Environ())
	}
	l := &loading{environ: map[string]string{}, wrong: map[string]bool{}}
	l.files = map[string]string{}
	for _, f := range fields(&l.Config) {
		if wanted(f.Name) {
			l.read(f, environ)
		}
	}
	// The environment given is never nil, else env would read the process's.
	err := env.ParseWithOptions(&l.Config, env.Options{Environment: l.environ, FuncMap: parsers()})
	if err != nil {
		// Every value was parsed before by the same parsers, so only a tag can be
		// wrong. env's error may quote a value, a secret too: it is dropped.
		return nil, errors.New("read settings: a struct tag is wrong")
	}
	l.normalise()
	l.check()
	if len(l.problems) > 0 {
		return nil, &Error{l.problems}
	}
	l.warn()
	l.warnMisspelt(environ, wanted)
	c := l.Config
	return &c, nil
}

// problem notes that a setting is wrong. It must not be given a secret.
func (l *loading) problem(name, format string, args ...any) {
	l.wrong[name] = true
	l.problems = append(l.problems, Problem{name, fmt.Sprintf(format, args...)})
}

// noneWrong reports whether none of the settings is known to be wrong. A wrong
// value is not taken over, so its default stands in its place: with POLL_MIN=abc
// and POLL_MAX=1s a check of both would complain that 1s is shorter than POLL_MIN's
// default, which nobody has set.
func (l *loading) noneWrong(names ...string) bool {
	for _, n := range names {
		if l.wrong[n] {
			return false
		}
	}
	return true
}

// warning notes what is allowed but looks like a mistake.
func (l *loading) warning(format string, args ...any) {
	l.warnings = append(l.warnings, fmt.Sprintf(format, args...))
}

// read takes one setting over into l.environ where it is given and good by
// itself.
func (l *loading) read(f field, environ map[string]string) {
	value := environ[f.Name]
	if path := environ[f.FileName()]; f.File && path != "" {
		if value != "" {
			l.problem(f.Name, "is given twice, also by %s: keep one", f.FileName())
			return
		}
		var err error
		if value, err = readSecret(path); err != nil {
			l.wrong[f.Name] = true
			l.problem(f.FileName(), "%v", err)
			return
		}
		l.files[f.Name] = path
	}
	trimmed := strings.TrimSpace(value)
	if trimmed == "" {
		if f.Required {
			l.problem(f.Name, "is required, by itself or as %s", f.FileName())
		}
		return
	}
	if f.Secret {
		if trimmed != value {
			l.warning("%s begins or ends with white space, which counts as part of it", f.Name)
		}
		l.environ[f.Name] = value
		return
	}
	good, err := f.canonical(trimmed)
	if err != nil {
		l.problem(f.Name, "%v", err)
		return
	}
	l.environ[f.Name] = good
}
