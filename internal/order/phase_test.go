package order

import "testing"

// TestCourse tells where an order stands by what was announced of it.
func TestCourse(t *testing.T) {
	call := func(attempt int, status Status, started, answered, ended Millis) AnnouncedCall {
		leg := Leg{StartedAt: started, AnsweredAt: answered, EndedAt: ended}
		c := AnnouncedCall{Attempt: attempt, Status: StatusChanged{Status: status, Leg: leg}}
		if status.final() {
			c.Completion = &CallCompleted{Status: status, Details: Details{Leg: leg}}
		}
		return c
	}
	lateEnd := call(1, 22, 100, 0, 0)
	lateEnd.Completion.EndedAt = 140 // it came with a later revision
	recorded := call(1, Completed, 100, 120, 180)
	recorded.Completion.RecordingURL = "https://vendor/1.wav"
	tests := []struct {
		name  string
		state State
		want  Course
	}{
		{"no answer yet", State{Calls: []AnnouncedCall{call(1, Ringing, 100, 0, 0)}}, Course{}},
		{"no call yet", State{ChangedAt: 1}, Course{Phase: PhaseQueued}},
		{"preparing", State{ChangedAt: 1, Calls: []AnnouncedCall{call(1, Preparing, 0, 0, 0)}}, Course{Phase: PhaseQueued}},
		{"no status", State{ChangedAt: 1, Calls: []AnnouncedCall{call(1, NoStatus, 0, 0, 0)}}, Course{Phase: PhaseQueued}},
		{"dispatching", State{ChangedAt: 1, Calls: []AnnouncedCall{call(1, Dispatching, 0, 0, 0)}}, Course{Phase: PhaseDispatching}},
		{"dialing", State{ChangedAt: 1, Calls: []AnnouncedCall{call(1, Dialing, 100, 0, 0)}}, Course{PhaseDialing, 100, 100}},
		{"ringing", State{ChangedAt: 1, Calls: []AnnouncedCall{call(1, Ringing, 100, 0, 0)}}, Course{PhaseRinging, 0, 100}},
		{"in a call", State{ChangedAt: 1, Calls: []AnnouncedCall{call(1, InCall, 100, 120, 0)}}, Course{PhaseInCall, 120, 100}},
		{"a status of no table", State{ChangedAt: 1, Calls: []AnnouncedCall{call(1, 77, 100, 0, 0)}}, Course{PhaseInCall, 0, 100}},
		{"between calls", State{ChangedAt: 1, Calls: []AnnouncedCall{call(1, 22, 100, 0, 130)}}, Course{PhaseBetween, 130, 100}},
		{"an end that came late", State{ChangedAt: 1, Calls: []AnnouncedCall{lateEnd}}, Course{PhaseBetween, 140, 100}},
		{
			"the second call, whichever is listed first", State{ChangedAt: 1, Calls: []AnnouncedCall{call(2, Ringing, 900, 0, 0), call(1, 22, 100, 0, 130)}},
			Course{PhaseRinging, 0, 900},
		},
		{"finished", State{ChangedAt: 1, Finished: true, Calls: []AnnouncedCall{call(1, Completed, 100, 120, 180)}}, Course{PhaseDetails, 180, 100}},
		{"finished, with a recording", State{ChangedAt: 1, Finished: true, Calls: []AnnouncedCall{recorded}}, Course{PhaseEnded, 180, 100}},
		{"finished, not answered", State{ChangedAt: 1, Finished: true, Calls: []AnnouncedCall{call(1, 22, 100, 0, 130)}}, Course{PhaseEnded, 130, 100}},
		{"finished without a call", State{ChangedAt: 1, Finished: true}, Course{Phase: PhaseEnded}},
		{"finished, and a call goes on", State{ChangedAt: 1, Finished: true, Calls: []AnnouncedCall{call(1, InCall, 100, 120, 0)}}, Course{PhaseInCall, 120, 100}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.state.Course(); got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}
