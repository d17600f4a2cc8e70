package avro

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/linkedin/goavro/v2"

	"callstream/internal/order"
	"callstream/internal/record"
	"callstream/schemas"
)

// The choices of a message's key.
const (
	KeyOrder = "order" // all events of an order keep their order
	KeyCall  = "call"  // spread wider; the events of a call keep their order
)

// Options shape messages. The zero value is plain phone numbers, keyed by
// order, no transcript in completed calls, no limit.
type Options struct {
	EventKey            string                    // KeyOrder or KeyCall; empty means KeyOrder
	Phone               func(phone string) string // what stands for a user's phone; nil = the number itself. Must be safe for concurrent use
	CompletedTranscript bool                      // put the transcript into CallCompleted
	Source              string                    // ce_source: API host and account, the same on all instances
	// Limit says how many bytes the key, value and headers of a message of
	// that kind may have together; 0 or less = no limit. nil = none.
	Limit func(kind order.Kind) int
}

// SchemaIDs are a registry's IDs of the event schemas; a kind whose topic is
// not in use may be missing. nil asks for Avro single-object encoding.
type SchemaIDs map[order.Kind]uint32

// Message is an event as it goes to the topic of its kind.
type Message struct {
	Kind    order.Kind
	Key     []byte
	Value   []byte
	Headers []record.Header
}

// Size is what a limit counts: key, value, headers.
func (m Message) Size() int {
	n := len(m.Key) + len(m.Value)
	for _, h := range m.Headers {
		n += len(h.Key) + len(h.Value)
	}
	return n
}

// ErrTooLarge means that an event does not fit the limit even without all that
// may be left out. Trying again does not help.
var ErrTooLarge = errors.New("message too large")

// pooledMax is the size of a value, in bytes, from which on the maps and
// buffer that made it are left to the garbage collector: one giant is no
// reason to keep its memory for good.
const pooledMax = 1 << 20

// Encoder makes messages of events. It is safe for concurrent use.
type Encoder struct {
	opts  Options
	kinds map[order.Kind]*kindEncoder // those that have a schema ID
}

// kindEncoder is what an Encoder has for each kind of events.
type kindEncoder struct {
	eventKind
	codec  *goavro.Codec
	prefix []byte // what stands before every value and names its schema
	fixed  [4]record.Header
	pool   *sync.Pool // of *scratch
}

// scratch is what making one message takes, used again and again.
type scratch struct {
	record *native
	buf    []byte
}

func newScratch() any { return &scratch{record: newNative()} }

// NewEncoder returns an encoder that frames values with the IDs, or in
// single-object encoding where ids is nil. It fails on an unknown EventKey.
func NewEncoder(opts Options, ids SchemaIDs) (*Encoder, error) {
	switch opts.EventKey {
	case "":
		opts.EventKey = KeyOrder
	case KeyOrder, KeyCall:
	default:
		return nil, fmt.Errorf("encoder: unknown event key %q", opts.EventKey)
	}
	e := &Encoder{opts: opts, kinds: map[order.Kind]*kindEncoder{}}
	table := eventKinds()
	for _, k := range order.Kinds() {
		kind := table[k]
		if kind.fill == nil {
			return nil, fmt.Errorf("encoder: kind %d (%s) is not in the table of kinds", k, k)
		}
		codec, fingerprint, err := presentCodec(kind.schema)
		if err != nil {
			return nil, err
		}
		prefix := singleObjectPrefix(fingerprint)
		if ids != nil {
			id, ok := ids[k]
			if !ok {
				continue // its topic is not in use
			}
			prefix = confluentPrefix(id)
		}
		e.kinds[k] = &kindEncoder{
			eventKind: kind,
			codec:     codec,
			prefix:    prefix,
			fixed: [4]record.Header{
				{Key: "ce_specversion", Value: []byte("1.0")},
				{Key: "ce_type", Value: []byte("callstream." + k.String() + ".v1")},
				{Key: "ce_source", Value: []byte(opts.Source)},
				{Key: "content-type", Value: []byte("application/avro")},
			},
			pool: &sync.Pool{New: newScratch},
		}
	}
	return e, nil
}

