package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"callstream/internal/record"

	"github.com/segmentio/kafka-go"
)

// ErrGenerationEnded is the cause of a session's context that ended because the
// group rebalances or the coordinator is lost.
var ErrGenerationEnded = errors.New("the group's generation has ended")

// Assignment is a partition of the request topic that this instance owns.
type Assignment struct {
	Partition int
	Offset    int64 // the next to read: the committed one, or the first there is
}

// Session is one generation of the group, as this instance sees it. It is valid
// until the function it was handed to returns.
type Session struct {
	Generation int
	Owned      []Assignment // by partition; may be empty

	b   *Broker
	gen *kafka.Generation
}

// Restore hands fn every record of a partition of the state topic, from the
// first to the last there was when it was called; value nil is a tombstone. It
// survives outages, and ends with ctx's cause or fn's error.
func (s *Session) Restore(ctx context.Context, partition int, fn func(key, value []byte) error) error {
	c := s.b.cursor(s.b.cfg.Topics.State, partition)
	first, last, err := c.awaitEnds(ctx)
	if err != nil {
		return fmt.Errorf("restore state: %w", err)
	}
	c.next = first
	progress := func() {
		s.b.cfg.Observer.Restored(partition, min(c.next, last)-first, last-first)
	}
	progress()
	err = c.readTo(ctx, last, func(r record.Record) error { return fn(r.Key, r.Value) }, progress)
	if err != nil {
		return fmt.Errorf("restore state: %w", err)
	}
	s.b.cfg.Observer.Restored(partition, last-first, last-first)
	return nil
}

// Read hands fn the records of a partition of the request topic from offset on,
// until ctx ends or fn fails; its error wraps ctx's cause, or is fn's. While fn
// blocks, nothing more is fetched. An offset that is no longer in the log is
// replaced by the first that is.
func (s *Session) Read(ctx context.Context, partition int, offset int64, fn func(record.Record) error) error {
	c := s.b.cursor(s.b.cfg.Topics.Requests, partition)
	c.next = offset
	lag := func() { s.b.cfg.Observer.Lag(partition, max(c.high-c.next, 0)) }
	return c.readTo(ctx, endless, func(r record.Record) error {
		lag() // fn may block for long
		return fn(r)
	}, lag)
}

// Commit stores, for each partition, the offset to go on at. It works until the
// function that got the session returns, also after its context ended.
func (s *Session) Commit(offsets map[int]int64) error {
	if len(offsets) == 0 {
		return nil
	}
	err := s.gen.CommitOffsets(map[string]map[int]int64{s.b.cfg.Topics.Requests: offsets})
	if err != nil {
		return fmt.Errorf("commit offsets: %w", err)
	}
	return nil
}

// Group returns how many instances hold partitions, and how many there are.
// While the group rebalances nobody holds any.
func (s *Session) Group(ctx context.Context) (holders, instances int, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	res, err := s.b.client.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{s.b.cfg.GroupID}})
	if err != nil {
		return 0, 0, fmt.Errorf("describe group %s: %w", s.b.cfg.GroupID, err)
	}
	for _, g := range res.Groups {
		if g.Error != nil {
			return 0, 0, fmt.Errorf("describe group %s: %w", s.b.cfg.GroupID, g.Error)
		}
		instances += len(g.Members)
		for _, m := range g.Members {
			if slices.ContainsFunc(m.MemberAssignments.Topics, func(t kafka.GroupMemberTopic) bool { return len(t.Partitions) > 0 }) {
				holders++
			}
		}
	}
	return holders, instances, nil
}

// session makes the session of a generation, with the offsets to start from.
func (b *Broker) session(ctx context.Context, gen *kafka.Generation) (*Session, error) {
	s := &Session{Generation: int(gen.ID), b: b, gen: gen}
	for _, a := range gen.Assignments[b.cfg.Topics.Requests] {
		owned := Assignment{Partition: a.ID, Offset: a.Offset}
		if a.Offset < 0 {
			first, _, err := b.cursor(b.cfg.Topics.Requests, a.ID).awaitEnds(ctx)
			if err != nil {
				return nil, err
			}
			owned.Offset = first
		}
		s.Owned = append(s.Owned, owned)
	}
	slices.SortFunc(s.Owned, func(a, b Assignment) int { return a.Partition - b.Partition })
	return s, nil
}
