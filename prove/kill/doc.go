// Package kill proves what the worker and the api promise on the binaries that are deployed, from outside: nothing of them is imported.
//
// [Run] puts messages on a queue of an AWS stand-in and plays Lambda's event source mapping with several processes of the worker at once:
// each gets its batches over the Lambda Runtime API, and what it does not hand back is deleted. While a process works on a batch it is
// ended with SIGKILL at a random moment, or at one soon after it has posted, and another takes its place. A simulator of DMLY stands at the
// other end; it is slow, and for chosen messages it cuts, refuses and lies.
//
// Records are also delivered to two processes at the same time, again after their deletion got lost, and long after their message came
// to rest.
//
// Other messages come over HTTP, as API Gateway hands them to processes of the api: in DMLY's own form, which are sent before the answer,
// and in the other, which are written down and queued. These processes are ended, too: before the message is queued or claimed, during the
// post, before its record and before the answer. The caller repeats the call under the same Idempotency-Key, or gives up; the workers find
// what the processes have left behind on the queue.
//
// At the end the ledger is held against what the simulator accepted and what the callers were told (judge.go says what has to be true).
//
// A seed fixes what is drawn: the messages, the faults, the delays. It does not fix the run, since real processes run on a real clock.
package kill
