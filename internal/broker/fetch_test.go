package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"testing"

	"callstream/internal/record"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
	"github.com/segmentio/kafka-go/protocol/listoffsets"
)

// script is a broker of one partition that answers fetches as a log with holes
// would, and counts them. It stands in for what real clusters do rarely.
type script struct {
	first, end int64
	batches    []scripted
	once       []any // answers to the next fetches: an error, or a *fetch.ResponsePartition
	throttled  int32
	fetches    int
	drain      []int64 // from and to; nil = the whole log
}

// scripted is a batch: the offsets it covers, and those of them that still hold
// a record.
type scripted struct {
	base, last int64
	records    []int64
	control    bool
}

func (s *script) RoundTrip(_ context.Context, _ net.Addr, req kafka.Request) (kafka.Response, error) {
	switch r := req.(type) {
	case *fetch.Request:
		s.fetches++
		return s.fetch(r)
	case *listoffsets.Request:
		res := &listoffsets.Response{Topics: []listoffsets.ResponseTopic{{Topic: "t"}}}
		for _, p := range r.Topics[0].Partitions {
			at := s.first
			if p.Timestamp == kafka.LastOffset {
				at = s.end
			}
			res.Topics[0].Partitions = append(res.Topics[0].Partitions, listoffsets.ResponsePartition{Timestamp: p.Timestamp, Offset: at})
		}
		return res, nil
	}
	return nil, fmt.Errorf("unexpected %T", req)
}

func (s *script) fetch(r *fetch.Request) (kafka.Response, error) {
	from := r.Topics[0].Partitions[0].FetchOffset
	answer := fetch.ResponsePartition{HighWatermark: s.end}
	if len(s.once) > 0 {
		next := s.once[0]
		s.once = s.once[1:]
		switch a := next.(type) {
		case error:
			return nil, a
		case *fetch.ResponsePartition:
			answer = *a
		}
	} else if from < s.first || from > s.end {
		answer.ErrorCode = int16(kafka.OffsetOutOfRange)
	} else {
		for _, b := range s.batches {
			if b.last >= from { // one batch an answer, whole
				answer.RecordSet = b.recordSet()
				break
			}
		}
	}
	return &fetch.Response{ThrottleTimeMs: s.throttled, Topics: []fetch.ResponseTopic{{
		Topic: "t", Partitions: []fetch.ResponsePartition{answer},
	}}}, nil
}

func (b scripted) recordSet() protocol.RecordSet {
	var records []protocol.Record
	for _, o := range b.records {
		records = append(records, protocol.Record{Offset: o, Key: protocol.NewBytes([]byte("k")), Value: protocol.NewBytes(fmt.Append(nil, o))})
	}
	var batch protocol.RecordReader = &protocol.RecordBatch{BaseOffset: b.base, Records: protocol.NewRecordReader(records...)}
	if b.control {
		batch = &protocol.ControlBatch{BaseOffset: b.base, Records: protocol.NewRecordReader(records...)}
	}
	return protocol.RecordSet{Version: 2, Records: &protocol.RecordStream{Records: []protocol.RecordReader{batch}}}
}

func (s *script) cursor() *cursor {
	log := slog.New(slog.DiscardHandler)
	b := &Broker{cfg: Config{Log: log, Observer: noObserver{}}, troubles: &troubles{log: log}}
	return &cursor{b: b, client: &kafka.Client{Addr: kafka.TCP("nowhere:1"), Transport: s}, topic: "t", next: s.first}
}

// drained is what a drain hands out.
func (s *script) drained(t *testing.T) []int64 {
	t.Helper()
	var got []int64
	c, end := s.cursor(), s.end
	if s.drain != nil {
		c.next, end = s.drain[0], s.drain[1]
	}
	err := c.readTo(timely(t), end, func(r record.Record) error {
		got = append(got, r.Offset)
		return nil
	}, func() {})
	if err != nil {
		t.Error(err)
	}
	return got
}

