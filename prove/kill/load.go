package kill

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"time"
)

// kind is what is special about a message, beside the flaw that it may meet.
type kind string

const (
	plain       kind = "plain"
	repeated    kind = "queued twice"
	conflicting kind = "queued with two contents under one id"
	nameless    kind = "without an id"
	fallback    kind = "with a fallback"
	resend      kind = "with ifUnknown resend"
	expired     kind = "past its expiresAt"
	malformed   kind = "malformed"
	garbage     kind = "not even an object"
)

// kinds are how many of a hundred messages are of each; the others are plain.
var kinds = []struct {
	kind  kind
	share int
}{{repeated, 6}, {conflicting, 4}, {nameless, 5}, {fallback, 8}, {resend, 15}, {expired, 3}, {malformed, 4}, {garbage, 2}}

// flawedShare is how many of a hundred messages that can meet a flaw do.
const flawedShare = 25

// secondDelay is the most seconds that a second record of the same message comes later.
const secondDelay = 8

// message is one message, with what the judgement needs to know of it.
type message struct {
	// ref names it. It is in what is sent to DMLY, and beside each of its records on the queue.
	ref string
	// id is where the ledger keeps it; that of a message without one is known once it is queued.
	id   string
	kind kind
	flaw *flaw // nil if DMLY answers it plainly
	// token is by what DMLY knows a request that is to meet the flaw.
	token string
	// bodies are its records.
	bodies []string
	// operation is that of the message itself, and instead that of its fallback.
	operation, instead string

	// call is how it comes over HTTP, nil if it comes from the queue; tries is how often its caller called, answers is what it was told,
	// and givenUp says that it did not wait to be told.
	call    *call
	tries   int
	answers []answer
	givenUp bool
}

func (m *message) String() string {
	text := fmt.Sprintf("message %s, %s", m.ref, m.kind)
	if m.call != nil {
		text += ", by POST " + m.call.path
	}
	if m.flaw != nil {
		text += ", flaw " + m.flaw.name
	}
	return text
}

// load makes messages. It is not safe for concurrent use.
type load struct {
	// name is what its refs begin with.
	name     string
	random   *rand.Rand
	messages []*message
}

func newLoad(name string, random *rand.Rand) *load { return &load{name: name, random: random} }

// fields are a message's, or a step's.
type fields map[string]any

// operation is one of the nine, with its fields.
type operation struct {
	channel, typ string
	fields       fields
}

var operations = []operation{
	{"whatsapp", "text", fields{"textMessage": "Your order is on its way."}},
	{"whatsapp", "media", fields{"mediaUrl": "https://example.com/invoice.pdf", "mimeType": "application/pdf"}},
	{"whatsapp", "template", fields{"template": "order_shipped"}},
	{"messenger", "text", fields{"textMessage": "Thanks for reaching out – how can we assist?"}},
	{"messenger", "media", fields{"mediaUrl": "https://example.com/shoes.jpg", "mimeType": "image/jpeg"}},
	{"messenger", "template", fields{"elements": []fields{{"title": "Your order", "buttons": []fields{{"title": "Track it"}}}}}},
	{"instagram", "text", fields{"textMessage": "Danke – bis später."}},
	{"instagram", "template", fields{"elements": []fields{{"title": "Your order", "buttons": []fields{}}}}},
	{"telegram", "template", fields{"textMessage": "Your order is on its way.", "buttons": []fields{{"text": "Track it"}}}},
}

// next makes a message.
func (l *load) next() *message {
	of, share := plain, l.random.IntN(100)
	for _, k := range kinds {
		if share < k.share {
			of = k.kind
			break
		}
		share -= k.share
	}
	m := l.make(of)
	switch of {
	case expired, malformed, garbage, conflicting:
	default:
		if l.random.IntN(100) < flawedShare {
			l.flaw(m, l.drawFlaw(of))
		}
	}
	l.fill(m)
	return m
}

// flawed makes a plain message that meets the flaw.
func (l *load) flawed(f *flaw) *message {
	m := l.make(plain)
	l.flaw(m, f)
	l.fill(m)
	return m
}

// again makes a plain message that meets the flaw of another, in case that one never gets there.
func (l *load) again(of *message) *message {
	m := l.make(plain)
	m.flaw, m.token = of.flaw, of.token
	l.fill(m)
	return m
}