// presentCodec returns goavro's codec of a present schema, and the schema's
// fingerprint.
func presentCodec(name string) (*goavro.Codec, uint64, error) {
	s, ok := schemas.ByName(name)
	if !ok {
		return nil, 0, fmt.Errorf("codec: no schema is called %q", name)
	}
	reader, err := NewReader(s.Text())
	if err != nil {
		return nil, 0, fmt.Errorf("codec of %s: %w", name, err)
	}
	codec, err := goavro.NewCodec(s.Text())
	if err != nil {
		return nil, 0, fmt.Errorf("codec of %s: %w", name, err)
	}
	return codec, reader.fingerprint(), nil
}

// Event makes the event's message. It leaves out or cuts what may be where the
// message would not fit its limit, and fails with ErrTooLarge where that is
// not enough; the message that comes with it is the one that does not fit. With
// any other error it is empty. The message keeps nothing of the event.
func (e *Encoder) Event(ev *order.Event) (Message, error) {
	if ev.Body == nil {
		return Message{}, errors.New("encode event: it announces nothing")
	}
	kind := ev.Body.Kind()
	k := e.kinds[kind]
	if k == nil {
		return Message{}, fmt.Errorf("encode %s: no schema ID was given for it", eventKinds()[kind].schema)
	}
	s := k.pool.Get().(*scratch)
	e.fillCommon(s.record, ev)
	k.fill(e, s.record, ev)

	m := Message{Kind: kind, Key: e.key(ev), Headers: k.headers(ev)}
	room := -1 // no limit
	if e.opts.Limit != nil {
		if limit := e.opts.Limit(kind); limit > 0 {
			room = max(0, limit-m.Size())
		}
	}
	err := k.encodeWithin(s, room)
	if err != nil && !errors.Is(err, ErrTooLarge) {
		return Message{}, err
	}
	m.Value = append(make([]byte, 0, len(s.buf)), s.buf...)
	if len(s.buf) < pooledMax {
		k.pool.Put(s)
	}
	return m, err
}

func (e *Encoder) key(ev *order.Event) []byte {
	if e.opts.EventKey == KeyCall {
		return []byte(ev.CallID)
	}
	return []byte(ev.Ref.ID)
}

// headers are CloudEvents' binary mode for Kafka.
func (k *kindEncoder) headers(ev *order.Event) []record.Header {
	const layout = "2006-01-02T15:04:05.000Z" // RFC 3339 in UTC
	at := time.UnixMilli(int64(ev.ObservedAt)).UTC()
	id, subject := ev.ID.String(), valid(ev.CallID)
	text := make([]byte, 0, len(id)+len(layout)+8+len(subject)) // + a year beyond 9999
	text = append(text, id...)
	text = at.AppendFormat(text, layout)
	timeEnd := len(text)
	text = append(text, subject...)

	headers := make([]record.Header, 0, 8)
	headers = append(headers, k.fixed[:]...)
	headers = append(headers,
		record.Header{Key: "ce_id", Value: text[:len(id):len(id)]},
		record.Header{Key: "ce_time", Value: text[len(id):timeEnd:timeEnd]},
		record.Header{Key: "ce_subject", Value: text[timeEnd:]})
	if ev.Replay {
		headers = append(headers, record.Header{Key: "callstream-replay", Value: []byte("true")})
	}
	return headers
}

// encode encodes the record into the buffer of s.
func (k *kindEncoder) encode(s *scratch) error {
	buf, err := k.codec.BinaryFromNative(append(s.buf[:0], k.prefix...), s.record.fields)
	if err != nil {
		// goavro quotes values.
		return fmt.Errorf("encode %s: a value does not fit its field", k.schema)
	}
	s.buf = buf
	return nil
}
