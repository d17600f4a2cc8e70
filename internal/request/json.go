package request

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"callstream/internal/order"
)

// FromJSON reads the fields of a request in JSON. Its error is an
// UnreadableError.
func FromJSON(value []byte) (Fields, error) {
	if !utf8.Valid(value) {
		return Fields{}, unreadable("the value is not valid UTF-8")
	}
	var body struct {
		UserTaskID any `json:"userTaskID"`
		OrderID    any `json:"orderID"`
		OrderIDs   any `json:"orderIDs"`
		Mode       any `json:"mode"`
		NotBefore  any `json:"notBefore"`
		Deadline   any `json:"deadline"`
	}
	var syntax *json.SyntaxError
	switch err := json.Unmarshal(value, &body); { // its other errors quote the value
	case errors.As(err, &syntax):
		return Fields{}, unreadable("not JSON: error at byte %d", syntax.Offset)
	case err != nil:
		return Fields{}, unreadable(`not a request: want {"userTaskID":…,"orderID":…}`)
	}
	return FromValues(map[string]any{
		"userTaskID": body.UserTaskID, "orderID": body.OrderID, "orderIDs": body.OrderIDs,
		"mode": body.Mode, "notBefore": body.NotBefore, "deadline": body.Deadline,
	})
}

// JSON writes a request: one order as orderID, more as orderIDs. Its time is
// not in it; that is a header's.
func JSON(r *order.Request) []byte {
	body := struct {
		UserTaskID string     `json:"userTaskID"`
		OrderID    *string    `json:"orderID,omitempty"`
		OrderIDs   []string   `json:"orderIDs,omitempty"`
		Mode       order.Mode `json:"mode,omitempty"`
		NotBefore  string     `json:"notBefore,omitempty"`
		Deadline   string     `json:"deadline,omitempty"`
	}{UserTaskID: r.Task, Mode: r.Mode, NotBefore: FormatTime(r.NotBefore), Deadline: FormatTime(r.Deadline)}
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
