package main

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"callstream/internal/callbot"
	"callstream/internal/config"
)

// TestDocsContract holds the tables of docs/contract.md against the code.
func TestDocsContract(t *testing.T) {
	doc := readDoc(t, "docs/contract.md")
	t.Run("topics", func(t *testing.T) {
		var want [][]string
		for _, s := range config.Settings() {
			if strings.HasPrefix(s.Default, "callbot.") {
				want = append(want, []string{s.Name, s.Default})
			}
		}
		var documented [][]string
		for _, row := range doc.table(t, "Topics") {
			documented = append(documented, row[:2])
		}
		sameRows(t, documented, want)
	})
	t.Run("modes", func(t *testing.T) {
		sameSet(t, "modes", firstColumn(doc.tableOf(t, "mode")), constants(t, "Mode", 4))
	})
	t.Run("dead letters", func(t *testing.T) {
		sameSet(t, "reasons", firstColumn(doc.table(t, "Dead letters")), constants(t, "Reason", 7))
	})
	t.Run("ready", func(t *testing.T) {
		want := []string{"joining-group", restoringState, callbot.AccountRefused, callbot.RejectingEverything}
		sameSet(t, "conditions", firstColumn(doc.table(t, "Ready or not")), want)
	})
}

// constants lists the values of the constants of a text type of package order,
// of which there are at least so many. It reads the source: a list here would
// miss the new one that the docs miss.
func constants(t *testing.T, kind string, least int) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(repository, "internal", "order", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]bool{}
	constant := regexp.MustCompile(`(?m)^\s+\w+\s+` + kind + `\s+= "(.+?)"`)
	for _, file := range files {
		for _, m := range constant.FindAllStringSubmatch(readFile(t, file), -1) {
			values[m[1]] = true
		}
	}
	if len(values) < least {
		t.Fatalf("found only %v of %s", values, kind)
	}
	return slices.Collect(maps.Keys(values))
}
