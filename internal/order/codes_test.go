package order

import "testing"

func TestNamesOfCodes(t *testing.T) {
	type names map[int64]string
	for table, c := range map[string]struct {
		name func(int64) string
		want names
	}{
		"roles": {
			func(n int64) string { return LineRole(int(n)) },
			names{0: "ROBOT", 1: "USER", 2: "AGENT", 3: "UNKNOWN", NoCode: "UNKNOWN"},
		},
		"line types": {
			func(n int64) string { return LineType(int(n)) },
			names{
				5: "USER_TIMEOUT", 6: "USER_INTERRUPTION", 7: "USER_NORMAL_RESPONSE", 8: "SERVER_RESPONSE",
				18: "CUSTOMER_SERVICE_REPLY", 0: "UNKNOWN", NoCode: "UNKNOWN",
			},
		},
		"SMS states": {
			SMSState,
			names{0: "NOT_SENT", 1: "SENT", 2: "SEND_SUCCESSFUL", 3: "SEND_FAILED", 4: "CLICK_SUCCESSFUL", 5: "UNKNOWN"},
		},
		"agent statuses": {
			AgentStatus,
			names{1: "DIALING", 2: "RINGING", 3: "CONNECTED", 4: "COMPLETED", 10: "AGENT_BUSY", 12: "USER_REJECTED", 0: "UNKNOWN"},
		},
		"who hung up": {HungUpBy, names{0: "NONE", 1: "AGENT", 2: "USER", 3: "UNKNOWN"}},
	} {
		for code, want := range c.want {
			if got := c.name(code); got != want {
				t.Errorf("%s: %d is %s, want %s", table, code, got, want)
			}
		}
	}
}

func TestKinds(t *testing.T) {
	for body, want := range map[Body]string{
		&StatusChanged{}:  "call-status-changed",
		&CallCompleted{}:  "call-completed",
		&TranscriptLine{}: "transcript-line",
	} {
		if got := body.Kind().String(); got != want {
			t.Errorf("%T is %s, want %s", body, got, want)
		}
	}
}

// Answers compared under other rules must be read again.
func TestSeeds(t *testing.T) {
	if (Rules{Transcripts: true}).Seed() == (Rules{}).Seed() {
		t.Error("rules that announce differently have the same seed")
	}
}

func TestEnded(t *testing.T) {
	ended := AnnouncedCall{Completion: &CallCompleted{}}
	for name, c := range map[string]struct {
		st   State
		want bool
	}{
		"finished, all calls ended": {State{Finished: true, Calls: []AnnouncedCall{ended, ended}}, true},
		"finished without a call":   {State{Finished: true}, true},
		"finished, one on its way":  {State{Finished: true, Calls: []AnnouncedCall{ended, {}}}, false},
		"not finished":              {State{Calls: []AnnouncedCall{ended}}, false},
	} {
		if got := c.st.Ended(); got != c.want {
			t.Errorf("%s: ended = %t", name, got)
		}
	}
}
