// Package message is a message as this sender's users write it: one JSON object,
// the same on the queue, in a schedule's input and over HTTP.
//
// [Decode] is strict. It refuses what it does not understand and names every
// problem at once, each with a JSON Pointer:
//
//	/recepient: unknown field; did you mean "recipient"?
//	/textMessage: has 4097 characters; the limit is 4096
//
// A [Message] becomes a request of package dmly by [Message.Request]. The limits
// of the channels are that package's; this one adds what is the sender's own: the
// id, times, fallback and policies.
package message
