package kill

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"dmlysender/shared/dmlytest"
)

// resendGap is how long DMLY may expect between the two sendings of a message with ifUnknown "resend". It is 30 seconds from the moment at
// which the first was given up, which is later than the moment of its acceptance.
const resendGap = 30 * time.Second

// leaveAlone is how long after the end of a lease nobody else may conclude anything.
const leaveAlone = 10 * time.Second

// leastTorn is the share of kills, one in so many, that has to hit between claim and record: else the run proved little.
const leastTorn = 4

// leastSpread is from how many kills of an api over a new message on they have to hit before the claim, so often before the record, and
// after it: fewer may miss one of these by chance, the last of which is short.
const leastSpread = 40

// evidence is what is judged. What has to be true:
//
//   - DMLY accepted each message at most once; at most twice, half a minute apart, if its ifUnknown is "resend" and the ledger says that
//     this was used;
//   - each message rests in one final state, and both contents of one id do; but not one whose caller gave up without having been told
//     anything, before it was queued: DMLY has not accepted that;
//   - what was answered 200 is sent, under the id that DMLY gave it; what was answered as refused is recorded so;
//   - sent are only messages that DMLY accepted; rejected, failed or expired only messages that it did not, unless it lied;
//   - rejected are only messages that DMLY or validation refused, expired only those that were;
//   - unknown are only messages that met an ambiguous fault or were in a process when it was killed, which nobody concludes from a claim
//     that may still be at work;
//   - a fallback is sent only after a rejection;
//   - each planned fault was met; nothing is in the dead-letter queue.
type evidence struct {
	messages []*message
	ledger   map[string]item
	accepted map[string][]dmlytest.Message // by ref
	inFlight map[string]bool               // by ref
	faults   []dmlytest.PlannedFault
	dead     int
}

// judge gathers the evidence and says what it comes to.
func (r *run) judge(ctx context.Context) (Result, error) {
	ledger, err := r.stand.items(ctx)
	if err != nil {
		return Result{}, err
	}
	dead, err := r.stand.depth(ctx, r.stand.deadURL)
	if err != nil {
		return Result{}, err
	}
	accepted := map[string][]dmlytest.Message{}
	for _, m := range r.dmly.Messages() {
		ref := refIn(m.Body)
		accepted[ref] = append(accepted[ref], m)
	}
	e := evidence{messages: r.messages(), ledger: ledger, accepted: accepted, inFlight: r.lost, faults: r.dmly.Fired(), dead: dead}
	result, violations := e.judge()
	result.Kills, result.Torn = int(r.workers.kills.Load()), int(r.workers.torn.Load())
	result.APIKills, result.APIEarly = int(r.apis.kills.Load()), int(r.early.Load())
	result.APITorn, result.APILate = int(r.apis.torn.Load()), int(r.late.Load())
	result.Invocations, result.Records, result.Calls = int(r.invocations.Load()), int(r.records.Load()), int(r.calls.Load())
	if violations = append(r.notes, violations...); len(violations) > 0 {
		return result, &ViolationError{Violations: violations}
	}
	return result, result.tooLittle()
}

// tooLittle says that not enough kills hit where it matters.
func (r Result) tooLittle() error {
	if r.Torn*leastTorn < r.Kills {
		return fmt.Errorf("only %d of %d kills of a worker came between a claim and its record: they prove too little", r.Torn, r.Kills)
	}
	first := r.APIEarly + r.APITorn + r.APILate
	if r.APITorn == 0 || first >= leastSpread && (r.APIEarly == 0 || r.APITorn*leastTorn < first || r.APILate == 0) {
		return fmt.Errorf("of %d kills of an api over a new message, %d came before its claim, %d before its record and %d before the answer: they prove too little",
			first, r.APIEarly, r.APITorn, r.APILate)
	}
	return nil
}

// refIn is the ref in what DMLY was sent.
func refIn(body []byte) string {
	var sent struct {
		Ref string `json:"ref"`
	}
	if json.Unmarshal(body, &sent) != nil {
		return ""
	}
	return sent.Ref
}

// judge counts, and lists what must not be.
func (e evidence) judge() (result Result, violations []string) {
	known := map[string]bool{}
	for _, m := range e.messages {
		known[m.ref] = true
		e.count(m, &result)
		for _, problem := range e.problems(m) {
			violations = append(violations, fmt.Sprintf("- %v: %s\n    ledger: %v\n    DMLY: %s%s",
				m, problem, e.ledger[m.id], e.acceptances(m), e.killed(m)))
		}
	}
	for ref, accepted := range e.accepted {
		if !known[ref] {
			violations = append(violations, fmt.Sprintf("- DMLY accepted %d messages %q that nobody put on the queue", len(accepted), ref))
		}
	}
	for _, f := range e.faults {
		result.Faults += f.Fired
		if f.Fired != f.Fault.Times && f.Fault.Times > 0 {
			violations = append(violations, fmt.Sprintf("- the fault for %q was met %d times, want %d", f.Fault.Match, f.Fired, f.Fault.Times))
		}
	}
	if e.dead > 0 {
		violations = append(violations, fmt.Sprintf("- the dead-letter queue holds %d records", e.dead))
	}
	return result, violations
}

