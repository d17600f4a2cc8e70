package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
)

const canary = "c4n4ry-Sekret-0123456789"

// outputs is all that this package and the usual ways to print show of a
// configuration.
func outputs(environ map[string]string) string {
	var b strings.Builder
	for _, load := range []func(map[string]string) (*Config, error){Load, LoadKafka, LoadAccount} {
		c, err := load(environ)
		if err != nil {
			fmt.Fprintf(&b, "%v %+v %#v\n", err, err, err)
			continue
		}
		fmt.Fprintf(&b, "%q\n", c.Warnings())
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			fmt.Fprintf(&b, verb+"\n", *c)
			fmt.Fprintf(&b, verb+"\n", c.Callbot.SecretKey)
		}
		for _, format := range []string{"text", "json"} {
			c.Log.Format = format
			c.Logger(&b).Info("start", "settings", c, "part", c.Kafka, "pointer", &c.Callbot, "secret", c.Events.PhoneHMACKey)
		}
		j, err := json.Marshal(c)
		fmt.Fprintf(&b, "%s %v\n", j, err)
		fmt.Fprintln(&b, slog.AnyValue(c).Resolve())
	}
	return b.String()
}

func TestNoSecretIsShown(t *testing.T) {
	secrets := with("PHONE", "hmac", "KAFKA_SASL_MECHANISM", "PLAIN", "KAFKA_SASL_USERNAME", "u",
		"SCHEMA_REGISTRY_URL", "http://r", "SCHEMA_REGISTRY_USERNAME", "u", "KAFKA_BROKERS", "k:1")
	for _, s := range Settings() {
		if s.Secret {
			secrets[s.Name] = canary
		}
	}
	derive := func(change func(environ map[string]string)) map[string]string {
		environ := maps.Clone(secrets)
		change(environ)
		return environ
	}
	eachSecret := func(change func(e map[string]string, value, file string)) map[string]string {
		return derive(func(e map[string]string) {
			for _, s := range Settings() {
				if s.Secret {
					change(e, s.Name, s.FileName())
				}
			}
		})
	}
	path := write(t, canary+"\n")
	cases := map[string]map[string]string{
		"good":                           secrets,
		"white space":                    eachSecret(func(e map[string]string, value, _ string) { e[value] = " " + canary + "\n" }),
		"files":                          eachSecret(func(e map[string]string, value, file string) { e[value], e[file] = "", path }),
		"both":                           eachSecret(func(e map[string]string, _, file string) { e[file] = path }),
		"the secret for the file's name": eachSecret(func(e map[string]string, value, file string) { e[value], e[file] = "", canary }),
		"the secret for a path":          eachSecret(func(e map[string]string, value, file string) { e[value], e[file] = "", "/"+canary+"\x00/" }),
		"too short":                      derive(func(e map[string]string) { e["PHONE_HMAC_KEY"] = canary[:15] }),
		"misspelt":                       derive(func(e map[string]string) { e["CALLBOT_SECRETKEY"], e["KAFKA_SASL_PASSWORDS"] = canary, canary }),
		"everything else wrong": derive(func(e map[string]string) {
			for _, s := range Settings() {
				if !s.Secret {
					e[s.Name] = "~"
				}
			}
		}),
	}
	for name, address := range map[string]string{
		"url":            "https://u:" + canary + "@h",
		"url, no parse":  "https://u:" + canary + "%zz@h",
		"url, space":     "https://u:" + canary + " @h",
		"url, scheme":    "ftp://u:" + canary + "@h",
		"url, no scheme": "u:" + canary + "@h:1",
		"url, port":      "https://u:" + canary + "@h:x",
		"url, query":     "https://h/?token=" + canary,
	} {
		for _, setting := range []string{"CALLBOT_BASE_URL", "SCHEMA_REGISTRY_URL", "KAFKA_BROKERS"} {
			cases[setting+" "+name] = derive(func(e map[string]string) { e[setting] = address })
		}
	}
	for name, environ := range cases {
		t.Run(name, func(t *testing.T) {
			shown := outputs(environ)
			if !strings.Contains(shown, "KAFKA_") && !strings.Contains(shown, "SCHEMA_") {
				t.Fatalf("nothing was shown: %s", shown)
			}
			for _, secret := range []string{canary, canary[:15], fmt.Sprintf("%x", canary[:15])} {
				if strings.Contains(shown, secret) {
					t.Errorf("a secret is shown in\n%s", shown)
				}
			}
		})
	}
	if c := load1(t, secrets); string(c.Callbot.SecretKey) != canary {
		t.Error("the canary didn't reach the configuration")
	}
}

// FuzzLoad gives one setting any value: whatever comes back holds its bounds,
// and no secret.
func FuzzLoad(f *testing.F) {
	all := Settings()
	for i, s := range all {
		for _, value := range []string{s.Default, s.Min, s.Max, "", "-1", "x", "https://u:p@h:1/a?b#c", "a:1,b:2,,c", "[::1]:99999", "9e999", "off"} {
			f.Add(uint8(i), value)
		}
	}
	f.Fuzz(func(t *testing.T, n uint8, value string) {
		s := all[int(n)%len(all)]
		environ := with("PHONE_HMAC_KEY", canary, "CALLBOT_SECRET_KEY", canary)
		environ[s.Name] = value
		c, err := Load(environ)
		if err != nil {
			if _, ok := err.(*Error); !ok {
				t.Fatalf("%v is no *Error", err)
			}
			if strings.Contains(err.Error(), canary) {
				t.Fatal("a secret is shown")
			}
			return
		}
		again, err := Load(environ)
		if err != nil || fmt.Sprint(c.LogValue()) != fmt.Sprint(again.LogValue()) {
			t.Fatalf("loaded again it differs: %v", err)
		}
		switch {
		case len(c.Kafka.Brokers) == 0, c.Batch.Size < 1, c.Batch.Size > 500, c.Follow.PollMin <= 0, c.Follow.PollMax < c.Follow.PollMin,
			c.Follow.Settle < 0, c.Callbot.Concurrency < 1, !(c.Callbot.RateLimit > 0), c.Topics.Partitions < 1, c.Topics.Replication < 0,
			!strings.HasPrefix(c.Callbot.BaseURL, "http"), strings.HasSuffix(c.Callbot.BaseURL, "/"), c.Callbot.UUID == "", c.Callbot.SecretKey == "":
			t.Fatalf("%s=%q breaks a bound: %+v", s.Name, value, c)
		}
	})
}
