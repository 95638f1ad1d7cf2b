package dmlytest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// DefaultKey is the x-api-key that a Server accepts when Options name none.
const DefaultKey = "dmlytest-key"

// BasePath is the path of the API's host, https://api.dmly.io/api: what a client takes as its base URL ends in it.
const BasePath = "/api"

// The values of a Message's Status, and of the status field in an answer. The reference gives no values
// ("typically indicates success/failure state"): these are the simulator's own.
const (
	StatusSent      = "sent"      // handed to the recipient
	StatusScheduled = "scheduled" // held until it is due
	StatusFailed    = "failed"    // refused; no Message has it
)

const (
	messagesPath = BasePath + "/v1/messages/"

	// maxBody bounds what is read of a request. The reference states no limit.
	maxBody = 1 << 20
)

// Options configure a Server. The zero value is ready to use.
type Options struct {
	// Key is the x-api-key that is accepted; DefaultKey if empty. SetKeys accepts several.
	Key string
	// Now tells the time that messages are recorded, scheduled and limited by; time.Now if nil.
	// It is called while the Server is locked, so it may not call the Server.
	Now func() time.Time
	// Wait waits for a fault's latency and returns early, with an error, when the context ends. If nil it waits by the real clock.
	Wait func(ctx context.Context, d time.Duration) error
	// RatePerMinute is how many messages are accepted in any 60 seconds before the answer is 429. None if 0.
	RatePerMinute int
}

// Message is a message that the Server accepted.
type Message struct {
	// ID is what the answer carried as id, unless Fault hid it. Ids are not used twice, not even after Reset.
	ID string `json:"id"`
	// Operation is the channel and the operation, such as "whatsapp/sendtext".
	Operation string `json:"operation"`
	// Path is the request's path with its query.
	Path string `json:"path"`
	// Body is the request's body, byte for byte. It is shared: do not change it.
	Body json.RawMessage `json:"body"`
	// Key tells which key was used without naming it; see KeyLabel.
	Key string `json:"key"`
	// Time is when the message was accepted.
	Time time.Time `json:"time"`
	// DueAt is when a scheduled message is sent; zero if it was sent at once.
	DueAt time.Time `json:"dueAt,omitzero"`
	// Status is StatusScheduled before DueAt, and StatusSent from then on.
	Status string `json:"status"`
	// Fault is the fault that the accepted message met: what its client was told instead of a plain success. nil for most.
	// It is shared: do not change it.
	Fault *Fault `json:"fault,omitempty"`
}

// Server is the simulator: an http.Handler, safe for concurrent use. Its messages stay in memory until they are reset.
// One Server is one DMLY account: its keys share one rate limit.
type Server struct {
	now   func() time.Time
	wait  func(context.Context, time.Duration) error
	admin *http.ServeMux

	mu       sync.Mutex
	keys     map[string]string // accepted key → its label
	rate     int
	messages []Message
	lastID   int
	planned  []*plan // every fault since the last clear, in order
	active   []*plan // those of them that can still fire
}

// New returns a Server that has accepted nothing and plans no fault.
func New(opts Options) *Server {
	s := &Server{now: opts.Now, wait: opts.Wait, rate: opts.RatePerMinute}
	if s.now == nil {
		s.now = time.Now
	}
	if s.wait == nil {
		s.wait = wait
	}
	s.SetKeys(cmp.Or(opts.Key, DefaultKey))
	s.admin = s.adminRoutes()
	return s
}

// SetKeys replaces the accepted keys: two while a key is rotated, none for an account that is closed.
func (s *Server) SetKeys(keys ...string) {
	labels := make(map[string]string, len(keys))
	for _, key := range keys {
		labels[key] = KeyLabel(key)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = labels
}

// KeyLabel returns the form in which a Message names its key: the first 8 hexadecimal digits of the key's SHA-256.
func KeyLabel(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:4])
}

// SetRatePerMinute changes Options.RatePerMinute. Messages already accepted count.
func (s *Server) SetRatePerMinute(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rate = n
}

// Messages returns what was accepted, in the order of acceptance, with its status at this time.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	messages, now := slices.Clone(s.messages), s.now()
	for i, m := range messages {
		messages[i].Status = m.statusAt(now)
	}
	return messages
}

// Reset forgets the messages, and with them the use of the rate limit, and the faults. The keys and the rate limit stay.
func (s *Server) Reset() {
	s.clearMessages()
	s.ClearFaults()
}

func (s *Server) clearMessages() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = nil
}

