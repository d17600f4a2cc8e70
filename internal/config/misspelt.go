package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// serviceLink matches the variables that Kubernetes and Docker set for a
// service that is called callbot or topic.
var serviceLink = regexp.MustCompile(`_SERVICE_(HOST|PORT)|_PORT(_\d+_(TCP|UDP)(_|$)|$)`)

// warnMisspelt looks for variables that were meant to be settings. The prefixes
// CALLBOT_ and TOPIC_ are ours alone, so whatever has them is a slip. KAFKA_ and
// the rest are other programs' too (a Kafka image sets KAFKA_HEAP_OPTS), so there
// only a near miss counts: KAFKA_BROKER for KAFKA_BROKERS.
func (l *loading) warnMisspelt(environ map[string]string, wanted func(name string) bool) {
	known := map[string]bool{}
	for _, s := range Settings() {
		known[s.Name] = true
		if s.File {
			known[s.FileName()] = true
		}
	}
	names := slices.Sorted(maps.Keys(known))
	for _, name := range slices.Sorted(maps.Keys(environ)) {
		upper := strings.ToUpper(name)
		if known[name] || !wanted(upper) || serviceLink.MatchString(upper) {
			continue
		}
		ours := strings.HasPrefix(upper, "CALLBOT_") || strings.HasPrefix(upper, "TOPIC_")
		near, edits := nearest(upper, names)
		switch {
		case edits <= slack(near, ours) && (ours || environ[near] == ""):
			l.warning("%s is not a setting; %s is", name, near)
		case ours:
			l.warning("%s is not a setting", name)
		}
	}
}

// slack is how many edits may lie between a setting and its misspelling. A short
// name is few edits away from another program's: PHONE from IPHONE is one.
func slack(name string, ours bool) int {
	switch {
	case ours:
		return len(name) / 3
	case len(name) >= 12:
		return 2
	case len(name) >= 8:
		return 1
	}
	return 0
}

func nearest(name string, among []string) (near string, edits int) {
	edits = -1
	for _, candidate := range among {
		if d := distance(name, candidate); edits < 0 || d < edits {
			near, edits = candidate, d
		}
	}
	return near, edits
}

// distance counts the insertions, deletions and replacements of one byte that
// lead from a to b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
