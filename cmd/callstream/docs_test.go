package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"callstream/internal/callbot"
	"callstream/internal/config"
	"callstream/internal/monitor"
	"callstream/schemas"
)

// repository is the top of the repository.
const repository = "../.."

var update = flag.Bool("update", false, "write the generated parts of the docs")

func readFile(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// doc is a Markdown file of the repository.
type doc struct {
	*testing.T
	name, text string
}

func readDoc(t *testing.T, name string) doc {
	t.Helper()
	return doc{t, name, readFile(t, filepath.Join(repository, name))}
}

// after returns what follows a place that a pattern names.
func (d doc) after(pattern string) string {
	d.Helper()
	at := regexp.MustCompile(`(?m)` + pattern).FindStringIndex(d.text)
	if at == nil {
		d.Fatalf("%s has nothing like %s", d.name, pattern)
	}
	return d.text[at[0]:]
}

// section returns a heading and what stands between it and the next one.
func (d doc) section(title string) string {
	d.Helper()
	text, _, _ := strings.Cut(d.after(`^#+ `+regexp.QuoteMeta(title)+`$`), "\n#")
	return text
}

// code returns the first JSON of a section.
func (d doc) code(title string) string {
	d.Helper()
	_, rest, ok := strings.Cut(d.section(title), "```json\n")
	block, _, end := strings.Cut(rest, "```")
	if !ok || !end {
		d.Fatalf("%s has no JSON in section %q", d.name, title)
	}
	return block
}

// rows returns a table's rows, of each its first cells, without code marks. The
// table is the first one under the heading, or that whose first column is so named.
func (d doc) rows(table string, cells int) (rows []string) {
	d.Helper()
	_, lines, _ := strings.Cut(d.after(`^(#+ `+table+`$|\| `+table+` \|)`), "|---|\n")
	for line := range strings.Lines(lines) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		row := strings.Split(strings.Trim(strings.ReplaceAll(line, "`", ""), "|\n"), "|")[:cells]
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
		rows = append(rows, strings.Join(row, " | "))
	}
	return rows
}

// holds complains unless a table of the docs, in whatever order, says what the
// code says: a row that one of them lacks is a fault.
func (d doc) holds(table string, cells int, code []string) {
	d.Helper()
	d.sameSet(table, d.rows(table, cells), code)
}

func (d doc) sameSet(what string, documented, code []string) {
	d.Helper()
	documented, code = slices.Sorted(slices.Values(documented)), slices.Sorted(slices.Values(code))
	if !slices.Equal(documented, code) {
		d.Errorf("%s, %s: the docs have\n%q\nthe code has\n%q", d.name, what, documented, code)
	}
}

// TestDocsContract holds the tables of docs/contract.md against the code.
func TestDocsContract(t *testing.T) {
	d := readDoc(t, "docs/contract.md")
	var topics, commands []string
	for _, s := range config.Settings() {
		if strings.HasPrefix(s.Default, "callbot.") {
			topics = append(topics, s.Name+" | "+s.Default)
		}
	}
	for _, c := range newRoot().Commands() {
		if c.Example == "" {
			t.Errorf("callstream %s has no example", c.Name())
		}
		commands = append(commands, "callstream "+c.Name())
	}
	d.holds("Topics", 2, topics)
	d.holds("command", 1, commands)
	d.holds("mode", 1, constants(t, "Mode", 5))
	d.holds("Dead letters", 1, constants(t, "Reason", 7))
	d.holds("counted as", 1, []string{
		callbot.CallbackAccepted, callbot.CallbackIgnored, callbot.CallbackForged, callbot.CallbackReplayed, callbot.CallbackMalformed,
		callbot.CallbackTooLarge, callbot.CallbackBusy, callbot.CallbackFailed,
	})
	d.holds("Ready or not", 1, []string{monitor.JoiningGroup, restoringState, callbot.AccountRefused, callbot.RejectingEverything})
}

