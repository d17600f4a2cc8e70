package callbot

import (
	"math"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"callstream/internal/order"
)

// The readers below take what the vendor sends for what it documents, as far
// as only one meaning is possible: null and "" are absent, numbers may be
// strings and strings may be numbers. All else is a fieldError.

// fieldError says where in an answer stands something unreadable. It never
// holds the value.
type fieldError struct {
	path  string // callInfoDetailList[0].callStatus
	want  string
	found string
}

func (e *fieldError) Error() string {
	return e.path + ": want " + e.want + ", found " + e.found
}

// in puts the name of the list or object before the path.
func (e *fieldError) in(parent string) *fieldError {
	if e == nil {
		return nil
	}
	if e.path != "" && e.path[0] != '[' {
		parent += "."
	}
	e.path = parent + e.path
	return e
}

func wrong(v gjson.Result, want string) *fieldError {
	return &fieldError{want: want, found: kind(v)}
}

// kind names a value's JSON type.
func kind(v gjson.Result) string {
	switch {
	case v.Type == gjson.String:
		return "a string"
	case v.Type == gjson.Number:
		return "a number"
	case v.IsObject():
		return "an object"
	case v.IsArray():
		return "a list"
	case v.Type == gjson.Null:
		return "null"
	}
	return "a boolean"
}

func absent(v gjson.Result) bool {
	return v.Type == gjson.Null || v.Type == gjson.String && v.Str == ""
}

// eachField hands each field of an object to read, which returns nil for those
// it doesn't know.
func eachField(v gjson.Result, read func(name string, v gjson.Result) *fieldError) (failed *fieldError) {
	if absent(v) {
		return nil
	}
	if !v.IsObject() {
		return wrong(v, "an object")
	}
	v.ForEach(func(name, v gjson.Result) bool {
		failed = read(name.Str, v).in(name.Str) // a name that read knows: not foreign text
		return failed == nil
	})
	return failed
}

// eachEntry hands each entry of a list to read, but null ones.
func eachEntry(v gjson.Result, read func(v gjson.Result) *fieldError) (failed *fieldError) {
	if absent(v) {
		return nil
	}
	if !v.IsArray() {
		return wrong(v, "a list")
	}
	place := -1
	v.ForEach(func(_, v gjson.Result) bool {
		place++
		if v.Type == gjson.Null {
			return true
		}
		if failed = read(v); failed != nil {
			failed = failed.in(entryName(place))
		}
		return failed == nil
	})
	return failed
}

func text(v gjson.Result, to *string) *fieldError {
	switch v.Type {
	case gjson.Null:
	case gjson.String:
		*to = v.Str
	case gjson.Number, gjson.True, gjson.False:
		*to = v.Raw
	default:
		return wrong(v, "a string")
	}
	return nil
}

// anything reads a field of which the vendor only passes on what it was given.
func anything(v gjson.Result, to *string) *fieldError {
	if v.Type == gjson.JSON {
		*to = v.Raw
		return nil
	}
	return text(v, to)
}

func boolean(v gjson.Result, to *bool) *fieldError {
	const want = "a boolean"
	switch {
	case absent(v):
		return nil
	case v.Type == gjson.True, v.Type == gjson.False:
		*to = v.Type == gjson.True
		return nil
	case v.Type == gjson.String && (v.Str == "true" || v.Str == "false"):
		*to = v.Str == "true"
		return nil
	}
	n, err := whole(v, want)
	if err != nil {
		return err
	}
	if n != 0 && n != 1 {
		return &fieldError{want: want, found: "a number other than 0 and 1"}
	}
	*to = n == 1
	return nil
}

// whole reads an integer that is there.
func whole(v gjson.Result, want string) (int64, *fieldError) {
	digits := v.Raw
	switch v.Type {
	case gjson.Number:
	case gjson.String:
		digits = v.Str
	default:
		return 0, wrong(v, want)
	}
	if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
		return n, nil
	}
	if strings.Trim(digits, "0123456789+-.eE") != "" {
		return 0, &fieldError{want: want, found: "a string of something else"}
	}
	f, err := strconv.ParseFloat(digits, 64)
	switch {
	case err != nil && v.Type == gjson.String:
		return 0, &fieldError{want: want, found: "a string of something else"}
	case err != nil, math.Abs(f) >= 1<<53: // from here on a float is no exact integer
		return 0, &fieldError{want: want, found: "one too large"}
	case f != math.Trunc(f):
		return 0, &fieldError{want: want, found: "a fraction"}
	}
	return int64(f), nil
}

// number reads a number that the vendor may leave out. Events carry 32 bits.
func number(v gjson.Result, to *order.Opt) *fieldError {
	if absent(v) {
		return nil
	}
	n, err := whole(v, "a number")
	if err != nil {
		return err
	}
	if n < math.MinInt32 || n > math.MaxInt32 {
		return &fieldError{want: "a number", found: "one too large"}
	}
	*to = order.Some(n)
	return nil
}

// code reads a number that stays as it is where the vendor leaves it out.
func code[T ~int](v gjson.Result, to *T) *fieldError {
	var n order.Opt
	if err := number(v, &n); err != nil {
		return err
	}
	if n.Set {
		*to = T(n.N)
	}
	return nil
}

const (
	// secondsBelow is the number under which a time is in seconds, else in
	// milliseconds (docs/api.md#timestamps): in seconds the year 5138, in milliseconds 1973.
	secondsBelow = 100_000_000_000
	// lastMoment is the end of the year 9999 in milliseconds: what is later is
	// of another unit, and consumers cannot hold it.
	lastMoment = 253_402_300_799_999
)

// moment reads a time in seconds or milliseconds. 0 and less mean none.
func moment(v gjson.Result, to *order.Millis) *fieldError {
	const want = "a time in seconds or milliseconds"
	if absent(v) {
		return nil
	}
	n, err := whole(v, want)
	if err != nil {
		return err
	}
	switch {
	case n <= 0:
		n = 0
	case n < secondsBelow:
		n *= 1000
	case n > lastMoment:
		return &fieldError{want: want, found: "one too large"}
	}
	*to = order.Millis(n)
	return nil
}

// entryName names the entry of a list in a path.
func entryName(place int) string { return "[" + strconv.Itoa(place) + "]" }
