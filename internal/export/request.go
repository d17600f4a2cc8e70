package export

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"callstream/internal/order"
)

// Headers of requests.
const (
	headerTime      = "callstream-request-time" // when it was asked: RFC 3339, or Unix milliseconds
	headerForwarded = "callstream-forwarded"    // topic/partition/offset it was forwarded from
)

// maxID is the longest ID in bytes.
const maxID = 256

// Fields is a request as it is written, before it is checked.
type Fields struct {
	UserTaskID string
	OrderID    *string
	OrderIDs   []string
	Mode       string // empty = follow
	NotBefore  order.Millis
	Deadline   order.Millis
}

// UnreadableError says why a request can't be read, now or ever.
type UnreadableError struct{ Detail string }

func (e *UnreadableError) Error() string { return "unreadable request: " + e.Detail }

func unreadable(format string, args ...any) error {
	return &UnreadableError{Detail: fmt.Sprintf(format, args...)}
}

// AvroRequests reads a request in Confluent framing. An UnreadableError is
// final; any other ends with ctx.
type AvroRequests func(ctx context.Context, value []byte) (Fields, error)

// invalidOrder is an ID in a readable request that no order can have.
type invalidOrder struct{ id, detail string }

// readRequest reads a request; its time is filled in by requestTime.
func readRequest(ctx context.Context, value []byte, avro AvroRequests) (*order.Request, []invalidOrder, error) {
	var f Fields
	var err error
	switch {
	case value == nil:
		return nil, nil, unreadable("the value is null; want a JSON object or Avro")
	case len(value) > 0 && value[0] == 0:
		f, err = avro(ctx, value)
	default:
		f, err = readJSON(value)
	}
	if err != nil {
		return nil, nil, err
	}
	return f.check()
}

func readJSON(value []byte) (Fields, error) {
	var f Fields
	if !utf8.Valid(value) {
		return f, unreadable("the value is not valid UTF-8")
	}
	var body struct {
		UserTaskID *string   `json:"userTaskID"`
		OrderID    *string   `json:"orderID"`
		OrderIDs   []*string `json:"orderIDs"`
		Mode       string    `json:"mode"`
		NotBefore  string    `json:"notBefore"`
		Deadline   string    `json:"deadline"`
	}
	if err := json.Unmarshal(value, &body); err != nil {
		return f, unreadable("%s", jsonDetail(err))
	}
	if body.UserTaskID == nil {
		return f, unreadable("userTaskID is missing")
	}
	f = Fields{UserTaskID: *body.UserTaskID, OrderID: body.OrderID, Mode: body.Mode}
	for i, id := range body.OrderIDs {
		if id == nil {
			return f, unreadable("orderIDs[%d] is null", i)
		}
		f.OrderIDs = append(f.OrderIDs, *id)
	}
	var err error
	if f.NotBefore, err = parseTime("notBefore", body.NotBefore); err != nil {
		return f, err
	}
	f.Deadline, err = parseTime("deadline", body.Deadline)
	return f, err
}

// jsonDetail says what is wrong with JSON without quoting it.
func jsonDetail(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("not JSON: error at byte %d", syntax.Offset)
	case errors.As(err, &kind) && kind.Field == "":
		return "want a JSON object, found " + article(kind.Value)
	case errors.As(err, &kind):
		return fmt.Sprintf("%s: want %s, found %s", kind.Field, article(kind.Type.String()), article(kind.Value))
	}
	return "not a request: want {\"userTaskID\":…,\"orderID\":…}"
}

func article(noun string) string {
	noun = strings.TrimPrefix(noun, "*")
	if noun != "" && strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

// parseTime reads a time of a request; empty text is none.
func parseTime(field, text string) (order.Millis, error) {
	if text == "" {
		return 0, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return 0, unreadable("%s is not an RFC 3339 time", field)
	}
	return order.Millis(max(t.UnixMilli(), 1)), nil
}

// check turns fields into a request. Orders that cannot be are told apart; a
// request without any that can is unreadable.
func (f *Fields) check() (*order.Request, []invalidOrder, error) {
	if bad := badID(f.UserTaskID); bad != "" {
		return nil, nil, unreadable("userTaskID %s", bad)
	}
	r := &order.Request{Task: f.UserTaskID, NotBefore: f.NotBefore, Deadline: f.Deadline}
	switch r.Mode = order.Mode(f.Mode); r.Mode {
	case "":
		r.Mode = order.Follow
	case order.Follow, order.LookOnce, order.StopFollow, order.Replay:
	default:
		return nil, nil, unreadable("mode is none of follow, once, stop, replay")
	}
	ids := f.OrderIDs
	if f.OrderID != nil {
		ids = append([]string{*f.OrderID}, ids...)
	}
	if len(ids) == 0 {
		return nil, nil, unreadable("neither orderID nor orderIDs names an order")
	}
	var invalid []invalidOrder
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		if bad := badID(id); bad != "" {
			invalid = append(invalid, invalidOrder{id, "orderID " + bad})
			continue
		}
		r.Orders = append(r.Orders, id)
	}
	if len(r.Orders) == 0 {
		return nil, nil, unreadable("%s", invalid[0].detail)
	}
	return r, invalid, nil
}

func badID(id string) string {
	switch {
	case id == "":
		return "is empty"
	case len(id) > maxID:
		return fmt.Sprintf("has %d bytes; at most %d are possible", len(id), maxID)
	case !utf8.ValidString(id):
		return "is not valid UTF-8"
	}
	return ""
}

// requestTime returns when a request was asked. Time 0 means never, so a record
// without a time was asked at the beginning of time.
func requestTime(rec *Record) (order.Millis, error) {
	asked := rec.Time.UnixMilli()
	if said := header(rec.Headers, headerTime); said != nil {
		ms, err := strconv.ParseInt(string(said), 10, 64)
		if err != nil {
			t, err := time.Parse(time.RFC3339, string(said))
			if err != nil {
				return 0, unreadable("header %s is neither an RFC 3339 time nor milliseconds", headerTime)
			}
			ms = t.UnixMilli()
		}
		asked = ms
	}
	return order.Millis(max(asked, 1)), nil
}

// header returns the last header of that name; nil where there is none.
func header(headers []Header, key string) []byte {
	for i := len(headers) - 1; i >= 0; i-- {
		if headers[i].Key == key {
			if headers[i].Value == nil {
				return []byte{}
			}
			return headers[i].Value
		}
	}
	return nil
}

// writeRequest writes a request as JSON: one order as orderID, more as
// orderIDs.
func writeRequest(r *order.Request) []byte {
	body := struct {
		UserTaskID string     `json:"userTaskID"`
		OrderID    *string    `json:"orderID,omitempty"`
		OrderIDs   []string   `json:"orderIDs,omitempty"`
		Mode       order.Mode `json:"mode,omitempty"`
		NotBefore  string     `json:"notBefore,omitempty"`
		Deadline   string     `json:"deadline,omitempty"`
	}{UserTaskID: r.Task, Mode: r.Mode, NotBefore: formatTime(r.NotBefore), Deadline: formatTime(r.Deadline)}
	if len(r.Orders) == 1 {
		body.OrderID = &r.Orders[0]
	} else {
		body.OrderIDs = r.Orders
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		panic(err) // strings alone: cannot fail
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func formatTime(m order.Millis) string {
	if m == 0 {
		return ""
	}
	return time.UnixMilli(int64(m)).UTC().Format("2006-01-02T15:04:05.000Z07:00")
}
