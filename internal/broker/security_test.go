package broker

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"callstream/internal/embedded"
)

// authority signs certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t, key: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key))
	a.cert = must(x509.ParseCertificate(der))
	a.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a
}

// issue makes a pair for localhost, in PEM.
func (a *authority) issue(name string, notAfter time.Time) (cert, key []byte) {
	a.t.Helper()
	private := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: notAfter,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	der := must(x509.CreateCertificate(rand.Reader, template, a.cert, &private.PublicKey, a.key))
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(private))})
}

// Each step changes a file of the client and says whom the server, signed by
// "one", meets then; "" = it is not trusted.
func TestTLSFilesAreReadAgain(t *testing.T) {
	one, two := newAuthority(t, "one"), newAuthority(t, "two")
	hour := time.Now().Add(time.Hour)
	old, oldKey := one.issue("old", hour)
	renewed, renewedKey := one.issue("renewed", hour)
	over, overKey := one.issue("over", time.Now().Add(-time.Minute))
	served, servedKey := one.issue("server", hour)
	clients := x509.NewCertPool()
	clients.AddCert(one.cert)
	server := must(tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{must(tls.X509KeyPair(served, servedKey))}, ClientAuth: tls.RequestClientCert,
	}))
	defer server.Close()
	met := make(chan string, 1)
	go func() {
		for {
			c, err := server.Accept()
			if err != nil {
				return
			}
			s := c.(*tls.Conn)
			if s.Handshake() == nil {
				met <- s.ConnectionState().PeerCertificates[0].Subject.CommonName
			}
			_ = s.Close()
		}
	}()
	folder := t.TempDir()
	ca, cert, key := filepath.Join(folder, "ca"), filepath.Join(folder, "cert"), filepath.Join(folder, "key")
	put := func(path string, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(ca, one.pem)
	put(cert, old)
	put(key, oldKey)
	var log bytes.Buffer
	b := &Broker{cfg: Config{TLS: must(NewTLS(ca, cert, key, slog.New(slog.NewTextHandler(&log, nil))))}}
	_, port, _ := net.SplitHostPort(server.Addr().String())
	for _, step := range []struct {
		what   string
		change func()
		want   string
		logged string // empty: nothing
	}{
		{"as at start", func() {}, "old", ""},
		{"the certificate alone is replaced", func() { put(cert, renewed) }, "old", "does not match"},
		{"still", func() {}, "old", ""},
		{"the key too", func() { put(key, renewedKey) }, "renewed", "was read again"},
		{"unchanged", func() {}, "renewed", ""},
		{"the key is half written", func() { put(key, renewedKey[:20]) }, "renewed", "can't be read again"},
		{"a pair that is over", func() { put(cert, over); put(key, overKey) }, "over", "has expired"},
		{"that is said once", func() {}, "over", ""},
		{"the authority is cut", func() { put(ca, nil) }, "over", "KAFKA_TLS_CA_FILE"},
		{"the authority is another", func() { put(ca, two.pem) }, "", "authorities were read again"},
		{"both are trusted", func() { put(ca, append(two.pem, one.pem...)) }, "over", "authorities were read again"},
	} {
		log.Reset()
		step.change()
		c, err := b.connect(t.Context(), "tcp", "localhost:"+port)
		if err != nil {
			if !is[x509.UnknownAuthorityError](err) || step.want != "" {
				t.Fatalf("%s: %v", step.what, err)
			}
		} else {
			_ = c.Close()
			if got := <-met; got != step.want {
				t.Errorf("%s: the server met %q, want %q", step.what, got, step.want)
			}
		}
		if text := log.String(); !strings.Contains(text, step.logged) || step.logged == "" && text != "" || strings.Contains(text, "PRIVATE") {
			t.Errorf("%s: logged %q", step.what, text)
		}
	}
}

// The name that is dialled is the one the certificate must have.
func TestTLSChecksTheName(t *testing.T) {
	one := newAuthority(t, "one")
	pair := must(tls.X509KeyPair(one.issue("server", time.Now().Add(time.Hour))))
	l := fakeLab(t, embedded.Config{Options: []kfake.Opt{kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}})}})
	ca := filepath.Join(t.TempDir(), "ca")
	if err := os.WriteFile(ca, one.pem, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := l.config(t)
	cfg.TLS = must(NewTLS(ca, "", "", nil))
	_, err := Open(timely(t), cfg) // by 127.0.0.1
	wantError(t, err, "use a name in KAFKA_BROKERS")
}

// Each conversation is held with the password of that moment.
func TestSASLAsksForThePasswordEachTime(t *testing.T) {
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		asked := 0
		m := must(SASL(mechanism, "u", func() string { asked++; return "p" }))
		for range 3 {
			before := asked
			if _, _, err := m.Start(t.Context()); err != nil || asked == before {
				t.Errorf("%s: the password was asked for %d times, %v", mechanism, asked-before, err)
			}
		}
	}
}

// Passwords are rotated: the broker refuses the old one more often than it may
// refuse anything else, and the member is there again when it has the new one.
func TestConsumeWaitsForRotatedCredentials(t *testing.T) {
	l := fakeLab(t, embedded.Config{Options: []kfake.Opt{kfake.EnableSASL(), kfake.Superuser("PLAIN", "u", "secret")}})
	cfg := l.config(t)
	cfg.SASL = must(SASL("PLAIN", "u", fixed("secret")))
	b := prepared(t, cfg)
	refused := 0
	l.fake.Cluster().ControlKey(int16(kmsg.SASLAuthenticate), func(req kmsg.Request) (kmsg.Response, error, bool) {
		if refused++; refused > 2*refusals {
			return nil, nil, false
		}
		l.fake.Cluster().KeepControl()
		res := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		res.ErrorCode = kerr.SaslAuthenticationFailed.Code
		return res, nil, true
	})
	once(t, b, func(context.Context, *Session) error { return nil })
	if refused <= 2*refusals {
		t.Errorf("the broker refused %d times only", refused)
	}
}

func TestRotates(t *testing.T) {
	for _, err := range []error{
		kafka.SASLAuthenticationFailed, x509.UnknownAuthorityError{}, x509.CertificateInvalidError{}, errors.New("remote error: tls: bad certificate"),
	} {
		if _, refused := remedy(err); !refused || !rotates(err) {
			t.Errorf("%v: refused %v, rotates %v; want both", err, refused, rotates(err))
		}
	}
	if rotates(kafka.TopicAuthorizationFailed) {
		t.Error("an ACL is in no file")
	}
}
