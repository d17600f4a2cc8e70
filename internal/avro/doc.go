// Package avro turns events and states into bytes and back: the codecs, the
// two framings (Confluent with a schema ID, Avro single-object encoding with a
// fingerprint) and the schema registry. It owns what a message on an output
// topic looks like: key, value, headers, what is masked, and what is left out
// when a message would be too large. The schemas themselves are in package
// schemas.
//
// Numbers that do not fit the schema's int (the vendor sent nonsense) are given
// as the nearest int, and text that is not valid UTF-8 has its bad bytes
// replaced by U+FFFD: an event is never held up by either.
//
// goavro encodes events; twmb/avro encodes states and decodes everything. Values
// are read that anyone may have written, with schemas that anyone may have
// registered. goavro allocates whatever length the bytes claim and recurses as
// deep as they say; twmb/avro bounds both, but not all, so every value is
// measured (see measure) before it is decoded. The errors of both may quote
// values, so none of their texts about a value leaves this package.
package avro
