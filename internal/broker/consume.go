package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	// joinBackoff is the pause before joining again after a failure.
	joinBackoff = 500 * time.Millisecond
	// beats is how many heartbeats go into a session. The answer to a heartbeat
	// is how an instance learns of a rebalance, so that takes a tenth of the
	// session at most; and several heartbeats may be lost before the session is.
	beats = 10
	// refusals is how many refusals in a row end Consume. One is not enough: a
	// broker that is starting may refuse what it accepts a moment later, such as
	// a user it has not read yet.
	refusals = 3
)

// Consume joins the group and hands each generation to handle, until ctx ends
// or handle fails; it leaves the group before it returns.
//
// handle owns the session's partitions until it returns. Its context ends when
// the generation does (cause ErrGenerationEnded) or with ctx; it must then
// finish or give up what is under way, commit, and return within half the
// session timeout, whatever it returns: errors of a context that ended are
// no failure. With no partition owned it has nothing to do but wait for its
// context. If it returns while its context lives, Consume ends with what it
// returned.
//
// Consume returns nil after ctx ended. Outages of the broker are waited for;
// being refused (ACLs, settings) is an error that names the mend. Credentials
// worked when the broker was opened: refused since, they are being rotated, and
// their files are waited for.
func (b *Broker) Consume(ctx context.Context, handle func(ctx context.Context, s *Session) error) error {
	if b.cfg.GroupID == "" {
		return errors.New("KAFKA_GROUP_ID is empty: give the group a name")
	}
	pack := &packing{holders: b.cfg.Holders}
	group, err := kafka.NewConsumerGroup(b.groupConfig(pack))
	if err != nil {
		return fmt.Errorf("join group %s: %w", b.cfg.GroupID, err)
	}
	m := &member{b: b, group: group, packing: pack, handle: handle, left: make(chan struct{})}
	err = m.run(ctx)
	m.leave()
	<-m.left
	return err
}

func (b *Broker) groupConfig(p *packing) kafka.ConsumerGroupConfig {
	return kafka.ConsumerGroupConfig{
		ID:      b.cfg.GroupID,
		Brokers: b.cfg.Brokers,
		Dialer: &kafka.Dialer{
			ClientID:      clientID,
			DialFunc:      b.connect,
			Timeout:       2 * dialTimeout,
			SASLMechanism: b.cfg.SASL,
		},
		Topics:            []string{b.cfg.Topics.Requests},
		GroupBalancers:    b.balancers(p),
		HeartbeatInterval: max(b.cfg.SessionTimeout/beats, time.Millisecond),
		SessionTimeout:    b.cfg.SessionTimeout,
		RebalanceTimeout:  b.cfg.SessionTimeout, // draining takes half of it at most
		JoinGroupBackoff:  joinBackoff,
		StartOffset:       kafka.FirstOffset, // a new group starts at the earliest request
		// A coordinator may hang instead of answering a heartbeat. A tenth of the
		// session passes until the heartbeat, this until it is given up, and half
		// of the session may go into draining: together less than a session.
		Timeout: min(dialTimeout, b.cfg.SessionTimeout*3/10),
	}
}

// balancers lists the ways to assign partitions that this instance knows, the
// one it prefers first. The group takes one that all its members know. Range is
// offered always: instances that share and instances that pack can then be in
// one group, as they are while the setting is rolled out, and share until the
// last one packs.
func (b *Broker) balancers(p *packing) []kafka.GroupBalancer {
	if b.cfg.Holders == 0 {
		return []kafka.GroupBalancer{kafka.RangeGroupBalancer{}}
	}
	return []kafka.GroupBalancer{p, kafka.RangeGroupBalancer{}}
}

// member is this instance's part in the group, for one Consume.
type member struct {
	b       *Broker
	group   *kafka.ConsumerGroup
	packing *packing
	handle  func(context.Context, *Session) error
	leaving bool
	left    chan struct{}
}

// leave begins to leave the group and returns once no new generation can begin.
// left is closed when the group is left.
func (m *member) leave() {
	if m.leaving {
		return
	}
	m.leaving = true
	go func() {
		defer close(m.left)
		_ = m.group.Close() // waits for the function of the generation
	}()
	for {
		// A generation or an error that comes now comes too late.
		if _, err := m.group.Next(context.Background()); errors.Is(err, kafka.ErrGroupClosed) {
			return
		}
	}
}

func (m *member) run(ctx context.Context) error {
	refused, failed := 0, 0
	for {
		gen, err := m.group.Next(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			refused, failed = 0, 0
			m.packing.assigned(gen.ID, len(gen.Assignments[m.b.cfg.Topics.Requests]))
			if final, err := m.generation(ctx, gen); final {
				return err
			}
			continue
		case errors.Is(err, kafka.RebalanceInProgress), errors.Is(err, kafka.UnknownMemberId):
			m.b.cfg.Log.Debug("joining the group again", "reason", err)
			continue
		}
		failed++
		if mend, no := remedy(err); no && !rotates(err) {
			if refused++; refused >= refusals {
				return fmt.Errorf("join group %s: %w: %s", m.b.cfg.GroupID, err, mend)
			}
		}
		m.b.troubles.report("join group "+m.b.cfg.GroupID, failed, err)
	}
}

// generation runs handle for one generation and waits for it. The library joins
// the next generation as soon as this one's function returns. So where this is
// the last one, leaving begins inside of it; otherwise partitions would be taken
// over for the moment between joining and leaving.
func (m *member) generation(ctx context.Context, gen *kafka.Generation) (final bool, err error) {
	done := make(chan struct{})
	gen.Start(func(over context.Context) {
		defer close(done)
		if over.Err() != nil {
			return // ended before it began: the library doesn't wait for this function, so handle must not run
		}
		if final, err = m.serve(ctx, over, gen); final {
			m.leave()
		}
	})
	<-done
	return final, err
}

// serve runs handle with a context that ends with the generation or with ctx,
// and tells whether Consume ends with it.
func (m *member) serve(ctx, over context.Context, gen *kafka.Generation) (final bool, err error) {
	live, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(over, func() { cancel(ErrGenerationEnded) })
	defer stop()

	if err := m.grown(live); err != nil {
		return true, err
	}
	session, err := m.b.session(live, gen)
	if err == nil {
		err = m.handle(live, session)
	}
	if live.Err() == nil {
		return true, err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrGenerationEnded) || errors.Is(err, context.Cause(live)) {
		err = nil
	}
	return err != nil || ctx.Err() != nil, err
}

// grown refuses to go on with another number of partitions than at the start.
// An order's home is its hash modulo that number, so every home has moved, and
// the states stayed where they were.
func (m *member) grown(ctx context.Context) error {
	found, err := m.b.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{m.b.cfg.Topics.Requests}})
	if err != nil || len(found.Topics) != 1 || found.Topics[0].Error != nil {
		return nil // an outage is dealt with where it hurts
	}
	was, is := m.b.Partitions(), len(found.Topics[0].Partitions)
	if was == 0 || was == is {
		return nil
	}
	return fmt.Errorf("topic %s (TOPIC_REQUESTS) had %d partitions and now has %d: the orders' states lie elsewhere. "+
		"Mend: restart, which says what to do about the state topic", m.b.cfg.Topics.Requests, was, is)
}
