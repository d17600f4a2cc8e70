package export

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"callstream/internal/order"
	"callstream/internal/record"
	"callstream/internal/request"
)

// intake is a request as the pipeline takes it: what is to be done here, and
// what is to be passed on.
type intake struct {
	partition int
	offset    int64
	readAt    time.Time
	request   *order.Request // nil where no order is for this partition
	callback  bool           // it is the hint of a callback
	forwards  []record.Message
	letters   []request.DeadLetter
}

// reader turns the records of a partition into intakes. It decides what is to
// be done with each order and does none of it: the pipeline does.
type reader struct {
	cfg      *Config
	session  Session
	avro     AvroRequests
	observer Observer
}

// read reads the requests of a partition and hands them to the pipeline. The
// pipeline stops taking when too many orders wait, and so does this.
func (r *reader) read(ctx context.Context, partition int, intakes chan<- *intake) error {
	err := r.session.Read(ctx, partition, func(rec record.Record) error {
		r.observer.RequestRead(partition)
		in, err := r.intake(ctx, &rec)
		if err != nil {
			return err
		}
		select {
		case intakes <- in:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the generation ended, and with it the reading
	}
	return fmt.Errorf("read requests of partition %d: %w", partition, err)
}

// intake reads one request and decides for each of its orders: here, forwarded
// home, or a dead letter.
func (r *reader) intake(ctx context.Context, rec *record.Record) (*intake, error) {
	in := &intake{partition: rec.Partition, offset: rec.Offset, readAt: r.cfg.Now(), callback: request.FromCallback(rec)}
	req, invalid, err := request.Read(rec, func(value []byte) (map[string]any, error) { return r.avro(ctx, value) })
	var bad *request.UnreadableError
	if errors.As(err, &bad) {
		in.letters = append(in.letters, request.DeadLetter{
			Reason: order.ReasonUnreadable, Detail: bad.Detail, Partition: rec.Partition, Offset: rec.Offset, Time: in.readAt,
			Key: rec.Key, Value: rec.Value, Headers: rec.Headers,
		})
		return in, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read request at offset %d: %w", rec.Offset, err)
	}
	for _, o := range invalid {
		in.bury(order.Letter{Reason: order.ReasonInvalidID, Detail: o.Detail}, req, o.ID)
	}
	r.route(in, req, rec)
	return in, nil
}

// route parts a request's orders by their home partition.
func (r *reader) route(in *intake, req *order.Request, rec *record.Record) {
	forwarded := request.Forwarded(rec)
	var here []string
	away := map[int][]string{}
	for _, id := range req.Orders {
		home := r.session.Home(id)
		switch {
		case home == rec.Partition:
			here = append(here, id)
		case forwarded:
			detail := fmt.Sprintf("forwarded to partition %d, but its home is %d: the topic's partition count changed; send it again", rec.Partition, home)
			in.bury(order.Letter{Reason: order.ReasonMisrouted, Detail: detail}, req, id)
		default:
			away[home] = append(away[home], id)
		}
	}
	for _, home := range slices.Sorted(maps.Keys(away)) {
		r.forward(in, home, away[home], req, rec)
	}
	if len(here) > 0 {
		mine := *req
		mine.Orders = here
		in.request = &mine
	}
}

// forward adds a request for the orders of another home; more than one where it
// would not fit a message.
func (r *reader) forward(in *intake, home int, ids []string, req *order.Request, rec *record.Record) {
	part := *req
	part.Orders = ids
	f := request.Forward(&part, rec, r.cfg.RequestTopic, home)
	switch half := len(ids) / 2; {
	case f.Size() <= r.cfg.RequestLimit:
		in.forwards = append(in.forwards, f)
	case half == 0:
		in.bury(order.Letter{Reason: order.ReasonTooLarge, Detail: "with its headers it is too large to be forwarded home"}, req, ids[0])
	default:
		r.forward(in, home, ids[:half], req, rec)
		r.forward(in, home, ids[half:], req, rec)
	}
}

// bury adds the dead letter of one order of a readable request.
func (in *intake) bury(l order.Letter, req *order.Request, id string) {
	in.letters = append(in.letters, request.OrderLetter(l, req, id, in.partition, in.offset, in.readAt))
}
