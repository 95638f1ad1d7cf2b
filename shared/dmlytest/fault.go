package dmlytest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Cut says where in an exchange the connection is cut.
type Cut string

// The places to cut at. A client can tell none of them from another for sure: that is what they are for.
const (
	// CutBefore resets the connection before the request was read; the message is not accepted. (A fault that also has
	// Match or Latency reads the body first: to compare it, or to notice a client that leaves.)
	CutBefore Cut = "before"
	// CutAfter resets the connection after the message was accepted, without an answer.
	CutAfter Cut = "after"
	// CutAnswer closes the connection in the middle of the answer's body, after the message was accepted.
	CutAnswer Cut = "answer"
)

// Fault is a planned deviation from the faithful answer. The first planned fault that matches a request and has not fired
// Times times fires; a request meets one at most. Fields that are left out deviate in nothing; one effect at least must be there.
type Fault struct {
	// Operation limits the fault to an operation, such as "whatsapp/sendtext".
	Operation string `json:"operation,omitempty"`
	// Match limits the fault to requests whose body contains this text, byte for byte.
	Match string `json:"match,omitempty"`
	// Times is how often the fault fires: -1 until it is cleared; 0 means 1.
	Times int `json:"times,omitempty"`

	// Status is the HTTP status of the answer, 200 to 599.
	Status int `json:"status,omitempty"`
	// RetryAfter is the Retry-After header of an answer with a status of 300 or more, written as it is: seconds or an HTTP date.
	RetryAfter string `json:"retryAfter,omitempty"`
	// Redirect is the Location header of an answer with a status of 3xx.
	Redirect string `json:"redirect,omitempty"`
	// Error is the answer's error text. With no Status it is a 200 that reports a failure.
	Error string `json:"error,omitempty"`
	// MessageStatus is the status field of the answer's body. Only the author of the fault knows whether
	// such a message was accepted, so it needs Accept.
	MessageStatus string `json:"messageStatus,omitempty"`
	// Unreadable makes the answer's body a page of HTML, as a proxy sends it.
	Unreadable bool `json:"unreadable,omitempty"`
	// Cut ends the connection; there is no answer, or half of one.
	Cut Cut `json:"cut,omitempty"`
	// Latency is how long the answer or the cut is held back, such as "1.5s". It ends when the client goes away.
	Latency string `json:"latency,omitempty"`

	// Accept says whether the message is accepted, and so stands in Messages, before the effect. Left out, it is if the answer
	// says so (2xx without Error, or Latency alone), and for CutAfter, CutAnswer and Unreadable without Status.
	Accept *bool `json:"accept,omitempty"`
}

// PlannedFault is a fault with its count.
type PlannedFault struct {
	Fault Fault `json:"fault"`
	// Fired is how often the fault has fired; Fault.Times is how often it is to.
	Fired int `json:"fired"`
}

// plan is a fault that was found valid.
type plan struct {
	Fault
	latency time.Duration
	fired   int // under the Server's lock
}

// Inject plans faults, after those already planned. It panics if one contradicts itself, and then plans none.
func (s *Server) Inject(faults ...Fault) {
	if err := s.inject(faults); err != nil {
		panic("dmlytest: " + err.Error())
	}
}

// Fired returns every fault planned since the last clear, in order, with how often it fired.
func (s *Server) Fired() []PlannedFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	fired := make([]PlannedFault, len(s.planned))
	for i, p := range s.planned {
		fired[i] = PlannedFault{Fault: p.Fault, Fired: p.fired}
	}
	return fired
}

// ClearFaults forgets all faults and their counts.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.planned, s.active = nil, nil
}

func (s *Server) inject(faults []Fault) error {
	plans := make([]*plan, len(faults))
	for i, f := range faults {
		p, err := f.plan()
		if err != nil {
			return fmt.Errorf("fault %d: %w", i+1, err)
		}
		plans[i] = p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.planned = append(s.planned, plans...)
	s.active = append(s.active, plans...)
	return nil
}

// next returns the fault that a request meets, or nil, and counts it. The Server must be locked.
func (s *Server) next(operation string, body []byte) *plan {
	i := slices.IndexFunc(s.active, func(p *plan) bool {
		return p.concerns(operation) && bytes.Contains(body, []byte(p.Match))
	})
	return s.fire(i)
}

// cutUnread tells whether the next fault for an operation cuts the connection and needs to know nothing of the body.
func (s *Server) cutUnread(operation string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.active, func(p *plan) bool { return p.concerns(operation) })
	if i < 0 || s.active[i].Cut != CutBefore || s.active[i].Match != "" || s.active[i].latency > 0 {
		return false
	}
	s.fire(i)
	return true
}

