package simulator

import (
	"strconv"
	"time"
)

// open begins an object or a list, after a comma where one is due.
func (p *pen) open(bracket byte) {
	if n := len(p.b); n > 0 && p.b[n-1] == '}' {
		p.b = append(p.b, ',')
	}
	p.b = append(p.b, bracket)
}

func (p *pen) close(bracket byte) { p.b = append(p.b, bracket) }

// key writes a key; they need no escapes. Keys follow on an opening brace or on
// a value, so the byte before says whether a comma is due.
func (p *pen) key(name string) {
	if p.b[len(p.b)-1] != '{' {
		p.b = append(p.b, ',')
	}
	p.b = append(p.b, '"')
	p.b = append(p.b, name...)
	p.b = append(p.b, '"', ':')
}

func (p *pen) text(name, value string) {
	p.key(name)
	p.b = appendQuoted(p.b, value)
}

// optional writes a text that may be missing.
func (p *pen) optional(f field, name, value string) {
	if value == "" {
		p.blank(f, name, `""`)
		return
	}
	p.text(name, value)
}

// blank writes a field that has no value in the order's style.
func (p *pen) blank(f field, name, emptyForm string) {
	switch p.story.style.blank(f) {
	case null:
		p.key(name)
		p.b = append(p.b, "null"...)
	case empty:
		p.key(name)
		p.b = append(p.b, emptyForm...)
	}
}

// id writes digits as a text, or as a number where Faults.NumericIDs says so.
func (p *pen) id(name, digits string) {
	if !p.numeric {
		p.text(name, digits)
		return
	}
	p.key(name)
	p.b = append(p.b, digits...)
}

// optionalID writes an id that may be missing.
func (p *pen) optionalID(f field, name, digits string) {
	if digits == "" {
		p.blank(f, name, `""`)
		return
	}
	p.id(name, digits)
}

func (p *pen) number(name string, n int) {
	p.key(name)
	p.b = strconv.AppendInt(p.b, int64(n), 10)
}

// optionalNumber writes a number that may not be there.
func (p *pen) optionalNumber(f field, name string, n int, there bool, emptyForm string) {
	if !there {
		p.blank(f, name, emptyForm)
		return
	}
	p.number(name, n)
}

func (p *pen) time(f field, name string, at time.Duration, there bool) {
	if !there {
		p.blank(f, name, "0")
		return
	}
	p.key(name)
	p.stamp(at, p.story.style.callSeconds)
}

// stamp writes a moment of the story in the API's unit.
func (p *pen) stamp(at time.Duration, seconds bool) {
	n := p.view.epoch + at.Milliseconds()
	if seconds {
		n /= 1000
		if p.view.canonical {
			n *= 1000
		}
	}
	p.b = strconv.AppendInt(p.b, n, 10)
}

// list writes, each as an object, the items that are there at the moment shown,
// or that there are none.
func list[T any](p *pen, f field, name string, items []T, from func(*T) time.Duration, write func(*T)) {
	begun := false
	for i := range items {
		item := &items[i]
		if from(item) > p.at {
			continue
		}
		if !begun {
			p.key(name)
			p.b = append(p.b, '[')
			begun = true
		}
		p.open('{')
		write(item)
		p.close('}')
	}
	if begun {
		p.close(']')
	} else {
		p.blank(f, name, "[]")
	}
}

const hexDigits = "0123456789abcdef"

// appendQuoted appends valid UTF-8 as a JSON string.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, `\u00`...)
			b = append(b, hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(b, s[from:]...), '"')
}
