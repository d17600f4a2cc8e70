package config

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"callstream/internal/order"
)

func TestSettings(t *testing.T) {
	// The names and defaults users rely on.
	want := map[string]string{
		"KAFKA_BROKERS": "localhost:9092", "KAFKA_GROUP_ID": "callstream", "KAFKA_SESSION_TIMEOUT": "10s",
		"KAFKA_ASSIGNMENT":  "pack",
		"KAFKA_TLS_ENABLED": "false", "KAFKA_TLS_CA_FILE": "", "KAFKA_TLS_CERT_FILE": "", "KAFKA_TLS_KEY_FILE": "",
		"KAFKA_SASL_MECHANISM": "", "KAFKA_SASL_USERNAME": "", "KAFKA_SASL_PASSWORD": "",
		"TOPIC_REQUESTS": "callbot.order-requests", "TOPIC_STATUS": "callbot.call-status-changed", "TOPIC_COMPLETED": "callbot.call-completed",
		"TOPIC_TRANSCRIPT": "callbot.transcript", "TOPIC_STATE": "callbot.order-state", "TOPIC_DEAD_LETTERS": "callbot.order-requests.dead-letters",
		"TOPIC_PARTITIONS": "6", "TOPIC_REPLICATION": "0", "TOPIC_AUTO_CREATE": "true",
		"CALLBOT_BASE_URL": "https://nxbot.nxcloud.com", "CALLBOT_UUID": "", "CALLBOT_SECRET_KEY": "", "CALLBOT_ALGORITHM": "MD5",
		"CALLBOT_RATE_LIMIT": "2", "CALLBOT_CONCURRENCY": "4", "CALLBOT_TIMEOUT": "15s", "CALLBOT_VERIFY_RESPONSES": "warn", "CALLBOT_SCOUT": "false",
		"BATCH_SIZE": "500", "BATCH_LINGER": "100ms",
		"POLL_MIN": "2s", "POLL_MAX": "5m", "SETTLE": "15m", "FOLLOW_MAX": "168h", "NOT_FOUND_MAX": "1h", "STATE_RETENTION": "720h",
		"SCHEMA_REGISTRY_URL": "", "SCHEMA_REGISTRY_USERNAME": "", "SCHEMA_REGISTRY_PASSWORD": "", "SCHEMA_REGISTRY_AUTO_REGISTER": "true",
		"EVENT_KEY": "order", "PHONE": "plain", "PHONE_HMAC_KEY": "", "TRANSCRIPTS": "true", "COMPLETED_TRANSCRIPT": "false",
		"CALLBACK_ADDR": "off", "CALLBACK_FOLLOW": "false",
		"HTTP_ADDR": ":8080", "LOG_LEVEL": "info", "LOG_FORMAT": "text",
	}
	got := map[string]string{}
	var secrets []string
	for _, f := range fields(&Config{}) {
		if _, twice := got[f.Name]; twice {
			t.Errorf("%s stands twice", f.Name)
		}
		got[f.Name] = f.Default
		if f.Secret {
			secrets = append(secrets, f.Name)
		}
		if !strings.HasSuffix(f.Doc, ".") || strings.Contains(f.Doc, "|") {
			t.Errorf("%s: the doc %q is no sentence fit for a table", f.Name, f.Doc)
		}
		if f.Secret && !f.File {
			t.Errorf("%s can't be given as a file", f.Name)
		}
		for _, tagged := range []string{f.Default, f.Min, f.Max} {
			if tagged == "" {
				continue
			}
			if good, err := f.canonical(tagged); err != nil || good != tagged {
				t.Errorf("%s: %q in its tags: %v", f.Name, tagged, err)
			}
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	if want := []string{"KAFKA_SASL_PASSWORD", "CALLBOT_SECRET_KEY", "SCHEMA_REGISTRY_PASSWORD", "PHONE_HMAC_KEY"}; !slices.Equal(secrets, want) {
		t.Errorf("secrets are %q, want %q", secrets, want)
	}
}

// TestTable holds the forms a row can have; the docs' test holds the rest.
func TestTable(t *testing.T) {
	for _, row := range []string{
		"| `CALLBOT_SECRET_KEY` or `CALLBOT_SECRET_KEY_FILE` | required |  | Key that signs requests to the API. |\n",
		"| `CALLBOT_ALGORITHM` | `MD5` | `MD5`, `SHA256` | Hash of the signature. |\n",
		"| `BATCH_SIZE` | `500` | 1 to 500 | Most orders in one API request. |\n",
		"| `SETTLE` | `15m` | 0s or more | How long a finished order must stay unchanged before it is no longer looked at. |\n",
	} {
		if !strings.Contains(Table(), row) {
			t.Errorf("no row %q in\n%s", row, Table())
		}
	}
}

func TestEveryKindHasATopic(t *testing.T) {
	events := load1(t, with()).Topics.Events()
	for _, k := range order.Kinds() {
		if events[k] == "" {
			t.Errorf("kind %d (%s) has no topic: add a line to Topics with kind:%q in its tag", k, k, k)
		}
	}
}
