// Package schedule says which orders of which task are asked for next. It is
// pure: the clock is passed in, and it owns no goroutine.
//
// # The measure
//
// What an order's look is worth is the expected waiting of all that may have
// changed since it was last looked at: a change that is likely and has been
// possible for long is waited for most (worth.go). How likely changes are is
// learnt as it runs, by task, by phase and by how long a phase has lasted
// (rates.go), and for orders whose calls have not begun by where they stand in
// the list of requests (starts.go). A request goes to the task whose most
// worthwhile orders are worth most together, and carries as many of them as fit
// (choose.go): a place in a request that goes anyway costs nothing.
//
// # What does not depend on what was learnt
//
// Beliefs may be wrong from one minute to the next. So half of a request's
// places are first looks', a quarter the sweep's, which takes all queued orders
// in turn, and every fourth request goes to the task that got least of its fair
// share. That bounds how much worse than taking all in turn any belief can be.
//
// # Who holds what
//
// Plan holds the orders that are to be looked at, each in one place (plan.go).
// Alarms ring when an order's time is over. Times that rates depend on are
// counted in units of half of POLL_MIN, finer than which nothing can be seen.
package schedule
