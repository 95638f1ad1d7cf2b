// Package dmlytest is a DMLY to test against: a simulator of the DMLY Messages API that answers faithfully, and fails on demand.
//
// A [Server] checks what the reference of the Messages API states, answers as it says, and keeps every message that it accepted.
// [Server.Messages] is the single truth about what was accepted: a message is in it or it is not, whatever the client was told.
// A [Fault] makes the two differ in a chosen way: an answer that never comes for a message that was sent, a refusal that is no refusal.
//
// The package is written from the reference alone and shares no code with the client, so that each checks the other.
// Where the reference is silent, the simulator has to choose; a comment at that place says so.
//
// In a test, [Start] gives a simulator on a port of its own:
//
//	sim, baseURL := dmlytest.Start(t, dmlytest.Options{})
//	sim.Inject(dmlytest.Fault{Operation: "whatsapp/sendtext", Cut: dmlytest.CutAfter})
//
// Anywhere else a Server is an [net/http.Handler], steered over HTTP by the paths under /_sim/:
//
//	GET    /_sim/messages   what was accepted, in order
//	DELETE /_sim/messages   forget it
//	GET    /_sim/faults     the planned faults, and how often each fired
//	POST   /_sim/faults     plan one fault, or an array of them
//	DELETE /_sim/faults     forget them
//	GET    /_sim/rate       the rate limit
//	PUT    /_sim/rate       change it: {"perMinute": 100}, 0 for none
//
// These paths ask for no key: serve them on the loopback interface only.
package dmlytest
