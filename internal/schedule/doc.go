// Package schedule says when each order is looked at and with which others. It
// is pure: the clock is passed in, and it owns no goroutine.
//
// Timing turns what is known of an order into its next look and its end: the
// pause grows with the time since the last change, so an order in motion is
// looked at often and a quiet one seldom, and nothing but the change needs to
// be remembered. Queue forms batches of one task from the orders that are due
// and fills them up with orders that soon would be, since requests are what the
// API gives least of. Alarms ring when an order's time is over.
package schedule
