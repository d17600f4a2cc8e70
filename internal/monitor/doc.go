// Package monitor is how the exporter shows itself: whether it lives and is
// ready, what it has counted, and the HTTP server that says so. It owns the
// names of the metrics, which dashboards and alerts rely on. It decides nothing
// and holds nothing that is needed after a crash; whoever does the work tells
// it what happened.
package monitor
