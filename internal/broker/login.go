package broker

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// SASL returns the authentication for a mechanism: PLAIN, SCRAM-SHA-256 or
// SCRAM-SHA-512; nil for none. The password is asked for at each connection, and
// may be another one each time. Errors name the setting.
func SASL(mechanism, user string, password func() string) (sasl.Mechanism, error) {
	if mechanism == "" {
		if user != "" || password() != "" {
			return nil, errors.New("KAFKA_SASL_MECHANISM is empty while a user or password is given: set PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
		}
		return nil, nil
	}
	if user == "" || password() == "" {
		return nil, errors.New("KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD: KAFKA_SASL_MECHANISM needs both")
	}
	l := login{mechanism, user, password}
	_, err := l.now()
	return l, err
}

// login logs in with the password as it is at each connection.
type login struct {
	mechanism, user string
	password        func() string
}

// Name implements sasl.Mechanism.
func (l login) Name() string { return l.mechanism }

// Start implements sasl.Mechanism.
func (l login) Start(ctx context.Context) (sasl.StateMachine, []byte, error) {
	m, err := l.now()
	if err != nil {
		return nil, nil, err
	}
	return m.Start(ctx)
}

func (l login) now() (sasl.Mechanism, error) {
	switch l.mechanism {
	case "PLAIN":
		return plain.Mechanism{Username: l.user, Password: l.password()}, nil
	case "SCRAM-SHA-256":
		return scramOf(scram.SHA256, l.user, l.password())
	case "SCRAM-SHA-512":
		return scramOf(scram.SHA512, l.user, l.password())
	}
	return nil, fmt.Errorf("KAFKA_SASL_MECHANISM: %q is none of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512", l.mechanism)
}

func scramOf(algorithm scram.Algorithm, user, password string) (sasl.Mechanism, error) {
	m, err := scram.Mechanism(algorithm, user, password)
	if err != nil { // it quotes what it does not like
		return nil, errors.New("KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD: a character that SCRAM does not allow")
	}
	return m, nil
}
