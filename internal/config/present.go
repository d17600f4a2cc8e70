package config

import (
	"log/slog"
	"sync"
)

// SecretKey returns what reads the API's key as it is now. The function may be
// called from several goroutines at once, like those below.
func (c *Config) SecretKey(log *slog.Logger) func() string {
	return c.present("CALLBOT_SECRET_KEY", c.Callbot.SecretKey, log)
}

// KafkaPassword returns what reads the brokers' password as it is now.
func (c *Config) KafkaPassword(log *slog.Logger) func() string {
	return c.present("KAFKA_SASL_PASSWORD", c.Kafka.SASL.Password, log)
}

// RegistryPassword returns what reads the registry's password as it is now.
func (c *Config) RegistryPassword(log *slog.Logger) func() string {
	return c.present("SCHEMA_REGISTRY_PASSWORD", c.Registry.Password, log)
}

func (c *Config) present(name string, atStart Secret, log *slog.Logger) func() string {
	path := c.files[name]
	if path == "" {
		return func() string { return string(atStart) }
	}
	s := &secretFile{setting: name + "_FILE", path: path, log: log, good: string(atStart)}
	return s.read
}

// secretFile is a secret that may be replaced while the program runs.
//
// Its file is read at each use: that takes some 10 µs, and a use is a connection
// or a request to the API, which take milliseconds. To compare its time and size
// first would be cheaper and not right: a file that is written twice within the
// clock's tick looks the same, and a Kubernetes volume swaps a link far above it.
type secretFile struct {
	setting, path string
	log           *slog.Logger

	mu      sync.Mutex
	good    string // what was last read well
	failing bool   // the last reading failed, and that was said
}

// read returns the file's content. One that is missing or empty is in the middle
// of being replaced, or lost: the last good content goes on, which is said once.
func (s *secretFile) read() string {
	value, err := readSecret(s.path)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil && !s.failing:
		s.failing = true
		s.log.Warn("a secret can't be read again; the last one that could goes on", "setting", s.setting, "path", s.path, "error", err,
			"mend", "put the file back, with the secret in it")
	case err == nil && (s.failing || value != s.good):
		s.log.Info("a secret was read again", "setting", s.setting, "path", s.path, "changed", value != s.good)
		s.failing, s.good = false, value
	}
	return s.good
}
