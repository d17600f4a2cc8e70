package request

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"callstream/internal/order"
	"callstream/internal/record"
)

// DeadLetter is what could not be done, and why. A request that can't be read
// goes as it came; an order of one that can be read goes as a request for it
// alone, so that sending the value again asks again.
type DeadLetter struct {
	Reason     order.Reason
	Detail     string // fit for a log: no phone number, no text
	Topic      string // of the request; filled in where the letter is written
	Partition  int    // of the request
	Offset     int64  // of the request; -1 where it is no longer known
	Time       time.Time
	Key, Value []byte
	Headers    []record.Header // of the request, where it goes as it came
	// LeftOut is how many bytes of key, value and headers were more than fit, in
	// a letter that was read; they are all nil then, and the detail says so too.
	// 0 = nothing is missing.
	LeftOut int
}

// OrderLetter returns the dead letter of one order, whether or not r names it
// alone. The offset is -1 where the request is long marked.
func OrderLetter(l order.Letter, r *order.Request, id string, partition int, offset int64, now time.Time) DeadLetter {
	alone := *r
	alone.Orders = []string{id}
	return DeadLetter{
		Reason: l.Reason, Detail: l.Detail, Partition: partition, Offset: offset, Time: now,
		Key: []byte(id), Value: JSON(&alone),
	}
}

// letterHeaders are the headers of a dead letter's own, in the order they are
// written. All are text; reason is an order.Reason, time is RFC 3339.
var letterHeaders = []string{"reason", "detail", "topic", "partition", "offset", "time"}

const (
	// headersAtMost bounds the bytes of a letter's own headers, of which the
	// detail is the longest; a topic's name has up to 249.
	headersAtMost = 2048
	detailAtMost  = headersAtMost / 2
	// The detail of a letter without its bytes ends in their number between these.
	leftOutBefore = " (its "
	leftOutAfter  = " bytes are left out: more than fit)"
)

// Message lays a letter out for a topic whose messages may have limit bytes.
// One too large keeps its coordinates, not its bytes: they stand in the request
// topic for as long as it retains them. A header of the request that has the
// name of one of the letter's own is left out, so that nobody can say where a
// letter came from but we.
func (l *DeadLetter) Message(topic string, limit int) record.Message {
	m := record.Message{Topic: topic, Partition: record.ByKey, Key: l.Key, Value: l.Value}
	for _, h := range l.Headers {
		if !slices.Contains(letterHeaders, h.Key) {
			m.Headers = append(m.Headers, h)
		}
	}
	detail := strings.ToValidUTF8(l.Detail[:min(len(l.Detail), detailAtMost)], "")
	if size := m.Size(); size+headersAtMost > limit {
		m.Key, m.Value, m.Headers = nil, nil, nil
		detail += leftOutBefore + strconv.Itoa(size) + leftOutAfter
	}
	for i, text := range []string{
		string(l.Reason), detail, l.Topic, strconv.Itoa(l.Partition), strconv.FormatInt(l.Offset, 10), l.Time.UTC().Format(timeLayout),
	} {
		m.Headers = append(m.Headers, record.Header{Key: letterHeaders[i], Value: []byte(text)})
	}
	return m
}

// ReadDeadLetter reads what Message laid out: the same letter, its detail as it
// was cut, its time to the millisecond. It fails where a header of the letter's
// own is missing or is not what it should be; then the record is no dead letter
// of callstream's.
func ReadDeadLetter(rec *record.Record) (DeadLetter, error) {
	l := DeadLetter{Key: rec.Key, Value: rec.Value}
	own := map[string]string{}
	for _, h := range rec.Headers {
		if slices.Contains(letterHeaders, h.Key) {
			own[h.Key] = string(h.Value)
		} else {
			l.Headers = append(l.Headers, h)
		}
	}
	if len(own) < len(letterHeaders) {
		return DeadLetter{}, errors.New("read dead letter: a header of its own is missing")
	}
	l.Reason, l.Detail, l.Topic = order.Reason(own["reason"]), own["detail"], own["topic"]
	var errs [3]error
	l.Partition, errs[0] = strconv.Atoi(own["partition"])
	l.Offset, errs[1] = strconv.ParseInt(own["offset"], 10, 64)
	l.Time, errs[2] = time.Parse(time.RFC3339, own["time"])
	for i, err := range errs {
		if err != nil { // it quotes the value
			return DeadLetter{}, fmt.Errorf("read dead letter: header %s can't be read", letterHeaders[3+i])
		}
	}
	if l.Key == nil && l.Value == nil {
		l.LeftOut = leftOut(l.Detail)
	}
	return l, nil
}

// leftOut returns how many bytes a detail says are left out; 0 = none.
func leftOut(detail string) int {
	head, found := strings.CutSuffix(detail, leftOutAfter)
	at := strings.LastIndex(head, leftOutBefore)
	if !found || at < 0 {
		return 0
	}
	n, err := strconv.Atoi(head[at+len(leftOutBefore):])
	if err != nil {
		return 0
	}
	return n
}
