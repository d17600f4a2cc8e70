package order

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
	own := func() {
		if !owned {
			call.Lines, owned = append(make([]AnnouncedLine, 0, max(len(seen.Lines), len(call.Lines))), call.Lines...), true
		}
	}
	for i, key := range lineKeys(seen.Lines) {
		at := finder.find(key, i)
		if at < 0 {
			own()
			call.Lines = append(call.Lines, AnnouncedLine{Index: key.index, Occurrence: key.occurrence})
			c.line(call, &call.Lines[len(call.Lines)-1], &seen.Lines[i])
			announced = true
			continue
		}
		was := &call.Lines[at]
		now, moved, stale := layLine(was, &seen.Lines[i])
		if stale {
			c.result.Stale++
		}
		var unconfirmed Digest
		if moved == isCorrected {
			if d := lineDigest(&now); d != was.Correction {
				unconfirmed, moved = d, stays
				c.result.Unconfirmed = true
			}
		}
		switch {
		case moved == movesOn || moved == isCorrected:
			own()
			c.line(call, &call.Lines[at], &now)
			announced = true
		case unconfirmed != was.Correction:
			own()
			call.Lines[at].Correction = unconfirmed
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

// layLine lays a line of an answer over the announced one: what it is now, how
// it moved, and whether a value turned empty. The text announced is not known,
// so where that turned empty there is nothing to announce.
func layLine(was *AnnouncedLine, seen *Line) (now Line, moved move, stale bool) {
	d := digest(seen.Text)
	if seen.Text == "" && was.Digest != d {
		return Line{}, stays, true
	}
	now = *seen
	now.Role = layField(&moved, &stale, was.Role, now.Role, NoCode)
	now.Type = layField(&moved, &stale, was.Type, now.Type, NoCode)
	now.NodeID = layField(&moved, &stale, was.NodeID, now.NodeID, "")
	now.NodeDesc = layField(&moved, &stale, was.NodeDesc, now.NodeDesc, "")
	now.SpokenAt = layField(&moved, &stale, was.SpokenAt, now.SpokenAt, 0)
	layField(&moved, &stale, was.Digest, d, Digest{})
	return now, moved, stale
}

// layField lays one field of a line over the announced one. none is its value
// where the vendor left it out.
func layField[T comparable](moved *move, stale *bool, was, now, none T) T {
	switch {
	case now == was:
	case now == none:
		*stale = true
		return was
	case was == none:
		*moved = max(*moved, movesOn)
	default:
		*moved = isCorrected
	}
	return now
}
