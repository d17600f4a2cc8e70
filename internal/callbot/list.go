package callbot

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"callstream/internal/order"
)

// ListQuery asks for a page of a task's orders.
type ListQuery struct {
	Task       string
	Statuses   []int // of an order's last call; none = any
	Unfinished bool  // only orders that more calls may be made for
	Page       int   // from 1
	Size       int   // orders a page
}

// ListPage is a page of a task's orders as listOrder shows it.
type ListPage struct {
	Orders []Listed
	// Entries is how many entries the page has, those that are left out
	// counted: a page with fewer than its size may be the last one.
	Entries int
	// Total is how many orders there are on all pages, by the API's own count;
	// -1 where it gives none.
	Total int
}

// Listed is an order of a page.
type Listed struct {
	ID     string       // 1 to 256 bytes of valid UTF-8
	Status order.Status // of its last call; order.NoStatus where none is shown
}

// ErrNoList is wrapped by the error of List where the answer came well, but its
// shape is none that is known.
var ErrNoList = errors.New("the answer has no list of orders where one is looked for (docs/api.md#listorder)")

// List asks which orders a task has, and waits for the pacer before. The error
// is an *Error, or wraps the context's.
//
// What it shows is a hint and never the truth: nobody has tried listOrder
// against the real API yet. So whatever becomes of it changes nothing for Look:
// it neither shows that the API answers nor that it refuses the account.
func (c *Client) List(ctx context.Context, q ListQuery) (ListPage, error) {
	answer, _, err := c.inTurn(ctx, list(q), 0)
	if err != nil {
		return ListPage{}, err
	}
	l, ok := readList(answer.whole, q.Task)
	if n := l.otherTask; n > 0 {
		c.cfg.Observer.Dropped(DroppedNotAsked, n)
	}
	if n := l.unreadable; n > 0 {
		c.cfg.Observer.Dropped(DroppedUnreadable, n)
	}
	if !ok {
		// Told here and not before: the answer was good for the pacer, for there
		// is nothing that a pause would mend.
		return ListPage{}, &Error{
			Class: Failing, HTTPStatus: http.StatusOK, ResponseID: answer.responseID, call: ListOrder, Err: ErrNoList,
		}
	}
	return l.page, nil
}

// list asks for a page.
func list(q ListQuery) question {
	type options struct {
		CallStatus []int `json:"callStatus,omitempty"`
		Finish     *int  `json:"finish,omitempty"`
	}
	o := options{CallStatus: q.Statuses}
	if q.Unfinished {
		o.Finish = new(int)
	}
	return question{call: ListOrder, read: readOutside, body: struct {
		ProductID  string  `json:"productID"`
		UserTaskID string  `json:"userTaskID"`
		Options    options `json:"options"`
		Page       int     `json:"page"`
		Size       int     `json:"size"`
	}{product, q.Task, o, q.Page, q.Size}}
}

// Unsupported reports whether an error of List says that the vendor does not
// know the call or refuses it for good: asking again soon is in vain.
func Unsupported(err error) bool {
	failure, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	switch failure.RetCode {
	case 0:
		return failure.HTTPStatus == http.StatusNotFound || failure.HTTPStatus == http.StatusMethodNotAllowed ||
			failure.HTTPStatus == http.StatusNotImplemented
	case 4, 6003: // docs/api.md#retcode
		return true
	}
	return false
}

const (
	// listDepth is how deep in objects the list is looked for: APIs put theirs
	// at the top, into "data", or into a page in it.
	listDepth = 2
	// listWidth bounds the objects looked into at each depth, so that an answer
	// of millions of them costs nothing.
	listWidth = 64
	// maxID is the longest ID that an order may have, in bytes
	// (docs/contract.md#requests).
	maxID = 256
)

// listing is what was read of an answer of listOrder.
type listing struct {
	page       ListPage
	otherTask  int
	unreadable int
}

