package request

import (
	"time"

	"callstream/internal/order"
)

// FromValues reads the fields of a request from their values by name, which is
// all that its forms have in common. Text is a string (so is an enum's symbol)
// or []byte; a list is []any; a time is a string (RFC 3339), and where the form
// is Avro also a time.Time (a timestamp of any unit) or an int64 (Unix
// milliseconds); nil is null, which is as good as missing. Fields of other names
// are passed over: whoever writes with a schema of their own may have more.
//
// Its error is an UnreadableError.
func FromValues(values map[string]any) (Fields, error) {
	r := reader{values: values}
	f := Fields{
		UserTaskID: r.text("userTaskID"), OrderID: r.text("orderID"), OrderIDs: r.texts("orderIDs"),
		NotBefore: r.time("notBefore"), Deadline: r.time("deadline"),
	}
	if mode := r.text("mode"); mode != nil {
		f.Mode = *mode
	}
	return f, r.err
}

// reader reads values, and keeps the first error.
type reader struct {
	values map[string]any
	err    error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = unreadable(format, args...)
	}
}

func (r *reader) text(field string) *string {
	value := r.values[field]
	if value == nil {
		return nil
	}
	text, ok := asText(value)
	if !ok {
		r.fail("%s is not text", field)
	}
	return &text
}

func (r *reader) texts(field string) []string {
	value := r.values[field]
	list, ok := value.([]any)
	if !ok && value != nil {
		r.fail("%s is not a list", field)
	}
	texts := make([]string, len(list))
	for i, item := range list {
		if texts[i], ok = asText(item); !ok {
			r.fail("%s[%d] is not text", field, i)
		}
	}
	return texts
}

func asText(value any) (text string, ok bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case []byte:
		return string(value), true
	}
	return "", false
}

func (r *reader) time(field string) order.Millis {
	switch value := r.values[field].(type) {
	case nil:
		return 0
	case time.Time:
		return moment(value.UnixMilli())
	case int64:
		return moment(value)
	case string:
		at, err := ParseTime(value)
		if err != nil {
			r.fail("%s %v", field, err)
		}
		return at
	}
	r.fail("%s is not a time", field)
	return 0
}