func TestDrainMeetsHoles(t *testing.T) {
	failures := []any{
		errors.New("connection reset"),
		&fetch.ResponsePartition{ErrorCode: int16(kafka.NotLeaderForPartition)},
		&fetch.ResponsePartition{ErrorCode: int16(kafka.OffsetNotAvailable)},
		&fetch.ResponsePartition{ErrorCode: int16(kafka.OffsetOutOfRange)}, // of a replica that lags: the offset is in range
	}
	batch := func(base, last int64, records ...int64) scripted {
		return scripted{base: base, last: last, records: records}
	}
	empty := func(n int) []any {
		return slices.Repeat([]any{&fetch.ResponsePartition{HighWatermark: 2}}, n)
	}
	for name, c := range map[string]struct {
		log  script
		want []int64
	}{
		"an empty log":                       {script{}, nil},
		"an empty log that has begun later":  {script{first: 7, end: 7}, nil},
		"no hole":                            {script{end: 4, batches: []scripted{batch(0, 1, 0, 1), batch(2, 3, 2, 3)}}, []int64{0, 1, 2, 3}},
		"the head of a batch is gone":        {script{end: 4, batches: []scripted{batch(0, 3, 2, 3)}}, []int64{2, 3}},
		"the tail of a batch is gone":        {script{end: 6, batches: []scripted{batch(0, 4, 1), batch(5, 5, 5)}}, []int64{1, 5}},
		"the tail of the last batch is gone": {script{end: 5, batches: []scripted{batch(0, 4, 0, 1)}}, []int64{0, 1}},
		"batches are gone":                   {script{end: 100, batches: []scripted{batch(0, 0, 0), batch(98, 99, 98, 99)}}, []int64{0, 98, 99}},
		"an emptied batch":                   {script{end: 4, batches: []scripted{batch(0, 2), batch(3, 3, 3)}}, []int64{3}},
		"a transaction's marker":             {script{end: 3, batches: []scripted{batch(0, 0, 0), {base: 1, last: 1, records: []int64{1}, control: true}, batch(2, 2, 2)}}, []int64{0, 2}},
		"the log goes on past the end":       {script{end: 3, batches: []scripted{batch(0, 0, 0), batch(1, 9, 1, 5, 9)}}, []int64{0, 1}},
		"nothing is left below the end":      {script{end: 9, batches: []scripted{batch(0, 1, 0, 1)}}, []int64{0, 1}},
		"failures":                           {script{end: 2, once: failures, batches: []scripted{batch(0, 0, 0), batch(1, 1, 1)}}, []int64{0, 1}},
		// The log's start moves on, or its end back, while it is drained.
		"both ends have moved": {script{first: 5, end: 7, drain: []int64{2, 50}, batches: []scripted{batch(5, 6, 5, 6)}}, []int64{5, 6}},
		// A broker over its quota, and one that has nothing to say for a while, answer
		// with no batch at all: no record may be passed over for it.
		"empty answers, throttled": {script{end: 2, throttled: 100, once: empty(3 * idleMost), batches: []scripted{batch(0, 1, 0, 1)}}, []int64{0, 1}},
		"empty answers, silent":    {script{end: 2, once: empty(idleMost - 1), batches: []scripted{batch(0, 1, 0, 1)}}, []int64{0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.log.drained(t); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestFollowStopsWhereItsCallerFails(t *testing.T) {
	silence := slices.Repeat([]any{&fetch.ResponsePartition{HighWatermark: 4}}, 2*idleMost) // ends a drain, but nothing endless
	log := script{end: 4, once: silence, batches: []scripted{{base: 0, last: 3, records: []int64{0, 1, 2, 3}}}}
	c := log.cursor()
	var lags []int64
	note := func() { lags = append(lags, c.high-c.next) }
	err := c.readTo(timely(t), endless, func(r record.Record) error {
		note()
		if r.Offset == 2 {
			return errDone
		}
		return nil
	}, note)
	if !errors.Is(err, errDone) || c.next != 2 {
		t.Fatalf("got %v at offset %d, want it to stop at 2", err, c.next)
	}
	if lags = lags[len(silence):]; fmt.Sprint(lags) != "[4 3 2]" {
		t.Errorf("lag was %v, want what was left before each record", lags)
	}
}

// While the caller is busy with a record, nothing is fetched: that is the
// back-pressure.
func TestFollowFetchesNothingAhead(t *testing.T) {
	log := script{end: 30}
	for i := int64(0); i < 30; i += 3 {
		log.batches = append(log.batches, scripted{base: i, last: i + 2, records: []int64{i, i + 1, i + 2}})
	}
	_ = log.cursor().readTo(timely(t), endless, func(r record.Record) error {
		if want := int(r.Offset/3) + 1; log.fetches != want {
			t.Errorf("at offset %d there were %d fetches, want %d", r.Offset, log.fetches, want)
		}
		if r.Offset == 29 {
			return errDone
		}
		return nil
	}, func() {})
}
