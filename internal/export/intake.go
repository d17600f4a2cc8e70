package export

import (
	"context"
	"errors"
	"fmt"
	"time"

	"callstream/internal/order"
	"callstream/internal/request"
)

// intake is a request as the pipeline takes it: what is to be done here, and
// what is to be passed on.
type intake struct {
	partition int
	offset    int64
	request   *order.Request // nil where no order is for this partition
	forwards  []Forward
	letters   []DeadLetter
}

// read reads the requests of a partition and hands them to the pipeline. The
// pipeline stops taking when too many orders wait, and so does this.
func (p *Pipeline) read(ctx context.Context, partition int) error {
	err := p.session.Read(ctx, partition, func(rec Record) error {
		p.observer.RequestRead(partition)
		in, err := p.sort(ctx, &rec)
		if err != nil {
			return err
		}
		select {
		case p.intakes <- in:
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

// sort reads one request and decides for each of its orders: here, forwarded
// home, or a dead letter.
func (p *Pipeline) sort(ctx context.Context, rec *Record) (*intake, error) {
	in := &intake{partition: rec.Partition, offset: rec.Offset}
	req, invalid, err := request.Read(rec, func(value []byte) (map[string]any, error) { return p.avro(ctx, value) })
	var bad *request.UnreadableError
	if errors.As(err, &bad) {
		in.letters = append(in.letters, DeadLetter{
			Reason: order.ReasonUnreadable, Detail: bad.Detail, Partition: rec.Partition, Offset: rec.Offset, Time: time.Now(),
			Key: rec.Key, Value: rec.Value, Headers: rec.Headers,
		})
		return in, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read request at offset %d: %w", rec.Offset, err)
	}
	for _, o := range invalid {
		in.letters = append(in.letters, in.letter(order.ReasonInvalidID, o.Detail, req, o.ID))
	}
	p.route(in, req, rec)
	return in, nil
}

// route parts a request's orders by their home partition.
func (p *Pipeline) route(in *intake, req *order.Request, rec *Record) {
	forwarded := request.Forwarded(rec)
	var here []string
	away := map[int][]string{}
	var homes []int
	for _, id := range req.Orders {
		home := p.session.Home(id)
		switch {
		case home == rec.Partition:
			here = append(here, id)
		case forwarded:
			detail := fmt.Sprintf("forwarded to partition %d, but its home is %d: the topic's partition count changed; send it again", rec.Partition, home)
			in.letters = append(in.letters, in.letter(order.ReasonMisrouted, detail, req, id))
		default:
			if away[home] == nil {
				homes = append(homes, home)
			}
			away[home] = append(away[home], id)
		}
	}
	for _, home := range homes {
		p.pass(in, home, away[home], req, rec)
	}
	if len(here) > 0 {
		mine := *req
		mine.Orders = here
		in.request = &mine
	}
}

// pass adds a request for the orders of another home; more than one where it
// would not fit a message.
func (p *Pipeline) pass(in *intake, home int, ids []string, req *order.Request, rec *Record) {
	part := *req
	part.Orders = ids
	f := request.Forward(&part, rec, p.cfg.RequestTopic, home)
	switch half := len(ids) / 2; {
	case f.Size() <= p.cfg.RequestLimit:
		in.forwards = append(in.forwards, f)
	case half == 0:
		in.letters = append(in.letters, in.letter(order.ReasonTooLarge, "with its headers it is too large to be forwarded home", req, ids[0]))
	default:
		p.pass(in, home, ids[:half], req, rec)
		p.pass(in, home, ids[half:], req, rec)
	}
}

// letter writes the dead letter of one order of a readable request.
func (in *intake) letter(reason order.Reason, detail string, req *order.Request, id string) DeadLetter {
	one := *req
	one.Orders = []string{id}
	return DeadLetter{
		Reason: reason, Detail: detail, Partition: in.partition, Offset: in.offset, Time: time.Now(),
		Key: []byte(id), Value: request.JSON(&one),
	}
}