// fire counts the active fault at i, if there is one, and retires it when it has fired often enough.
func (s *Server) fire(i int) *plan {
	if i < 0 {
		return nil
	}
	p := s.active[i]
	p.fired++
	if p.fired == p.Times {
		s.active = slices.Delete(s.active, i, i+1)
	}
	return p
}

func (f *Fault) concerns(operation string) bool { return f.Operation == "" || f.Operation == operation }

// accepts tells whether a message that meets the fault is accepted.
func (f *Fault) accepts() bool {
	if f.Accept != nil {
		return *f.Accept
	}
	return f.Cut != CutBefore && f.Error == "" && (f.Status == 0 || f.Status/100 == 2)
}

// plan checks that the fault makes sense and fills in Times.
func (f Fault) plan() (*plan, error) {
	p := plan{Fault: f}
	if f.Latency != "" {
		var err error
		if p.latency, err = time.ParseDuration(f.Latency); err != nil || p.latency <= 0 {
			return nil, fmt.Errorf(`latency %q is not a positive duration such as "1.5s"`, f.Latency)
		}
	}
	if p.Times == 0 {
		p.Times = 1
	}
	if _, exists := operations[f.Operation]; f.Operation != "" && !exists {
		return nil, fmt.Errorf("operation %q is none of %s", f.Operation, operationList())
	}
	for _, err := range []error{f.checkAnswer(), f.checkCut(), f.checkAccept()} {
		if err != nil {
			return nil, err
		}
	}
	return &p, nil
}

func (f *Fault) checkAnswer() error {
	switch {
	case f.Times < -1:
		return fmt.Errorf("times is %d: want 1 or more, or -1 for until cleared", f.Times)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status is %d: want 200 to 599", f.Status)
	case f.RetryAfter != "" && f.Status < 300:
		return errors.New("retryAfter needs a status of 300 or more")
	case f.Redirect != "" && f.Status/100 != 3:
		return errors.New("redirect needs a status of 3xx")
	case f.Unreadable && (f.Error != "" || f.MessageStatus != ""):
		return errors.New("an unreadable answer has neither error nor messageStatus")
	}
	return nil
}

func (f *Fault) checkCut() error {
	answers := f.Status != 0 || f.Error != "" || f.MessageStatus != "" || f.Unreadable
	switch f.Cut {
	case "":
		if !answers && f.Latency == "" {
			return errors.New("no effect: want status, error, messageStatus, unreadable, cut or latency")
		}
	case CutBefore, CutAfter, CutAnswer:
		if answers {
			return errors.New("cut goes with latency and accept only: there is no answer to shape")
		}
	default:
		return fmt.Errorf("cut is %q: want %q, %q or %q", f.Cut, CutBefore, CutAfter, CutAnswer)
	}
	return nil
}

// checkAccept refuses what would make Messages lie about the answer: a plain success for a message that was not accepted.
func (f *Fault) checkAccept() error {
	switch {
	case f.MessageStatus != "" && f.Accept == nil:
		return errors.New("messageStatus needs accept: true if a message with that status was accepted, or false")
	case f.Accept == nil:
		return nil
	case f.Cut == CutBefore && *f.Accept:
		return fmt.Errorf("cut %q accepts nothing", CutBefore)
	case !*f.Accept && f.succeeds():
		return errors.New("accept false needs an effect that does not tell the client that its message was accepted")
	}
	return nil
}

// succeeds tells whether the client is told that its message was accepted.
func (f *Fault) succeeds() bool {
	return f.Cut == "" && !f.Unreadable && f.MessageStatus == "" && f.Error == "" && (f.Status == 0 || f.Status/100 == 2)
}
