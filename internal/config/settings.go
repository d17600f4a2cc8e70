package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"callstream/internal/order"
)

// Setting is one environment variable.
type Setting struct {
	Name     string
	Default  string   // as written in the environment; empty: none
	Allowed  []string // the words allowed; none: any
	Min, Max string   // bounds, included; empty: none
	Secret   bool     // never shown
	File     bool     // may be given as NAME_FILE, a file that holds the value
	Required bool     // by Load
	Kind     string   // of the events on the topic it names, as package order calls it; empty: none
	Doc      string   // one sentence
}

// FileName is the variable that names a file holding the value.
func (s Setting) FileName() string { return s.Name + "_FILE" }

// Settings lists every setting, in the order of Config's fields.
func Settings() []Setting {
	var all []Setting
	for _, f := range fields(&Config{}) {
		all = append(all, f.Setting)
	}
	return all
}

// field is a setting and where its value lives.
type field struct {
	Setting
	value reflect.Value
}

// fields lists the settings in c with their places. The tags are those of the
// env package, and our own: doc, oneof, min, max, file, required, kind.
func fields(c *Config) []field {
	return appendFields(nil, "", reflect.ValueOf(c).Elem())
}

func appendFields(all []field, prefix string, group reflect.Value) []field {
	for i := range group.NumField() {
		f, value := group.Type().Field(i), group.Field(i)
		switch {
		case !f.IsExported():
		case value.Kind() == reflect.Struct:
			all = appendFields(all, prefix+f.Tag.Get("envPrefix"), value)
		default:
			all = append(all, field{
				Setting: Setting{
					Name:     prefix + f.Tag.Get("env"),
					Default:  f.Tag.Get("envDefault"),
					Allowed:  strings.Fields(f.Tag.Get("oneof")),
					Min:      f.Tag.Get("min"),
					Max:      f.Tag.Get("max"),
					Secret:   value.Type() == reflect.TypeFor[Secret](),
					File:     f.Tag.Get("file") == "true",
					Required: f.Tag.Get("required") == "true",
					Kind:     f.Tag.Get("kind"),
					Doc:      f.Tag.Get("doc"),
				},
				value: value,
			})
		}
	}
	return all
}

// fields lists the settings that name a topic.
func (t Topics) fields() []field {
	return slices.DeleteFunc(fields(&Config{Topics: t}), func(f field) bool {
		return !strings.HasPrefix(f.Name, "TOPIC_") || f.value.Kind() != reflect.String
	})
}

// Events returns the topic of each kind of events.
func (t Topics) Events() map[order.Kind]string {
	events := map[order.Kind]string{}
	for _, f := range t.fields() {
		for _, k := range order.Kinds() {
			if f.Kind != "" && f.Kind == k.String() {
				events[k] = f.value.String()
			}
		}
	}
	return events
}

// Settings returns the setting that names each topic, by topic. Load has seen
// to it that no two name the same one.
func (t Topics) Settings() map[string]string {
	settings := map[string]string{}
	for _, f := range t.fields() {
		settings[f.value.String()] = f.Name
	}
	return settings
}

// Table renders all settings as a Markdown table, for docs/settings.md.
func Table() string {
	var b strings.Builder
	b.WriteString("| Setting | Default | Allowed | Meaning |\n|---|---|---|---|\n")
	for _, s := range Settings() {
		name, value := code(s.Name), code(s.Default)
		if s.File {
			name += " or " + code(s.FileName())
		}
		if s.Required {
			value = "required"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, value, s.allowed(code), s.Doc)
	}
	return b.String()
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

// allowed puts the words or bounds allowed into a phrase, each quoted by
// quote; empty where anything goes.
func (s Setting) allowed(quote func(string) string) string {
	var words []string
	for _, w := range s.Allowed {
		words = append(words, quote(w))
	}
	switch {
	case len(words) > 0:
		return strings.Join(words, ", ")
	case s.Min != "" && s.Max != "":
		return s.Min + " to " + s.Max
	case s.Min != "":
		return s.Min + " or more"
	}
	return ""
}
