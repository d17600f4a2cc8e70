// Package config is the one place that reads the environment. It owns the
// settings: their names, defaults, bounds and meaning stand once, in the tags of
// the structs below, and serve the parser, the checks, the table of docs/settings.md and
// the log. It hands out plain values; the adapters turn them into clients. No
// message of this package holds a secret's value.
package config

import "time"

// Config is every setting, checked and normalised.
type Config struct {
	Kafka    Kafka    `envPrefix:"KAFKA_"`
	Topics   Topics   `envPrefix:"TOPIC_"`
	Callbot  Callbot  `envPrefix:"CALLBOT_"`
	Callback Callback `envPrefix:"CALLBACK_"`
	Batch    Batch    `envPrefix:"BATCH_"`
	Follow   Follow   // no prefix
	Registry Registry `envPrefix:"SCHEMA_REGISTRY_"`
	Events   Events   // no prefix
	// HTTPAddr is where health and metrics are served; empty: nowhere.
	HTTPAddr string `env:"HTTP_ADDR" envDefault:":8080" doc:"Where health, readiness and metrics are served, as host:port; \"off\" serves nothing."`
	Log      Log    `envPrefix:"LOG_"`

	warnings []string
	files    map[string]string // setting → the file it was read from
}

// Kafka is how the brokers are reached and how instances share the work.
type Kafka struct {
	// Brokers has at least one entry, each host:port.
	Brokers []string `env:"BROKERS" envDefault:"localhost:9092" doc:"Brokers to start from, as host:port, separated by commas."`
	GroupID string   `env:"GROUP_ID" envDefault:"callstream" doc:"Consumer group; the partitions of the request topic belong to its instances."`
	// SessionTimeout: a broker's own upper bound is 30 minutes
	// (group.max.session.timeout.ms).
	SessionTimeout time.Duration `env:"SESSION_TIMEOUT" envDefault:"10s" min:"1s" max:"30m" doc:"How long an instance may be silent before its partitions move; work in flight is given up at half of it."`
	Assignment     string        `env:"ASSIGNMENT" envDefault:"pack" oneof:"pack spread" doc:"Which instances hold partitions: as few as CALLBOT_RATE_LIMIT needs (one for each 50 requests a second), the others standing by; or all of them."`
	TLS            TLS           `envPrefix:"TLS_"`
	SASL           SASL          `envPrefix:"SASL_"`
}

// TLS names the files of an encrypted connection to the brokers.
type TLS struct {
	Enabled  bool   `env:"ENABLED" envDefault:"false" doc:"Encrypt the connection to the brokers."`
	CAFile   string `env:"CA_FILE" doc:"PEM file of the authorities to trust; none: the system's."`
	CertFile string `env:"CERT_FILE" doc:"PEM file of the client's certificate, for mutual TLS."`
	KeyFile  string `env:"KEY_FILE" doc:"PEM file of the client's key, for mutual TLS."`
}

// SASL is the account at the brokers; an empty Mechanism means none.
type SASL struct {
	Mechanism string `env:"MECHANISM" oneof:"PLAIN SCRAM-SHA-256 SCRAM-SHA-512" doc:"How to log in to the brokers; none: no login."`
	Username  string `env:"USERNAME" doc:"User to log in as."`
	Password  Secret `env:"PASSWORD" file:"true" doc:"Password to log in with."`
}

// Topics are the topics' names and how missing ones are made.
type Topics struct {
	Requests    string `env:"REQUESTS" envDefault:"callbot.order-requests" doc:"Requests are read from here."`
	Status      string `env:"STATUS" kind:"call-status-changed" envDefault:"callbot.call-status-changed" doc:"CallStatusChanged events go here."`
	Completed   string `env:"COMPLETED" kind:"call-completed" envDefault:"callbot.call-completed" doc:"CallCompleted events go here."`
	Transcript  string `env:"TRANSCRIPT" kind:"transcript-line" envDefault:"callbot.transcript" doc:"TranscriptLine events go here."`
	State       string `env:"STATE" envDefault:"callbot.order-state" doc:"What has been announced is remembered here; compacted, with as many partitions as the requests."`
	DeadLetters string `env:"DEAD_LETTERS" envDefault:"callbot.order-requests.dead-letters" doc:"Requests and orders that can't be served go here, with the reason."`

	Partitions int `env:"PARTITIONS" envDefault:"6" min:"1" doc:"Partitions of a topic that is created."`
	// Replication 0 means the broker's default. Kafka counts replicas in an
	// int16.
	Replication int  `env:"REPLICATION" envDefault:"0" min:"-1" max:"32767" doc:"Replicas of a topic that is created; 0 or -1: the broker's default."`
	AutoCreate  bool `env:"AUTO_CREATE" envDefault:"true" doc:"Create missing topics at start."`
}

