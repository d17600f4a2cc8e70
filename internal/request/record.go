package request

import (
	"strconv"
	"time"

	"callstream/internal/order"
	"callstream/internal/record"
)

// Headers of requests.
const (
	HeaderTime       = "callstream-request-time" // when it was asked: RFC 3339, or Unix milliseconds
	HeaderForwarded  = "callstream-forwarded"    // topic/partition/offset it was forwarded from
	HeaderHintSource = "callstream-hint-source"  // who gave the hint; only sourceCallback means something
)

// sourceCallback is the source of a hint that one of the vendor's callbacks gave.
const sourceCallback = "callback"

// Read reads a request that stands in Kafka, and the time it was asked at. A
// value whose first byte is 0, which no JSON begins with, is Avro in Confluent
// framing; avro returns its record's values as FromValues takes them.
//
// An UnreadableError is final. Any other error is avro's, and says nothing of
// the request.
func Read(rec *record.Record, avro func(value []byte) (map[string]any, error)) (*order.Request, []InvalidOrder, error) {
	var f Fields
	var err error
	switch value := rec.Value; {
	case value == nil:
		err = unreadable("the value is null; want a JSON object or Avro")
	case len(value) > 0 && value[0] == 0:
		var values map[string]any
		if values, err = avro(value); err == nil {
			f, err = FromValues(values)
		}
	default:
		f, err = FromJSON(value)
	}
	if err != nil {
		return nil, nil, err
	}
	r, invalid, err := f.Check()
	if err != nil {
		return nil, nil, err
	}
	r.Time, err = askedAt(rec)
	return r, invalid, err
}

// askedAt returns when a request was asked: what its header says, else the
// record's timestamp. This time, unlike those a request asks for, is always
// there, and 0 would be never: one at or before 1970 is 1, the beginning of
// time, older than any request that has a later one.
func askedAt(rec *record.Record) (order.Millis, error) {
	ms := rec.Time.UnixMilli()
	if said, found := record.Last(rec.Headers, HeaderTime); found {
		var err error
		if ms, err = strconv.ParseInt(string(said), 10, 64); err != nil {
			t, err := time.Parse(time.RFC3339, string(said))
			if err != nil {
				return 0, unreadable("header %s is neither an RFC 3339 time nor milliseconds", HeaderTime)
			}
			ms = t.UnixMilli()
		}
	}
	return max(moment(ms), 1), nil
}

// Forwarded reports whether a request has been forwarded.
func Forwarded(rec *record.Record) bool {
	_, found := record.Last(rec.Headers, HeaderForwarded)
	return found
}

// CallbackHint returns the hint that a callback about an order gives. The key
// leads it home: the partition by key is the order's home.
func CallbackHint(ref order.Ref, topic string) record.Message {
	return record.Message{
		Topic: topic, Partition: record.ByKey, Key: []byte(ref.ID),
		Value:   JSON(&order.Request{Task: ref.Task, Orders: []string{ref.ID}, Mode: order.Hint}),
		Headers: []record.Header{{Key: HeaderHintSource, Value: []byte(sourceCallback)}},
	}
}

// FromCallback reports whether a request is the hint of a callback. Whoever may
// write the topic can claim it, and gains nothing: a follow is theirs to write too.
func FromCallback(rec *record.Record) bool {
	source, found := record.Last(rec.Headers, HeaderHintSource)
	return found && string(source) == sourceCallback
}

// Forward returns the part of a request whose home is another partition of the
// topic it was read from. It keeps the headers and the time it was asked at: by
// the time of its own record it would outweigh requests asked after it.
func Forward(part *order.Request, from *record.Record, topic string, home int) record.Message {
	origin := topic + "/" + strconv.Itoa(from.Partition) + "/" + strconv.FormatInt(from.Offset, 10)
	m := record.Message{Topic: topic, Partition: home, Key: []byte(part.Orders[0]), Value: JSON(part)}
	for _, h := range from.Headers {
		if h.Key != HeaderTime {
			m.Headers = append(m.Headers, h)
		}
	}
	m.Headers = append(m.Headers,
		record.Header{Key: HeaderTime, Value: []byte(FormatTime(part.Time))},
		record.Header{Key: HeaderForwarded, Value: []byte(origin)})
	return m
}
