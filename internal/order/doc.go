// Package order is the rule book of callstream: what an order and its calls
// are, what has been announced of them, and what an answer of the API adds to
// that. It is pure: no IO, no clock, no logger, no JSON or Avro.
//
// Compare lays an Answer over a State and returns the Events that are new and
// the next State. State holds exactly what was announced, so an event is a
// view of the state, and the state after a crash tells what was announced
// before it.
//
// # Status
//
// A status only moves forward: preparing, dispatching, dialing, ringing, in
// call, then a final one (moves.go). A step back is stale: the call is left as
// it is. From one final status to another is a correction, but back to plain
// "completed" is stale. A number that is not in the table is UNKNOWN: it may
// move to any other; the call has ended once it has an end time or its order
// is finished. What has ended stays ended.
//
// # Values
//
// What arrives or moves on is announced at once. A correction of something
// announced waits until two successive answers show it (overlay.go); an answer
// with a call that went back does not count between them. A value that turns
// empty is stale; what disappears stays as announced. Recording URLs that
// differ only in their query are equal. Items of a list are known by ID and
// occurrence; one may get its ID later (lists.go).
//
// Before a call has ended its details are announced with its next status;
// afterwards each accepted change is a revision of CallCompleted. Lines are
// announced as they come (lines.go), known by index and occurrence.
//
// # Calls
//
// A call is known by its callID. One without is held back until it has one or
// has ended; then it is named <orderID>#<attempt> and keeps that name. The
// attempt is its place in the order's list when it was first seen (calls.go).
// Two entries for one call are merged, the further one wins (merge.go).
//
// # Identity
//
// An event's ID covers its kind, names, counter and the vendor's values, and
// nothing else (identity.go): a repeat of the same content has the same ID.
//
// # Verdicts
//
// Decide says what a reply of the API means for one order (verdict.go): what to
// announce, what to bury, what is known next, and whether the saved state stays,
// is written or is removed. TimeIsOver says it of the clock, NoLook of a request
// that needs no look. A Verdict is a value: nothing has happened yet, and whoever
// carries it out keeps the order of effects.
//
// # Requests
//
// Tracking (tracking.go) is what requests asked of an order. Each kind of
// request keeps the time of its newest one, so that requests heeded out of
// order end the same: an older request never overrides a newer one, follow
// outweighs once. A stop ends what was followed before it, not a look that was
// asked for after it.
package order
