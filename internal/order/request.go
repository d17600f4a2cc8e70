package order

// Mode is what a request asks for.
type Mode string

// The modes of a request.
const (
	Follow     Mode = "follow" // look until finished and settled
	LookOnce   Mode = "once"   // look once
	StopFollow Mode = "stop"   // no longer follow
	Replay     Mode = "replay" // look, announce changes, then the present snapshot of every call again
)

// Request asks for orders of one task.
type Request struct {
	Task      string
	Orders    []string // 1 or more, unique, in the order given
	Mode      Mode
	NotBefore Millis
	Deadline  Millis
	Time      Millis // when it was asked: see docs/contract.md#requests
}
