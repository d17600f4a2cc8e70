package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// normalise gives values that mean the same one form.
func (l *loading) normalise() {
	l.Topics.Replication = max(l.Topics.Replication, 0)
	for _, addr := range []*string{&l.HTTPAddr, &l.Callback.Addr} {
		if strings.EqualFold(*addr, "off") {
			*addr = ""
		}
	}
}

// check adds what only several settings together, or a look at their meaning,
// can show.
func (l *loading) check() {
	l.checkBrokers()
	l.checkTLS()
	l.checkSASL()
	l.checkTopics()
	l.checkCallbot()
	l.checkFollow()
	l.checkRegistry()
	l.checkPhone()
	l.checkListen("HTTP_ADDR", l.HTTPAddr)
	l.checkListen("CALLBACK_ADDR", l.Callback.Addr)
	if l.HTTPAddr != "" && l.HTTPAddr == l.Callback.Addr && !strings.HasSuffix(l.HTTPAddr, ":0") {
		l.problem("CALLBACK_ADDR", "is HTTP_ADDR too: callbacks come from outside and need an address of their own")
	}
}

// checkListen wants an address to serve at, or none.
func (l *loading) checkListen(name, addr string) {
	if addr == "" {
		return
	}
	if err := checkHostPort(addr, 0); err != nil {
		l.problem(name, "%s %v, nor off", quote(addr), err)
	}
}

func (l *loading) checkBrokers() {
	if len(l.Kafka.Brokers) == 0 {
		l.problem("KAFKA_BROKERS", "names no broker")
	}
	for i, b := range l.Kafka.Brokers {
		// Not quoted: an address copied from elsewhere may hold a password.
		host, _, _ := net.SplitHostPort(b)
		if err := checkHostPort(b, 1); err != nil || host == "" || strings.ContainsAny(b, "@/ ") {
			l.problem("KAFKA_BROKERS", "entry %d is not host:port, such as kafka-1:9092", i+1)
		}
	}
}

// checkHostPort wants a port from minPort on; the host may be empty.
func checkHostPort(addr string, minPort uint64) error {
	_, port, err := net.SplitHostPort(addr)
	if err == nil {
		var n uint64
		if n, err = strconv.ParseUint(port, 10, 16); err == nil && n >= minPort {
			return nil
		}
	}
	return errors.New("is not host:port")
}

func (l *loading) checkTLS() {
	t := l.Kafka.TLS
	for _, f := range []struct{ name, path string }{
		{"KAFKA_TLS_CA_FILE", t.CAFile}, {"KAFKA_TLS_CERT_FILE", t.CertFile}, {"KAFKA_TLS_KEY_FILE", t.KeyFile},
	} {
		if f.path == "" || !l.noneWrong("KAFKA_TLS_ENABLED") {
			continue
		}
		if !t.Enabled {
			l.problem(f.name, "is given, but the connection is not encrypted: set KAFKA_TLS_ENABLED=true, or leave the file out")
		} else if err := readable(f.path); err != nil {
			l.problem(f.name, "the file can't be read: %v", err)
		}
	}
	switch {
	case t.CertFile != "" && t.KeyFile == "":
		l.problem("KAFKA_TLS_KEY_FILE", "is required with KAFKA_TLS_CERT_FILE")
	case t.KeyFile != "" && t.CertFile == "":
		l.problem("KAFKA_TLS_CERT_FILE", "is required with KAFKA_TLS_KEY_FILE")
	}
}

func readable(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return withoutPath(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return errors.New("is a directory")
	}
	return nil
}

func (l *loading) checkSASL() {
	s := l.Kafka.SASL
	if s.Mechanism != "" {
		l.requireWith("KAFKA_SASL_USERNAME", s.Username, "KAFKA_SASL_MECHANISM")
		l.requireWith("KAFKA_SASL_PASSWORD", string(s.Password), "KAFKA_SASL_MECHANISM")
	} else if s.Username != "" || s.Password != "" {
		l.requireWith("KAFKA_SASL_MECHANISM", "", "KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD")
	}
}

// requireWith wants a value for a setting because another one is given.
func (l *loading) requireWith(name, value, with string) {
	if value == "" && l.noneWrong(name) {
		l.problem(name, "is required with %s", with)
	}
}

// topicName is what Kafka takes for a topic, 249 bytes at most
// (org.apache.kafka.common.internals.Topic).
var topicName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

func (l *loading) checkTopics() {
	// Kafka names a topic's metrics with _ for . and refuses a second topic
	// that gets the same name.
	taken := map[string]string{}
	for _, f := range l.Topics.fields() {
		topic := f.value.String()
		if !topicName.MatchString(topic) || topic == "." || topic == ".." {
			l.problem(f.Name, "%s is not a topic name: 1 to 249 letters, digits, dots, dashes and underscores", quote(topic))
			continue
		}
		metric := strings.ReplaceAll(topic, ".", "_")
		if other, ok := taken[metric]; ok {
			l.problem(f.Name, "%s is taken by %s (Kafka counts . and _ as the same): each topic needs a name of its own", quote(topic), other)
			continue
		}
		taken[metric] = f.Name
	}
}

