package monitor

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// JoiningGroup is the condition every exporter starts with: it holds until the
// first generation's partitions are known.
const JoiningGroup = "joining-group"

// Condition is a reason not to be ready.
type Condition struct {
	Name   string // a short fixed word
	Detail string // one line, may be empty; no phone number, no secret
}

// String is the condition's line in /readyz.
func (c Condition) String() string {
	if c.Detail == "" {
		return c.Name
	}
	return c.Name + ": " + c.Detail
}

// Health is the reasons not to be ready; there being none means ready. It is
// safe for concurrent use. The zero Health is ready.
type Health struct {
	mu     sync.Mutex
	set    map[string]string // detail by name
	checks []check
	note   string
}

type check struct {
	name string
	ask  func() string
}

// NewHealth returns a Health that waits for Clear(JoiningGroup).
func NewHealth() *Health {
	h := &Health{}
	h.Set(JoiningGroup, "waiting for partitions of the request topic")
	return h
}

// Set adds a condition, or gives it another detail.
func (h *Health) Set(name, detail string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.set == nil {
		h.set = map[string]string{}
	}
	h.set[name] = detail
}

// Note gives what is said beside being ready, in one line; an empty one takes it
// away.
func (h *Health) Note(text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.note = oneLine(text)
}

// report is what /readyz says: ready and the note, or each condition.
func (h *Health) report() (ready bool, text string) {
	conditions := h.Conditions()
	if len(conditions) > 0 {
		for _, c := range conditions {
			text += c.String() + "\n"
		}
		return false, text
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.note == "" {
		return true, "ready\n"
	}
	return true, "ready\n" + h.note + "\n"
}

// Clear takes a condition away. One that is not set is no mistake.
func (h *Health) Clear(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.set, name)
}

// AddCheck adds a condition that is asked for whenever someone looks: it holds
// while ask returns text, which is its detail. ask is called from several
// goroutines and must not block. It is independent of Set and Clear.
func (h *Health) AddCheck(name string, ask func() string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.checks = append(h.checks, check{name, ask})
}

// Conditions returns what stands against being ready, by name; none: ready.
func (h *Health) Conditions() []Condition {
	h.mu.Lock()
	var all []Condition
	for name, detail := range h.set {
		all = append(all, Condition{name, oneLine(detail)})
	}
	checks := slices.Clone(h.checks)
	h.mu.Unlock()
	// Asked without the lock: a check may itself Set or Clear.
	for _, c := range checks {
		if detail := oneLine(c.ask()); detail != "" {
			all = append(all, Condition{c.name, detail})
		}
	}
	slices.SortFunc(all, func(a, b Condition) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Detail, b.Detail))
	})
	return all
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
