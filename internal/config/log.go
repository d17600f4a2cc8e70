package config

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// LogValue lists the settings by variable name, with a stand-in for each
// secret; empty ones are left out.
func (c *Config) LogValue() slog.Value {
	var attrs []slog.Attr
	for _, f := range fields(c) {
		text := fmt.Sprint(f.value.Interface())
		if list, ok := f.value.Interface().([]string); ok {
			text = strings.Join(list, ",")
		}
		if text != "" {
			attrs = append(attrs, slog.String(f.Name, text))
		}
	}
	return slog.GroupValue(attrs...)
}

// Logger writes to w as LOG_LEVEL and LOG_FORMAT say; where they say nothing,
// text from info on.
func (c *Config) Logger(w io.Writer) *slog.Logger {
	level := slog.LevelInfo
	if err := level.UnmarshalText([]byte(c.Log.Level)); err != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if c.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
