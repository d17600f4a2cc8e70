// Package export is the pipeline: requests come in, orders that are due are
// looked at, what is new is published, the state saved, the request marked,
// the watermark committed. A Pipeline serves one generation of the consumer
// group: it owns the orders of the partitions assigned.
//
// Three parts, each with goroutines of its own. A reader a partition turns
// records into intakes. Pipeline.Run owns the book (the orders and their
// schedule) and the watermarks; nothing of theirs is locked. The worker acts on
// the world, in jobs on orders checked out of the book: looks (look.go: ask, decide, publish, keep), at most
// Concurrency at once, and errands (errand.go: forward, bury, keep), one at a
// time; commits are jobs too, of no order. An order is out once at a time;
// requests for it wait until it is back.
//
// # Order of effects
//
// Events acknowledged → dead letters acknowledged → state acknowledged → the
// request's offset marked → the contiguous watermark committed. A crash between
// any two repeats the later ones from the request or the state: nothing is
// skipped. A job whose context ended has an unknown outcome: nothing after it
// happens, and the next owner of the partition starts from the state that was
// acknowledged.
package export
