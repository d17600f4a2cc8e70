package avro

import (
	"pgregory.net/rapid"

	"callstream/internal/order"
)

// The generators of random states. Numbers fit an int; text is valid UTF-8.

func drawText(rt *rapid.T, label string) string {
	return rapid.OneOf(rapid.Just(""), rapid.StringN(0, 12, 40)).Draw(rt, label)
}

func drawInt(rt *rapid.T, label string) int { return int(rapid.Int32().Draw(rt, label)) }

func drawOpt(rt *rapid.T, label string) order.Opt {
	if !rapid.Bool().Draw(rt, label+" set") {
		return order.Opt{}
	}
	return order.Some(int64(drawInt(rt, label)))
}

func drawMillis(rt *rapid.T, label string) order.Millis {
	return order.Millis(rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(1, 2000000000000)).Draw(rt, label)) // spans fit an int of seconds
}

func drawStatus(rt *rapid.T) order.Status {
	return order.Status(rapid.OneOf(rapid.IntRange(-1, 30), rapid.Just(1<<30)).Draw(rt, "status"))
}

func drawSlice[T any](rt *rapid.T, label string, item func(*rapid.T) T) []T {
	return rapid.OneOf(rapid.Just([]T(nil)), rapid.SliceOfN(rapid.Custom(item), 1, 4)).Draw(rt, label)
}

func drawInfo(rt *rapid.T) order.Info {
	return order.Info{
		TaskID: drawText(rt, "taskID"), SceneID: drawText(rt, "sceneID"),
		UserPhone: drawText(rt, "phone"), Passthrough: drawText(rt, "passthrough"),
	}
}

func drawStatusChanged(rt *rapid.T) order.StatusChanged {
	return order.StatusChanged{
		Sequence: drawInt(rt, "sequence"), Previous: drawOpt(rt, "previous"), Status: drawStatus(rt), Final: rapid.Bool().Draw(rt, "completed"),
		Leg: drawLeg(rt),
	}
}

func drawLeg(rt *rapid.T) order.Leg {
	return order.Leg{
		CallingNumber: drawText(rt, "calling"), LineAddress: drawText(rt, "line"),
		StartedAt: drawMillis(rt, "started"), AnsweredAt: drawMillis(rt, "answered"), EndedAt: drawMillis(rt, "ended"),
		HangupCause: drawText(rt, "cause"), SIPCode: drawText(rt, "sip"),
	}
}

func drawCompleted(rt *rapid.T) *order.CallCompleted {
	return &order.CallCompleted{
		Revision:      drawInt(rt, "revision"),
		ChangedFields: drawSlice(rt, "changed", func(rt *rapid.T) string { return drawText(rt, "field") }),
		Status:        drawStatus(rt),
		UserName:      drawText(rt, "user"),
		Details: order.Details{
			Leg: drawLeg(rt), DurationSeconds: drawOpt(rt, "duration"), RecordingURL: drawText(rt, "recording"),
			Intents: drawSlice(rt, "intents", func(rt *rapid.T) order.Intent {
				return order.Intent{ID: drawText(rt, "id"), Tag: drawText(rt, "tag"), Name: drawText(rt, "name")}
			}),
			SMS: drawSlice(rt, "sms", func(rt *rapid.T) order.SMS {
				return order.SMS{MessageID: drawText(rt, "id"), State: drawOpt(rt, "state"), Content: drawText(rt, "content")}
			}),
			Agent: order.Agent{
				Name: drawText(rt, "agent"), Group: drawText(rt, "group"), Label: drawText(rt, "label"),
				Status: drawOpt(rt, "agent status"), TalkSeconds: drawOpt(rt, "talk"), HungUpBy: drawOpt(rt, "hung up by"),
				StartedAt: drawMillis(rt, "agent started"), AnsweredAt: drawMillis(rt, "agent answered"), EndedAt: drawMillis(rt, "agent ended"),
			},
			Params: drawSlice(rt, "params", func(rt *rapid.T) order.Param {
				return order.Param{Name: drawText(rt, "name"), Value: drawText(rt, "value")}
			}),
		},
	}
}