// Callbot is the API: where, who, and how hard it is asked.
type Callbot struct {
	// BaseURL has no slash at its end.
	BaseURL   string `env:"BASE_URL" envDefault:"https://nxbot.nxcloud.com" doc:"Address of the Callbot API."`
	UUID      string `env:"UUID" file:"true" required:"true" doc:"Account at the API; part of each event's ce_source."`
	SecretKey Secret `env:"SECRET_KEY" file:"true" required:"true" doc:"Key that signs requests to the API."`
	Algorithm string `env:"ALGORITHM" envDefault:"MD5" oneof:"MD5 SHA256" doc:"Hash of the signature."`
	// RateLimit: less than one request in 100 seconds would not keep up with a
	// single order.
	RateLimit   float64 `env:"RATE_LIMIT" envDefault:"2" min:"0.01" doc:"Requests a second that the whole group may spend; each instance asks in the time slots of the partitions it owns."`
	Concurrency int     `env:"CONCURRENCY" envDefault:"4" min:"1" doc:"Requests in flight at once, per instance."`
	// Timeout: under 100 ms a full batch can't be answered across a network.
	Timeout         time.Duration `env:"TIMEOUT" envDefault:"15s" min:"100ms" doc:"How long one request may take."`
	VerifyResponses string        `env:"VERIFY_RESPONSES" envDefault:"warn" oneof:"off warn strict" doc:"What to do about an answer whose signature is wrong: don't check, log and count, refuse."`
	Scout           bool          `env:"SCOUT" envDefault:"false" doc:"Spend some requests on asking listOrder which orders are in a call; it only says when to look."`
}

// Callback is how the API may call by itself.
type Callback struct {
	// Addr is empty where callbacks are not taken.
	Addr   string `env:"ADDR" envDefault:"off" doc:"Where the API's callbacks are taken, as host:port; \"off\" takes none."`
	Follow bool   `env:"FOLLOW" envDefault:"false" doc:"Begin to follow an order that a callback is about and nobody asked for; set it alike on all instances."`
}

// Batch is how orders are gathered into one API request.
type Batch struct {
	// Size: the API takes 500 orders a request.
	Size   int           `env:"SIZE" envDefault:"500" min:"1" max:"500" doc:"Most orders in one API request."`
	Linger time.Duration `env:"LINGER" envDefault:"100ms" min:"0s" doc:"How long a new order waits for others to fill its request."`
}

// Follow is how long and how often an order is looked at.
type Follow struct {
	// PollMin: the floor keeps a slip like 2ns from spinning.
	PollMin        time.Duration `env:"POLL_MIN" envDefault:"2s" min:"10ms" doc:"Shortest pause between two looks at an order."`
	PollMax        time.Duration `env:"POLL_MAX" envDefault:"5m" min:"10ms" doc:"Longest pause between two looks at an order, where the limit allows it."`
	Settle         time.Duration `env:"SETTLE" envDefault:"15m" min:"0s" doc:"How long a finished order must stay unchanged before it is no longer looked at."`
	FollowMax      time.Duration `env:"FOLLOW_MAX" envDefault:"168h" min:"1s" doc:"An order that has not settled after this time is given up, as a dead letter."`
	NotFoundMax    time.Duration `env:"NOT_FOUND_MAX" envDefault:"1h" min:"0s" doc:"How long an order that the API has never shown is asked for before it is a dead letter."`
	StateRetention time.Duration `env:"STATE_RETENTION" envDefault:"720h" min:"1s" doc:"How long what was announced of a settled order is remembered; asked for again after that, it is announced anew."`
}

// Registry is the schema registry; an empty URL means none.
type Registry struct {
	// URL has no slash at its end.
	URL          string `env:"URL" doc:"Schema registry with the Confluent API; none: Avro single-object encoding."`
	Username     string `env:"USERNAME" doc:"User at the registry."`
	Password     Secret `env:"PASSWORD" file:"true" doc:"Password at the registry."`
	AutoRegister bool   `env:"AUTO_REGISTER" envDefault:"true" doc:"Register the schemas at start, after a compatibility check."`
}

// Events is what events carry.
type Events struct {
	Key                 string `env:"EVENT_KEY" envDefault:"order" oneof:"order call" doc:"Key of the events: the order's ID or the call's."`
	Phone               string `env:"PHONE" envDefault:"plain" oneof:"plain mask hmac" doc:"How events carry phone numbers: as they are, masked, or as a keyed hash."`
	PhoneHMACKey        Secret `env:"PHONE_HMAC_KEY" file:"true" doc:"Key of the hash of PHONE=hmac, at least 16 bytes."`
	Transcripts         bool   `env:"TRANSCRIPTS" envDefault:"true" doc:"Publish TranscriptLine events."`
	CompletedTranscript bool   `env:"COMPLETED_TRANSCRIPT" envDefault:"false" doc:"Put the whole transcript into CallCompleted too."`
}

// Log is what is logged, on standard error.
type Log struct {
	Level  string `env:"LEVEL" envDefault:"info" oneof:"debug info warn error" doc:"Least level that is logged."`
	Format string `env:"FORMAT" envDefault:"text" oneof:"text json" doc:"Form of a log line."`
}

// Warnings returns what is allowed but looks like a mistake, one sentence
// each, fit for a log.
func (c *Config) Warnings() []string { return c.warnings }
