package export

import (
	"fmt"
	"time"

	"callstream/internal/order"
)

// lively is an order of two calls: the first not answered, the second with a
// transcript, a recording that comes late, and a line corrected.
func lively() story {
	first := order.Call{ID: "c1", Status: 3, Details: order.Details{Leg: order.Leg{CallingNumber: "100", StartedAt: 1000}}}
	missed := first
	missed.Status, missed.EndedAt = 22, 31_000
	second := order.Call{ID: "c2", Status: order.Ringing, Details: order.Details{Leg: order.Leg{CallingNumber: "100", StartedAt: 60_000}}}
	talking := second
	talking.Status, talking.AnsweredAt = order.InCall, 65_000
	talking.Lines = []order.Line{{Index: 0, Text: "hello", Role: 0, Type: 8}, {Index: 1, Text: "yes", Role: 1, Type: 7}}
	over := talking
	over.Status, over.EndedAt, over.DurationSeconds = order.Completed, 90_000, order.Some(25)
	recorded := over
	recorded.RecordingURL = "https://r.example/1.wav?sig=1"
	recorded.Lines = []order.Line{{Index: 0, Text: "hello", Role: 0, Type: 8}, {Index: 1, Text: "yes please", Role: 1, Type: 7}}
	info := order.Info{UserPhone: "13800000000", TaskID: "77"}
	show := func(at time.Duration, finished bool, calls ...order.Call) version {
		return version{at, order.Answer{Info: info, UserName: "Li", Finished: finished, Calls: calls}}
	}
	return story{
		show(0, false, first),
		show(20*time.Second, false, missed),
		show(60*time.Second, false, missed, second),
		show(90*time.Second, false, missed, talking),
		show(130*time.Second, true, missed, over),
		show(170*time.Second, true, missed, recorded),
	}
}

// done is an order that has ended.
func done() story {
	return story{{0, order.Answer{Finished: true, Calls: []order.Call{
		{ID: "c", Status: 22, Details: order.Details{Leg: order.Leg{EndedAt: 5}}},
	}}}}
}

// tooLarge shows a line that fits no message.
func tooLarge() story {
	return story{{0, order.Answer{Finished: true, Calls: []order.Call{
		{ID: "c", Status: order.Completed, Lines: []order.Line{{Index: 0, Text: "huge"}, {Index: 1, Text: "fits"}}},
	}}}}
}

// checkTruth holds the log against a story's end: for each call the last event
// of each kind says what the API shows in the end, the counters have no gap and
// statuses go forward.
func (w *world) checkTruth(ids ...string) {
	w.t.Helper()
	for _, id := range ids {
		end := w.stories[id][len(w.stories[id])-1].show
		for _, call := range end.Calls {
			w.checkCall(id, &call)
		}
	}
}

func (w *world) checkCall(id string, want *order.Call) {
	w.t.Helper()
	statuses := map[int]order.Status{}
	var completed *order.CallCompleted
	lines := map[int]string{}
	for _, ev := range w.events {
		if ev.Ref.ID != id || ev.CallID != want.ID {
			continue
		}
		switch b := ev.Body.(type) {
		case *order.StatusChanged:
			statuses[b.Sequence] = b.Status // the later in the log wins
		case *order.CallCompleted:
			completed = b
		case *order.TranscriptLine:
			lines[b.Index] = b.Text
		}
	}
	n := len(statuses)
	for i := 1; i <= n; i++ {
		if s, ok := statuses[i]; !ok || i > 1 && s < statuses[i-1] {
			w.t.Errorf("%s/%s: statuses %v have a gap or go back", id, want.ID, statuses)
		}
	}
	if statuses[n] != want.Status {
		w.t.Errorf("%s/%s: last status %v, want %v", id, want.ID, statuses[n], want.Status)
	}
	if completed == nil {
		w.t.Errorf("%s/%s: no CallCompleted", id, want.ID)
	} else if completed.RecordingURL != want.RecordingURL || completed.DurationSeconds != want.DurationSeconds {
		w.t.Errorf("%s/%s: CallCompleted %+v, want %+v", id, want.ID, completed.Details, want.Details)
	}
	for _, l := range want.Lines {
		if lines[l.Index] != l.Text {
			w.t.Errorf("%s/%s: line %d %q, want %q", id, want.ID, l.Index, lines[l.Index], l.Text)
		}
	}
}

// told sums the events up, in order.
func (w *world) told() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, ev := range w.events {
		s := ev.CallID + " "
		switch b := ev.Body.(type) {
		case *order.StatusChanged:
			s += b.Status.String()
		case *order.CallCompleted:
			s += fmt.Sprintf("completed %d", b.Revision)
		case *order.TranscriptLine:
			s += fmt.Sprintf("line %d/%d %s", b.Index, b.Revision, b.Text)
		}
		if ev.Replay {
			s += " replay"
		}
		out = append(out, s)
	}
	return out
}
