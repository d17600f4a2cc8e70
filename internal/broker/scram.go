package broker

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"github.com/segmentio/kafka-go/sasl"
)

// scram authenticates by SCRAM (RFC 5802, 7677) without channel binding. Like
// Kafka's brokers it takes user and password as UTF-8 as they are, without
// SASLprep.
type scram struct {
	name           string
	hash           func() hash.Hash
	user, password string
	nonce          func() string
}

func newSCRAM(mechanism, user, password string) scram {
	s := scram{name: mechanism, hash: sha256.New, user: user, password: password, nonce: rand.Text}
	if mechanism == "SCRAM-SHA-512" {
		s.hash = sha512.New
	}
	return s
}

// The bounds on the rounds a server may ask for. RFC 7677 and Kafka's brokers
// ask for 4096 at least; the upper one keeps a hostile server from burning CPU.
const (
	scramMinRounds = 4096
	scramMaxRounds = 1 << 20
)

// Name implements sasl.Mechanism.
func (s scram) Name() string { return s.name }

// Start implements sasl.Mechanism.
func (s scram) Start(context.Context) (sasl.StateMachine, []byte, error) {
	escaped := strings.NewReplacer("=", "=3D", ",", "=2C").Replace(s.user)
	talk := &scramTalk{scram: s, nonce: s.nonce()}
	talk.first = "n=" + escaped + ",r=" + talk.nonce
	return talk, []byte(gs2 + talk.first), nil
}

// gs2 says: no channel binding, no other identity.
const gs2 = "n,,"

// scramTalk is one authentication: client first, server first, client final,
// server final.
type scramTalk struct {
	scram
	nonce  string
	first  string // client-first-message-bare
	expect []byte // the server's signature, once the password has been proven
}

// Next implements sasl.StateMachine.
func (t *scramTalk) Next(_ context.Context, challenge []byte) (done bool, response []byte, err error) {
	fields := scramFields(string(challenge))
	if reason, ok := fields["e"]; ok {
		return false, nil, fmt.Errorf("the broker refuses the SCRAM exchange: %q", reason)
	}
	if t.expect == nil {
		response, err = t.prove(string(challenge), fields)
		return false, response, err
	}
	signature, err := base64.StdEncoding.DecodeString(fields["v"])
	if err != nil || !hmac.Equal(signature, t.expect) {
		return false, nil, errors.New("the broker does not know the password either: its SCRAM signature is wrong")
	}
	return true, nil, nil
}

// prove answers the server's first message.
func (t *scramTalk) prove(challenge string, fields map[string]string) ([]byte, error) {
	salt, err := base64.StdEncoding.DecodeString(fields["s"])
	if err != nil || len(salt) == 0 {
		return nil, errors.New("the broker's SCRAM salt is unreadable")
	}
	rounds, err := strconv.Atoi(fields["i"])
	if err != nil || rounds < scramMinRounds || rounds > scramMaxRounds {
		return nil, fmt.Errorf("the broker asks for %q SCRAM rounds, not %d to %d", fields["i"], scramMinRounds, scramMaxRounds)
	}
	if nonce := fields["r"]; len(nonce) <= len(t.nonce) || !strings.HasPrefix(nonce, t.nonce) {
		return nil, errors.New("the broker's SCRAM nonce does not continue ours")
	}
	final := "c=" + base64.StdEncoding.EncodeToString([]byte(gs2)) + ",r=" + fields["r"]
	said := t.first + "," + challenge + "," + final

	salted, err := pbkdf2.Key(t.hash, t.password, salt, rounds, t.hash().Size())
	if err != nil {
		return nil, fmt.Errorf("salt the password: %w", err)
	}
	key := t.mac(salted, "Client Key")
	stored := t.hash()
	stored.Write(key)
	proof := t.mac(stored.Sum(nil), said)
	for i := range proof {
		proof[i] ^= key[i]
	}
	t.expect = t.mac(t.mac(salted, "Server Key"), said)
	return []byte(final + ",p=" + base64.StdEncoding.EncodeToString(proof)), nil
}

func (t *scramTalk) mac(key []byte, text string) []byte {
	m := hmac.New(t.hash, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// scramFields splits a message like r=…,s=…,i=… .
func scramFields(message string) map[string]string {
	fields := map[string]string{}
	for part := range strings.SplitSeq(message, ",") {
		if name, value, ok := strings.Cut(part, "="); ok {
			fields[name] = value
		}
	}
	return fields
}
