package export

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"callstream/internal/order"
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
	req, invalid, err := readRequest(ctx, rec.Value, p.avro)
	if err == nil {
		req.Time, err = requestTime(rec)
	}
	var bad *UnreadableError
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
		in.letters = append(in.letters, in.letter(order.ReasonInvalidID, o.detail, req, o.id))
	}
	p.route(in, req, rec)
	return in, nil
}

// route parts a request's orders by their home partition.
func (p *Pipeline) route(in *intake, req *order.Request, rec *Record) {
	forwarded := header(rec.Headers, headerForwarded) != nil
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
	f := p.forward(home, ids, req, rec)
	switch half := len(ids) / 2; {
	case f.size() <= p.cfg.RequestLimit:
		in.forwards = append(in.forwards, f)
	case half == 0:
		in.letters = append(in.letters, in.letter(order.ReasonTooLarge, "with its headers it is too large to be forwarded home", req, ids[0]))
	default:
		p.pass(in, home, ids[:half], req, rec)
		p.pass(in, home, ids[half:], req, rec)
	}
}

// size is what a limit counts.
func (f *Forward) size() int {
	const lengths = 10 // bytes at most that a header's own lengths take
	n := len(f.Key) + len(f.Value)
	for _, h := range f.Headers {
		n += len(h.Key) + len(h.Value) + lengths
	}
	return n
}

// forward writes the part of a request whose home is another partition. It
// keeps the time it was asked at.
func (p *Pipeline) forward(home int, ids []string, req *order.Request, rec *Record) Forward {
	part := *req
	part.Orders = ids
	from := p.cfg.RequestTopic + "/" + strconv.Itoa(rec.Partition) + "/" + strconv.FormatInt(rec.Offset, 10)
	f := Forward{Partition: home, Key: []byte(ids[0]), Value: writeRequest(&part)}
	for _, h := range rec.Headers {
		if h.Key != headerTime {
			f.Headers = append(f.Headers, h)
		}
	}
	f.Headers = append(f.Headers,
		Header{Key: headerTime, Value: []byte(formatTime(req.Time))},
		Header{Key: headerForwarded, Value: []byte(from)})
	return f
}

// letter writes the dead letter of one order of a readable request.
func (in *intake) letter(reason order.Reason, detail string, req *order.Request, id string) DeadLetter {
	one := *req
	one.Orders = []string{id}
	return DeadLetter{
		Reason: reason, Detail: detail, Partition: in.partition, Offset: in.offset, Time: time.Now(),
		Key: []byte(id), Value: writeRequest(&one),
	}
}