func (m *Message) statusAt(now time.Time) string {
	if now.Before(m.DueAt) {
		return StatusScheduled
	}
	return StatusSent
}

// ServeHTTP answers the Messages API under /api/v1/messages/ and the simulator's own paths under /_sim/.
//
// The reference does not say in which order the checks are made, nor which codes tell of what beside 401 and 403. The order here:
// operation (404), method (405), key (401), content type (415), body (413, 400), rate limit (429). Only a request that passed
// all of them meets a fault, so that each fault that fires changed the fate of a message that would have been sent.
// (A CutBefore that reads no body is the exception: it comes right before the body's checks.)
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, adminPath) {
		s.admin.ServeHTTP(w, r)
		return
	}
	message, refused := s.admit(r)
	if refused != nil {
		refused.write(w)
		return
	}
	// Without a look at the body: this is the cut that can come while the client is still writing.
	if s.cutUnread(message.Operation) {
		cut(w)
		return
	}
	if refused = message.read(w, r); refused != nil {
		refused.write(w)
		return
	}
	message, fault, refused := s.decide(message)
	if refused != nil {
		refused.write(w)
		return
	}
	s.answer(w, r, message, fault)
}

// admit makes the checks that need no body.
func (s *Server) admit(r *http.Request) (Message, *refusal) {
	operation, _ := strings.CutPrefix(r.URL.Path, messagesPath)
	if _, exists := operations[operation]; !exists {
		return Message{}, &refusal{code: http.StatusNotFound, reason: "no such operation: the API has " + operationList()}
	}
	if r.Method != http.MethodPost {
		return Message{}, &refusal{code: http.StatusMethodNotAllowed, reason: "operations are called with POST", allow: http.MethodPost}
	}
	label, ok := s.keyLabel(r.Header.Values("X-Api-Key"))
	if !ok {
		// The reference has "401/403 Unauthorized" for this; a fault can answer 403.
		return Message{}, &refusal{code: http.StatusUnauthorized, reason: "missing or invalid x-api-key"}
	}
	// The reference's examples all send this type, and it names no other. Whether DMLY insists is not known.
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return Message{}, &refusal{code: http.StatusUnsupportedMediaType, reason: "Content-Type must be application/json"}
	}
	return Message{Operation: operation, Path: r.URL.RequestURI(), Key: label}, nil
}

func (s *Server) keyLabel(values []string) (label string, ok bool) {
	if len(values) != 1 {
		return "", false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	label, ok = s.keys[values[0]]
	return label, ok
}

// read fills in the body, once it has passed its operation's checks, and when it is due.
func (m *Message) read(w http.ResponseWriter, r *http.Request) *refusal {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return &refusal{code: http.StatusRequestEntityTooLarge, reason: fmt.Sprintf("the body is larger than %d bytes", tooLarge.Limit)}
	}
	if err != nil {
		return &refusal{code: http.StatusBadRequest, reason: "the body did not arrive whole"}
	}
	m.Body = body
	if m.DueAt, err = check(m.Operation, body); err != nil {
		return &refusal{code: http.StatusBadRequest, reason: err.Error()}
	}
	return nil
}

// decide settles at one instant what becomes of a message: over the rate, accepted or not, and which fault it meets.
// The record is made here, before any latency, so that it never changes after a client has given up waiting.
func (s *Server) decide(m Message) (Message, *plan, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.Time = s.now()
	if over := s.overRate(m.Time); over > 0 {
		// Whole seconds, rounded up. The reference warns of a rate limit but states neither the rate nor the answer.
		seconds := strconv.Itoa(int(math.Ceil(over.Seconds())))
		return m, nil, &refusal{code: http.StatusTooManyRequests, reason: "rate limit reached", retryAfter: seconds}
	}
	fault := s.next(m.Operation, m.Body)
	if fault != nil {
		m.Fault = &fault.Fault
	}
	if fault == nil || fault.accepts() {
		s.lastID++
		m.ID = fmt.Sprintf("sim-%06d", s.lastID) // The reference says no more of an id than that it is a string.
		m.Status = m.statusAt(m.Time)
		s.messages = append(s.messages, m)
	}
	return m, fault, nil
}

// overRate returns how long it takes until the rate limit lets another message in; 0 or less if it does now.
func (s *Server) overRate(now time.Time) time.Duration {
	if s.rate <= 0 || len(s.messages) < s.rate {
		return 0
	}
	oldest := s.messages[len(s.messages)-s.rate]
	return oldest.Time.Add(time.Minute).Sub(now)
}
