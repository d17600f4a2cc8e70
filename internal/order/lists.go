package order

import (
	"slices"
	"strconv"
)

// A list tells lay how to treat the items of one kind. What was announced keeps
// its place, and what is new comes at the end: places name corrections, and a
// consumer sees items in the order in which it learnt of them.
type list[T comparable] struct {
	name string
	id   func(T) string                   // empty: the vendor gave none
	bare func(T) T                        // what the item keeps when its ID arrives
	item func(field string, was, now T) T // lays now over was
}

func (o *overlay) intents(was, now []Intent) []Intent {
	return lay(o, was, now, list[Intent]{
		name: "intent",
		id:   func(v Intent) string { return v.ID },
		bare: func(v Intent) Intent { v.ID = ""; return v },
		item: func(field string, was, now Intent) Intent {
			return Intent{
				ID:   either(now.ID, was.ID),
				Tag:  o.text(field+".tag", was.Tag, now.Tag),
				Name: o.text(field+".name", was.Name, now.Name),
			}
		},
	})
}

func (o *overlay) sms(was, now []SMS) []SMS {
	return lay(o, was, now, list[SMS]{
		name: "sms",
		id:   func(v SMS) string { return v.MessageID },
		// A message has no ID before it is sent: its state moves on meanwhile.
		bare: func(v SMS) SMS { return SMS{Content: v.Content} },
		item: func(field string, was, now SMS) SMS {
			return SMS{
				MessageID: either(now.MessageID, was.MessageID),
				State:     o.step(field+".state", was.State, now.State, smsStates),
				Content:   o.text(field+".content", was.Content, now.Content),
			}
		},
	})
}

func (o *overlay) params(was, now []Param) []Param {
	return lay(o, was, now, list[Param]{
		name: "param",
		id:   func(v Param) string { return v.Name },
		bare: func(v Param) Param { return Param{Value: v.Value} },
		item: func(field string, was, now Param) Param {
			return Param{Name: either(now.Name, was.Name), Value: o.text(field, was.Value, now.Value)}
		},
	})
}

// lay lays the items of an answer over those announced. A correction of the
// third announced SMS is named "sms#2…", for its place never changes.
func lay[T comparable](o *overlay, was, now []T, l list[T]) []T {
	switch {
	case len(was) == 0:
		return now
	case len(now) == 0:
		o.stale++
		return was
	case slices.Equal(was, now):
		return was
	}
	out := append(make([]T, 0, max(len(was), len(now))), was...)
	for i, at := range l.places(was, now) {
		if at < 0 {
			out = append(out, now[i])
		} else if out[at] != now[i] {
			out[at] = l.item(l.name+"#"+strconv.Itoa(at), out[at], now[i])
		}
	}
	return out
}

// places finds each item of an answer among the announced ones; -1 for a new
// one. An announced item is given away once:
//
//  1. An item with an ID is the announced one with that ID. The vendor may use
//     an ID twice: the second item with it is then the second announced with it.
//  2. An item may get its ID after it was announced, or lose it in a bad answer.
//     It is known by standing at the same place with all else as it was: the
//     message {"", "hi"} at place 0 is {"m1", "hi"} at place 0, not a new one.
//  3. An item without an ID is the next announced one without.
func (l list[T]) places(was, now []T) []int {
	places := make([]int, len(now))
	taken := make([]bool, len(was))
	ids := finder{names: make([]namedPlace, 0, len(was)), taken: taken}
	for k := range was {
		ids.add(l.id(was[k]), k)
	}
	for i := range now { // 1
		places[i] = -1
		if id := l.id(now[i]); id != "" {
			places[i] = ids.take(id)
		}
	}
	for i := range now { // 2
		if places[i] < 0 && i < len(was) && !taken[i] && (l.id(was[i]) == "") != (l.id(now[i]) == "") &&
			l.bare(was[i]) == l.bare(now[i]) {
			places[i], taken[i] = i, true
		}
	}
	for i := range now { // 3
		if places[i] < 0 && l.id(now[i]) == "" {
			places[i] = ids.take("")
		}
	}
	return places
}
