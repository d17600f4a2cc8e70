package config

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// with returns what run needs at least, and more; an empty value counts as not
// given.
func with(pairs ...string) map[string]string {
	environ := map[string]string{"CALLBOT_UUID": "account-1", "CALLBOT_SECRET_KEY": "key-1"}
	for i := 0; i < len(pairs); i += 2 {
		environ[pairs[i]] = pairs[i+1]
	}
	return environ
}

func load1(t *testing.T, environ map[string]string) *Config {
	t.Helper()
	c, err := Load(environ)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "value")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestProcessEnvironment(t *testing.T) {
	for name, value := range with("BATCH_SIZE", "7") {
		t.Setenv(name, value)
	}
	if c := load1(t, nil); c.Batch.Size != 7 {
		t.Errorf("nil doesn't read the process's environment: BATCH_SIZE is %d", c.Batch.Size)
	}
	if c := load1(t, with()); c.Batch.Size != 500 {
		t.Errorf("a given environment lets the process's through: BATCH_SIZE is %d", c.Batch.Size)
	} else if w := c.Warnings(); len(w) > 0 {
		t.Errorf("the defaults warn: %q", w)
	}
	if c, err := LoadKafka(map[string]string{}); err != nil || c.Batch.Size != 500 {
		t.Errorf("an empty environment lets the process's through: %v", err)
	}
}

