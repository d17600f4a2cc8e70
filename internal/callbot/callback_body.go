package callbot

import (
	"crypto/sha256"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"callstream/internal/order"
)

// about is what a callback is about.
type about int

const (
	aboutOrder about = iota // an order or one of its calls
	aboutTask
)

// taskCallback is the callbackType of a callback about a task; that of orders
// and calls is 2 (docs/api.md#callbacks).
const taskCallback = 1

// readCallback reads what a callback is about; the rest of it is not looked at.
// IDs are text or numbers, as everywhere in the API. What stands behind the JSON
// is refused, which matters: MD5 and SHA256 can be continued without the key,
// and a body that was continued has something behind it.
func readCallback(body string) (order.Ref, about, *refusal) {
	if !utf8.ValidString(body) || nestsTooDeep(body) || !gjson.Valid(body) {
		return order.Ref{}, aboutOrder, malformed("the body is not JSON")
	}
	var ref order.Ref
	var kind order.Opt
	failed := eachField(gjson.Parse(body), func(name string, v gjson.Result) *fieldError {
		switch name {
		case "callbackType":
			return number(v, &kind)
		case "orderID":
			return text(v, &ref.ID)
		case "userTaskID":
			return text(v, &ref.Task)
		}
		return nil
	})
	if failed != nil {
		return order.Ref{}, aboutOrder, malformed(failed.in("callback").Error())
	}
	if kind.Set && kind.N == taskCallback {
		return order.Ref{}, aboutTask, nil
	}
	return ref, aboutOrder, nil
}

// digest stands for a callback's requestID, createTs and sign.
type digest [16]byte

// digestOf hashes texts that hold no 0 byte: headers can't.
func digestOf(texts ...string) digest {
	h := sha256.New()
	for _, t := range texts {
		h.Write([]byte(t))
		h.Write([]byte{0})
	}
	return digest(h.Sum(nil))
}

// digestsFor is how long a digest is kept at least: a callback passes for fresh
// from callbackFresh before its time until callbackFresh after it.
const digestsFor = 2 * callbackFresh

// digests remembers the callbacks that were taken. Only signed ones come here,
// at most callbackRate a second, so no more than 240,000 are kept: 10 MB. The
// zero digests is empty.
type digests struct {
	mu          sync.Mutex
	turned      time.Time // when now became the newer half
	now, before map[digest]struct{}
}

// add reports whether a digest is new, and keeps it.
func (d *digests) add(key digest, at time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if age := at.Sub(d.turned); d.now == nil || age >= digestsFor {
		d.before = d.now
		if age >= 2*digestsFor {
			d.before = nil
		}
		d.now, d.turned = map[digest]struct{}{}, at
	}
	_, isNow := d.now[key]
	_, wasBefore := d.before[key]
	if isNow || wasBefore {
		return false
	}
	d.now[key] = struct{}{}
	return true
}

// remove forgets a digest that was added.
func (d *digests) remove(key digest) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.now, key)
	delete(d.before, key)
}
