package broker

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/segmentio/kafka-go"
)

// remedies say what mends an error of the protocol. Refused are those that a
// person must mend and time alone will not: a wrong password, unlike replicas
// that are out of sync.
var remedies = []struct {
	code    kafka.Error
	refused bool
	mend    string
}{
	{kafka.SASLAuthenticationFailed, true, "check KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD and KAFKA_SASL_MECHANISM: the broker refuses them"},
	{kafka.UnsupportedSASLMechanism, true, "set KAFKA_SASL_MECHANISM to one the broker's listener offers"},
	{kafka.IllegalSASLState, true, "the listener in KAFKA_BROKERS takes no SASL: unset KAFKA_SASL_MECHANISM or use another port"},
	{kafka.TopicAuthorizationFailed, true, "grant the account Read, Write and Describe on the topics named by TOPIC_*, and Create or TOPIC_AUTO_CREATE=false"},
	{kafka.GroupAuthorizationFailed, true, "grant the account Read on the group named by KAFKA_GROUP_ID"},
	{kafka.ClusterAuthorizationFailed, true, "grant the account Create on the cluster, or create the topics and set TOPIC_AUTO_CREATE=false"},
	{kafka.InvalidSessionTimeout, true, "set KAFKA_SESSION_TIMEOUT between the broker's group.min.session.timeout.ms and group.max.session.timeout.ms"},
	{kafka.InvalidGroupId, true, "set KAFKA_GROUP_ID to a name the broker takes"},
	{kafka.InconsistentGroupProtocol, true, "the group named by KAFKA_GROUP_ID is used by another kind of consumer: set another"},
	{kafka.GroupMaxSizeReached, true, "the group has as many members as group.max.size allows: run fewer instances"},
	{kafka.InvalidReplicationFactor, true, "set TOPIC_REPLICATION to no more than there are brokers"},
	{kafka.InvalidPartitionNumber, true, "set TOPIC_PARTITIONS to 1 or more"},
	{kafka.PolicyViolation, true, "the cluster's policy forbids it: create the topics by its rules, and set TOPIC_AUTO_CREATE=false"},
	{kafka.InvalidConfiguration, true, "the cluster refuses the topic's settings: create the topics by its rules, and set TOPIC_AUTO_CREATE=false"},
	{kafka.InvalidTopic, true, "choose topic names of letters, digits, '.', '_' and '-' in TOPIC_*"},
	{kafka.InvalidRecord, true, "the topic refuses the record: event and dead-letter topics need cleanup.policy=delete"},
	{kafka.UnsupportedCompressionType, true, "the broker is too old for zstd: callstream needs Kafka 2.4 or later"},
	{kafka.UnsupportedVersion, true, "the broker is too old: callstream needs Kafka 2.4 or later"},
	{kafka.NotEnoughReplicas, false, "fewer replicas are in sync than the topic's min.insync.replicas: bring the missing brokers back"},
	{kafka.NotEnoughReplicasAfterAppend, false, "fewer replicas are in sync than the topic's min.insync.replicas: bring the missing brokers back"},
	{kafka.UnknownTopicOrPartition, false, "if it lasts, the topic was deleted: create it again, or restart with TOPIC_AUTO_CREATE=true"},
}

// remedy says what would mend err, if that is known, and whether the other side
// refuses, so that time alone won't mend it.
func remedy(err error) (mend string, refused bool) {
	if err == nil {
		return "", false
	}
	for _, r := range remedies {
		if errors.Is(err, r.code) {
			return r.mend, r.refused
		}
	}
	switch {
	case is[x509.UnknownAuthorityError](err):
		return "set KAFKA_TLS_CA_FILE to the authority that signed the brokers' certificates", true
	case is[x509.HostnameError](err):
		return "use a name in KAFKA_BROKERS (and advertised.listeners) that the brokers' certificate has", true
	case is[x509.CertificateInvalidError](err):
		return "the brokers' certificate is not valid (expired?): renew it, or check this machine's clock", true
	case is[tls.RecordHeaderError](err):
		return "the listener in KAFKA_BROKERS speaks no TLS: set KAFKA_TLS_ENABLED=false or use another port", true
	case alerted(err):
		return "the broker refuses this client's certificate: check KAFKA_TLS_CERT_FILE and KAFKA_TLS_KEY_FILE", true
	case strings.Contains(err.Error(), "expecting TLS"):
		return "the listener in KAFKA_BROKERS speaks TLS: set KAFKA_TLS_ENABLED=true", true
	case is[*net.DNSError](err):
		return "no address is known for the broker's name: check KAFKA_BROKERS", false
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: check that the broker runs and KAFKA_BROKERS names its port", false
	case hungUp(err) && strings.Contains(err.Error(), handshake):
		return "the broker hangs up on TLS: if it lasts, its listener speaks none: set KAFKA_TLS_ENABLED=false or use another port", false
	case hungUp(err):
		return "the broker hangs up: if it lasts, its listener wants something else (KAFKA_TLS_ENABLED, KAFKA_SASL_MECHANISM) or refuses KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD", false
	}
	return "", false
}

// hungUp reports whether the peer closed the connection without a word.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}

// rotates reports whether what is refused may be on its way: a password, a
// certificate or an authority that one side has replaced already and the other
// has not. Their files are read at each connection (NewTLS, SASL).
func rotates(err error) bool {
	return errors.Is(err, kafka.SASLAuthenticationFailed) || is[x509.UnknownAuthorityError](err) ||
		is[x509.CertificateInvalidError](err) || alerted(err)
}

// alerted reports whether the peer has sent an alert, of an unexported type.
func alerted(err error) bool { return strings.Contains(err.Error(), "remote error: tls:") }

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
