package order

import "slices"

// A lineKey tells the lines of a call apart.
type lineKey struct{ index, occurrence int }

// lineFinder finds announced lines. A transcript mostly comes as it came
// before, so it looks at the same place first and builds an index only where
// that fails.
type lineFinder struct {
	lines []AnnouncedLine
	index map[lineKey]int
}

// find returns the place of a line among the announced ones, -1 for a new one.
func (f *lineFinder) find(key lineKey, guess int) int {
	if guess < len(f.lines) && f.lines[guess].Index == key.index && f.lines[guess].Occurrence == key.occurrence {
		return guess
	}
	if len(f.lines) == 0 {
		return -1
	}
	if f.index == nil {
		f.index = make(map[lineKey]int, len(f.lines))
		for i := range f.lines {
			f.index[lineKey{f.lines[i].Index, f.lines[i].Occurrence}] = i
		}
	}
	if at, known := f.index[key]; known {
		return at
	}
	return -1
}

// lineKeys numbers the lines of an answer: a second line with the same index
// is its second occurrence.
func lineKeys(lines []Line) []lineKey {
	keys := make([]lineKey, len(lines))
	rising := true
	for i := range lines {
		keys[i] = lineKey{lines[i].Index, 1}
		rising = rising && (i == 0 || lines[i].Index > lines[i-1].Index)
	}
	if rising {
		return keys
	}
	seen := make(map[int]int, len(lines))
	for i := range lines {
		seen[lines[i].Index]++
		keys[i].occurrence = seen[lines[i].Index]
	}
	return keys
}

// lines announces the lines of a call that are new, and corrections that were
// seen twice.
func (c *comparison) lines(call *AnnouncedCall, seen *Call) (announced bool) {
	finder := lineFinder{lines: call.Lines}
	owned := false // call.Lines is not shared with the state before
	for i, key := range lineKeys(seen.Lines) {
		line := &seen.Lines[i]
		at := finder.find(key, i)
		if at < 0 {
			if !owned {
				call.Lines, owned = append(make([]AnnouncedLine, 0, len(seen.Lines)), call.Lines...), true
			}
			call.Lines = append(call.Lines, AnnouncedLine{Index: key.index, Occurrence: key.occurrence})
			c.line(call, &call.Lines[len(call.Lines)-1], line)
			announced = true
			continue
		}
		was := call.Lines[at]
		now, correction := layLine(&was, line)
		if now == nil && !correction && was.Pending == (Digest{}) {
			continue
		}
		if !owned {
			call.Lines, owned = slices.Clone(call.Lines), true
		}
		entry := &call.Lines[at]
		entry.Pending = Digest{}
		if correction {
			d := lineDigest(now)
			if d != was.Pending {
				entry.Pending = d
				c.result.Again, c.result.Save = true, true
				continue
			}
		}
		if now != nil {
			c.line(call, entry, now)
			announced = true
		} else {
			c.result.Save = true
		}
	}
	return announced
}

// line announces a line and remembers it in entry.
func (c *comparison) line(call *AnnouncedCall, entry *AnnouncedLine, line *Line) {
	*entry = AnnouncedLine{
		Index: entry.Index, Occurrence: entry.Occurrence, Revision: entry.Revision + 1,
		Role: line.Role, Type: line.Type, NodeID: line.NodeID, NodeDesc: line.NodeDesc, SpokenAt: line.SpokenAt,
		InfoRef: len(c.next.Infos) - 1, Digest: digest(line.Text),
	}
	c.announce(call, entry.InfoRef, entry.body(line.Text))
}

// body returns the event of an announced line; the text is the caller's.
func (a *AnnouncedLine) body(text string) *TranscriptLine {
	return &TranscriptLine{
		Line: Line{
			Index: a.Index, Role: a.Role, Type: a.Type, Text: text,
			NodeID: a.NodeID, NodeDesc: a.NodeDesc, SpokenAt: a.SpokenAt,
		},
		Occurrence: a.Occurrence, Revision: a.Revision,
	}
}

// layLine lays a line of an answer over the announced one. It returns the line
// to announce, nil where nothing is new; correction means that a value
// announced would change, not only arrive. An answer that lacks the text is
// old, and its text unknown to us: nothing to announce.
func layLine(was *AnnouncedLine, seen *Line) (now *Line, correction bool) {
	d := digest(seen.Text)
	if seen.Text == "" && was.Digest != d {
		return nil, false
	}
	line := *seen
	line.Index = was.Index
	differs := false
	code := func(before int, after *int) {
		if *after == NoCode {
			*after = before
		}
		differs = differs || *after != before
		correction = correction || *after != before && before != NoCode
	}
	text := func(before string, after *string) {
		*after = either(*after, before)
		differs = differs || *after != before
		correction = correction || *after != before && before != ""
	}
	code(was.Role, &line.Role)
	code(was.Type, &line.Type)
	text(was.NodeID, &line.NodeID)
	text(was.NodeDesc, &line.NodeDesc)
	if line.SpokenAt == 0 {
		line.SpokenAt = was.SpokenAt
	}
	differs = differs || line.SpokenAt != was.SpokenAt || d != was.Digest
	correction = correction || line.SpokenAt != was.SpokenAt && was.SpokenAt != 0
	correction = correction || d != was.Digest && was.Digest != (Digest{})
	if !differs {
		return nil, false
	}
	return &line, correction
}
