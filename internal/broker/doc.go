// Package broker owns everything that is said to Kafka: topics and their
// verification, writing with full acknowledgement, the consumer group and its
// generations, reading requests, restoring state, and following topics for the
// command line. It moves keys, values and headers; of orders it knows only that
// each kind of events has a topic.
//
// What holds, and what a change here must keep:
//
//   - A Write that returns nil is acknowledged by all in-sync replicas, every
//     message of it. After a failure the failed message and all later ones of
//     its topic and key are sent again in order, so that the last version of
//     every key in the log is the newest. Repeats are allowed, gaps are not.
//   - Reading is by fetch loops, not by the library's Reader, which hangs and
//     panics on compacted logs. An offset is only passed over once a batch of
//     the broker's answer proves that nothing is there: an empty answer proves
//     nothing (a throttled broker gives one too).
//   - A generation's partitions are handed to one function, and the next
//     generation is not joined before it returned. No heartbeats are sent while
//     it drains after a rebalance, so it must return within half the session.
//   - Nothing here is fenced: a write under way when its context ends may still
//     reach the log. Readers of state must take the last version of a key.
package broker
