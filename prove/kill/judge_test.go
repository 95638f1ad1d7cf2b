package kill

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/dmlytest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// ambiguous, rejecting and lying are a flaw of each sort.
var (
	ambiguous = &flaw{name: "cut", ambiguous: true}
	rejecting = &flaw{name: "422", rejects: true}
	lying     = &flaw{name: "lie", rejects: true, lies: true}
)

// in is an item of the ledger in a state, claimed at noon and there some seconds later.
func in(state string, seconds int) item {
	at := func(after int) string { return noon.Add(time.Duration(after) * time.Second).Format(time.RFC3339) }
	return item{state: state, generation: "1", history: []string{at(0) + " sending 1", at(seconds) + " " + state + " 1 a reason"}}
}

func resent(i item) item {
	i.resent = true
	return i
}

// one is the evidence of one message; DMLY accepted it so many seconds after noon.
func one(m message, i item, accepted ...int) evidence {
	m.ref, m.id, m.operation, m.instead = "ref-000001", "order-ref-000001", "whatsapp/sendtext", "whatsapp/sendtemplate"
	if m.kind == "" {
		m.kind = plain
	}
	e := evidence{
		messages: []*message{&m}, ledger: map[string]item{m.id: i},
		accepted: map[string][]dmlytest.Message{}, inFlight: map[string]bool{},
	}
	for n, seconds := range accepted {
		e.accepted[m.ref] = append(e.accepted[m.ref], dmlytest.Message{
			ID: fmt.Sprintf("sim-%d", n), Operation: m.operation, Time: noon.Add(time.Duration(seconds) * time.Second),
		})
	}
	return e
}

func (e evidence) killedOver() evidence {
	e.inFlight[e.messages[0].ref] = true
	return e
}

func (e evidence) with(change func(*evidence)) evidence {
	change(&e)
	return e
}

// told makes the message one that came over HTTP, whose caller was told so.
func told(m message, answers ...answer) message {
	m.call, m.answers, m.givenUp = &call{}, answers, len(answers) == 0
	return m
}

// dropIn makes it one in DMLY's own form.
func dropIn(m message) message {
	m.call.dropIn = true
	return m
}

var (
	answeredSent     = answer{status: http.StatusOK, state: stateSent, dmlyID: "sim-0"}
	answeredAccepted = answer{status: http.StatusAccepted, state: stateAccepted}
	answeredRejected = answer{status: http.StatusBadRequest, state: stateRejected}
)

func TestWhatMayBeIsAccepted(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]evidence{
		"sent":                                   one(message{}, in(stateSent, 1), 0),
		"unknown, accepted, over a kill":         one(message{}, in(stateUnknown, 15), 0).killedOver(),
		"unknown, not accepted, over a kill":     one(message{}, in(stateUnknown, 15)).killedOver(),
		"unknown after an ambiguous answer":      one(message{flaw: ambiguous}, in(stateUnknown, 0), 0),
		"sent twice, as it wished":               one(message{kind: resend}, resent(in(stateSent, 1)), 0, 30),
		"rejected":                               one(message{flaw: rejecting}, in(stateRejected, 0)),
		"rejected, and accepted behind our back": one(message{flaw: lying}, in(stateRejected, 0), 0),
		"malformed":                              one(message{kind: malformed}, in(stateRejected, 0)),
		"expired":                                one(message{kind: expired}, in(stateExpired, 0)),
		"given up":                               one(message{}, in(stateFailed, 0)),
		"its other content rejected": one(message{kind: conflicting}, in(stateSent, 1), 0).with(func(e *evidence) {
			e.ledger["conflict:order-ref-000001:0123abcd"] = in(stateRejected, 0)
		}),
		"answered as sent":                  one(told(message{}, answeredSent), in(stateSent, 1), 0),
		"answered as accepted, and unknown": one(told(message{}, answeredAccepted), in(stateUnknown, 15), 0).killedOver(),
		"answered as rejected":              one(told(message{flaw: rejecting}, answeredRejected), in(stateRejected, 0)),
		"answered twice":                    one(told(message{}, answeredAccepted, answeredSent), in(stateSent, 1), 0),
		"given up, and sent":                one(told(message{}), in(stateSent, 1), 0),
		"given up before anything was done": one(dropIn(told(message{})), item{}),
		"given up between ledger and queue": one(told(message{}), in(stateAccepted, 0)),
		"its fallback sent": one(message{kind: fallback, flaw: rejecting}, in(stateSent, 1), 0).with(func(e *evidence) {
			e.accepted["ref-000001"][0].Operation = "whatsapp/sendtemplate"
		}),
	} {
		if _, violations := e.judge(); len(violations) > 0 {
			t.Errorf("%s: got %s", name, strings.Join(violations, "\n"))
		}
	}
}

