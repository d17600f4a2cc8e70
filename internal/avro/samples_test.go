package avro

import "callstream/internal/order"

// The contents of testdata/golden, as testdata/make_golden.py has them.

func sampleEvent(body order.Body) *order.Event {
	ev := &order.Event{
		ID:           order.ID{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
		Ref:          order.Ref{Task: "task-3", ID: "order-7"},
		Info:         order.Info{TaskID: "42", SceneID: "scene-1", UserPhone: "+8613812345678", Passthrough: `{"customer":"17"}`},
		CallID:       "call-9",
		Attempt:      2,
		TrackedSince: 1700000000000,
		ObservedAt:   1700000123456,
		Body:         body,
	}
	if body.Kind() == order.KindCompleted {
		ev.TranscriptLines = 2
		ev.OrderFinished = true
		ev.Transcript = []order.Line{{Index: 1, Role: 1, Text: "喂?"}, {Index: 0, Role: 0, Text: "您好"}}
	}
	return ev
}

// sampleBodies has one of each kind.
func sampleBodies() []order.Body {
	return []order.Body{sampleStatus(), sampleCompleted(), sampleLine()}
}

func bareEvent(body order.Body) *order.Event {
	return &order.Event{
		ID:           order.ID{255},
		Ref:          order.Ref{Task: "t", ID: "o"},
		CallID:       "o#1",
		Attempt:      1,
		TrackedSince: 1700000000000,
		ObservedAt:   1700000123456,
		Body:         body,
	}
}

func sampleStatus() *order.StatusChanged {
	return &order.StatusChanged{
		Sequence: 3,
		Previous: order.Some(4),
		Status:   5,
		Leg: order.Leg{
			CallingNumber: "02155550000", LineAddress: "10.0.0.1:5060", StartedAt: 1700000100000, AnsweredAt: 1700000107000,
		},
	}
}

func sampleLeg() order.Leg {
	return order.Leg{
		CallingNumber: "02155550000", LineAddress: "10.0.0.1:5060",
		StartedAt: 1700000100000, AnsweredAt: 1700000107000, EndedAt: 1700000150000,
		HangupCause: "NORMAL_CLEARING", SIPCode: "200",
	}
}

func sampleCompleted() *order.CallCompleted {
	return &order.CallCompleted{
		Revision:      2,
		ChangedFields: []string{"recordingURL", "sms"},
		Status:        6,
		UserName:      "李雷",
		Details: order.Details{
			Leg:             sampleLeg(),
			DurationSeconds: order.Some(43),
			RecordingURL:    "https://cdn.example.com/rec/call-9.wav?sig=abc",
			Intents:         []order.Intent{{ID: "i1", Tag: "A", Name: "interested"}, {ID: "i2"}},
			SMS: []order.SMS{
				{MessageID: "m1", State: order.Some(2), Content: "您好"},
				{State: order.Some(99)},
				{MessageID: "m3", Content: "c"},
			},
			Agent: order.Agent{
				Name: "Han Mei", Group: "sales", Label: "call back",
				Status: order.Some(4), TalkSeconds: order.Some(0),
				StartedAt: 1700000120000, AnsweredAt: 1700000125000, EndedAt: 1700000149000,
				HungUpBy: order.Some(2),
			},
			Params: []order.Param{{Name: "city", Value: "上海"}},
		},
	}
}

func sampleLine() *order.TranscriptLine {
	return &order.TranscriptLine{
		Line: order.Line{
			Index: 4, Role: 1, Type: 7, Text: "好的，谢谢 😀",
			NodeID: "n-17", NodeDesc: "closing", SpokenAt: 1700000110500,
		},
		Occurrence: 2,
		Revision:   1,
	}
}

func bareLine() *order.TranscriptLine {
	return &order.TranscriptLine{
		Line:       order.Line{Role: order.NoCode, Type: order.NoCode},
		Occurrence: 1,
		Revision:   1,
	}
}

func digestFrom(first byte) (d order.Digest) {
	for i := range d {
		d[i] = first + byte(i)
	}
	return d
}

func sampleState() *order.State {
	completed := sampleCompleted()
	completed.ChangedFields = []string{"sms"}
	completed.Intents = completed.Intents[:1]
	completed.SMS = completed.SMS[:1]
	completed.Params = append(completed.Params, order.Param{Name: "age"})
	return &order.State{
		Ref:          order.Ref{Task: "task-3", ID: "order-7"},
		TrackedSince: 1700000000000,
		Tracking: order.Tracking{
			FollowAt: 1700000000001, OnceAt: 1700000000002, StopAt: 1700000000003,
			ReplayAt: 1700000000004, NotBefore: 1700000000005, Deadline: 1700000000006, FollowSince: 1700000000007,
			MissingSince: 1700000000008, RestingSince: 1700000000009, Rest: order.Settled,
		},
		Hash:      0xFFFFFFFFFFFFFFFE,
		Finished:  true,
		ChangedAt: 1700000123456,
		Infos: []order.Info{
			{TaskID: "42", UserPhone: "+8613812345678"},
			{TaskID: "42", SceneID: "scene-1", UserPhone: "+8613812345678", Passthrough: "x"},
		},
		Corrections: []order.Correction{{Field: "sceneID", Digest: digestFrom(0)}},
		Calls: []order.AnnouncedCall{
			{
				ID: "order-7#1", VendorID: "call-8", Attempt: 1,
				Status: order.StatusChanged{
					Sequence: 4, Previous: order.Some(4), Status: 6, Final: true, Leg: sampleLeg(),
				},
				StatusRef:     1,
				Completion:    completed,
				CompletionRef: 1,
				Lines: []order.AnnouncedLine{
					{
						Index: 4, Occurrence: 2, Revision: 1, Role: 1, Type: 7,
						NodeID: "n-17", NodeDesc: "closing", SpokenAt: 1700000110500,
						InfoRef: 1, Digest: digestFrom(16),
					},
					{Index: 5, Occurrence: 1, Revision: 3, Role: -1, Type: -1, Correction: digestFrom(32)},
				},
				Corrections: []order.Correction{{Field: "recordingURL", Digest: digestFrom(48)}},
			},
			{ID: "call-9", Attempt: 2, Status: order.StatusChanged{Sequence: 1, Status: 3}, StatusRef: 1},
		},
	}
}

func bareState() *order.State { return &order.State{Ref: order.Ref{Task: "t", ID: "o"}} }
