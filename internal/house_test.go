// Package internal_test holds the house's rule: imports point inwards.
package internal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// may lists what of the project each package may import, tests aside.
var may = map[string][]string{
	"order":     nil,
	"record":    nil,
	"request":   {"order", "record"},
	"schedule":  {"order"},
	"export":    {"order", "record", "request", "schedule"},
	"callbot":   {"order", "record", "request"},
	"broker":    {"order", "record", "request"},
	"avro":      {"order", "record", "request", "schemas"},
	"simulator": {"order", "record", "request"},
	"monitor":   {"order", "record", "request"},
	"embedded":  nil,
	"config":    nil,
	"e2e":       nil,
}

// pure packages do no IO: no clock is read, nothing is logged. JSON is only
// request's, which is what stands on the request topic.
var pure = map[string][]string{
	"record":   {"os", "net", "net/http", "io", "log/slog", "encoding/json", "context"},
	"request":  {"os", "net", "net/http", "io", "log/slog", "context"},
	"order":    {"os", "net", "net/http", "io", "time", "log/slog", "encoding/json", "context"},
	"schedule": {"os", "net", "net/http", "io", "log/slog", "encoding/json", "context"},
}

func TestImportsPointInwards(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		name, _, _ := strings.Cut(filepath.ToSlash(path), "/")
		seen[name] = true
		allowed, known := may[name]
		if !known {
			t.Errorf("package %s is not in the house's plan", name)
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			own, isOwn := strings.CutPrefix(imported, "callstream/")
			if isOwn && !slices.Contains(allowed, strings.TrimPrefix(own, "internal/")) {
				t.Errorf("%s imports %s", path, imported)
			}
			if slices.Contains(pure[name], imported) {
				t.Errorf("%s is to be pure and imports %s", path, imported)
			}
			if isThirdParty := strings.Contains(imported, "."); isThirdParty && pure[name] != nil {
				t.Errorf("%s is to be pure and imports %s", path, imported)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !seen["order"] || !seen["export"] {
		t.Errorf("saw only %v", seen)
	}
}
