package simulator

// The final statuses that the planning treats apart.
const (
	statusAnswered      = 6
	statusUnknownReason = 16
	statusVoiceMail     = 24
)

// ending is one way in which a call ends.
type ending struct {
	status   int
	weight   int      // among the unanswered, in tenths of a percent or so
	height   int      // the furthest of the statuses 1 to 5 that it passes
	hopeless bool     // no further round is tried
	causes   []string // hangupCause, "" = none
	sips     []string // termSipCode, "" = none
}

var answered = ending{
	status: statusAnswered, height: 5,
	causes: []string{"NORMAL_CLEARING", "NORMAL_CLEARING", "ROBOT_HANGUP", ""}, sips: []string{"200", "200", ""},
}

// endings are all documented ways of not being answered. The weights follow
// what outbound calling commonly meets: busy, ringing out and voice mail often,
// failures of the platform seldom; causes and codes follow Q.850 and SIP.
var endings = []ending{
	{8, 40, 3, true, []string{"UNALLOCATED_NUMBER"}, []string{"404"}},
	{9, 80, 3, false, []string{"SUBSCRIBER_ABSENT", ""}, []string{"480"}},
	{10, 140, 3, false, []string{"USER_BUSY"}, []string{"486"}},
	{11, 40, 4, false, []string{"CALL_REJECTED", "USER_BUSY"}, []string{"600", "486"}},
	{12, 120, 4, false, []string{"CALL_REJECTED"}, []string{"603"}},
	{13, 50, 4, false, []string{"CALL_REJECTED", ""}, []string{"603", "403"}},
	{15, 15, 2, false, []string{"TTS_ERROR", ""}, []string{""}},
	{16, 50, 4, false, []string{"", "UNSPECIFIED"}, []string{"500", "503", ""}},
	{17, 25, 1, true, []string{"BLACKLIST", ""}, []string{""}},
	{18, 60, 4, false, []string{"ORIGINATOR_CANCEL", "NORMAL_CLEARING"}, []string{"487"}},
	{21, 30, 2, true, []string{"INVALID_NUMBER_FORMAT"}, []string{"484", ""}},
	{22, 140, 4, false, []string{"NO_ANSWER"}, []string{"480", "408"}},
	{23, 90, 4, false, []string{"NO_USER_RESPONSE"}, []string{"408"}},
	{24, 80, 4, false, []string{"NORMAL_CLEARING", ""}, []string{"183", "200"}},
	{25, 40, 4, false, []string{"ALLOTTED_TIMEOUT"}, []string{"487"}},
}

// unanswered chooses an ending by weight.
func unanswered(d dice) *ending {
	total := 0
	for i := range endings {
		total += endings[i].weight
	}
	n := d.IntN(total)
	for i := range endings {
		if n -= endings[i].weight; n < 0 {
			return &endings[i]
		}
	}
	panic("unreachable: the weights sum up to the total")
}
