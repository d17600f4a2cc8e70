package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"callstream/internal/config"
	"callstream/schemas"
)

var update = flag.Bool("update", false, "write the generated parts of the docs")

// TestDocsGenerated holds the tables of events and settings against what they
// are made of. With -update it writes them.
func TestDocsGenerated(t *testing.T) {
	for name, part := range map[string]string{"settings": config.Table(), "events": eventReference(t)} {
		doc := readDoc(t, "docs/"+name+".md")
		begin, rest, _ := strings.Cut(doc.text, "<!-- "+name+":")
		head, rest, _ := strings.Cut(rest, "-->")
		_, end, ok := strings.Cut(rest, "<!-- /"+name+" -->")
		if !ok {
			t.Fatalf("%s has no part %q with an end", doc.name, name)
		}
		want := begin + "<!-- " + name + ":" + head + "-->\n\n" + strings.TrimSpace(part) + "\n\n<!-- /" + name + " -->" + end
		switch {
		case *update:
			if err := os.WriteFile(filepath.Join(repository, doc.name), []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		case want != doc.text:
			t.Errorf("%s is not up to date: go test ./cmd/callstream -run TestDocsGenerated -update", doc.name)
		}
	}
}

// TestDocsCommands holds that the docs and the program name the same commands.
func TestDocsCommands(t *testing.T) {
	var commands []string
	for _, c := range newRoot().Commands() {
		if c.Example == "" {
			t.Errorf("callstream %s has no example", c.Name())
		}
		commands = append(commands, "callstream "+c.Name())
	}
	sameSet(t, "commands", firstColumn(readDoc(t, "docs/contract.md").tableOf(t, "command")), commands)
}

// TestReadmeExamples holds that the README's examples of events have fields
// that there are.
func TestReadmeExamples(t *testing.T) {
	readme := readDoc(t, "README.md")
	for _, name := range []string{"CallStatusChanged", "CallCompleted", "TranscriptLine"} {
		var example map[string]any
		if err := json.Unmarshal([]byte(readme.code(t, name)), &example); err != nil {
			t.Errorf("README's example of a %s: %v", name, err)
		}
		fields := map[string]bool{}
		for _, f := range eventRecord(t, name).Fields {
			fields[f.Name] = true
		}
		for field := range example {
			if !fields[field] {
				t.Errorf("README's example of a %s has the field %s, which there is not", name, field)
			}
		}
	}
}

type avroField struct {
	Name string          `json:"name"`
	Type json.RawMessage `json:"type"`
	Doc  string          `json:"doc"`
}

type avroRecord struct {
	Doc    string      `json:"doc"`
	Fields []avroField `json:"fields"`
}

// eventRecord is the schema of an event.
func eventRecord(t *testing.T, name string) (record avroRecord) {
	t.Helper()
	s, ok := schemas.ByName(name)
	if !ok {
		t.Fatalf("no schema %s", name)
	}
	if err := json.Unmarshal([]byte(s.Source), &record); err != nil {
		t.Fatal(err)
	}
	return record
}

// eventReference renders the event schemas as tables.
func eventReference(t *testing.T) string {
	var b strings.Builder
	for _, name := range []string{"CallStatusChanged", "CallCompleted", "TranscriptLine"} {
		record := eventRecord(t, name)
		s, _ := schemas.ByName(name)
		fmt.Fprintf(&b, "## %s\n\n%s ([schemas/%s](../schemas/%s))\n\n| field | type | meaning |\n|---|---|---|\n", name, record.Doc, s.File, s.File)
		for _, f := range record.Fields {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Name, typeName(t, f.Type), strings.ReplaceAll(f.Doc, "|", `\|`))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// typeName writes an Avro type for people.
func typeName(t *testing.T, raw json.RawMessage) string {
	var name string
	if json.Unmarshal(raw, &name) == nil {
		return name
	}
	var union []json.RawMessage
	if json.Unmarshal(raw, &union) == nil {
		var names []string
		for _, u := range union {
			names = append(names, typeName(t, u))
		}
		return strings.Join(names, ` \| `)
	}
	var full struct {
		Type    string          `json:"type"`
		Logical string          `json:"logicalType"`
		Items   json.RawMessage `json:"items"`
		Values  json.RawMessage `json:"values"`
		Fields  []avroField     `json:"fields"`
	}
	if err := json.Unmarshal(raw, &full); err != nil {
		t.Fatal(err)
	}
	switch {
	case full.Logical != "":
		return full.Logical
	case full.Type == "array":
		return "array of " + typeName(t, full.Items)
	case full.Type == "map":
		return "map of " + typeName(t, full.Values)
	case full.Type == "record":
		var names []string
		for _, f := range full.Fields {
			names = append(names, f.Name+" "+typeName(t, f.Type))
		}
		return "{" + strings.Join(names, ", ") + "}"
	}
	return full.Type
}
