// Package diagnosis says in plain sentences what is wrong with a deployed stack, what that means for its messages, and what to
// type next. It decides by [Facts] alone, which package look reads.
package diagnosis

import "time"

// Facts are what was read of a stack. A part that could not be read is nil or empty, and Unseen says why; nothing is said
// about it then.
type Facts struct {
	// At is when they were read.
	At    time.Time
	Stack Stack
	// Rate is how many messages a minute an account may send; 0 if that could not be read.
	Rate int

	Key       *Key
	Callers   *Callers
	Functions []Function
	Mappings  []Mapping
	Roles     []Role
	Queues    []Queue
	Schedules *Schedules
	Problems  []Problems
	Campaigns *Campaigns
	// Alarms are all of the stack's; nil if it has none.
	Alarms []Alarm

	Unseen []Unseen
}

// Unseen is what could not be looked at.
type Unseen struct {
	What string
	// Why is a sentence without its full stop, with what to do about it.
	Why string
}

// Stack is the stack itself.
type Stack struct {
	Name, Region string
	// Account is the number of the AWS account that it is in.
	Account string
	// APIURL is the base of the HTTP API.
	APIURL string
	// Status is CloudFormation's, and Reason what it says to it.
	Status, Reason string
	// Since is when the stack was last deployed.
	Since time.Time
	// Lacks are resources of the template, by their names there, that the stack does not have.
	Lacks []string
}

// KeyState is what the secret with the DMLY key holds.
type KeyState string

// The states of the secret.
const (
	// KeyReadable: it can be read, and holds one key or several.
	KeyReadable KeyState = "readable"
	// KeyPlaceholder: nobody has stored a key.
	KeyPlaceholder KeyState = "placeholder"
	// KeyEmpty: it has no value, or an empty one.
	KeyEmpty KeyState = "empty"
	// KeyMalformed: it is neither a key nor JSON with keys.
	KeyMalformed KeyState = "malformed"
	// KeyGone: there is no such secret, or it is marked for deletion.
	KeyGone KeyState = "gone"
)

// Key is the secret with the DMLY key. Nothing of the key is in it.
type Key struct {
	// Secret is its name or ARN.
	Secret string
	State  KeyState
	// Why says which rule a malformed secret breaks.
	Why string
	// Changed is when the value was stored; the zero time if that is not known.
	Changed time.Time
	// Workspace is the one of messages that name none; empty if each has to name its own. HasKey says whether there is a key
	// for it, and HasDefault whether there is one for every workspace without a key of its own.
	Workspace          string
	HasKey, HasDefault bool
	// Accounts are those that the keys open; empty if their pace could not be read.
	Accounts []Account
	// Refusals is how often DMLY refused a key in the last day, first at RefusedSince; 0 if CloudWatch does not know.
	Refusals     int
	RefusedSince time.Time
}

// Account is the pace of one account, which is what a key opens.
type Account struct {
	// Name is "default", or the id of the workspace whose key it is.
	Name string
	// RefusedUntil is when its pause ends because DMLY refused the key; the zero time if there is none.
	RefusedUntil time.Time
	// Next is when a message could go that has no other before it, and Interval from one message to the next.
	Next     time.Time
	Interval time.Duration
}

// Callers is the secret with the keys of those who may call the HTTP API.
type Callers struct {
	Secret string
	// Problem says why it cannot be used; empty if it can.
	Problem string
}

// Function is one of the stack's functions.
type Function struct {
	// Role is what it is in the stack: worker, schedule or api. Name is its own.
	Role, Name string
	// Gone says that there is none.
	Gone bool
	// State and Update are AWS's: Active and Successful if all is well. Why says what AWS says to them.
	State, Update, Why string
	// Config is what is wrong with its environment.
	Config []string
	// Reserved is its reserved concurrency; nil if it has none.
	Reserved *int
}

// Mapping is what hands the records of a queue to the worker.
type Mapping struct {
	// Queue is send or bulk. QueueARN, Function and ID are for commands; the ID is empty if there is no mapping.
	Queue, QueueARN, Function, ID string
	State, LastResult             string
	// Changed is when it was changed last.
	Changed time.Time
	// ReportsFailures says that Lambda keeps those records of a batch that the worker answers with.
	ReportsFailures bool
	// AtOnce is how many workers it may start; 0 if that is not limited.
	AtOnce int
}

// Role is a role of IAM that a part of the stack works in.
type Role struct {
	// ID is its name in the template, and Name its own.
	ID, Name string
	Gone     bool
	// Service is who has to be able to assume it, and Trusts says whether it can.
	Service string
	Trusts  bool
	// Simulated says that AWS was asked what it may do. Missing is what it may not do, but has to.
	Simulated bool
	Missing   []Missing
}

// Missing is an action that a role may not carry out on a resource.
type Missing struct {
	Action, Resource string
	// By says what forbids it; empty if nothing allows it.
	By string
}

// Queue is a queue and what stands on it.
type Queue struct {
	// Role is send, bulk, or, of dead-letter queues, what they are behind: send, bulk, schedule or outcome.
	Role string
	Dead bool
	URL  string
	Gone bool
	// Ready could be received now, InHand is with a worker or was postponed, and Delayed waits for its time.
	Ready, InHand, Delayed int
	// Oldest is how long the oldest record has waited; 0 if CloudWatch does not know.
	Oldest time.Duration
}

// Schedules are those of EventBridge Scheduler.
type Schedules struct {
	// Group is where each message that is due later has its schedule; GroupGone says that there is no such group.
	Group     string
	GroupGone bool
	// Held is how many schedules stand there, More that there are still more. Overdue is how many should have fired, the
	// first of them at OverdueSince, and Disabled how many will not.
	Held              int
	More              bool
	Overdue, Disabled int
	OverdueSince      time.Time
	// Tick feeds the campaigns. Example is there to be copied, and ExampleIsUnchanged says that its recipient is still the
	// one of the template. Either is nil if it could not be read, or if the stack has none.
	Tick, Example      *Schedule
	ExampleIsUnchanged bool
}

// Schedule is one that the template has.
type Schedule struct {
	Name          string
	Gone, Enabled bool
	Changed       time.Time
}

// Problems are the messages in one state that need a person.
type Problems struct {
	State string
	N     int
	// More says that there are more than N.
	More   bool
	Oldest time.Time
}

// Campaigns are those that have not ended.
type Campaigns struct {
	// N is how many there are, and PausedByHand how many of them somebody has paused.
	N, PausedByHand int
	// Paused have paused by themselves, and Stuck should have been worked on each minute.
	Paused, Stuck []Campaign
}

// Campaign is one that needs a person.
type Campaign struct {
	ID, Reason string
	// Worked is when it was worked on last.
	Worked time.Time
}

// Alarm is an alarm of CloudWatch that the stack has.
type Alarm struct {
	Name, Description string
	Ringing           bool
	Since             time.Time
}
