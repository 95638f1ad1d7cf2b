// Package campaign sends one message to many: an audience becomes a plan, and the plan is put on the queue at the pace at
// which it can be sent.
//
// [Service.Start] writes a [Record] down, and pins the audience. [Service.Tick], called each minute, does everything else,
// for each campaign that has something left to do:
//
//   - it turns the audience into a plan (package plan), one message a line, which is there as a whole or not at all;
//   - it watches what came of the messages that were fed, from a cursor: each is counted once, when it has come to rest;
//   - it pauses the campaign if a key was refused, or too many of the last messages were rejected or are unknown;
//   - it feeds the queue from another cursor, about five minutes ahead of what the account and the campaign may send;
//   - and it concludes the campaign when every message of the plan has come to rest.
//
// How much is fed is decided by functions that do nothing (pacing.go, guard.go). What is done is done so that it may end
// anywhere: before rows are queued, the record says up to where (Feeding), and after that, that they are (Fed). So nothing
// is skipped, and what is queued twice is sent once, by the ledger. One call at a time works on a campaign, by a lease in
// its record; and each write of the record is conditional on what it was decided by.
package campaign
