package config

import (
	"fmt"
	"reflect"
	"strings"
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
// env package, and our own: doc, oneof, min, max, file, required.
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
					Doc:      f.Tag.Get("doc"),
				},
				value: value,
			})
		}
	}
	return all
}

// Table renders all settings as a Markdown table, for the README.
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
