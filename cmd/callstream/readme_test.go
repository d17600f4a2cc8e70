package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"callstream/internal/config"
	"callstream/schemas"
)

var update = flag.Bool("update", false, "write the README's generated parts")

const readme = "../../README.md"

// TestREADME holds the README's tables against what they are made of.
func TestREADME(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for name, part := range map[string]string{"settings": config.Table(), "events": eventReference(t)} {
		begin, rest, ok := strings.Cut(want, "<!-- "+name+":")
		if !ok {
			t.Fatalf("README has no part %q", name)
		}
		head, rest, _ := strings.Cut(rest, "-->")
		_, end, ok := strings.Cut(rest, "<!-- /"+name+" -->")
		if !ok {
			t.Fatalf("README's part %q has no end", name)
		}
		want = begin + "<!-- " + name + ":" + head + "-->\n\n" + strings.TrimSpace(part) + "\n\n<!-- /" + name + " -->" + end
	}
	if *update {
		if err := os.WriteFile(readme, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(text) {
		t.Error("README.md is not up to date: go test ./cmd/callstream -run TestREADME -update")
	}
}

// TestREADMECommands holds that the README and the program name the same
// commands.
func TestREADMECommands(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range newRoot().Commands() {
		if c.Example == "" {
			t.Errorf("callstream %s has no example", c.Name())
		}
		if !strings.Contains(string(text), "| `callstream "+c.Name()+"` |") {
			t.Errorf("README does not name callstream %s", c.Name())
		}
	}
}

type avroField struct {
	Name string          `json:"name"`
	Type json.RawMessage `json:"type"`
	Doc  string          `json:"doc"`
}

// eventReference renders the event schemas as tables.
func eventReference(t *testing.T) string {
	var b strings.Builder
	for _, name := range []string{schemas.CallStatusChanged, schemas.CallCompleted, schemas.TranscriptLine} {
		s, ok := schemas.ByName(name)
		if !ok {
			t.Fatalf("no schema %s", name)
		}
		var record struct {
			Doc    string      `json:"doc"`
			Fields []avroField `json:"fields"`
		}
		if err := json.Unmarshal([]byte(s.Source), &record); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "### %s\n\n%s ([schemas/%s](schemas/%s))\n\n| field | type | meaning |\n|---|---|---|\n", name, record.Doc, s.File, s.File)
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