func (e evidence) count(m *message, result *Result) {
	result.Messages++
	if len(e.accepted[m.ref]) > 0 {
		result.Accepted++
	}
	item := e.ledger[m.id]
	if item.resent {
		result.Resent++
	}
	if len(e.accepted[m.ref]) > m.allowed(item) {
		result.Duplicates++
	}
	switch {
	case !m.done(item):
		result.Lost++
	case m.call == nil || len(m.answers) > 0:
	case item.state == stateSent:
		result.Carried++
	case item.state == stateAccepted:
		result.Stranded++
	}
	switch item.state {
	case stateSent:
		result.Sent++
	case stateRejected:
		result.Rejected++
	case stateFailed:
		result.Failed++
	case stateExpired:
		result.Expired++
	case stateUnknown:
		result.Unknown++
	}
}

// allowed is how often DMLY may accept a message.
func (m *message) allowed(i item) int {
	if m.kind == resend && i.resent {
		return 2
	}
	return 1
}

// problems are what is wrong with one message.
func (e evidence) problems(m *message) (found []string) {
	i, accepted := e.ledger[m.id], e.accepted[m.ref]
	check := func(ok bool, format string, args ...any) {
		if !ok {
			found = append(found, fmt.Sprintf(format, args...))
		}
	}
	check(m.done(i), "it did not come to rest")
	check(len(accepted) <= m.allowed(i), "DMLY accepted it %d times, want at most %d", len(accepted), m.allowed(i))
	if len(accepted) == 2 {
		gap := accepted[1].Time.Sub(accepted[0].Time)
		check(gap >= resendGap, "it was sent again after %v, want %v at least", gap, resendGap)
	}
	switch i.state {
	case stateSent:
		check(len(accepted) > 0, "it counts as sent, and DMLY did not accept it")
	case stateUnknown:
		check(m.flaw != nil && m.flaw.ambiguous || e.inFlight[m.ref], "nothing happened to it that leaves its outcome unknown")
		check(m.kind != resend || i.resent, "it rests as unknown, and was not sent once more")
		if m.flaw == nil {
			left := i.leftAlone()
			check(left >= leaveAlone, "it was given up %v after its claim, want %v at least", left, leaveAlone)
		}
	case stateRejected:
		check(m.refused() || m.flaw != nil && m.flaw.rejects, "nobody refused it")
		check(len(accepted) == 0 || m.flaw != nil && m.flaw.lies, "it counts as rejected, and DMLY accepted it")
	default:
		check(!m.done(i) || len(accepted) == 0, "it counts as %s, and DMLY accepted it", cmp.Or(i.state, "nothing"))
	}
	check(!m.refused() || i.state == stateRejected, "it is invalid, and is not rejected")
	check((m.kind == expired) == (i.state == stateExpired), "its expiresAt was not what decided")
	if m.kind == conflicting {
		check(e.conflict(m), "its other content is nowhere recorded as rejected")
	}
	if m.kind == fallback && (m.flaw == nil || !m.flaw.rejects) {
		instead := slices.ContainsFunc(accepted, func(a dmlytest.Message) bool { return a.Operation == m.instead })
		check(!instead, "its fallback was sent, and it was not rejected")
	}
	return append(found, m.misled(i, accepted)...)
}

// misled is what its caller was told of a message and is not so.
func (m *message) misled(i item, accepted []dmlytest.Message) (found []string) {
	for _, a := range m.answers {
		if !a.agrees(i, accepted) {
			found = append(found, fmt.Sprintf("it was answered %v", a))
		}
	}
	if m.call != nil && !m.givenUp && len(m.answers) == 0 {
		found = append(found, "nobody was told what became of it")
	}
	return found
}

// done says whether the message is where it has to come: at rest, or nowhere if nobody was told that it was accepted and it was not queued.
func (m *message) done(i item) bool {
	untold := m.call != nil && len(m.answers) == 0
	return i.rests() || untold && (i.state == "" || i.state == stateAccepted && !m.call.dropIn)
}

// agrees says whether what the caller was told is what is true at the end.
func (a answer) agrees(i item, accepted []dmlytest.Message) bool {
	switch a.status {
	case http.StatusOK:
		return i.state == stateSent && slices.ContainsFunc(accepted, func(m dmlytest.Message) bool { return m.ID == a.dmlyID })
	case http.StatusAccepted:
		return i.rests()
	default:
		return i.state == a.state
	}
}

// refused says whether the message cannot be sent at all.
func (m *message) refused() bool { return m.kind == malformed || m.kind == garbage }

// conflict says whether the ledger has the content that found its id taken.
func (e evidence) conflict(m *message) bool {
	for id, i := range e.ledger {
		if strings.HasPrefix(id, conflictPrefix+m.id+":") && i.state == stateRejected {
			return true
		}
	}
	return false
}

// acceptances says what DMLY accepted.
func (e evidence) acceptances(m *message) string {
	if len(e.accepted[m.ref]) == 0 {
		return "accepted nothing"
	}
	var times []string
	for _, a := range e.accepted[m.ref] {
		times = append(times, fmt.Sprintf("%s accepted at %s as %s", a.Operation, a.Time.UTC().Format("15:04:05.000"), a.ID))
	}
	return strings.Join(times, "; ")
}

func (e evidence) killed(m *message) string {
	if e.inFlight[m.ref] {
		return "\n    it was in a process that was killed"
	}
	return ""
}
