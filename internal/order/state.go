package order

// State is what callstream remembers of one order: what it was asked to do and
// what it has announced. It is saved in the state topic after every change.
// The zero State (but for Ref) is an order never heard of.
type State struct {
	Ref
	TrackedSince Millis // when this state began
	Tracking
	// Hash is of the last accepted answer's bytes; 0 asks for the next answer
	// to be read whatever it is (a correction waits for its second look).
	Hash      uint64
	Finished  bool   // the API's `finish`, as last accepted
	ChangedAt Millis // when the last answer that changed anything arrived; 0 = no answer yet
	// Infos are the distinct Info values announced; the last is the present
	// one, the earlier ones belong to announcements made under them.
	Infos       []Info
	Corrections []Correction // of the order's Info and user name, each seen once
	Calls       []AnnouncedCall
}

// Tracking is what requests asked of an order and how that stands.
type Tracking struct {
	FollowAt     Millis // time of the newest accepted follow request
	OnceAt       Millis // time of the newest accepted once or replay request
	StopAt       Millis // time of the newest stop request; or just after FollowAt, where that following ended otherwise
	ReplayAt     Millis // time of a replay request that waits for its look; 0 = none
	NotBefore    Millis // do not look before
	Deadline     Millis // give up after
	FollowSince  Millis // when the present following (or waiting) began: FOLLOW_MAX counts from here
	MissingSince Millis // when an order never seen was first missing from an answer
	RestingSince Millis // when it was no longer looked at; STATE_RETENTION counts from here; 0 = active
	Rest         Rest   // why it rests
}

// Rest says why an order is no longer looked at.
type Rest string

// The reasons to rest. Active means the order is looked at when due.
const (
	Active  Rest = ""
	Settled Rest = "settled"
	Once    Rest = "once"
	Stopped Rest = "stopped"
	GaveUp  Rest = "gave-up"
)

// AnnouncedCall is what was announced of one call.
type AnnouncedCall struct {
	ID        string // as announced: the vendor's, or <orderID>#<attempt>
	VendorID  string // the vendor's callID where it came after the call was named by its attempt
	Attempt   int
	Status    StatusChanged // the last one announced
	StatusRef int           // its Info: an index into State.Infos
	// Completion is the last revision announced; nil while the call goes on.
	Completion    *CallCompleted
	CompletionRef int
	Lines         []AnnouncedLine
	Corrections   []Correction // each seen once
}

// AnnouncedLine is what was announced of a line. Its text is not kept: Digest
// stands for it.
type AnnouncedLine struct {
	Index, Occurrence, Revision int
	Role, Type                  int
	NodeID, NodeDesc            string
	SpokenAt                    Millis
	InfoRef                     int    // an index into State.Infos
	Digest                      Digest // of the text; zero for empty text
	Correction                  Digest // of the whole corrected line, where one answer showed it; zero = none
}

// Digest is 16 bytes of SHA-256.
type Digest [16]byte

// Correction is another value of something announced, which one answer showed;
// the next one confirms or forgets it.
type Correction struct {
	Field  string
	Digest Digest // of the value shown
}
