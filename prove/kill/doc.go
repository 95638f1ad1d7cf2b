// Package kill proves what the worker promises on the binary that is deployed, from outside: nothing of it is imported.
//
// [Run] puts messages on a queue of an AWS stand-in and plays Lambda's event source mapping with several processes of the worker at once:
// each gets its batches over the Lambda Runtime API, and what it does not hand back is deleted. While a process works on a batch it is
// ended with SIGKILL at a random moment, and another takes its place. A simulator of DMLY stands at the other end; it is slow, and for
// chosen messages it cuts, refuses and lies.
//
// Records are also delivered to two processes at the same time, again after their deletion got lost, and long after their message came
// to rest. At the end the ledger is held against what the simulator accepted (judge.go says what has to be true).
//
// A seed fixes what is drawn: the messages, the faults, the delays. It does not fix the run, since real processes run on a real clock.
package kill
