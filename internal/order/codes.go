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

// codes is one of the vendor's other tables.
type codes map[int64]codeMeaning

// codeMeaning is a code's name and, in a table that has an order, how far on it
// is: 1 = the first step, 0 = the table has no order.
type codeMeaning struct {
	name string
	rank int
}

var lineRoles = codes{0: {name: "ROBOT"}, 1: {name: "USER"}, 2: {name: "AGENT"}}

// LineRole names the speaker of a line (docs/api.md#speaker).
func LineRole(code int) string { return lineRoles.name(int64(code)) }

var lineTypes = codes{
	5:  {name: "USER_TIMEOUT"},
	6:  {name: "USER_INTERRUPTION"},
	7:  {name: "USER_NORMAL_RESPONSE"},
	8:  {name: "SERVER_RESPONSE"},
	18: {name: "CUSTOMER_SERVICE_REPLY"},
}

// LineType names what a line is (docs/api.md#line-type).
func LineType(code int) string { return lineTypes.name(int64(code)) }

// A message is sent or fails to be: two ends of one step.
var smsStates = codes{
	0: {"NOT_SENT", 1},
	1: {"SENT", 2},
	2: {"SEND_SUCCESSFUL", 3},
	3: {"SEND_FAILED", 3},
	4: {"CLICK_SUCCESSFUL", 4},
}

// SMSState names how far a message is (docs/api.md#message-state).
func SMSState(code int64) string { return smsStates.name(code) }

// The agent's part has three ends.
var agentStatuses = codes{
	1:  {"DIALING", 1},
	2:  {"RINGING", 2},
	3:  {"CONNECTED", 3},
	4:  {"COMPLETED", 4},
	10: {"AGENT_BUSY", 4},
	12: {"USER_REJECTED", 4},
}

// AgentStatus names how far the agent's part is (docs/api.md#agent-status).
func AgentStatus(code int64) string { return agentStatuses.name(code) }

// Whoever it was is further than none.
var hangups = codes{0: {"NONE", 1}, 1: {"AGENT", 2}, 2: {"USER", 2}}

// HungUpBy names who ended the agent's part (docs/api.md#who-hung-up).
func HungUpBy(code int64) string { return hangups.name(code) }

func (c codes) name(code int64) string { return orUnknown(c[code].name) }

func orUnknown(name string) string {
	if name == "" {
		return unknown
	}
	return name
}
