package order

import (
	"fmt"
	"testing"
)

// finishedOrder is an order as most are first seen: one call that has ended,
// with a transcript and all the details the vendor gives.
func finishedOrder(lines int) *Answer {
	call := Call{ID: "call-1", Status: Completed, Details: Details{
		Leg: Leg{
			CallingNumber: "075500000000", LineAddress: "line-7",
			StartedAt: 1_700_000_000_000, AnsweredAt: 1_700_000_007_000, EndedAt: 1_700_000_067_000,
			HangupCause: "NORMAL_CLEARING", SIPCode: "200",
		},
		DurationSeconds: Some(60), RecordingURL: "https://records.example/1.wav?sign=a",
		Intents: []Intent{{ID: "7", Tag: "A", Name: "interested"}},
		SMS:     []SMS{{MessageID: "m-1", State: Some(2), Content: "see you"}},
		Agent:   Agent{Name: "Ada", Status: Some(4), TalkSeconds: Some(11)},
		Params:  []Param{{"city", "Ghent"}, {"amount", "12"}},
	}}
	for i := range lines {
		call.Lines = append(call.Lines, Line{
			Index: i + 1, Role: i % 2, Type: 8, Text: fmt.Sprintf("Sentence number %d of the conversation, of common length.", i),
			NodeID: "node-1", NodeDesc: "greeting", SpokenAt: Millis(1_700_000_010_000 + i*3_000),
		})
	}
	return &Answer{
		Ref: Ref{"task", "order-1"}, UserName: "Bo", Finished: true, Calls: []Call{call},
		Info: Info{TaskID: "t-1", SceneID: "s-1", UserPhone: "0032470000000", Passthrough: "crm-77"},
	}
}

// BenchmarkFirstSight is the cost of an order never heard of: one call of 14
// lines, 16 events.
func BenchmarkFirstSight(b *testing.B) {
	ans := finishedOrder(14)
	prev := &State{Ref: ans.Ref}
	b.ReportAllocs()
	for b.Loop() {
		if got := Compare(prev, ans, 1, Rules{Transcripts: true}); len(got.Events) != 16 {
			b.Fatalf("%d events, want 16", len(got.Events))
		}
	}
}

// BenchmarkUnchanged is the cost of an answer whose bytes differ but which
// shows nothing new.
func BenchmarkUnchanged(b *testing.B) {
	ans := finishedOrder(14)
	known := Compare(&State{Ref: ans.Ref}, ans, 1, Rules{Transcripts: true}).State
	b.ReportAllocs()
	for b.Loop() {
		if got := Compare(known, ans, 2, Rules{Transcripts: true}); got.Save || len(got.Events) != 0 {
			b.Fatalf("unchanged answer announced %d events", len(got.Events))
		}
	}
}
