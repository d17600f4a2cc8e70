// Package freshness measures how late the schedule is, in virtual time: worlds
// of campaigns whose every change is known beforehand, a limit on the requests,
// and policies that spend it. It serves its tests and `make freshness` alone.
//
// A World is played first (campaign.go, steady.go): what happens to an order
// does not depend on who looks. Run then gives a Policy one request a slot and
// shows it what a look would have shown, nothing more. So policies are compared
// on the same changes to the millisecond. Bounds (bound.go) say what no policy
// can undercut that learns by looking alone.
package freshness