func TestAccepted(t *testing.T) {
	ca, cert, key := write(t, "ca"), write(t, "cert"), write(t, "key")
	for name, tc := range map[string]struct {
		environ []string
		got     func(*Config) any
		want    any
	}{
		"brokers":                 {[]string{"KAFKA_BROKERS", " a:1, [::1]:9092 ,,b.c:65535"}, func(c *Config) any { return c.Kafka.Brokers }, []string{"a:1", "[::1]:9092", "b.c:65535"}},
		"white space":             {[]string{"KAFKA_SESSION_TIMEOUT", " 30s\n"}, func(c *Config) any { return c.Kafka.SessionTimeout }, 30 * time.Second},
		"tls":                     {[]string{"KAFKA_TLS_ENABLED", "TRUE", "KAFKA_TLS_CA_FILE", ca, "KAFKA_TLS_CERT_FILE", cert, "KAFKA_TLS_KEY_FILE", key}, func(c *Config) any { return c.Kafka.TLS }, TLS{true, ca, cert, key}},
		"mechanism's case":        {[]string{"KAFKA_SASL_MECHANISM", "scram-sha-256", "KAFKA_SASL_USERNAME", "u", "KAFKA_SASL_PASSWORD", "p"}, func(c *Config) any { return c.Kafka.SASL }, SASL{"SCRAM-SHA-256", "u", "p"}},
		"algorithm's case":        {[]string{"CALLBOT_ALGORITHM", "sha256"}, func(c *Config) any { return c.Callbot.Algorithm }, "SHA256"},
		"level's case":            {[]string{"LOG_LEVEL", "WARN"}, func(c *Config) any { return c.Log.Level }, "warn"},
		"replication -1":          {[]string{"TOPIC_REPLICATION", "-1"}, func(c *Config) any { return c.Topics.Replication }, 0},
		"replication":             {[]string{"TOPIC_REPLICATION", "3"}, func(c *Config) any { return c.Topics.Replication }, 3},
		"slash after the address": {[]string{"CALLBOT_BASE_URL", "HTTPS://api.example/v/"}, func(c *Config) any { return c.Callbot.BaseURL }, "https://api.example/v"},
		"registry":                {[]string{"SCHEMA_REGISTRY_URL", "http://localhost:8081/"}, func(c *Config) any { return c.Registry.URL }, "http://localhost:8081"},
		"a slow rate":             {[]string{"CALLBOT_RATE_LIMIT", "0.5"}, func(c *Config) any { return c.Callbot.RateLimit }, 0.5},
		"no linger":               {[]string{"BATCH_LINGER", "0"}, func(c *Config) any { return c.Batch.Linger }, time.Duration(0)},
		"no server":               {[]string{"HTTP_ADDR", "OFF"}, func(c *Config) any { return c.HTTPAddr }, ""},
		"empty means the default": {[]string{"HTTP_ADDR", ""}, func(c *Config) any { return c.HTTPAddr }, ":8080"},
		"no callbacks":            {[]string{"CALLBACK_ADDR", ""}, func(c *Config) any { return c.Callback.Addr }, ""},
		"callbacks":               {[]string{"CALLBACK_ADDR", ":9000"}, func(c *Config) any { return c.Callback.Addr }, ":9000"},
		"any free port":           {[]string{"HTTP_ADDR", "127.0.0.1:0"}, func(c *Config) any { return c.HTTPAddr }, "127.0.0.1:0"},
		"least of a batch":        {[]string{"BATCH_SIZE", "1"}, func(c *Config) any { return c.Batch.Size }, 1},
		"equal polls":             {[]string{"POLL_MIN", "5m"}, func(c *Config) any { return c.Follow.PollMin }, 5 * time.Minute},
		"phone":                   {[]string{"PHONE", "HMAC", "PHONE_HMAC_KEY", "0123456789abcdef"}, func(c *Config) any { return c.Events.PhoneHMACKey }, Secret("0123456789abcdef")},
		"a file with a newline":   {[]string{"CALLBOT_SECRET_KEY", "", "CALLBOT_SECRET_KEY_FILE", write(t, "from file\r\n\n")}, func(c *Config) any { return c.Callbot.SecretKey }, Secret("from file")},
		"a file of the account":   {[]string{"CALLBOT_UUID", "", "CALLBOT_UUID_FILE", write(t, "account-2\n")}, func(c *Config) any { return c.Callbot.UUID }, "account-2"},
	} {
		t.Run(name, func(t *testing.T) {
			c := load1(t, with(tc.environ...))
			if got := tc.got(c); !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %#v, want %#v", got, tc.want)
			}
			if w := c.Warnings(); len(w) > 0 {
				t.Errorf("warns: %q", w)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	long := strings.Repeat("x", 64<<10+1)
	file := write(t, "x")
	for name, tc := range map[string]struct {
		environ []string
		want    []Problem
	}{
		"no account": {[]string{"CALLBOT_UUID", "", "CALLBOT_SECRET_KEY", " "}, []Problem{
			{"CALLBOT_UUID", "is required, by itself or as CALLBOT_UUID_FILE"},
			{"CALLBOT_SECRET_KEY", "is required, by itself or as CALLBOT_SECRET_KEY_FILE"},
		}},
		"an account no header carries": {[]string{"CALLBOT_UUID", "a b"}, []Problem{{"CALLBOT_UUID", "holds white space or a character outside ASCII, which the API's header can't carry"}}},
		"no broker":                    {[]string{"KAFKA_BROKERS", ","}, []Problem{{"KAFKA_BROKERS", "names no broker"}}},
		"brokers": {[]string{"KAFKA_BROKERS", "kafka,:9092,k:0,u:p@k:1,kafka://k:1,k:1"}, []Problem{
			{"KAFKA_BROKERS", "entry 1 is not host:port, such as kafka-1:9092"},
			{"KAFKA_BROKERS", "entry 2 is not host:port, such as kafka-1:9092"},
			{"KAFKA_BROKERS", "entry 3 is not host:port, such as kafka-1:9092"},
			{"KAFKA_BROKERS", "entry 4 is not host:port, such as kafka-1:9092"},
			{"KAFKA_BROKERS", "entry 5 is not host:port, such as kafka-1:9092"},
		}},
		"session too short":      {[]string{"KAFKA_SESSION_TIMEOUT", "999ms"}, []Problem{{"KAFKA_SESSION_TIMEOUT", `"999ms" is out of bounds: 1s to 30m`}}},
		"session too long":       {[]string{"KAFKA_SESSION_TIMEOUT", "31m"}, []Problem{{"KAFKA_SESSION_TIMEOUT", `"31m" is out of bounds: 1s to 30m`}}},
		"a number without unit":  {[]string{"KAFKA_SESSION_TIMEOUT", "10"}, []Problem{{"KAFKA_SESSION_TIMEOUT", `"10" is not a time span such as 500ms, 30s, 5m or 1h30m`}}},
		"yes":                    {[]string{"KAFKA_TLS_ENABLED", "yes"}, []Problem{{"KAFKA_TLS_ENABLED", `"yes" is not true or false`}}},
		"tls files without tls":  {[]string{"KAFKA_TLS_CA_FILE", file}, []Problem{{"KAFKA_TLS_CA_FILE", "is given, but the connection is not encrypted: set KAFKA_TLS_ENABLED=true, or leave the file out"}}},
		"tls certificate alone":  {[]string{"KAFKA_TLS_ENABLED", "1", "KAFKA_TLS_CERT_FILE", file}, []Problem{{"KAFKA_TLS_KEY_FILE", "is required with KAFKA_TLS_CERT_FILE"}}},
		"tls key alone":          {[]string{"KAFKA_TLS_ENABLED", "1", "KAFKA_TLS_KEY_FILE", file}, []Problem{{"KAFKA_TLS_CERT_FILE", "is required with KAFKA_TLS_KEY_FILE"}}},
		"tls file missing":       {[]string{"KAFKA_TLS_ENABLED", "1", "KAFKA_TLS_CA_FILE", file + "-not"}, []Problem{{"KAFKA_TLS_CA_FILE", "the file can't be read: no such file or directory"}}},
		"tls file a directory":   {[]string{"KAFKA_TLS_ENABLED", "1", "KAFKA_TLS_CA_FILE", t.TempDir()}, []Problem{{"KAFKA_TLS_CA_FILE", "the file can't be read: is a directory"}}},
		"mechanism":              {[]string{"KAFKA_SASL_MECHANISM", "GSSAPI"}, []Problem{{"KAFKA_SASL_MECHANISM", `"GSSAPI" is not one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512`}}},
		"mechanism, nobody":      {[]string{"KAFKA_SASL_MECHANISM", "PLAIN"}, []Problem{{"KAFKA_SASL_USERNAME", "is required with KAFKA_SASL_MECHANISM"}, {"KAFKA_SASL_PASSWORD", "is required with KAFKA_SASL_MECHANISM"}}},
		"password, no mechanism": {[]string{"KAFKA_SASL_PASSWORD", "p"}, []Problem{{"KAFKA_SASL_MECHANISM", "is required with KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"}}},
		"topic name":             {[]string{"TOPIC_STATE", "a b"}, []Problem{{"TOPIC_STATE", `"a b" is not a topic name: 1 to 249 letters, digits, dots, dashes and underscores`}}},
		"topic ..":               {[]string{"TOPIC_STATUS", ".."}, []Problem{{"TOPIC_STATUS", `".." is not a topic name: 1 to 249 letters, digits, dots, dashes and underscores`}}},
		"topic too long":         {[]string{"TOPIC_STATUS", strings.Repeat("a", 250)}, []Problem{{"TOPIC_STATUS", `"` + strings.Repeat("a", 40) + `"… is not a topic name: 1 to 249 letters, digits, dots, dashes and underscores`}}},
		"topics alike":           {[]string{"TOPIC_STATE", "callbot_order.requests", "TOPIC_REQUESTS", "callbot.order.requests"}, []Problem{{"TOPIC_STATE", `"callbot_order.requests" is taken by TOPIC_REQUESTS (Kafka counts . and _ as the same): each topic needs a name of its own`}}},
		"partitions":             {[]string{"TOPIC_PARTITIONS", "0"}, []Problem{{"TOPIC_PARTITIONS", `"0" is out of bounds: 1 or more`}}},
		"replication":            {[]string{"TOPIC_REPLICATION", "-2"}, []Problem{{"TOPIC_REPLICATION", `"-2" is out of bounds: -1 to 32767`}}},
		"address without scheme": {[]string{"CALLBOT_BASE_URL", "nxbot.nxcloud.com"}, []Problem{{"CALLBOT_BASE_URL", "is not an address that begins with http:// or https://"}}},
		"address of a file":      {[]string{"CALLBOT_BASE_URL", "file:///etc"}, []Problem{{"CALLBOT_BASE_URL", "is not an address that begins with http:// or https://"}}},
		"address without host":   {[]string{"CALLBOT_BASE_URL", "https://:1/x"}, []Problem{{"CALLBOT_BASE_URL", "names no host"}}},
		"address's port":         {[]string{"CALLBOT_BASE_URL", "https://h:65536"}, []Problem{{"CALLBOT_BASE_URL", "has a port out of bounds: 1 to 65535"}}},
		"address with user":      {[]string{"CALLBOT_BASE_URL", "https://u:p@h"}, []Problem{{"CALLBOT_BASE_URL", "holds a user or password: leave them out of the address"}}},
		"address with query":     {[]string{"CALLBOT_BASE_URL", "https://h/?a=b"}, []Problem{{"CALLBOT_BASE_URL", "has a query or fragment: leave out what follows ? or #"}}},
		"algorithm":              {[]string{"CALLBOT_ALGORITHM", "SHA1"}, []Problem{{"CALLBOT_ALGORITHM", `"SHA1" is not one of MD5, SHA256`}}},
		"rate 0":                 {[]string{"CALLBOT_RATE_LIMIT", "0"}, []Problem{{"CALLBOT_RATE_LIMIT", `"0" is out of bounds: 0.01 or more`}}},
		"rate NaN":               {[]string{"CALLBOT_RATE_LIMIT", "NaN"}, []Problem{{"CALLBOT_RATE_LIMIT", `"NaN" is not a number`}}},
		"rate without end":       {[]string{"CALLBOT_RATE_LIMIT", "Inf"}, []Problem{{"CALLBOT_RATE_LIMIT", `"Inf" is not a number`}}},
		"concurrency":            {[]string{"CALLBOT_CONCURRENCY", "0"}, []Problem{{"CALLBOT_CONCURRENCY", `"0" is out of bounds: 1 or more`}}},
		"timeout":                {[]string{"CALLBOT_TIMEOUT", "-1s"}, []Problem{{"CALLBOT_TIMEOUT", `"-1s" is out of bounds: 100ms or more`}}},
		"verify":                 {[]string{"CALLBOT_VERIFY_RESPONSES", "true"}, []Problem{{"CALLBOT_VERIFY_RESPONSES", `"true" is not one of off, warn, strict`}}},
		"batch 0":                {[]string{"BATCH_SIZE", "0"}, []Problem{{"BATCH_SIZE", `"0" is out of bounds: 1 to 500`}}},
		"batch 501":              {[]string{"BATCH_SIZE", "501"}, []Problem{{"BATCH_SIZE", `"501" is out of bounds: 1 to 500`}}},
		"batch beyond all":       {[]string{"BATCH_SIZE", "99999999999"}, []Problem{{"BATCH_SIZE", `"99999999999" is not a whole number`}}},
		"linger":                 {[]string{"BATCH_LINGER", "-1ms"}, []Problem{{"BATCH_LINGER", `"-1ms" is out of bounds: 0s or more`}}},
		"polls crossed":          {[]string{"POLL_MIN", "2m", "POLL_MAX", "1m"}, []Problem{{"POLL_MAX", "1m0s is shorter than POLL_MIN (2m0s)"}}},
		"no error after another": {[]string{"POLL_MIN", "abc", "POLL_MAX", "1s"}, []Problem{{"POLL_MIN", `"abc" is not a time span such as 500ms, 30s, 5m or 1h30m`}}},
		"settle":                 {[]string{"SETTLE", "-1s"}, []Problem{{"SETTLE", `"-1s" is out of bounds: 0s or more`}}},
		"never settled":          {[]string{"FOLLOW_MAX", "15m"}, []Problem{{"FOLLOW_MAX", "15m0s is not longer than SETTLE (15m0s): every order would be given up"}}},
		"registry's user":        {[]string{"SCHEMA_REGISTRY_URL", "http://u:p@localhost"}, []Problem{{"SCHEMA_REGISTRY_URL", "holds a user or password: leave them out of the address and set SCHEMA_REGISTRY_USERNAME and SCHEMA_REGISTRY_PASSWORD"}}},
		"registry's half login":  {[]string{"SCHEMA_REGISTRY_URL", "http://localhost", "SCHEMA_REGISTRY_USERNAME", "u"}, []Problem{{"SCHEMA_REGISTRY_PASSWORD", "is required with SCHEMA_REGISTRY_USERNAME"}}},
		"registry's other half":  {[]string{"SCHEMA_REGISTRY_URL", "http://localhost", "SCHEMA_REGISTRY_PASSWORD", "p"}, []Problem{{"SCHEMA_REGISTRY_USERNAME", "is required with SCHEMA_REGISTRY_PASSWORD"}}},
		"event key":              {[]string{"EVENT_KEY", "none"}, []Problem{{"EVENT_KEY", `"none" is not one of order, call`}}},
		"hmac without key":       {[]string{"PHONE", "hmac"}, []Problem{{"PHONE_HMAC_KEY", "is required with PHONE=hmac"}}},
		"hmac with a short key":  {[]string{"PHONE", "hmac", "PHONE_HMAC_KEY", "0123456789abcde"}, []Problem{{"PHONE_HMAC_KEY", "is too short: 16 bytes or more"}}},
		"http address":           {[]string{"HTTP_ADDR", "8080"}, []Problem{{"HTTP_ADDR", `"8080" is not host:port, nor off`}}},
		"callback address":       {[]string{"CALLBACK_ADDR", "9000"}, []Problem{{"CALLBACK_ADDR", `"9000" is not host:port, nor off`}}},
		"one address for both":   {[]string{"CALLBACK_ADDR", ":8080"}, []Problem{{"CALLBACK_ADDR", "is HTTP_ADDR too: callbacks come from outside and need an address of their own"}}},
		"http port":              {[]string{"HTTP_ADDR", ":http"}, []Problem{{"HTTP_ADDR", `":http" is not host:port, nor off`}}},
		"level":                  {[]string{"LOG_LEVEL", "trace"}, []Problem{{"LOG_LEVEL", `"trace" is not one of debug, info, warn, error`}}},
		"format":                 {[]string{"LOG_FORMAT", "xml"}, []Problem{{"LOG_FORMAT", `"xml" is not one of text, json`}}},
		"given twice":            {[]string{"CALLBOT_SECRET_KEY_FILE", file}, []Problem{{"CALLBOT_SECRET_KEY", "is given twice, also by CALLBOT_SECRET_KEY_FILE: keep one"}}},
		"file missing":           {[]string{"CALLBOT_SECRET_KEY", "", "CALLBOT_SECRET_KEY_FILE", file + "-not"}, []Problem{{"CALLBOT_SECRET_KEY_FILE", "the file can't be opened: no such file or directory"}}},
		"file a directory":       {[]string{"CALLBOT_SECRET_KEY", "", "CALLBOT_SECRET_KEY_FILE", t.TempDir()}, []Problem{{"CALLBOT_SECRET_KEY_FILE", "the file can't be read: is a directory"}}},
		"file empty":             {[]string{"CALLBOT_SECRET_KEY", "", "CALLBOT_SECRET_KEY_FILE", write(t, "\n")}, []Problem{{"CALLBOT_SECRET_KEY_FILE", "the file is empty"}}},
		"file too large":         {[]string{"CALLBOT_SECRET_KEY", "", "CALLBOT_SECRET_KEY_FILE", write(t, long)}, []Problem{{"CALLBOT_SECRET_KEY_FILE", "the file is larger than 65536 bytes"}}},
		"password's file missing": {[]string{"KAFKA_SASL_MECHANISM", "PLAIN", "KAFKA_SASL_USERNAME", "u", "KAFKA_SASL_PASSWORD_FILE", file + "-not"}, []Problem{
			{"KAFKA_SASL_PASSWORD_FILE", "the file can't be opened: no such file or directory"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Load(with(tc.environ...))
			wrong, ok := errors.AsType[*Error](err)
			if !ok || c != nil {
				t.Fatalf("got %v and %v, want an *Error alone", c, err)
			}
			if !slices.Equal(wrong.Problems, tc.want) {
				t.Errorf("got  %q\nwant %q", wrong.Problems, tc.want)
			}
		})
	}
}

func TestOneMessage(t *testing.T) {
	_, err := Load(map[string]string{
		"CALLBOT_UUID": "u", "BATCH_SIZE": "many", "POLL_MIN": "10m", "PHONE": "hmac", "TOPIC_STATE": "callbot.transcript", "LOG_LEVEL": "loud",
	})
	want := `wrong settings:
  CALLBOT_SECRET_KEY: is required, by itself or as CALLBOT_SECRET_KEY_FILE
  BATCH_SIZE: "many" is not a whole number
  LOG_LEVEL: "loud" is not one of debug, info, warn, error
  TOPIC_STATE: "callbot.transcript" is taken by TOPIC_TRANSCRIPT (Kafka counts . and _ as the same): each topic needs a name of its own
  POLL_MAX: 5m0s is shorter than POLL_MIN (10m0s)
  PHONE_HMAC_KEY: is required with PHONE=hmac`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestLoadKafka(t *testing.T) {
	c, err := LoadKafka(map[string]string{
		"KAFKA_BROKERS": "k:1", "SCHEMA_REGISTRY_URL": "https://r", "TOPIC_STATUS": "s", "LOG_FORMAT": "json",
		"BATCH_SIZE": "wrong", "CALLBOT_BASE_URL": "wrong", "CALLBOT_TYPO": "x", "PHONE": "hmac", "HTTP_ADDR": "wrong",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Kafka.Brokers[0] != "k:1" || c.Registry.URL != "https://r" || c.Topics.Status != "s" || c.Log.Format != "json" {
		t.Errorf("doesn't read its part: %+v", c)
	}
	if c.Batch.Size != 500 || c.Events.Phone != "plain" || c.HTTPAddr != ":8080" {
		t.Errorf("reads more than its part: %+v", c)
	}
	if w := c.Warnings(); len(w) > 0 {
		t.Errorf("warns beyond its part: %q", w)
	}
	_, err = LoadKafka(map[string]string{"KAFKA_BROKERS": "k", "BATCH_SIZE": "wrong"})
	if wrong, ok := errors.AsType[*Error](err); !ok || len(wrong.Problems) != 1 || wrong.Problems[0].Name != "KAFKA_BROKERS" {
		t.Errorf("got %v, want KAFKA_BROKERS alone", err)
	}
}

func TestLoadAccount(t *testing.T) {
	environ := map[string]string{
		"KAFKA_BROKERS": "k:1", "CALLBOT_UUID": "u", "CALLBOT_SECRET_KEY": "s", "CALLBOT_RATE_LIMIT": "5", "CALLBOT_SCOUT": "true",
		"BATCH_SIZE": "wrong", "PHONE": "hmac",
	}
	c, err := LoadAccount(environ)
	if err != nil {
		t.Fatal(err)
	}
	if c.Kafka.Brokers[0] != "k:1" || c.Callbot.UUID != "u" || c.Callbot.RateLimit != 5 || !c.Callbot.Scout || c.Batch.Size != 500 {
		t.Errorf("reads another part: %+v", c)
	}
	delete(environ, "CALLBOT_UUID")
	delete(environ, "CALLBOT_SECRET_KEY")
	_, err = LoadAccount(environ)
	const want = "wrong settings:\n  CALLBOT_UUID: is required, by itself or as CALLBOT_UUID_FILE\n" +
		"  CALLBOT_SECRET_KEY: is required, by itself or as CALLBOT_SECRET_KEY_FILE"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestWarnings(t *testing.T) {
	sasl := []string{"KAFKA_SASL_MECHANISM", "PLAIN", "KAFKA_SASL_USERNAME", "u", "KAFKA_SASL_PASSWORD", "p"}
	for name, tc := range map[string]struct {
		environ []string
		want    []string
	}{
		"short session":              {[]string{"KAFKA_SESSION_TIMEOUT", "2s"}, []string{"KAFKA_SESSION_TIMEOUT is under 6s, which brokers refuse unless their group.min.session.timeout.ms is lowered"}},
		"plain password":             {append(sasl, "KAFKA_BROKERS", "localhost:1,k:1"), []string{"KAFKA_SASL_MECHANISM=PLAIN without KAFKA_TLS_ENABLED=true sends the password unencrypted"}},
		"plain password, encrypted":  {append(sasl, "KAFKA_BROKERS", "k:1", "KAFKA_TLS_ENABLED", "true"), nil},
		"plain password, here":       {append(sasl, "KAFKA_BROKERS", "127.0.0.1:1,[::1]:1,localhost:1"), nil},
		"scram":                      {append(sasl, "KAFKA_BROKERS", "k:1", "KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"), nil},
		"plain http":                 {[]string{"CALLBOT_BASE_URL", "http://lab:8090"}, []string{"CALLBOT_BASE_URL is plain http: the account, phone numbers and transcripts cross the network unencrypted"}},
		"plain http, here":           {[]string{"CALLBOT_BASE_URL", "http://[::1]:8090"}, nil},
		"plain registry":             {[]string{"SCHEMA_REGISTRY_URL", "http://r"}, nil},
		"plain registry, password":   {[]string{"SCHEMA_REGISTRY_URL", "http://r", "SCHEMA_REGISTRY_USERNAME", "u", "SCHEMA_REGISTRY_PASSWORD", "p"}, []string{"SCHEMA_REGISTRY_URL is plain http: the password crosses the network unencrypted"}},
		"registry's login, no URL":   {[]string{"SCHEMA_REGISTRY_USERNAME", "u", "SCHEMA_REGISTRY_PASSWORD", "p"}, []string{"SCHEMA_REGISTRY_USERNAME has no effect without SCHEMA_REGISTRY_URL"}},
		"key without hmac":           {[]string{"PHONE_HMAC_KEY", "k"}, []string{"PHONE_HMAC_KEY has no effect without PHONE=hmac"}},
		"white space round a secret": {[]string{"CALLBOT_SECRET_KEY", "k "}, []string{"CALLBOT_SECRET_KEY begins or ends with white space, which counts as part of it"}},
		"misspelt":                   {[]string{"CALLBOT_SECRETKEY", "x", "TOPIC_REQUEST", "x"}, []string{"CALLBOT_SECRETKEY is not a setting; CALLBOT_SECRET_KEY is", "TOPIC_REQUEST is not a setting; TOPIC_REQUESTS is"}},
		"lower case":                 {[]string{"callbot_timeout", "1s"}, []string{"callbot_timeout is not a setting; CALLBOT_TIMEOUT is"}},
		"nothing like it":            {[]string{"TOPIC_OF_THE_DAY", "x"}, []string{"TOPIC_OF_THE_DAY is not a setting"}},
		"no file of it":              {[]string{"CALLBOT_BASE_URL_FILE", "x"}, []string{"CALLBOT_BASE_URL_FILE is not a setting; CALLBOT_BASE_URL is"}},
		"near miss":                  {[]string{"KAFKA_BROKER", "k:1", "POLLMIN", "1s", "TRANSCRIPT", "false"}, []string{"KAFKA_BROKER is not a setting; KAFKA_BROKERS is", "POLLMIN is not a setting; POLL_MIN is", "TRANSCRIPT is not a setting; TRANSCRIPTS is"}},
		"near, but another's":        {[]string{"KAFKA_BROKER", "k:1", "KAFKA_BROKERS", "k:1"}, nil},
		"a Kafka image's":            {[]string{"KAFKA_BROKER_ID", "1", "KAFKA_LISTENERS", "x", "KAFKA_HOME", "x", "KAFKA_HEAP_OPTS", "x"}, nil},
		"strangers":                  {[]string{"HOME", "x", "IPHONE", "x", "LOGLEVEL_", "x", "HTTP_PROXY", "x", "LOG_FILE", "x"}, nil},
		"service links":              {[]string{"CALLBOT_SERVICE_HOST", "x", "CALLBOT_SERVICE_PORT_HTTP", "x", "CALLBOT_PORT", "x", "CALLBOT_PORT_80_TCP_ADDR", "x", "CALLBOT_PORT_80_TCP", "x"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := load1(t, with(tc.environ...)).Warnings(); !slices.Equal(got, tc.want) {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}

func TestLogger(t *testing.T) {
	for name, tc := range map[string]struct {
		log  Log
		want string
	}{
		"text":    {Log{"info", "text"}, "level=INFO msg=b\nlevel=ERROR msg=c\n"},
		"json":    {Log{"error", "json"}, `{"level":"ERROR","msg":"c"}` + "\n"},
		"debug":   {Log{"debug", "text"}, "level=DEBUG msg=a\nlevel=INFO msg=b\nlevel=ERROR msg=c\n"},
		"nothing": {Log{}, "level=INFO msg=b\nlevel=ERROR msg=c\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			log := (&Config{Log: tc.log}).Logger(&b)
			log.Debug("a")
			log.Info("b")
			log.Error("c")
			if got := timeOf.ReplaceAllString(b.String(), ""); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// timeOf is the time in a log line, in both formats.
var timeOf = regexp.MustCompile(`time=\S+ |"time":"[^"]+",`)

func TestLogValue(t *testing.T) {
	c := load1(t, with("KAFKA_BROKERS", "a:1,b:2", "POLL_MAX", "1h"))
	got := map[string]string{}
	for _, a := range c.LogValue().Group() {
		got[a.Key] = a.Value.String()
	}
	for name, want := range map[string]string{
		"KAFKA_BROKERS": "a:1,b:2", "POLL_MAX": "1h0m0s", "BATCH_SIZE": "500", "TRANSCRIPTS": "true",
		"CALLBOT_UUID": "account-1", "CALLBOT_SECRET_KEY": "[secret]", "CALLBOT_RATE_LIMIT": "2",
	} {
		if got[name] != want {
			t.Errorf("%s is logged as %q, want %q", name, got[name], want)
		}
	}
	if _, ok := got["KAFKA_SASL_PASSWORD"]; ok {
		t.Error("a secret that is not given is logged as if it were")
	}
	var _ slog.LogValuer = c
}
