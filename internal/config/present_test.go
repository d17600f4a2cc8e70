package config

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each step changes the file and says what is read then, and what is logged.
func TestSecretsAreReadAgain(t *testing.T) {
	volume := t.TempDir()
	path := filepath.Join(volume, "secret")
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(volume, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	swap := func(text string) { // as Kubernetes does: a link is replaced, and leads elsewhere
		put("data", text)
		_ = os.Remove(path)
		if err := os.Symlink("data", path); err != nil {
			t.Fatal(err)
		}
	}
	put("secret", "first\n")
	for name, secret := range map[string]func(c *Config, log *slog.Logger) func() string{
		"CALLBOT_SECRET_KEY":       (*Config).SecretKey,
		"KAFKA_SASL_PASSWORD":      (*Config).KafkaPassword,
		"SCHEMA_REGISTRY_PASSWORD": (*Config).RegistryPassword,
	} {
		t.Run(name, func(t *testing.T) {
			_ = os.Remove(path)
			put("secret", "first\n")
			environ := with("KAFKA_SASL_MECHANISM", "PLAIN", "KAFKA_SASL_USERNAME", "u", "KAFKA_SASL_PASSWORD", "p",
				"SCHEMA_REGISTRY_URL", "https://r", "SCHEMA_REGISTRY_USERNAME", "u", "SCHEMA_REGISTRY_PASSWORD", "p", "CALLBOT_SECRET_KEY", "k")
			environ[name], environ[name+"_FILE"] = "", path
			var log bytes.Buffer
			read := secret(load1(t, environ), slog.New(slog.NewTextHandler(&log, nil)))
			for _, step := range []struct {
				what   string
				change func()
				want   string
				logged string // empty: nothing
			}{
				{"as at start", func() {}, "first", ""},
				{"replaced, as long as before", func() { put("secret", "other\n") }, "other", "changed=true"},
				{"unchanged", func() {}, "other", ""},
				{"cut, about to be written", func() { put("secret", "") }, "other", "the file is empty"},
				{"still cut", func() {}, "other", ""},
				{"written", func() { put("secret", "third") }, "third", "changed=true"},
				{"gone", func() { _ = os.Remove(path) }, "third", "no such file"},
				{"back as it was", func() { put("secret", "third") }, "third", "changed=false"},
				{"a link swapped", func() { swap("fourth") }, "fourth", "changed=true"},
			} {
				log.Reset()
				step.change()
				if got := read(); got != step.want {
					t.Errorf("%s: read %q, want %q", step.what, got, step.want)
				}
				text := log.String()
				if !strings.Contains(text, step.logged) || step.logged == "" && text != "" {
					t.Errorf("%s: logged %q", step.what, text)
				}
				if text != "" && (!strings.Contains(text, name+"_FILE") || !strings.Contains(text, path)) {
					t.Errorf("%s: the log names neither setting nor path: %q", step.what, text)
				}
				for _, value := range []string{"first", "other", "third", "fourth"} {
					if strings.Contains(text, value) {
						t.Errorf("%s: a secret is in the log: %q", step.what, text)
					}
				}
			}
		})
	}
}

// A secret from the environment stays: a program's own can't change.
func TestSecretsOfTheEnvironmentStay(t *testing.T) {
	read := load1(t, with("CALLBOT_SECRET_KEY", "k")).SecretKey(nil)
	if read() != "k" {
		t.Errorf("got %q", read())
	}
}