func TestWhatMustNotBeIsFound(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		evidence evidence
		want     string
	}{
		"lost":                        {one(message{}, item{}), "it did not come to rest"},
		"left waiting":                {one(message{}, in("waiting", 0)), "it did not come to rest"},
		"left claimed":                {one(message{}, in(stateSending, 0), 0), "it did not come to rest"},
		"accepted twice":              {one(message{}, in(stateSent, 1), 0, 60), "accepted it 2 times, want at most 1"},
		"accepted twice, unused wish": {one(message{kind: resend}, in(stateSent, 1), 0, 60), "accepted it 2 times, want at most 1"},
		"accepted three times":        {one(message{kind: resend}, resent(in(stateSent, 1)), 0, 30, 60), "accepted it 3 times, want at most 2"},
		"sent again too early":        {one(message{kind: resend}, resent(in(stateSent, 1)), 0, 29), "sent again after 29s"},
		"sent, and not accepted":      {one(message{}, in(stateSent, 1)), "DMLY did not accept it"},
		"rejected, and accepted":      {one(message{flaw: rejecting}, in(stateRejected, 0), 0), "it counts as rejected, and DMLY accepted it"},
		"rejected by nobody":          {one(message{}, in(stateRejected, 0)), "nobody refused it"},
		"failed, and accepted":        {one(message{}, in(stateFailed, 0), 0), "it counts as failed, and DMLY accepted it"},
		"cancelled, and accepted":     {one(message{}, in(stateCanceled, 0), 0), "it counts as cancelled, and DMLY accepted it"},
		"unknown for nothing":         {one(message{}, in(stateUnknown, 15), 0), "nothing happened to it"},
		"unknown after a rejection":   {one(message{flaw: rejecting}, in(stateUnknown, 0)), "nothing happened to it"},
		"given up too early":          {one(message{}, in(stateUnknown, 9), 0).killedOver(), "given up 9s after its claim"},
		"not sent once more":          {one(message{kind: resend}, in(stateUnknown, 15), 0).killedOver(), "was not sent once more"},
		"malformed, and sent":         {one(message{kind: malformed}, in(stateSent, 1), 0), "it is invalid, and is not rejected"},
		"expired, and sent":           {one(message{kind: expired}, in(stateSent, 1), 0), "its expiresAt was not what decided"},
		"expired for nothing":         {one(message{}, in(stateExpired, 1)), "its expiresAt was not what decided"},
		"other content lost":          {one(message{kind: conflicting}, in(stateSent, 1), 0), "its other content is nowhere recorded"},
		"fallback without rejection": {one(message{kind: fallback, flaw: ambiguous}, in(stateSent, 1), 0).with(func(e *evidence) {
			e.accepted["ref-000001"][0].Operation = "whatsapp/sendtemplate"
		}), "its fallback was sent"},
		"answered as sent, and unknown":         {one(told(message{}, answeredSent), in(stateUnknown, 15), 0).killedOver(), "it was answered 200"},
		"answered as sent, another's":           {one(told(message{}, answer{status: http.StatusOK, dmlyID: "sim-9"}), in(stateSent, 1), 0), "it was answered 200"},
		"answered as sent, and nowhere":         {one(told(message{}, answeredSent), item{}), "it did not come to rest"},
		"answered as accepted, and not queued":  {one(told(message{}, answeredAccepted), in(stateAccepted, 0)), "it did not come to rest"},
		"answered as rejected, and sent":        {one(told(message{flaw: rejecting}, answeredRejected), in(stateSent, 1), 0), "it was answered 400"},
		"given up, and accepted without record": {one(dropIn(told(message{})), item{}, 0), "it counts as nothing, and DMLY accepted it"},
		"given up, and left as accepted":        {one(dropIn(told(message{})), in(stateAccepted, 0)), "it did not come to rest"},
		"given up, and left claimed":            {one(told(message{}), in(stateSending, 0)), "it did not come to rest"},
		"never told":                            {one(message{call: &call{}}, in(stateSent, 1), 0), "nobody was told"},
		"from nowhere": {one(message{}, in(stateSent, 1), 0).with(func(e *evidence) {
			e.accepted["ref-000002"] = e.accepted["ref-000001"]
		}), "nobody put on the queue"},
		"a fault left over": {one(message{}, in(stateSent, 1), 0).with(func(e *evidence) {
			e.faults = []dmlytest.PlannedFault{{Fault: dmlytest.Fault{Match: "flaw-of-ref-000001", Times: 1}}}
		}), "was met 0 times, want 1"},
		"a dead letter": {one(message{}, in(stateSent, 1), 0).with(func(e *evidence) { e.dead = 1 }), "the dead-letter queue holds 1"},
	} {
		_, violations := test.evidence.judge()
		if all := strings.Join(violations, "\n"); !strings.Contains(all, test.want) {
			t.Errorf("%s: got %q, want it to say %q", name, all, test.want)
		}
	}
}