// readList finds the orders of a task in an answer: the first list that holds
// an object with an orderID, those further out first. ok is false where there is
// none, and nothing either that an answer without any order would have: an empty
// list, a null in its place or a count of 0.
func readList(whole gjson.Result, task string) (l listing, ok bool) {
	s := search{total: -1}
	level := []gjson.Result{whole}
	for depth := 0; depth <= listDepth; depth++ {
		var next []gjson.Result
		for _, object := range level {
			next = append(next, s.look(object, listWidth-len(next))...)
		}
		level = next
	}
	l.page.Total = s.total
	if !s.found.Exists() {
		return l, s.total == 0 || s.nothing && !s.foreign
	}
	s.found.ForEach(func(_, entry gjson.Result) bool {
		l.add(entry, task)
		return true
	})
	return l, true
}

// search is a search for the list of orders.
type search struct {
	found   gjson.Result // the list; none = not yet
	total   int          // -1 = not yet
	nothing bool         // seen what an answer without orders has instead of them
	foreign bool         // seen a list of something else
}

// look looks into an object, and returns the objects in it, at most so many.
func (s *search) look(object gjson.Result, most int) (inner []gjson.Result) {
	object.ForEach(func(name, v gjson.Result) bool {
		switch {
		case v.IsArray():
			s.list(v)
		case v.IsObject():
			if len(inner) < most {
				inner = append(inner, v)
			}
		case v.Type == gjson.Null:
			s.nothing = s.nothing || name.Str != "retMsg" && name.Str != "responseID"
		case s.total < 0 && isName(name, "totalCount", "total"):
			if n, err := whole(v, ""); err == nil && n >= 0 && n <= maxTotal {
				s.total = int(n)
			}
		}
		return true
	})
	return inner
}

// maxTotal bounds what is believed of the API's count: more orders than any
// task has.
const maxTotal = 1 << 40

// list looks at a list.
func (s *search) list(v gjson.Result) {
	var entries, orders bool
	v.ForEach(func(_, entry gjson.Result) bool {
		entries = true
		orders = entry.IsObject() && field(entry, "orderID").Exists()
		return !orders
	})
	switch {
	case orders && !s.found.Exists():
		s.found = v
	case !entries:
		s.nothing = true
	case !orders:
		s.foreign = true
	}
}

// add adds an entry of the list.
func (l *listing) add(entry gjson.Result, task string) {
	if entry.Type == gjson.Null {
		return
	}
	l.page.Entries++
	var id, entryTask string
	_ = text(field(entry, "orderID"), &id)           // one of another type is as good as none
	_ = text(field(entry, "userTaskID"), &entryTask) // the same
	switch {
	case id == "" || len(id) > maxID || !utf8.ValidString(id):
		l.unreadable++
	case entryTask != "" && entryTask != task:
		l.otherTask++
	default:
		// The ID must not hold on to the answer.
		l.page.Orders = append(l.page.Orders, Listed{ID: strings.Clone(id), Status: lastStatus(entry)})
	}
}

// lastStatus is the status of an order's last call: its own callStatus, or that
// of a call in it, or of the last in a list of calls.
func lastStatus(entry gjson.Result) order.Status {
	status := statusOf(entry)
	entry.ForEach(func(_, v gjson.Result) bool {
		if v.IsArray() {
			var last gjson.Result
			v.ForEach(func(_, call gjson.Result) bool {
				last = call
				return true
			})
			v = last
		}
		if status == order.NoStatus && v.IsObject() {
			status = statusOf(v)
		}
		return status == order.NoStatus
	})
	return status
}

func statusOf(object gjson.Result) order.Status {
	v := field(object, "callStatus")
	if absent(v) {
		return order.NoStatus
	}
	n, err := whole(v, "")
	if err != nil || n < 0 || n > maxStatus {
		return order.NoStatus
	}
	return order.Status(n)
}

// maxStatus is far beyond the vendor's table.
const maxStatus = 1 << 30

// field is the field of an object by its name, whatever its case: how the names
// of this answer are spelt is not documented.
func field(object gjson.Result, name string) (found gjson.Result) {
	if !object.IsObject() {
		return gjson.Result{}
	}
	object.ForEach(func(key, v gjson.Result) bool {
		if isName(key, name) {
			found = v
		}
		return !found.Exists()
	})
	return found
}

func isName(key gjson.Result, names ...string) bool {
	for _, name := range names {
		if strings.EqualFold(key.Str, name) {
			return true
		}
	}
	return false
}
