// Package monitor is how the exporter shows itself: whether it lives and is
// ready (health.go), what it has counted (metrics.go, series.go), and the HTTP
// server that says so (server.go); the live page of orders belongs here too. It
// owns the names of the metrics, which dashboards and alerts rely on.
//
// Whoever does the work tells it what happened; it decides nothing. Nothing in it
// is needed after a crash: counters begin anew, conditions are found again.
package monitor
