package config

import (
	"fmt"
	"log/slog"
)

// Secret is text that must not be shown. However it is printed or logged, it
// reads [secret]; string(s) is the value. Empty means none.
type Secret string

const redacted = "[secret]"

func (s Secret) shown() string {
	if s == "" {
		return ""
	}
	return redacted
}

// Format prints a stand-in, whatever the verb: fmt writes a Stringer's raw
// value for a verb that doesn't fit.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.shown()) }

// LogValue is a stand-in for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.shown()) }

// MarshalText is a stand-in for encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.shown()), nil }
