// Package schemas owns the Avro schemas of everything callstream writes and
// reads in Avro: the one source of what is encoded, registered and documented.
//
// The files beside this one are the present schemas. released/vN holds the
// texts as they were released, frozen: states on the state topic were written
// by any of them. A released schema changes only so that every version reads
// every other (FULL_TRANSITIVE), and a test of this package holds that, more
// strictly than registries do.
package schemas

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// The names of the schemas, without their namespace callstream.v1.
const (
	CallStatusChanged = "CallStatusChanged"
	CallCompleted     = "CallCompleted"
	TranscriptLine    = "TranscriptLine"
	OrderState        = "OrderState"
	OrderRequest      = "OrderRequest"
)

//go:embed *.avsc released/*/*.avsc
var texts embed.FS

// Schema is one Avro schema.
type Schema struct {
	Name    string // without namespace, as the constants above have it
	File    string // its file in this folder, "call-completed.avsc"
	Version int    // the release that froze it, 1 or more; 0 = the present text
	Source  string // the file's text, as written
}

// Text returns the form that is registered: see Compact.
func (s Schema) Text() string { return Compact(s.Source) }

// All returns the present schemas: the events, the state, the request.
func All() []Schema {
	return []Schema{
		present(CallStatusChanged, "call-status-changed.avsc"),
		present(CallCompleted, "call-completed.avsc"),
		present(TranscriptLine, "transcript-line.avsc"),
		present(OrderState, "order-state.avsc"),
		present(OrderRequest, "order-request.avsc"),
	}
}

// present has no text where there is no such file, which a test finds.
func present(name, file string) Schema {
	text, _ := texts.ReadFile(file)
	return Schema{Name: name, File: file, Source: string(text)}
}

// ByName returns the present schema of that name, false where there is none.
func ByName(name string) (Schema, bool) {
	all := All()
	i := slices.IndexFunc(all, func(s Schema) bool { return s.Name == name })
	if i < 0 {
		return Schema{}, false
	}
	return all[i], true
}

// Released returns every released version of the schema of that name, oldest
// first. Its error is a folder of this package that is not named vN.
func Released(name string) ([]Schema, error) {
	s, ok := ByName(name)
	if !ok {
		return nil, fmt.Errorf("released schemas: none is called %q", name)
	}
	folders, err := texts.ReadDir("released")
	if err != nil {
		return nil, fmt.Errorf("released schemas: %w", err)
	}
	var versions []Schema
	for _, folder := range folders {
		version, err := strconv.Atoi(strings.TrimPrefix(folder.Name(), "v"))
		if err != nil {
			return nil, fmt.Errorf("released schemas: folder %q is not named vN", folder.Name())
		}
		text, err := texts.ReadFile(path.Join("released", folder.Name(), s.File))
		if errors.Is(err, fs.ErrNotExist) {
			continue // a schema younger than this release
		}
		if err != nil {
			return nil, fmt.Errorf("released schemas: %w", err)
		}
		versions = append(versions, Schema{Name: name, File: s.File, Version: version, Source: string(text)})
	}
	slices.SortFunc(versions, func(a, b Schema) int { return a.Version - b.Version })
	return versions, nil
}

// Compact returns the schema's text without the spaces between its tokens;
// docs, defaults and the order of keys stay. Registries give a text that
// differs in spacing a new ID, so this one fixed form is what is registered.
func Compact(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	inString, escaped := false, false
	for i := range len(text) {
		c := text[i]
		switch {
		case escaped:
			escaped = false
		case inString && c == '\\':
			escaped = true
		case c == '"':
			inString = !inString
		case !inString && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
