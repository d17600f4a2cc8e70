package callbot

import (
	"encoding/binary"
	"errors"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/tidwall/gjson"

	"callstream/internal/order"
)

// maxNesting bounds how deep an answer may nest. Real ones nest 7 deep; the
// validator recurses some 200 bytes of stack a level, and a Go program that
// outgrows its stack dies.
const maxNesting = 100_000

var (
	errNotJSON   = errors.New("the answer is not JSON, or cut")
	errNesting   = errors.New("the answer nests too deep")
	errNoRetCode = errors.New("the answer has no retCode")
)

// envelope is the outside of an API answer: its orders are not yet looked at.
type envelope struct {
	whole      gjson.Result
	retCode    int
	message    string // fit for a log
	responseID string // fit for a log
	orders     gjson.Result
}

// readEnvelope reads the outside of an answer of listOrderDetail. Its errors
// hold none of it.
func readEnvelope(body string) (envelope, error) {
	r, err := readOutside(body)
	if err == nil && r.retCode == 0 && !absent(r.orders) && !r.orders.IsArray() {
		return envelope{}, wrong(r.orders, "a list").in("orderDetailList")
	}
	return r, err
}

// readOutside reads the outside of an answer of any call. Its errors hold none
// of it.
func readOutside(body string) (envelope, error) {
	if nestsTooDeep(body) {
		return envelope{}, errNesting
	}
	if !gjson.Valid(body) {
		return envelope{}, errNotJSON
	}
	var (
		r       = envelope{whole: gjson.Parse(body)}
		retCode order.Opt
		message string
		id      string
	)
	failed := eachField(r.whole, func(name string, v gjson.Result) *fieldError {
		switch name {
		case "retCode":
			return number(v, &retCode)
		case "retMsg":
			return anything(v, &message)
		case "responseID":
			return anything(v, &id)
		case "orderDetailList":
			r.orders = v
		}
		return nil
	})
	switch {
	case failed != nil:
		return envelope{}, failed.in("answer")
	case !retCode.Set:
		return envelope{}, errNoRetCode
	}
	r.retCode = int(retCode.N)
	r.message = fitForLog(message)
	r.responseID = responseID(id)
	return r, nil
}

// nestsTooDeep reports whether an answer would overflow the validator's stack. It
// counts brackets first, which is cheap: an answer with fewer of them than
// maxNesting cannot nest deeper.
func nestsTooDeep(body string) bool {
	if strings.Count(body, "{")+strings.Count(body, "[") <= maxNesting {
		return false
	}
	depth, inString := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxNesting {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// Why an entry of an answer is dropped, as Observer.Dropped has it.
const (
	// DroppedNotAsked: the entry is of another order, or of another task.
	DroppedNotAsked = "not-asked-for"
	// DroppedUnreadable: the entry is no object, or has no order ID.
	DroppedUnreadable = "unreadable"
)

// findings is what one answer showed of the orders asked for.
type findings struct {
	at         order.Millis              // when it arrived
	seen       map[string]order.Sighting // by the ID as it was asked for
	notAsked   int
	otherTask  int // of notAsked, those of orders asked for
	unreadable int
}

// sight finds the asked-for orders of a task among an answer's entries,
// without decoding them. The sightings hold on to the answer.
func sight(entries gjson.Result, task string, ids []string, seed uint64) findings {
	asked := make(map[string]string, len(ids))
	for _, id := range ids {
		asked[id] = id
	}
	var f findings
	byOrder := make(map[string][]string, len(ids))
	entries.ForEach(func(_, entry gjson.Result) bool {
		id, entryTask := entryNames(entry)
		own, ok := asked[id]
		switch {
		case entry.Type == gjson.Null:
		case id == "":
			f.unreadable++
		case !ok:
			f.notAsked++
		case entryTask != "" && entryTask != task:
			f.notAsked++
			f.otherTask++
		default:
			byOrder[own] = append(byOrder[own], entry.Raw)
		}
		return true
	})
	f.seen = make(map[string]order.Sighting, len(byOrder))
	for id, raws := range byOrder {
		f.seen[id] = order.Sighting{
			Hash: hashEntries(seed, raws),
			Decode: func() (*order.Answer, error) {
				return decodeEntries(order.Ref{Task: task, ID: id}, raws)
			},
		}
	}
	return f
}

// entryNames reads whose entry it is. A name is empty where the entry leaves it
// out or has it in another type; of a task of another type decodeEntry complains.
// It stops once it has both names: these mostly stand before the calls, which are
// the bulk of the answer and are skipped so.
func entryNames(entry gjson.Result) (id, task string) {
	if !entry.IsObject() {
		return "", ""
	}
	entry.ForEach(func(name, v gjson.Result) bool {
		switch name.Str {
		case "orderID":
			_ = text(v, &id)
		case "userTaskID":
			_ = text(v, &task)
		}
		return id == "" || task == ""
	})
	return id, task
}

// hashEntries hashes the bytes of an order's entries. 0 means "no answer yet"
// to those who keep hashes, so it is never one.
func hashEntries(seed uint64, entries []string) uint64 {
	digest := xxhash.New()
	var start [8]byte
	binary.LittleEndian.PutUint64(start[:], seed)
	_, _ = digest.Write(start[:])
	for _, raw := range entries {
		_, _ = digest.WriteString(raw)
	}
	return max(1, digest.Sum64())
}
