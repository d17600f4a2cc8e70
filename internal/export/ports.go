package export

import (
	"context"
	"time"

	"callstream/internal/order"
	"callstream/internal/record"
	"callstream/internal/request"
)

// API looks at orders. Its methods are called from several goroutines.
type API interface {
	// Look asks for orders of one task. What its Look says counts even beside
	// an error; orders it says nothing of went unanswered.
	Look(ctx context.Context, task string, ids []string) (order.Look, error)
	// Scout names orders of a task that are in calls. It may be wrong, and what it
	// names beside an error counts too.
	Scout(ctx context.Context, task string) (ids []string, err error)
	// Scouts reports whether a scout is worth its request.
	Scouts() bool
	// Wait returns how long until a request may be sent; 0 = now.
	Wait() time.Duration
	// Turn takes the turn of a request where one may be sent now, and returns 0;
	// the next Look or Scout uses it. Else it is as Wait.
	Turn() time.Duration
	// Answering reports whether some order was answered well in the last
	// minute; only then does what is missing count against an order.
	Answering() bool
}

// Output is where effects go. Each method returns nil only when all it was
// given is acknowledged by all in-sync replicas; it tries until then or until
// ctx ends, and an error means that the outcome is unknown.
type Output interface {
	// Publish writes events in order. Those that fit no message come back.
	Publish(ctx context.Context, events []*order.Event) ([]TooLarge, error)
	Bury(ctx context.Context, letters []request.DeadLetter) error
	Forward(ctx context.Context, forwards []record.Message) error
	Save(ctx context.Context, states []SavedState) error
}

// Session is the generation of the consumer group that a Pipeline serves.
type Session interface {
	Owned() []int
	// Home returns the partition of an order's requests and state.
	Home(orderID string) int
	// Restore hands over all that the state topic holds of a partition as of
	// now, oldest first; a nil value removes the key.
	Restore(ctx context.Context, partition int, each func(key, value []byte) error) error
	// Read hands over the requests of a partition from the committed offset on
	// until ctx ends or each returns an error.
	Read(ctx context.Context, partition int, each func(record.Record) error) error
	// Commit saves the offsets to go on from. It works until Run has returned.
	Commit(offsets map[int]int64) error
}

// States turns states to bytes and back.
type States interface {
	Encode(*order.State) ([]byte, error)
	Decode([]byte) (*order.State, error)
}

// Observer is told what happens, for metrics. It is called from several
// goroutines.
type Observer interface {
	RequestRead(partition int)
	Forwarded(requests int)
	// Hinted tells what became of a hint for one order: HintTaken, HintFollowed
	// or HintIgnored.
	Hinted(effect string)
	// LookBegins tells how long ago the look before was that was answered, of each
	// order of a batch that has one since the start or its last request.
	LookBegins(ages []order.Millis)
	// Looked tells what an answer came to that arrived just now, or what went
	// unanswered, for a batch filled to a part of BATCH_SIZE.
	Looked(fill float64, outcomes map[order.Outcome]int, noticed order.Noticed)
	// Published tells how many events of a task were acknowledged, and how late
	// they announced what they were the first to announce.
	Published(task string, events map[order.Kind]int, late []order.Lateness)
	DeadLetter(reason order.Reason)
	// Held tells how many orders are held, how many of them have a request that
	// is not marked yet, and how many each task has. It must not keep the map.
	Held(orders, waiting int, tasks map[string]int)
	Committed(partition int, offset int64)
}

// AvroRequests reads the record of a request in Confluent framing: its values
// by field name, as request.FromValues takes them. A request.UnreadableError is
// final; any other error ends with ctx.
type AvroRequests func(ctx context.Context, value []byte) (map[string]any, error)

// SavedState is a state to save; a nil Value removes it.
type SavedState struct {
	Ref       order.Ref
	Partition int
	Value     []byte
}

// TooLarge is an event that fits no message, however much is left out.
type TooLarge struct {
	Event *order.Event
	Bytes int
}