func (l *load) make(of kind) *message {
	m := &message{ref: fmt.Sprintf("%s-%06d", l.name, len(l.messages)), kind: of}
	if of != nameless && of != garbage {
		m.id = idOf(m.ref)
	}
	l.messages = append(l.messages, m)
	return m
}

const idPrefix = "order-"

// idOf is the id of a message that has one, and refWith the ref of the message with an id.
func idOf(ref string) string   { return idPrefix + ref }
func refWith(id string) string { return strings.TrimPrefix(id, idPrefix) }

func (l *load) flaw(m *message, f *flaw) { m.flaw, m.token = f, flawOf(m.ref) }

func flawOf(ref string) string { return "flaw-of-" + ref }

// drawFlaw draws by weight. A lie with a fallback would send twice by DMLY's fault alone.
func (l *load) drawFlaw(of kind) *flaw {
	total := 0
	for _, f := range flaws {
		total += f.weight
	}
	for {
		at, i := l.random.IntN(total), 0
		for at >= flaws[i].weight {
			at -= flaws[i].weight
			i++
		}
		if !flaws[i].lies || of != fallback {
			return &flaws[i]
		}
	}
}

// fill writes the message's records.
func (l *load) fill(m *message) {
	op, body := l.content(m)
	switch m.kind {
	case repeated:
		m.bodies = append(m.bodies, encode(body))
	case conflicting:
		m.bodies = append(m.bodies, encode(body))
		body["passthrough"] = fields{"ref": m.ref, "note": "other content"}
	case expired:
		body["expiresAt"] = time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	case malformed:
		l.spoil(body)
	case garbage:
		all := []string{`no JSON at all`, `["an array"]`, `{"channel": "whatsapp", "type": "te`, `null`}
		m.bodies = []string{all[l.random.IntN(len(all))]}
		return
	default:
		l.vary(m, op.channel, body)
	}
	m.bodies = append(m.bodies, encode(body))
}

// content draws the message's operation and writes what it says.
func (l *load) content(m *message) (op operation, body fields) {
	op = operations[l.random.IntN(len(operations))]
	m.operation = op.channel + "/send" + op.typ
	body = m.step(op.channel, op.typ, op.fields)
	body["workspace"] = fields{"id": "W1"}
	body["contact"] = fields{"id": fmt.Sprintf("C-%d", l.random.IntN(50))}
	if op.channel == "whatsapp" && l.random.IntN(2) == 0 {
		delete(body, "contact")
		body["recipient"] = fields{"phoneNumber": fmt.Sprintf("+1555%07d", l.random.IntN(50))}
	}
	if m.id != "" {
		body["id"] = m.id
	}
	return op, body
}

// vary writes what the kind asks for, if it is that of a message that can be sent.
func (l *load) vary(m *message, channel string, body fields) {
	switch m.kind {
	case fallback:
		l.fallback(m, channel, body)
	case resend:
		body["ifUnknown"] = "resend"
	default:
	}
}

// step has what makes DMLY know the message, and its flaw.
func (m *message) step(channel, typ string, content fields) fields {
	body := maps.Clone(content)
	body["channel"], body["type"] = channel, typ
	passthrough := fields{"ref": m.ref}
	if m.token != "" {
		passthrough["flaw"] = m.token
	}
	body["passthrough"] = passthrough
	return body
}

// fallback adds another operation of the same channel, or the same one with other content.
func (l *load) fallback(m *message, channel string, body fields) {
	var others []int
	for i, op := range operations {
		if op.channel == channel && channel+"/send"+op.typ != m.operation {
			others = append(others, i)
		}
	}
	if len(others) == 0 { // Telegram
		body["fallback"] = []fields{m.step(channel, "template", fields{"textMessage": "In other words.", "buttons": []fields{}})}
		return
	}
	op := operations[others[l.random.IntN(len(others))]]
	m.instead = op.channel + "/send" + op.typ
	body["fallback"] = []fields{m.step(op.channel, op.typ, op.fields)}
}

// spoil makes a message that must be refused.
func (l *load) spoil(body fields) {
	switch l.random.IntN(5) {
	case 0:
		body["recepient"] = fields{"phoneNumber": "+15551234567"}
	case 1:
		body["channel"], body["type"] = "instagram", "media"
	case 2:
		delete(body, "workspace")
	case 3:
		body["fallback"] = "none"
	case 4:
		delete(body, "contact")
		body["recipient"] = fields{"phoneNumber": "0155"}
	}
}

func encode(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // strings, maps and slices alone
	}
	return string(text)
}