func (l *loading) checkCallbot() {
	base, err := baseURL(l.Callbot.BaseURL)
	if err != nil {
		l.problem("CALLBOT_BASE_URL", "%v", err)
	}
	l.Callbot.BaseURL = base
	for _, r := range l.Callbot.UUID {
		if r <= ' ' || r > '~' {
			l.problem("CALLBOT_UUID", "holds white space or a character outside ASCII, which the API's header can't carry")
			break
		}
	}
}

var errLoginInURL = errors.New("holds a user or password: leave them out of the address")

// baseURL checks an address to which paths are joined and returns it without
// a slash at its end. Its error never shows the address: it may hold a
// password.
func baseURL(raw string) (string, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https":
		return "", errors.New("is not an address that begins with http:// or https://")
	case u.Hostname() == "":
		return "", errors.New("names no host")
	case u.Port() != "" && checkHostPort(":"+u.Port(), 1) != nil:
		return "", errors.New("has a port out of bounds: 1 to 65535")
	case u.User != nil:
		return "", errLoginInURL
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", errors.New("has a query or fragment: leave out what follows ? or #")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

func (l *loading) checkFollow() {
	f := l.Follow
	if l.noneWrong("POLL_MIN", "POLL_MAX") && f.PollMax < f.PollMin {
		l.problem("POLL_MAX", "%v is shorter than POLL_MIN (%v)", f.PollMax, f.PollMin)
	}
	if l.noneWrong("SETTLE", "FOLLOW_MAX") && f.FollowMax <= f.Settle {
		l.problem("FOLLOW_MAX", "%v is not longer than SETTLE (%v): every order would be given up", f.FollowMax, f.Settle)
	}
}

func (l *loading) checkRegistry() {
	r := l.Registry
	if r.URL != "" {
		base, err := baseURL(r.URL)
		switch {
		case errors.Is(err, errLoginInURL):
			l.problem("SCHEMA_REGISTRY_URL", "%v and set SCHEMA_REGISTRY_USERNAME and SCHEMA_REGISTRY_PASSWORD", err)
		case err != nil:
			l.problem("SCHEMA_REGISTRY_URL", "%v", err)
		}
		l.Registry.URL = base
	}
	switch {
	case r.Username != "":
		l.requireWith("SCHEMA_REGISTRY_PASSWORD", string(r.Password), "SCHEMA_REGISTRY_USERNAME")
	case r.Password != "":
		l.requireWith("SCHEMA_REGISTRY_USERNAME", "", "SCHEMA_REGISTRY_PASSWORD")
	}
}

// minHMACKey, in bytes: 128 bits, the least that keeps a search of all keys out of
// reach (NIST SP 800-131A asks for 112). Phone numbers are few, so the key is
// all that protects them.
const minHMACKey = 16

func (l *loading) checkPhone() {
	e := l.Events
	if e.Phone != "hmac" {
		return
	}
	l.requireWith("PHONE_HMAC_KEY", string(e.PhoneHMACKey), "PHONE=hmac")
	if e.PhoneHMACKey != "" && len(e.PhoneHMACKey) < minHMACKey {
		l.problem("PHONE_HMAC_KEY", "is too short: %d bytes or more", minHMACKey)
	}
}

// minBrokerSession is a broker's default lower bound
// (group.min.session.timeout.ms).
const minBrokerSession = 6 * time.Second

// warn notes what is allowed but looks like a mistake.
func (l *loading) warn() {
	for _, w := range []struct {
		when bool
		text string
	}{
		{l.Kafka.SessionTimeout < minBrokerSession,
			fmt.Sprintf("KAFKA_SESSION_TIMEOUT is under %v, which brokers refuse unless their group.min.session.timeout.ms is lowered", minBrokerSession)},
		{l.Kafka.SASL.Mechanism == "PLAIN" && !l.Kafka.TLS.Enabled && !l.brokersLocal(),
			"KAFKA_SASL_MECHANISM=PLAIN without KAFKA_TLS_ENABLED=true sends the password unencrypted"},
		{plainHTTP(l.Callbot.BaseURL),
			"CALLBOT_BASE_URL is plain http: the account, phone numbers and transcripts cross the network unencrypted"},
		{plainHTTP(l.Registry.URL) && l.Registry.Password != "",
			"SCHEMA_REGISTRY_URL is plain http: the password crosses the network unencrypted"},
		{l.Registry.URL == "" && l.Registry.Username != "",
			"SCHEMA_REGISTRY_USERNAME has no effect without SCHEMA_REGISTRY_URL"},
		{l.Events.Phone != "hmac" && l.Events.PhoneHMACKey != "",
			"PHONE_HMAC_KEY has no effect without PHONE=hmac"},
	} {
		if w.when {
			l.warning("%s", w.text)
		}
	}
}

func (l *loading) brokersLocal() bool {
	for _, b := range l.Kafka.Brokers {
		if host, _, _ := net.SplitHostPort(b); !loopback(host) {
			return false
		}
	}
	return true
}

// plainHTTP reports whether an address is reached unencrypted, off this
// machine.
func plainHTTP(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "http" && !loopback(u.Hostname())
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
