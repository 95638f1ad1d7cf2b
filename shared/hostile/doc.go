// Package hostile is a world in which programs end and answers get lost: for proving that a program which is driven by a
// queue does everything once.
//
// A [Process] is one life of the program. Everything that the program does to the world outside it goes through
// [Process.Do], and a [Script] or any other [Chooser] says what happens to each such effect: it may be refused, its answer
// may be lost after it was applied, and the process may end before or after it. A process that has ended does nothing
// more: its goroutines end at their next effect, whatever they have deferred, and those that wait are told by the context
// that [NewProcess] returns. A goroutine that neither calls Do nor heeds the context cannot be ended; the program must
// have no state that outlives [Process.Run].
//
// A [Queue] gives records out as Amazon SQS does, at its worst: twice at once, late, out of order, and again after they were
// deleted. A [Transport] leads a [net/http.Client] to a handler without a network, and cuts connections where the handler
// does.
//
// Nothing here knows what is sent or what is proven. All of it reads the time from [time.Now], so that inside
// [testing/synctest] a day takes a moment, and all chance comes from a seed, so that a schedule can be played again.
package hostile
