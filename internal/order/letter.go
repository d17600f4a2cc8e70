package order

import "fmt"

// Letter is what a verdict buries of an order: the reason and, in a sentence,
// what was seen. The sentence is fit for a log: it holds no phone number, no
// transcript and no value of an answer.
type Letter struct {
	Reason Reason
	Detail string
}

func letterNeverShown() Letter { return Letter{ReasonNotFound, "the API has never shown it"} }

func letterRefused(detail string) Letter { return Letter{ReasonRejected, detail} }

func letterNeverReadable(detail string) Letter {
	return Letter{ReasonUnreadable, "the API's answer can't be read: " + detail}
}

// letterGaveUp says what was last known of an order whose time is over.
func letterGaveUp(st *State, date func(Millis) string) Letter {
	const over = "its time is over; "
	switch n := len(st.Calls); {
	case st.ChangedAt == 0:
		return Letter{ReasonGaveUp, over + "no answer that can be read has shown it"}
	case n == 0:
		return Letter{ReasonGaveUp, fmt.Sprintf(over+"last known: no call announced, finished %t", st.Finished)}
	default:
		last := st.Calls[n-1].Status.Status
		return Letter{ReasonGaveUp, fmt.Sprintf(over+"last known: finished %t, calls %d, the last %s (%d), last change %s",
			st.Finished, n, last, last, date(st.ChangedAt))}
	}
}

// LetterEventTooLarge is the letter of an event that fits no message.
func LetterEventTooLarge(ev *Event, bytes int) Letter {
	return Letter{ReasonTooLarge, fmt.Sprintf("a %s of attempt %d has %d bytes and fits no message", ev.Body.Kind(), ev.Attempt, bytes)}
}

func letterStateTooLarge(bytes, limit int) Letter {
	return Letter{ReasonTooLarge, fmt.Sprintf("the order's state has %d bytes, %d fit; it is no longer followed", bytes, limit)}
}
