package order

// Ref names one order: the vendor's task and the order in it. Both are 1–256
// bytes of valid UTF-8.
type Ref struct {
	Task string // userTaskID
	ID   string // orderID
}

// Millis is a moment in Unix milliseconds. 0 means none.
type Millis int64

// Opt is a number the vendor may leave out: a 0 that was said differs from one
// that was not.
type Opt struct {
	N   int64
	Set bool
}

// Some returns a number that is there.
func Some(n int64) Opt { return Opt{N: n, Set: true} }

// Info is what an order says of itself in every event. Empty text means the
// vendor left it out.
type Info struct {
	TaskID      string // the vendor's own task number, beside the user's
	SceneID     string
	UserPhone   string
	Passthrough string // the API's `other`
}

// Answer is what one API answer showed of one order.
type Answer struct {
	Ref
	Info
	UserName string
	Finished bool // the API's `finish`
	Calls    []Call
}

// Call is one round of calling as the API showed it.
type Call struct {
	ID     string // empty while the vendor has given none
	Status Status // NoStatus when the vendor left it out
	Details
	Lines []Line
}

// Leg is the telephone leg to the user: from which number and line it was
// dialled, when, and how it ended. Zero values mean the vendor left the field
// out.
type Leg struct {
	CallingNumber string
	LineAddress   string
	StartedAt     Millis
	AnsweredAt    Millis // does not mean answered: Status decides
	EndedAt       Millis
	HangupCause   string
	SIPCode       string
}

// Details is what a call shows beside its status and transcript. Zero values
// mean the vendor left the field out.
type Details struct {
	Leg
	DurationSeconds Opt
	RecordingURL    string
	Intents         []Intent
	SMS             []SMS
	Agent           Agent
	Params          []Param // in the vendor's order, names unique
}

// Intent is one intent the bot recognised.
type Intent struct{ ID, Tag, Name string }

// SMS is one message sent around the call.
type SMS struct {
	MessageID string
	State     Opt // the API's smsSendTs, which is a state: see SMSState
	Content   string
}

// Param is one variable of the dialogue.
type Param struct{ Name, Value string }

// Agent is the human agent's part of a call. The zero Agent means none.
type Agent struct {
	Name, Group, Label             string
	Status                         Opt // see AgentStatus
	TalkSeconds                    Opt
	StartedAt, AnsweredAt, EndedAt Millis
	HungUpBy                       Opt // see HungUpBy
}

// Line is one line of a transcript.
type Line struct {
	Index    int // the API's recordIndex; its place in the list where left out
	Role     int // see LineRole; NoCode when left out
	Type     int // see LineType; NoCode when left out
	Text     string
	NodeID   string
	NodeDesc string
	SpokenAt Millis
}

// Look is what one batch of order IDs of one task brought back. An order asked
// for that is in none of Seen, Missing and Rejected went unanswered.
type Look struct {
	At       Millis              // when the answer arrived
	Seen     map[string]Sighting // by order ID
	Missing  map[string]bool     // answered well, but the order is not in the answer
	Rejected map[string]string   // order ID → why the API refuses it, fit for a log
}

// Sighting is one order's part of an answer, not yet decoded.
type Sighting struct {
	// Hash covers the bytes of the order's part, seeded with the rules'
	// version. Equal hashes mean nothing is new.
	Hash uint64
	// Decode reads the part. Its error names the field and what is wrong with
	// it, never the value.
	Decode func() (*Answer, error)
}
