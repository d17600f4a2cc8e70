package order

import (
	"strings"
	"testing"
)

// The names themselves are held against docs/api.md by a test of cmd/callstream.
func TestNamesOfCodes(t *testing.T) {
	for want, name := range map[string]func(int64) string{
		"UNKNOWN ROBOT USER AGENT UNKNOWN":                                   func(n int64) string { return LineRole(int(n)) },
		"UNKNOWN UNKNOWN UNKNOWN UNKNOWN UNKNOWN UNKNOWN USER_TIMEOUT":       func(n int64) string { return LineType(int(n)) },
		"UNKNOWN NOT_SENT SENT SEND_SUCCESSFUL SEND_FAILED CLICK_SUCCESSFUL": SMSState,
		"UNKNOWN UNKNOWN DIALING RINGING CONNECTED COMPLETED UNKNOWN":        AgentStatus,
		"UNKNOWN NONE AGENT USER UNKNOWN":                                    HungUpBy,
	} {
		for i, word := range strings.Fields(want) {
			if code := int64(i) + NoCode; name(code) != word {
				t.Errorf("%d is %s, want %s", code, name(code), word)
			}
		}
	}
}

// Answers compared under other rules must be read again.
func TestSeeds(t *testing.T) {
	if (Rules{Transcripts: true}).Seed() == (Rules{}).Seed() {
		t.Error("rules that announce differently have the same seed")
	}
}
