package broker

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// TLSConfig reads the files of a TLS connection: ca trusts the brokers (empty =
// the system's roots), cert and key identify this client (both or neither).
// Errors name the setting.
func TLSConfig(ca, cert, key string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("KAFKA_TLS_CA_FILE: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("KAFKA_TLS_CA_FILE: %s holds no PEM certificate", ca)
		}
	}
	if (cert == "") != (key == "") {
		return nil, errors.New("KAFKA_TLS_CERT_FILE and KAFKA_TLS_KEY_FILE: give both or neither")
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("KAFKA_TLS_CERT_FILE, KAFKA_TLS_KEY_FILE: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// SASL returns the authentication for a mechanism: PLAIN, SCRAM-SHA-256 or
// SCRAM-SHA-512; nil for none. Errors name the setting.
func SASL(mechanism, user, password string) (sasl.Mechanism, error) {
	if mechanism == "" {
		if user != "" || password != "" {
			return nil, errors.New("KAFKA_SASL_MECHANISM is empty while a user or password is given: set PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
		}
		return nil, nil
	}
	if user == "" || password == "" {
		return nil, errors.New("KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD: KAFKA_SASL_MECHANISM needs both")
	}
	switch mechanism {
	case "PLAIN":
		return plain.Mechanism{Username: user, Password: password}, nil
	case "SCRAM-SHA-256":
		return scramOf(scram.SHA256, user, password)
	case "SCRAM-SHA-512":
		return scramOf(scram.SHA512, user, password)
	}
	return nil, fmt.Errorf("KAFKA_SASL_MECHANISM: %q is none of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512", mechanism)
}

func scramOf(algorithm scram.Algorithm, user, password string) (sasl.Mechanism, error) {
	m, err := scram.Mechanism(algorithm, user, password)
	if err != nil { // it quotes what it does not like
		return nil, errors.New("KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD: a character that SCRAM does not allow")
	}
	return m, nil
}
