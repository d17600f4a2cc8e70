package broker

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"callstream/internal/embedded"
)

// identity is the self-signed certificate that httptest serves 127.0.0.1 with,
// also in files.
func identity(t *testing.T) (pair tls.Certificate, certFile, keyFile string) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	server.Close()
	pair = server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	file := func(kind string, der []byte) string {
		name := filepath.Join(t.TempDir(), "pem")
		if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	return pair, file("CERTIFICATE", pair.Certificate[0]), file("PRIVATE KEY", key)
}

// freeAddr is an address where nothing listens.
func freeAddr(t *testing.T) *net.TCPAddr {
	t.Helper()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	return closed.Addr().(*net.TCPAddr)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// fixed is a password that stays.
func fixed(password string) func() string { return func() string { return password } }

func TestOpenNamesTheMend(t *testing.T) {
	t.Parallel()
	pair, ca, key := identity(t)
	trusting, distrusting, identified := must(NewTLS(ca, "", "", nil)), must(NewTLS("", "", "", nil)), must(NewTLS(ca, ca, key, nil))
	nobody := freeAddr(t).String()
	encrypted := kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}})
	users := []kfake.Opt{
		kfake.EnableSASL(), kfake.Superuser("PLAIN", "plain", "secret"),
		kfake.Superuser("SCRAM-SHA-256", "scram=,256", "secret"), kfake.Superuser("SCRAM-SHA-512", "scram512", "sécret"),
	}
	for name, c := range map[string]struct {
		cluster []kfake.Opt
		change  func(*Config)
		want    string // empty: it opens
	}{
		"nothing listens":          {change: func(c *Config) { c.Brokers = []string{nobody} }, want: "nothing listens there"},
		"one of two listens":       {change: func(c *Config) { c.Brokers = append(c.Brokers, nobody) }},
		"no address":               {change: func(c *Config) { c.Brokers = nil }, want: "KAFKA_BROKERS is empty"},
		"no port":                  {change: func(c *Config) { c.Brokers = []string{"kafka"} }, want: "KAFKA_BROKERS"},
		"no such name":             {change: func(c *Config) { c.Brokers = []string{"kafka.invalid:9092"} }, want: "KAFKA_BROKERS"},
		"topic without name":       {change: func(c *Config) { c.Topics.State = "" }, want: "TOPIC_* is empty"},
		"one name for two topics":  {change: func(c *Config) { c.Topics.State = c.Topics.Requests }, want: "TOPIC_REQUESTS and another"},
		"TLS":                      {cluster: []kfake.Opt{encrypted}, change: func(c *Config) { c.TLS = trusting }},
		"TLS with an identity":     {cluster: []kfake.Opt{encrypted}, change: func(c *Config) { c.TLS = identified }},
		"TLS, authority not known": {cluster: []kfake.Opt{encrypted}, change: func(c *Config) { c.TLS = distrusting }, want: "KAFKA_TLS_CA_FILE"},
		"TLS not turned on":        {cluster: []kfake.Opt{encrypted}, want: "KAFKA_TLS_ENABLED"},
		"TLS where there is none":  {change: func(c *Config) { c.TLS = trusting }, want: "KAFKA_TLS_ENABLED"},
		"PLAIN":                    {cluster: users, change: func(c *Config) { c.SASL = must(SASL("PLAIN", "plain", fixed("secret"))) }},
		"SCRAM-SHA-256":            {cluster: users, change: func(c *Config) { c.SASL = must(SASL("SCRAM-SHA-256", "scram=,256", fixed("secret"))) }},
		"SCRAM-SHA-512":            {cluster: users, change: func(c *Config) { c.SASL = must(SASL("SCRAM-SHA-512", "scram512", fixed("sécret"))) }},
		"wrong PLAIN password":     {cluster: users, change: func(c *Config) { c.SASL = must(SASL("PLAIN", "plain", fixed("hunter2"))) }, want: "KAFKA_SASL_PASSWORD"},
		"wrong SCRAM password":     {cluster: users, change: func(c *Config) { c.SASL = must(SASL("SCRAM-SHA-256", "scram=,256", fixed("hunter2"))) }, want: "KAFKA_SASL_PASSWORD"},
		"SASL not turned on":       {cluster: users, want: "KAFKA_SASL_MECHANISM"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most wait for a second
			cfg := fakeLab(t, embedded.Config{Options: c.cluster}).config(t)
			if c.change != nil {
				c.change(&cfg)
			}
			if c.want == "" {
				once(t, prepared(t, cfg), func(context.Context, *Session) error { return nil })
				return
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_, err := Open(ctx, cfg)
			wantError(t, err, c.want)
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

// The bootstrap address answers and advertises one that does not.
func TestOpenReachesTheAdvertisedAddresses(t *testing.T) {
	l := fakeLab(t, embedded.Config{})
	port := freeAddr(t).Port
	l.fake.Cluster().ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		l.fake.Cluster().KeepControl()
		res := req.ResponseKind().(*kmsg.MetadataResponse)
		res.Brokers = []kmsg.MetadataResponseBroker{{Host: "127.0.0.1", Port: int32(port)}}
		return res, nil, true
	})
	_, err := Open(timely(t), l.config(t))
	wantError(t, err, "advertised.listeners")
}

// A broker that is slow to start is waited for.
func TestOpenWaitsForTheBroker(t *testing.T) {
	l := fakeLab(t, embedded.Config{})
	refused := 0
	l.fake.Cluster().ControlKey(int16(kmsg.ApiVersions), func(kmsg.Request) (kmsg.Response, error, bool) {
		if refused++; refused > 2 {
			l.fake.Cluster().DropControl()
			return nil, nil, false
		}
		l.fake.Cluster().KeepControl()
		return nil, net.ErrClosed, true
	})
	b := open(t, l.config(t))
	if err := b.Prepare(timely(t)); err != nil {
		t.Error(err)
	}
}

func TestNewTLSNamesTheSetting(t *testing.T) {
	_, cert, key := identity(t)
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ ca, cert, key, want string }{
		"no such authority":      {ca: "/nowhere", want: "KAFKA_TLS_CA_FILE"},
		"no authority in it":     {ca: empty, want: "KAFKA_TLS_CA_FILE"},
		"certificate alone":      {cert: cert, want: "both or neither"},
		"key alone":              {key: key, want: "both or neither"},
		"no certificate in it":   {cert: empty, key: key, want: "KAFKA_TLS_CERT_FILE"},
		"all":                    {ca: cert, cert: cert, key: key},
		"the system's authority": {},
	} {
		t.Run(name, func(t *testing.T) {
			files, err := NewTLS(c.ca, c.cert, c.key, nil)
			if wantMend(t, err, c.want); err == nil && files.config("h").MinVersion != tls.VersionTLS12 {
				t.Error("older versions of TLS are allowed")
			}
		})
	}
}

func TestSASLNamesTheSetting(t *testing.T) {
	for name, c := range map[string]struct{ mechanism, user, password, want string }{
		"none":                     {},
		"unknown":                  {"GSSAPI", "u", "p", "KAFKA_SASL_MECHANISM"},
		"user without mechanism":   {"", "u", "", "KAFKA_SASL_MECHANISM"},
		"mechanism without user":   {"PLAIN", "", "p", "KAFKA_SASL_USERNAME"},
		"mechanism without secret": {"SCRAM-SHA-512", "u", "", "KAFKA_SASL_PASSWORD"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := SASL(c.mechanism, c.user, fixed(c.password))
			wantMend(t, err, c.want)
		})
	}
}

// wantMend holds an error to the setting it is to name; none = no error.
func wantMend(t *testing.T, err error, setting string) {
	t.Helper()
	if setting != "" {
		wantError(t, err, setting)
	} else if err != nil {
		t.Error(err)
	}
}
