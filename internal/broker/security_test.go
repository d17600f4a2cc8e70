package broker

import (
	"strings"
	"testing"
)

func TestSASLNamesTheSetting(t *testing.T) {
	for name, c := range map[string]struct{ mechanism, user, password, want string }{
		"none":                     {},
		"unknown":                  {"GSSAPI", "u", "p", "KAFKA_SASL_MECHANISM"},
		"user without mechanism":   {"", "u", "", "KAFKA_SASL_MECHANISM"},
		"mechanism without user":   {"PLAIN", "", "p", "KAFKA_SASL_USERNAME"},
		"mechanism without secret": {"SCRAM-SHA-512", "u", "", "KAFKA_SASL_PASSWORD"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := SASL(c.mechanism, c.user, c.password)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
