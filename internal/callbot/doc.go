// Package callbot is the client of the Callbot API, and owns all that is
// particular to it: the signature, the wire format, what each retCode means,
// how fast requests may follow each other, and how the one bad order of a
// batch is found.
//
// [Client.Look] asks for a batch of one task's orders and hands back what the
// answer showed of each, hashed but not yet decoded. [Client.SetSlots] says at
// which moments this instance may ask, [Client.Ready] whether a request could
// go now, [Client.Answering] whether the API answers well at present,
// [Client.Trouble] whether it refuses. The client remembers nothing of an
// order: state and schedule are the caller's.
//
// [Callbacks] is the other direction: it takes what the vendor sends by itself,
// checks the signature and hands on which order it is about, as a hint.
//
// [Client.List] asks which orders a task has, [Client.Scout] which of them are
// in a call. Both are hints, whose failing changes nothing for a Look.
//
// Nothing here starts a goroutine. No error or log of this package carries a
// secret, a phone number or any part of an answer's body.
package callbot
