package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// repository is the top of the repository.
const repository = "../.."

// doc is a Markdown file of the repository.
type doc struct{ name, text string }

func readDoc(t *testing.T, name string) doc {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, name))
	if err != nil {
		t.Fatal(err)
	}
	return doc{name, string(text)}
}

var heading = regexp.MustCompile(`(?m)^#+ (.+)$`)

// section returns what stands between a heading and the next one.
func (d doc) section(t *testing.T, title string) string {
	t.Helper()
	for _, at := range heading.FindAllStringSubmatchIndex(d.text, -1) {
		if d.text[at[2]:at[3]] != title {
			continue
		}
		rest := d.text[at[1]:]
		if next := heading.FindStringIndex(rest); next != nil {
			rest = rest[:next[0]]
		}
		return rest
	}
	t.Fatalf("%s has no section %q", d.name, title)
	return ""
}

// code returns the first fenced block of a section.
func (d doc) code(t *testing.T, title string) string {
	t.Helper()
	_, rest, ok := strings.Cut(d.section(t, title), "```json\n")
	block, _, end := strings.Cut(rest, "```")
	if !ok || !end {
		t.Fatalf("%s has no JSON in section %q", d.name, title)
	}
	return block
}

// table returns the rows of the first table of a section, without code marks.
func (d doc) table(t *testing.T, title string) [][]string {
	t.Helper()
	all := tables(d.section(t, title))
	if len(all) == 0 {
		t.Fatalf("%s has no table in section %q", d.name, title)
	}
	return all[0][1:]
}

// tableOf returns the rows of the table whose first column is so named.
func (d doc) tableOf(t *testing.T, column string) [][]string {
	t.Helper()
	for _, rows := range tables(d.text) {
		if rows[0][0] == column {
			return rows[1:]
		}
	}
	t.Fatalf("%s has no table of %q", d.name, column)
	return nil
}

// tables returns all tables of a text, their heads as first rows.
func tables(text string) [][][]string {
	var all [][][]string
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			inside = false
			continue
		}
		if strings.HasPrefix(line, "|---") {
			continue
		}
		cells := strings.Split(strings.ReplaceAll(strings.Trim(line, "|"), "`", ""), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if !inside {
			all = append(all, nil)
		}
		inside = true
		all[len(all)-1] = append(all[len(all)-1], cells)
	}
	return all
}

func firstColumn(rows [][]string) []string {
	var cells []string
	for _, row := range rows {
		cells = append(cells, row[0])
	}
	return cells
}

// sameRows compares a documented table with what the code says.
func sameRows(t *testing.T, documented, want [][]string) {
	t.Helper()
	for _, row := range want {
		if !slices.ContainsFunc(documented, func(r []string) bool { return slices.Equal(r, row) }) {
			t.Errorf("the docs lack %q", row)
		}
	}
	for _, row := range documented {
		if !slices.ContainsFunc(want, func(r []string) bool { return slices.Equal(r, row) }) {
			t.Errorf("the docs have %q, which is not so", row)
		}
	}
	if len(documented) != len(want) {
		t.Errorf("the docs have %d rows, want %d", len(documented), len(want))
	}
}

// sameSet compares words, in any order.
func sameSet(t *testing.T, what string, documented, want []string) {
	t.Helper()
	documented, want = slices.Sorted(slices.Values(documented)), slices.Sorted(slices.Values(want))
	if !slices.Equal(documented, want) {
		t.Errorf("%s: the docs have\n%q, want\n%q", what, documented, want)
	}
}

func readFile(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