func TestWhatCameOfTheMessagesIsCounted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		evidence evidence
		want     Result
	}{
		"sent":     {one(message{}, in(stateSent, 1), 0), Result{Messages: 1, Accepted: 1, Sent: 1}},
		"twice":    {one(message{}, in(stateSent, 1), 0, 1), Result{Messages: 1, Accepted: 1, Sent: 1, Duplicates: 1}},
		"resent":   {one(message{kind: resend}, resent(in(stateUnknown, 15)), 0, 30), Result{Messages: 1, Accepted: 1, Unknown: 1, Resent: 1}},
		"lost":     {one(message{}, item{}), Result{Messages: 1, Lost: 1}},
		"refused":  {one(message{kind: garbage}, in(stateRejected, 0)), Result{Messages: 1, Rejected: 1}},
		"told":     {one(told(message{}, answeredSent), in(stateSent, 1), 0), Result{Messages: 1, Accepted: 1, Sent: 1}},
		"carried":  {one(told(message{}), in(stateSent, 1), 0), Result{Messages: 1, Accepted: 1, Sent: 1, Carried: 1}},
		"nowhere":  {one(told(message{}), item{}), Result{Messages: 1}},
		"stranded": {one(told(message{}), in(stateAccepted, 0)), Result{Messages: 1, Stranded: 1}},
	} {
		if got, _ := test.evidence.judge(); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

func TestKillsThatMissProveTooLittle(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		result Result
		want   string
	}{
		"enough":                   {Result{Kills: 200, Torn: 50, APIKills: 100, APIEarly: 1, APITorn: 20, APILate: 1}, ""},
		"few":                      {Result{Kills: 200, Torn: 50, APIKills: 20, APIEarly: 15, APITorn: 1}, ""},
		"few, none over a claim":   {Result{Kills: 200, Torn: 50, APIKills: 20, APIEarly: 15, APILate: 5}, "an api"},
		"workers that had ended":   {Result{Kills: 200, Torn: 49, APIKills: 100, APIEarly: 10, APITorn: 20, APILate: 10}, "a worker"},
		"no api over a claim":      {Result{Kills: 200, Torn: 50, APIKills: 100, APIEarly: 40, APITorn: 10, APILate: 20}, "an api"},
		"no api before its claim":  {Result{Kills: 200, Torn: 50, APIKills: 100, APITorn: 20, APILate: 20}, "an api"},
		"no api before its answer": {Result{Kills: 200, Torn: 50, APIKills: 100, APIEarly: 20, APITorn: 20}, "an api"},
	} {
		err := test.result.tooLittle()
		if got := fmt.Sprint(err); (err == nil) != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: got %s, want it to name %q", name, got, test.want)
		}
	}
}
