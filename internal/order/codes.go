package order

// Status is the API's callStatus. The numbers in the table below are known;
// any other passes through as UNKNOWN.
type Status int

// NoStatus stands for a status the vendor left out.
const NoStatus Status = -1

// NoCode stands for a role or line type the vendor left out.
const NoCode = -1

// The statuses that a call passes on its way, and the plain final one.
const (
	Preparing   Status = 1
	Dispatching Status = 2
	Dialing     Status = 3
	Ringing     Status = 4
	InCall      Status = 5
	Completed   Status = 6
)

// unknown is the name of every code that is not in its table.
const unknown = "UNKNOWN"

type statusMeaning struct {
	name    string
	outcome string // empty: not final
}

// statuses is the vendor's table (docs/api.md#call-status).
var statuses = map[Status]statusMeaning{
	Preparing:   {"PREPARING", ""},
	Dispatching: {"DISPATCHING", ""},
	Dialing:     {"DIALING", ""},
	Ringing:     {"RINGING", ""},
	InCall:      {"IN_CALL", ""},
	Completed:   {"COMPLETED", "ANSWERED"},
	8:           {"INVALID_NUMBER", "INVALID_NUMBER"},
	9:           {"TEMPORARILY_UNREACHABLE", "UNREACHABLE"},
	10:          {"USER_BUSY", "BUSY"},
	11:          {"BUSY_AND_REJECTED", "REJECTED"},
	12:          {"USER_REJECTED", "REJECTED"},
	13:          {"USER_REJECTED", "REJECTED"},
	15:          {"TTS_SYNTHESIS_FAILED", "FAILED"},
	16:          {"UNKNOWN_REASON", "UNKNOWN"},
	17:          {"BLACKLISTED_NUMBER", "BLOCKED"},
	18:          {"USER_TERMINATED", "REJECTED"},
	21:          {"INVALID_NUMBER", "INVALID_NUMBER"},
	22:          {"RING_MISSED", "NO_ANSWER"},
	23:          {"NO_RESPONSE", "NO_ANSWER"},
	24:          {"EARLY_MEDIA_OR_VOICE_MAIL", "VOICEMAIL"},
	25:          {"RING_TOO_LONG", "NO_ANSWER"},
}

// String returns the status's name as events carry it; UNKNOWN for a number
// that is not in the vendor's table.
func (s Status) String() string { return orUnknown(statuses[s].name) }

// Known reports whether the number is in the vendor's table.
func (s Status) Known() bool { return statuses[s].name != "" }

// Outcome sums a final status up in one word; UNKNOWN for numbers that are not
// in the table.
func (s Status) Outcome() string { return orUnknown(statuses[s].outcome) }

// Answered reports whether the user took the call. callStatus alone decides:
// the vendor fills the answer time for unanswered calls too.
func (s Status) Answered() bool { return s == InCall || s == Completed }

// final reports whether the table calls the status final. An unknown number is
// final by other signs: see isFinal.
func (s Status) final() bool { return statuses[s].outcome != "" }

// LineRole names the speaker of a line (docs/api.md#speaker).
func LineRole(code int) string {
	switch code {
	case 0:
		return "ROBOT"
	case 1:
		return "USER"
	case 2:
		return "AGENT"
	}
	return unknown
}

// LineType names what a line is (docs/api.md#line-type).
func LineType(code int) string {
	switch code {
	case 5:
		return "USER_TIMEOUT"
	case 6:
		return "USER_INTERRUPTION"
	case 7:
		return "USER_NORMAL_RESPONSE"
	case 8:
		return "SERVER_RESPONSE"
	case 18:
		return "CUSTOMER_SERVICE_REPLY"
	}
	return unknown
}

// SMSState names how far a message is (docs/api.md#message-state).
func SMSState(code int64) string {
	switch code {
	case 0:
		return "NOT_SENT"
	case 1:
		return "SENT"
	case 2:
		return "SEND_SUCCESSFUL"
	case 3:
		return "SEND_FAILED"
	case 4:
		return "CLICK_SUCCESSFUL"
	}
	return unknown
}

// smsRank orders the states of a message; a state of a lower rank is a step
// back. 2 and 3 are two ends of one step. Unknown states have no rank.
func smsRank(code int64) (rank int, ok bool) {
	switch code {
	case 0, 1, 2:
		return int(code), true
	case 3:
		return 2, true
	case 4:
		return 3, true
	}
	return 0, false
}

// AgentStatus names how far the agent's part is (docs/api.md#agent-status).
func AgentStatus(code int64) string {
	switch code {
	case 1:
		return "DIALING"
	case 2:
		return "RINGING"
	case 3:
		return "CONNECTED"
	case 4:
		return "COMPLETED"
	case 10:
		return "AGENT_BUSY"
	case 12:
		return "USER_REJECTED"
	}
	return unknown
}

// agentRank orders the agent's statuses; 4, 10 and 12 are three ends of one
// step. Unknown statuses have no rank.
func agentRank(code int64) (rank int, ok bool) {
	switch code {
	case 1, 2, 3, 4:
		return int(code), true
	case 10, 12:
		return 4, true
	}
	return 0, false
}

// HungUpBy names who ended the agent's part (docs/api.md#who-hung-up).
func HungUpBy(code int64) string {
	switch code {
	case 0:
		return "NONE"
	case 1:
		return "AGENT"
	case 2:
		return "USER"
	}
	return unknown
}

func orUnknown(name string) string {
	if name == "" {
		return unknown
	}
	return name
}
