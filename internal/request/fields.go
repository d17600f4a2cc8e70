// Package request is what a request is, wherever one is read or written: its
// fields, their JSON and Avro forms and what makes an ID, a mode and a time; the
// headers that travel with it; what forwarding writes; and the dead letter it
// becomes where it can't be served, there and back. The pipeline, the commands
// and the adapters take the words from here and check nothing of it again. It
// is pure: it reads no clock and asks nobody.
//
// # Times
//
// A time is written as RFC 3339 (in Avro also as a timestamp or as Unix
// milliseconds) and kept to the millisecond. A time at or before 1970-01-01 is
// none, in both forms. It is what programs write that have no time to give: 0
// where the Avro field is not nullable, or year 1, which is Go's zero. Taken by
// its word, a deadline of 0 would give up every order of such a program.
//
// A time after the year 9999 is the last millisecond of that year, because RFC
// 3339 has four digits for it: a request read from Avro must still be readable
// as JSON after it was forwarded.
//
// # Errors
//
// Nothing here quotes what a request says: details go to logs and to headers
// of dead letters, and anything may stand in a field.
package request

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"callstream/internal/order"
)

// MaxID is the longest ID of an order or a task, in bytes.
const MaxID = 256

// Fields is a request as it is written, before it is checked.
type Fields struct {
	UserTaskID *string      // nil where null or missing
	OrderID    *string      // nil where null or missing
	OrderIDs   []string     // given beside OrderID or instead of it
	Mode       string       // empty where null or missing: follow
	NotBefore  order.Millis // 0 = none
	Deadline   order.Millis // 0 = none
}

// UnreadableError says why a request can't be read, now or ever.
type UnreadableError struct {
	Detail string // fit for a log: it quotes nothing
}

func (e *UnreadableError) Error() string { return "unreadable request: " + e.Detail }

func unreadable(format string, args ...any) error {
	return &UnreadableError{Detail: fmt.Sprintf(format, args...)}
}

// InvalidOrder is an ID in a readable request that no order can have.
type InvalidOrder struct {
	ID     string
	Detail string // fit for a log
}

// Check turns fields into a request without a time. IDs that no order can have
// are told apart, and the others go on; a request that is left without any is
// unreadable. An ID that is named twice counts once.
//
// Its error is an UnreadableError.
func (f *Fields) Check() (*order.Request, []InvalidOrder, error) {
	if f.UserTaskID == nil {
		return nil, nil, unreadable("userTaskID is missing")
	}
	if err := CheckID(*f.UserTaskID); err != nil {
		return nil, nil, unreadable("userTaskID %v", err)
	}
	r := &order.Request{Task: *f.UserTaskID, Mode: order.Follow, NotBefore: f.NotBefore, Deadline: f.Deadline}
	if f.Mode != "" {
		var err error
		if r.Mode, err = ParseMode(f.Mode); err != nil {
			return nil, nil, unreadable("mode %v", err)
		}
	}
	ids := f.OrderIDs
	if f.OrderID != nil {
		ids = append([]string{*f.OrderID}, ids...)
	}
	if len(ids) == 0 {
		return nil, nil, unreadable("neither orderID nor orderIDs names an order")
	}
	var invalid []InvalidOrder
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		if err := CheckID(id); err != nil {
			invalid = append(invalid, InvalidOrder{id, "orderID " + err.Error()})
			continue
		}
		r.Orders = append(r.Orders, id)
	}
	if len(r.Orders) == 0 {
		return nil, nil, unreadable("%s", invalid[0].Detail)
	}
	return r, invalid, nil
}

// CheckID says what is wrong with the ID of an order or a task: 1 to MaxID
// bytes of valid UTF-8. The error goes on from the name of what is checked, as
// in "orderID is empty"; so do those of ParseMode and ParseTime.
func CheckID(id string) error {
	switch {
	case id == "":
		return errors.New("is empty")
	case len(id) > MaxID:
		return fmt.Errorf("has %d bytes; at most %d are possible", len(id), MaxID)
	case !utf8.ValidString(id):
		return errors.New("is not valid UTF-8")
	}
	return nil
}

// ParseMode reads a mode's name.
func ParseMode(name string) (order.Mode, error) {
	switch mode := order.Mode(name); mode {
	case order.Follow, order.LookOnce, order.StopFollow, order.Replay, order.Hint:
		return mode, nil
	}
	return "", errors.New("is none of follow, once, stop, replay, hint")
}

// latest is the last moment that RFC 3339 can write.
const latest = order.Millis(253_402_300_799_999) // 9999-12-31T23:59:59.999Z

// moment is the time that Unix milliseconds of a request mean; 0 = none.
func moment(ms int64) order.Millis { return min(max(order.Millis(ms), 0), latest) }

// ParseTime reads a time in RFC 3339; empty text is none.
func ParseTime(text string) (order.Millis, error) {
	if text == "" {
		return 0, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil { // it quotes the text
		return 0, errors.New("is not an RFC 3339 time")
	}
	return moment(t.UnixMilli()), nil
}

// timeLayout is RFC 3339 with milliseconds.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// FormatTime writes a time as ParseTime reads it, in UTC.
func FormatTime(m order.Millis) string {
	if m == 0 {
		return ""
	}
	return time.UnixMilli(int64(m)).UTC().Format(timeLayout)
}
