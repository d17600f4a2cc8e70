package order

// Reason is the one word for why something became a dead letter. The words are
// part of what is promised (docs/contract.md#dead-letters): people filter and redrive by them.
type Reason string

// The reasons of dead letters.
const (
	ReasonUnreadable Reason = "unreadable" // a request that can't be read, or an order whose answers can't
	ReasonInvalidID  Reason = "invalid-id" // an ID that no order can have
	ReasonMisrouted  Reason = "misrouted"  // forwarded, and still not home
	ReasonRejected   Reason = "rejected"   // the API refuses the order
	ReasonNotFound   Reason = "not-found"  // the API never showed the order
	ReasonGaveUp     Reason = "gave-up"    // followed for too long
	ReasonTooLarge   Reason = "too-large"  // fits no message
)
