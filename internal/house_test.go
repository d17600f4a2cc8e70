// Package internal_test holds the house's rule: imports point inwards.
package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// may lists what of the project each package may import, tests aside. The
// adapters are missing from each other's lists on purpose: cmd joins them.
var may = map[string][]string{
	"order":    nil,
	"record":   nil,
	"request":  {"order", "record"},
	"schedule": {"order"},
	"export":   {"order", "record", "request", "schedule"},
	// The adapters.
	"callbot":   {"order"},
	"broker":    {"order", "record"},
	"avro":      {"order", "record", "request", "schemas"},
	"simulator": {"order"},
	"monitor":   {"order"},
	"embedded":  nil,
	"config":    {"order"},
	"e2e":       nil,
	"freshness": {"order", "schedule"},
}

// not lists what else a package must not import, each with all below it: "net"
// is "net/http" too, and "third party" is whatever is not the standard library's.
// A pure package does no IO, reads no clock, logs nothing and knows no encoding.
// schedule and request may use time's types; the moment is passed in.
var not = map[string][]string{
	"order":    {"os", "net", "log", "io", "time", "context", "encoding/json", "third party"},
	"record":   {"os", "net", "log", "io", "context", "encoding/json", "third party"},
	"request":  {"os", "net", "log", "io", "context", "third party"},
	"schedule": {"os", "net", "log", "io", "context", "encoding/json", "third party"},
	// Kafka is the broker's, so that the pipeline's tests need none.
	"export": {"github.com/segmentio"},
}

// environment is what reads the environment. config alone may: a setting that is
// read elsewhere has no bounds, no line in the README and no place in the log.
var environment = []string{"os.Getenv", "os.LookupEnv", "os.Environ", "os.ExpandEnv", "syscall.Getenv", "syscall.Environ"}

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
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			own, isOwn := strings.CutPrefix(imported, "callstream/")
			if isOwn && !slices.Contains(allowed, strings.TrimPrefix(own, "internal/")) || slices.ContainsFunc(not[name], within(imported)) {
				t.Errorf("%s imports %s", path, imported)
			}
			if name != "config" && within(imported)("github.com/caarlos0/env") {
				t.Errorf("%s imports %s: config alone reads the environment", path, imported)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && name == "export" && selects(call.Fun, "time", "Now", "Since", "Until") {
				t.Errorf("%s reads a clock beside Config.Now, which alone never jumps", path)
			}
			call, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := call.X.(*ast.Ident); ok && name != "config" && slices.Contains(environment, pkg.Name+"."+call.Sel.Name) {
				t.Errorf("%s uses %s.%s: config alone reads the environment", path, pkg.Name, call.Sel.Name)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !seen["order"] || !seen["export"] {
		t.Errorf("saw only %v", seen)
	}
}

// selects reports whether an expression is one of some names of a package.
func selects(e ast.Expr, pkg string, names ...string) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	from, ok := s.X.(*ast.Ident)
	return ok && from.Name == pkg && slices.Contains(names, s.Sel.Name)
}

// within returns whether an import is one of a listed path or below it.
func within(imported string) func(listed string) bool {
	return func(listed string) bool {
		domain, _, _ := strings.Cut(imported, "/")
		return imported == listed || strings.HasPrefix(imported, listed+"/") || listed == "third party" && strings.Contains(domain, ".")
	}
}
