package main

import (
	"io/fs"
	"os"
	"path"
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

var (
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	citation = regexp.MustCompile(`docs/[a-z-]+\.md(#[a-z0-9-]+)?`)
	fence    = regexp.MustCompile("(?s)```.*?```")
)

// TestDocsLinks holds that links between the documents lead somewhere, and so
// do the places in docs that comments in the code refer to.
func TestDocsLinks(t *testing.T) {
	err := filepath.WalkDir(repository, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != ".." && d.Name() != ".github" {
			return filepath.SkipDir
		}
		switch filepath.Ext(file) {
		case ".md":
			text := fence.ReplaceAllString(readFile(t, file), "")
			for _, m := range link.FindAllStringSubmatch(text, -1) {
				if !strings.Contains(m[1], "://") {
					leads(t, file, filepath.Dir(file), m[1])
				}
			}
		case ".go", ".py", ".avsc", ".yml", ".yaml":
			for _, place := range citation.FindAllString(readFile(t, file), -1) {
				leads(t, file, repository, place)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// leads complains of a link from a file to a place that does not exist.
func leads(t *testing.T, from, base, place string) {
	t.Helper()
	name, anchor, _ := strings.Cut(place, "#")
	target := from
	if name != "" {
		target = filepath.Join(base, filepath.FromSlash(path.Clean(name)))
	}
	if _, err := os.Stat(target); err != nil {
		t.Errorf("%s refers to %s, which does not exist", from, place)
		return
	}
	if anchor == "" {
		return
	}
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(readFile(t, target), ""), -1) {
		if anchorOf(m[1]) == anchor {
			return
		}
	}
	t.Errorf("%s refers to %s, but there is no such heading", from, place)
}

// anchorOf is how a heading is linked to.
func anchorOf(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, strings.ToLower(title))
}

func readFile(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