// constants lists the values of the constants of a text type of package order,
// of which there are at least so many. It reads the source: a list here would
// miss the new one that the docs miss.
func constants(t *testing.T, kind string, least int) (values []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(repository, "internal", "order", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	constant := regexp.MustCompile(`(?m)^\s+\w+\s+` + kind + `\s+= "(.+?)"`)
	for _, file := range files {
		for _, m := range constant.FindAllStringSubmatch(readFile(t, file), -1) {
			values = append(values, m[1])
		}
	}
	if len(values) < least {
		t.Fatalf("found only %v of %s", values, kind)
	}
	return values
}

var (
	link        = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	citation    = regexp.MustCompile(`docs/[a-z-]+\.md(#[a-z0-9-]+)?`)
	fence       = regexp.MustCompile("(?s)```.*?```")
	heading     = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notInAnchor = regexp.MustCompile(`[^a-z0-9 _-]`)
)

// TestDocsLinks holds that links between the documents lead somewhere, and so
// do the places in docs that comments in the code refer to.
func TestDocsLinks(t *testing.T) {
	err := filepath.WalkDir(repository, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".." && entry.Name() != ".github" {
			return filepath.SkipDir
		}
		switch filepath.Ext(file) {
		case ".md":
			for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(readFile(t, file), ""), -1) {
				if !strings.Contains(m[1], "://") && !leads(t, file, filepath.Dir(file), m[1]) {
					t.Errorf("%s links to %s, which is not there", file, m[1])
				}
			}
		case ".go", ".py", ".avsc", ".yml", ".yaml":
			for _, place := range citation.FindAllString(readFile(t, file), -1) {
				if !leads(t, file, repository, place) {
					t.Errorf("%s refers to %s, which is not there", file, place)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// leads reports whether there is the file, and the heading in it, that a place
// below base names. One that names no file is in the file it stands in.
func leads(t *testing.T, from, base, place string) bool {
	name, anchor, anchored := strings.Cut(place, "#")
	target := from
	if name != "" {
		target = filepath.Join(base, filepath.FromSlash(name))
	}
	if _, err := os.Stat(target); err != nil || !anchored {
		return err == nil
	}
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(readFile(t, target), ""), -1) {
		if strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-") == anchor {
			return true
		}
	}
	return false
}

// TestDocsGenerated holds the tables of events and settings against what they
// are made of. With -update it writes them.
func TestDocsGenerated(t *testing.T) {
	for name, part := range map[string]string{"settings": config.Table(), "events": eventReference(t)} {
		d := readDoc(t, "docs/"+name+".md")
		place := regexp.MustCompile(`(?s)(<!-- ` + name + `:.*?-->).*(<!-- /` + name + ` -->)`).FindStringSubmatchIndex(d.text)
		if place == nil {
			t.Fatalf("%s has no part %q with an end", d.name, name)
		}
		want := d.text[:place[3]] + "\n\n" + strings.TrimSpace(part) + "\n\n" + d.text[place[4]:]
		switch {
		case *update:
			if err := os.WriteFile(filepath.Join(repository, d.name), []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		case want != d.text:
			t.Errorf("%s is not up to date: go test ./cmd/callstream -run TestDocsGenerated -update", d.name)
		}
	}
}

// TestReadmeExamples holds that the README's examples of events have fields
// that there are.
func TestReadmeExamples(t *testing.T) {
	readme := readDoc(t, "README.md")
	for _, name := range eventNames {
		var example map[string]any
		if err := json.Unmarshal([]byte(readme.code(name)), &example); err != nil {
			t.Errorf("README's example of a %s: %v", name, err)
		}
		record := eventRecord(t, name)
		for field := range example {
			if !slices.ContainsFunc(record.Fields, func(f avroField) bool { return f.Name == field }) {
				t.Errorf("README's example of a %s has the field %s, which there is not", name, field)
			}
		}
	}
}

var eventNames = []string{"CallStatusChanged", "CallCompleted", "TranscriptLine"}

type avroField struct {
	Name, Doc string
	Type      any
}

type avroRecord struct {
	Doc    string
	Fields []avroField
	file   string
}

// eventRecord is the schema of an event.
func eventRecord(t *testing.T, name string) (record avroRecord) {
	t.Helper()
	s, ok := schemas.ByName(name)
	if err := json.Unmarshal([]byte(s.Source), &record); err != nil || !ok {
		t.Fatalf("schema %s: %v", name, err)
	}
	record.file = s.File
	return record
}

// eventReference renders the event schemas as tables.
func eventReference(t *testing.T) string {
	var b strings.Builder
	for _, name := range eventNames {
		record := eventRecord(t, name)
		fmt.Fprintf(&b, "## %s\n\n%s ([schemas/%s](../schemas/%[3]s))\n\n| field | type | meaning |\n|---|---|---|\n", name, record.Doc, record.file)
		for _, f := range record.Fields {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Name, typeName(f.Type), strings.ReplaceAll(f.Doc, "|", `\|`))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// typeName writes an Avro type for people.
func typeName(schema any) string {
	var names []string
	switch s := schema.(type) {
	case []any:
		for _, u := range s {
			names = append(names, typeName(u))
		}
		return strings.Join(names, ` \| `)
	case map[string]any:
		switch {
		case s["logicalType"] != nil:
			return fmt.Sprint(s["logicalType"])
		case s["type"] == "array":
			return "array of " + typeName(s["items"])
		case s["type"] == "map":
			return "map of " + typeName(s["values"])
		case s["type"] == "record":
			for _, f := range s["fields"].([]any) {
				field := f.(map[string]any)
				names = append(names, fmt.Sprint(field["name"], " ", typeName(field["type"])))
			}
			return "{" + strings.Join(names, ", ") + "}"
		}
		return typeName(s["type"])
	}
	return fmt.Sprint(schema)
}
