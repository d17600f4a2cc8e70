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
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// The schemas that are no event's, without their namespace callstream.v1. Those
// of events stand in the table of kinds in internal/avro.
const (
	OrderState   = "OrderState"
	OrderRequest = "OrderRequest"
)

//go:embed *.avsc released/*/*.avsc
var texts embed.FS

// Schema is one Avro schema.
type Schema struct {
	Name    string // without namespace: "CallCompleted"
	File    string // its file in this folder, "call-completed.avsc"
	Version int    // the release that froze it, 1 or more; 0 = the present text
	Source  string // the file's text, as written
}

// Text returns the form that is registered: the text without the spaces between
// its tokens, docs and the order of keys as they are. Registries give a text that
// differs in spacing a new ID.
func (s Schema) Text() string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(s.Source)) != nil {
		return s.Source // no JSON: a test finds it
	}
	return b.String()
}

// All returns the present schemas, one a file of this folder, by file name.
func All() []Schema {
	files, _ := fs.Glob(texts, "*.avsc") // the pattern is right
	var all []Schema
	for _, file := range files {
		text, _ := texts.ReadFile(file) // embedded: it is there
		var schema struct{ Name string }
		_ = json.Unmarshal(text, &schema) // no JSON, no name: a test finds it
		all = append(all, Schema{Name: schema.Name, File: file, Source: string(text)})
	}
	return all
}

// ByName returns the present schema of that name, false where there is none.
func ByName(name string) (Schema, bool) {
	for _, s := range All() {
		if s.Name == name {
			return s, true
		}
	}
	return Schema{}, false
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
