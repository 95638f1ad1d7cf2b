package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"dmlysender/functions/api/httpapi"
	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// spec is one message as its sender means it.
type spec struct {
	id string
	// texts are the contents that may reach DMLY under this id; more than one is a conflict or a correction.
	texts []string
	// body is its JSON; of a malformed one, what is put on the queue instead.
	body string
	lane delivery.Lane
	// resend says that its ifUnknown is resend.
	resend, malformed bool
	// expires says that it has an expiresAt, and refused that its sender was told that this had passed.
	expires, refused bool
	way              way
	at               time.Duration // when it is sent
	// orders is how often a person ordered it to be sent again.
	orders int
	// cancelKey is by what a person cancels it; empty if that is its id.
	cancelKey string
	// cancelled says that a person was told that it is cancelled; it had reached DMLY so often then.
	cancelled bool
	reached   int
	// sendAt is when it is to go, if it says so; confirmed is when a person was told that it goes instead.
	sendAt, confirmed time.Time
	// moved says that a person has at least tried to move it.
	moved bool
	// once says that its sender sends it once, and not a second time for safety.
	once bool
}

// way is how a message comes in.
type way int

const (
	byQueue way = iota
	byHTTP
	byDropIn
)

const phone = "+15551234567"

// plan makes n messages of all kinds.
func (w *World) plan(n int) {
	for i := range n {
		s := &spec{id: fmt.Sprintf("m%d", i), lane: delivery.NormalLane, at: w.dice.between("plan", 0, 5*time.Minute)}
		s.texts = []string{"text of " + s.id + "."}
		fields := map[string]any{
			"id": s.id, "channel": "whatsapp", "type": "text", "workspace": map[string]string{"id": "W1"},
			"recipient": map[string]string{"phoneNumber": phone}, "textMessage": s.texts[0],
		}
		switch w.dice.pick("plan", 12) {
		case 0:
			s.resend = true
			fields["ifUnknown"] = "resend"
		case 1:
			fields["fallback"] = []any{map[string]any{"channel": "whatsapp", "type": "template", "template": "fallback of " + s.id + "."}}
			s.texts = append(s.texts, "fallback of "+s.id+".")
		case 2:
			s.lane = delivery.BulkLane
			fields["priority"] = message.Bulk
		case 3:
			s.expires = true
			fields["expiresAt"] = time.Now().Add(s.at + w.dice.between("plan", time.Second, time.Hour)).Format(time.RFC3339)
		case 4:
			s.malformed = true
			fields["channel"] = "fax"
		case 5, 6:
			s.sendAt = time.Now().Add(s.at + w.dice.between("plan", time.Second, 3*time.Hour)).Truncate(time.Second)
			fields["sendAt"] = s.sendAt.Format(time.RFC3339)
		}
		if !s.malformed {
			s.way = way(w.dice.pick("plan", 3))
		}
		if s.way != byDropIn && w.dice.pick("plan", 2) == 0 {
			s.cancelKey = "under-" + s.id
			fields["cancelKey"] = s.cancelKey
		}
		s.body = encode(fields)
		w.specs = append(w.specs, s)
	}
	w.tally.Messages = n
}

func encode(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // it was made here
	}
	return string(data)
}

// bring takes a message to its way in, as often as it takes until it is accepted. Its sender is as patient as it has to be.
func (w *World) bring(ctx context.Context, s *spec) error {
	if err := sleep(ctx, s.at); err != nil {
		return err
	}
	for !w.accepts(ctx, s) {
		if err := sleep(ctx, w.dice.between("again "+s.id, time.Second, 5*time.Second)); err != nil {
			return err
		}
	}
	if !s.once && w.dice.pick("again "+s.id, 4) == 0 { // one in four producers sends everything twice
		w.send(s.lane, delivery.Record{Body: []byte(s.body)})
	}
	return nil
}

// accepts has the message come in once, and says whether its sender was told that it was accepted.
func (w *World) accepts(ctx context.Context, s *spec) (accepted bool) {
	if s.way == byQueue {
		w.send(s.lane, delivery.Record{Body: []byte(s.body)})
		return true
	}
	ctx, l := w.newLife(ctx, "caller of "+s.id)
	defer l.process.Stop()
	return l.process.Run(func() { accepted = l.call(ctx, s) }) && accepted
}

const callerKey = "caller"

// unforeseen cannot say when a message will be sent: nothing depends on it.
type unforeseen struct{}

// Estimate implements [httpapi.Estimator].
func (unforeseen) Estimate(context.Context, message.Message) (time.Time, bool) {
	return time.Time{}, false
}

// call brings the message over HTTP, and reports whether it was accepted.
func (l *life) call(ctx context.Context, s *spec) bool {
	ctx, cancel := context.WithTimeout(ctx, invocation-time.Second)
	defer cancel()
	api := &httpapi.Handler{
		Sender: l.sender, Queues: l.lanes(), Forecast: unforeseen{}, Log: silent,
		Callers: httpapi.NewCallers(func(context.Context) (string, error) { return callerKey, nil }, silent),
	}
	path, body := "/v1/messages", s.body
	if s.way == byDropIn {
		path = "/v1/messages/whatsapp/sendtext"
		body = encode(map[string]any{
			"workspace": map[string]string{"id": "W1"}, "recipient": map[string]string{"phoneNumber": phone}, "textMessage": s.texts[0],
		})
	}
	r := httptest.NewRequestWithContext(until{ctx, l.clock.skew}, http.MethodPost, path, strings.NewReader(body)) //nolint:contextcheck // it is the context, by another clock
	r.Header.Set("x-api-key", callerKey)
	r.Header.Set("Idempotency-Key", s.id)
	answer := httptest.NewRecorder()
	api.Routes().ServeHTTP(answer, r)
	switch code := answer.Code; {
	case code/100 == 2, code == http.StatusBadRequest: // the drop-in's answer for what came to rest unsent
	case code == http.StatusServiceUnavailable, code == http.StatusConflict: // out of reach; or being sent
		return false
	case code == http.StatusUnprocessableEntity && s.expires && strings.Contains(answer.Body.String(), `"/expiresAt"`):
		s.refused = true
	default:
		l.world.broken("message %s: HTTP %d: %s", s.id, code, answer.Body)
	}
	return l.do(effectReturn, "", func() error { return nil }) == nil
}
