package broker

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// TLS is what TLS connections to the brokers are made with. Its files are read
// again for each connection, so that certificates are renewed without a restart;
// connections that stand go on with what they began with.
type TLS struct {
	ca, cert, key string // paths; empty = none
	log           *slog.Logger

	mu        sync.Mutex
	caPEM     []byte // what roots were made from
	roots     *x509.CertPool
	certPEM   []byte // what pair was made from
	keyPEM    []byte
	pair      *tls.Certificate
	failing   map[string]bool // by setting: the last reading failed, and that was said
	toldEnded bool            // it was said that pair has expired
}

// NewTLS reads the files of TLS connections: ca trusts the brokers (empty = the
// system's roots), cert and key identify this client (both or neither). Errors
// name the setting.
func NewTLS(ca, cert, key string, log *slog.Logger) (*TLS, error) {
	if (cert == "") != (key == "") {
		return nil, errors.New("KAFKA_TLS_CERT_FILE and KAFKA_TLS_KEY_FILE: give both or neither")
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	t := &TLS{ca: ca, cert: cert, key: key, log: log, failing: map[string]bool{}}
	if err := t.readCA(); err != nil {
		return nil, fmt.Errorf("%s: %w", caSetting, err)
	}
	if err := t.readPair(); err != nil {
		return nil, fmt.Errorf("%s: %w", pairSettings, err)
	}
	return t, nil
}

const (
	caSetting    = "KAFKA_TLS_CA_FILE"
	pairSettings = "KAFKA_TLS_CERT_FILE, KAFKA_TLS_KEY_FILE"
)

// config is what the next connection to host is made with: the files as they are
// now. A file that is missing, half written, or not yet followed by the other
// half of its pair leaves what was last read well; that is said once.
func (t *TLS) config(host string) *tls.Config {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.renew(caSetting, t.ca, t.readCA)
	t.renew(pairSettings, t.cert, t.readPair)
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, RootCAs: t.roots}
	if t.pair != nil {
		config.Certificates = []tls.Certificate{*t.pair}
		t.tellEnded()
	}
	return config
}

func (t *TLS) renew(setting, path string, read func() error) {
	err := read()
	switch {
	case err != nil && !t.failing[setting]:
		t.log.Warn("a file can't be read again; what was last read well goes on", "setting", setting, "path", path, "error", err,
			"mend", "put the file back, certificate and key of one pair")
	case err == nil && t.failing[setting]:
		t.log.Info("a file can be read again", "setting", setting, "path", path)
	}
	t.failing[setting] = err != nil
}

func (t *TLS) readCA() error {
	if t.ca == "" {
		return nil
	}
	text, err := os.ReadFile(t.ca)
	if err != nil || t.roots != nil && bytes.Equal(text, t.caPEM) {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return fmt.Errorf("%s holds no PEM certificate", t.ca)
	}
	if t.roots != nil {
		t.log.Info("trusted authorities were read again", "setting", caSetting, "path", t.ca)
	}
	t.caPEM, t.roots = text, roots
	return nil
}

func (t *TLS) readPair() error {
	if t.cert == "" {
		return nil
	}
	cert, err := os.ReadFile(t.cert)
	if err != nil {
		return err
	}
	key, err := os.ReadFile(t.key)
	if err != nil || t.pair != nil && bytes.Equal(cert, t.certPEM) && bytes.Equal(key, t.keyPEM) {
		return err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return err
	}
	if t.pair != nil {
		t.log.Info("this client's certificate was read again", "setting", pairSettings, "path", t.cert, "not_after", pair.Leaf.NotAfter)
	}
	t.certPEM, t.keyPEM, t.pair, t.toldEnded = cert, key, &pair, false
	return nil
}

// tellEnded says once that the client's certificate is over. It is presented
// nevertheless: the clock that is wrong may be this one. The broker's refusal
// doesn't always get through: it may close the connection first.
func (t *TLS) tellEnded() {
	if ended := t.pair.Leaf.NotAfter; !t.toldEnded && time.Now().After(ended) {
		t.toldEnded = true
		t.log.Error("this client's certificate has expired", "setting", "KAFKA_TLS_CERT_FILE", "path", t.cert, "not_after", ended,
			"mend", "put a renewed certificate and its key in place, or check this machine's clock; no restart is needed")
	}
}
