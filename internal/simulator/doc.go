// Package simulator is a Callbot API to develop and test against. It owns what
// a simulated order lives through, what the API shows of it at any moment, the
// faults on the way there, and the truth that an exporter's output is compared
// with. It checks signatures by its own code and writes its own JSON, so that
// it is an independent check of the client and shares no mistake with it.
//
// # Stories
//
// Every order ID exists. Its story is a pure function of the seed, the task and
// the order ID: one to three rounds of calls, statuses on their way to an end,
// lines, agents, messages, recordings that come late, corrections. A story is a
// list of beats, the moments at which something changes, and the answer at any
// moment is the version of the latest beat. The story begins when the order is
// first asked for, or at Config.Start where that is set; a simulator with a
// Start that is restarted goes on where it was. Config.Speed makes time run
// faster; the timestamps shown keep lifelike distances and are never in the
// future: they end where the story ends. Finished stories began early enough to
// be over when first asked for.
//
// Beginnings of order IDs that decide a part of the story:
//
//	missing-  never exists
//	late-     exists 20 to 120 seconds of story after it was first asked for
//	poison-   its whole batch is refused, see Faults.PoisonWith
//	done-     over when first asked for, whatever Config.Finished says
//	live-     at its beginning when first asked for, whatever Config.Finished says
//
// The vendor's habits are always on: timestamps in seconds for some orders and
// in milliseconds for others (and now and then both), an answer time on calls
// that nobody answered, call IDs that come late, lines that share an index,
// and, for what has no value yet, a field that is absent, null, empty or 0.
//
// # Campaigns
//
// With Config.Campaign orders wait for telephone lines, as a dialer's do: all are
// known from the start, most have no call yet, and what an order lives through
// depends on when its turn comes. That is the world in which an exporter must find
// the few orders that move. Orders that the campaign has not don't exist; faults,
// signatures and rendering are those of stories. Times are all in milliseconds and
// true: a campaign has no lifelike distances where it runs fast.
//
// # Faults
//
// Faults are shares between 0 and 1, drawn from a generator seeded by
// Config.Seed: the same requests in the same order meet the same faults. They
// are read and changed while it runs: see Faults for each, and GET, PUT (the
// whole set) and POST (the fields given) of /sim/faults.
//
// # Callbacks
//
// With Config.Callbacks a server sends, as the vendor does, a callback when a call
// ends and one when the order does, of the orders that it was asked for. They are
// sent once, whatever is answered; faults lose, delay and double some.
//
// # Lists
//
// listOrder names the orders of a task that were ever asked for, by their IDs,
// with the status of the last call of each: what it shows counts for nothing in
// the truth. It is a call like the other: signed, limited, with the same mishaps,
// and faults of its own.
//
// # Control and truth
//
// GET /sim/stats counts requests. GET /sim/truth gives a line of JSON for each
// order that was answered: what the API shows of it now, what it will show at
// the end (with ?final=true; in a campaign the end of the calls that began), and
// which statuses were really shown. What stands in Truth.Shown was in an answer
// sent in full, rightly signed and readable, under its call ID, and was not older
// than what the answer before showed. Each order ever asked for costs the
// simulator some 300 bytes until it ends.
//
// POST /sim/campaign/start starts a campaign's dialing, and GET
// /sim/campaign/truth gives a line of JSON for each Change until now.
package simulator
