// Package plan turns a campaign and its audience into the messages to send: each row is rendered into the campaign's
// message, validated as every message is, given its id, and written to a plan, one JSON message a line.
//
// Rendering: a placeholder such as {{name}} may stand in any JSON string of the message, but not in the name of a member.
// The values are escaped for JSON before they are put in, so that a value cannot end a string, and are not looked through
// for placeholders again. Then [message.Decode] reads the result as it reads every message: it is the one validator.
// Placeholders are github.com/valyala/fasttemplate's: text/template would make programs of them, with functions and
// conditions that a list of people has no use for, and is many times slower; and a search of our own would have to find
// out again what it found out (tags across the whole text, in one pass, without allocations). There is no way to write
// {{ itself; a value may have it.
//
// Nothing here keeps rows: a plan needs about 8 bytes a row, to tell who is there twice, and what one row takes.
package plan
