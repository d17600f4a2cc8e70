package schemas

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestEveryFileIsListed: no file, released or present, is passed over.
func TestEveryFileIsListed(t *testing.T) {
	var present, released []string
	for _, s := range All() {
		present = append(present, s.File)
		if got, ok := ByName(s.Name); !ok || got != s {
			t.Errorf("ByName(%q) does not find it", s.Name)
		}
		versions, err := Released(s.Name)
		if err != nil {
			t.Fatal(err)
		}
		if len(versions) == 0 || versions[0].Version != 1 {
			t.Errorf("%s: want version 1 first, got %d versions", s.Name, len(versions))
		}
		for _, v := range versions {
			released = append(released, fmt.Sprintf("released/v%d/%s", v.Version, v.File))
		}
	}
	for pattern, listed := range map[string][]string{"*.avsc": present, "released/*/*": released} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(listed)
		if !slices.Equal(files, listed) {
			t.Errorf("files %v, listed %v", files, listed)
		}
	}
	if _, ok := ByName("Nothing"); ok {
		t.Error("ByName finds a schema that is not there")
	}
	if _, err := Released("Nothing"); err == nil {
		t.Error("Released finds a schema that is not there")
	}
}

// TestReaderRules holds what independent readers (Flink SQL, JDBC sinks, Spark)
// were found to need.
func TestReaderRules(t *testing.T) {
	for _, s := range All() {
		t.Run(s.Name, func(t *testing.T) {
			var root map[string]any
			if err := json.Unmarshal([]byte(s.Source), &root); err != nil {
				t.Fatal(err)
			}
			if root["namespace"] != "callstream.v1" || root["name"] != s.Name {
				t.Errorf("is called %v.%v", root["namespace"], root["name"])
			}
			checkReaderRules(t, s.Name, root, strings.HasPrefix(s.Name, "Order"))
		})
	}
}

// checkReaderRules walks a schema. internal allows what only callstream reads:
// plain bytes, records in records, times without null.
func checkReaderRules(t *testing.T, at string, schema any, internal bool) {
	t.Helper()
	switch s := schema.(type) {
	case string:
		if s == "enum" || s == "float" || s == "double" || (s == "bytes" && !internal) {
			t.Errorf("%s: type %s is not read well by every consumer", at, s)
		}
	case []any:
		if len(s) != 2 || s[0] != "null" {
			t.Errorf("%s: a union other than [null, T]", at)
			return
		}
		checkReaderRules(t, at, s[1], internal)
	case map[string]any:
		if l, ok := s["logicalType"]; ok && (l != "timestamp-millis" || s["type"] != "long") {
			t.Errorf("%s: logicalType %v of %v; only timestamp-millis is well read", at, l, s["type"])
		}
		switch s["type"] {
		case "record":
			checkFields(t, at, s, internal)
		case "array":
			checkReaderRules(t, at+"[]", s["items"], internal)
		case "map":
			checkReaderRules(t, at+"{}", s["values"], internal)
		default:
			checkReaderRules(t, at, s["type"], internal)
		}
	}
}

func checkFields(t *testing.T, at string, record map[string]any, internal bool) {
	t.Helper()
	if doc, _ := record["doc"].(string); doc == "" {
		t.Errorf("%s: the record has no doc", at)
	}
	for _, f := range record["fields"].([]any) {
		field := f.(map[string]any)
		at := at + "." + field["name"].(string)
		if doc, _ := field["doc"].(string); doc == "" {
			t.Errorf("%s: no doc", at)
		}
		value, hasDefault := field["default"]
		switch typ := field["type"].(type) {
		case []any:
			if !hasDefault || value != nil {
				t.Errorf("%s: a nullable field needs the default null", at)
			}
		case map[string]any:
			if hasDefault && (typ["type"] == "array" || typ["type"] == "map") {
				t.Errorf("%s: arrays and maps have no default: JDBC sinks fail on it", at)
			}
			if typ["type"] == "record" && !internal {
				t.Errorf("%s: a nested record; events are flat", at)
			}
		}
		if hasDefault && value != nil && !internal {
			t.Errorf("%s: only null is a default in events", at)
		}
		checkReaderRules(t, at, field["type"], internal)
	}
}

// TestReleasedFilesAreFrozen guards the texts that data in topics was written
// with: a change of one is a mistake, whatever else it does.
func TestReleasedFilesAreFrozen(t *testing.T) {
	sums, err := os.ReadFile("testdata/released.sha256")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("released/*/*.avsc")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, file := range files {
		text, err := texts.ReadFile(filepath.ToSlash(file))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%x  %s\n", sha256.Sum256(text), filepath.ToSlash(file)))
	}
	want := slices.Collect(strings.Lines(string(sums)))
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("was changed after its release, or is new and its sum not in testdata/released.sha256: %s", line)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files are released, %d sums are known", len(got), len(want))
	}
}
