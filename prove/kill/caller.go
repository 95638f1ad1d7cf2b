package kill

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	// Of a hundred killed calls so many are given up by their caller; of a hundred that were answered 200 so many are repeated all the same.
	givenUpShare, repeatedShare = 35, 15
	// maxTries is how often a caller repeats a call. A claim is left alone for fifteen seconds, and a recheck comes within half a minute.
	maxTries = 100
	// soon is the most that a caller waits who got no answer, later is how long one waits who was told to come back.
	soon, later = 400 * time.Millisecond, time.Second
)

// caller is a place whose processes get their calls from somebody who repeats them until they are answered, or gives up.
type caller struct {
	place
	load *load
	// repeats are the calls to be made again.
	repeats []repeat
}

type repeat struct {
	m  *message
	at time.Time
}

// pump makes calls until enough processes were killed and each is answered or given up. twin is who gets some of them too.
func (c *caller) pump(ctx context.Context, twin *caller) error {
	var twins sync.WaitGroup
	defer twins.Wait()
	for {
		m, err := c.next(ctx)
		if m == nil || err != nil {
			return err
		}
		doubled := c.draw(twinShare)
		if doubled {
			twins.Go(func() { twin.alsoCall(ctx, m) })
		}
		if err := c.call(ctx, m, doubled); err != nil {
			return err
		}
	}
}

// next returns the message whose call is to be repeated now, or a new one as long as processes are to be killed, or nil.
func (c *caller) next(ctx context.Context) (*message, error) {
	for {
		due := slices.IndexFunc(c.repeats, func(r repeat) bool { return !time.Now().Before(r.at) })
		switch {
		case due >= 0:
			m := c.repeats[due].m
			c.repeats = slices.Delete(c.repeats, due, due+1)
			return m, nil
		case c.apis.due():
			m := c.load.call()
			c.plan(m)
			return m, nil
		case len(c.repeats) == 0:
			return nil, nil //nolint:nilnil // that is the end of it
		}
		if err := wait(ctx, feedTick); err != nil {
			return nil, err
		}
	}
}

// call makes a call, over which the process may be killed.
func (c *caller) call(ctx context.Context, m *message, doubled bool) error {
	process, err := c.alive(ctx)
	if err != nil {
		return err
	}
	c.calls.Add(1)
	m.tries++
	response, killed, err := c.invoke(ctx, process, m.call.event(m.call.body), c.apis.due() && c.draw(killedShare))
	switch {
	case killed:
		if c.draw(givenUpShare) {
			m.givenUp = true
		} else {
			c.repeat(m, time.Duration(c.random.Int64N(int64(soon))))
		}
		return c.killedOver(ctx, m, doubled)
	case err != nil:
		return c.broken(ctx, m, err)
	}
	a, ok := c.answered(m, response)
	switch {
	case ok && a.again():
		c.repeat(m, later)
	case ok && a.status == http.StatusOK && c.draw(repeatedShare):
		return c.repeatAnswered(ctx, m, a)
	}
	return nil
}

// alsoCall makes a call while another process has it.
func (c *caller) alsoCall(ctx context.Context, m *message) {
	process := c.present()
	if process == nil {
		return
	}
	c.calls.Add(1)
	response, _, err := c.invoke(ctx, process, m.call.event(m.call.body), false)
	switch {
	case isExit(err): // killed over another call; if not, whose process it is says so
		c.died(m.ref)
	case err != nil:
		_ = c.broken(ctx, m, err) // the other one ends, too
	default:
		c.answered(m, response)
	}
}

// repeatAnswered makes a call that was answered once more: its answer is the same, and other content under its key is refused.
func (c *caller) repeatAnswered(ctx context.Context, m *message, first answer) error {
	process, err := c.alive(ctx)
	if err != nil {
		return err
	}
	c.calls.Add(1)
	body := m.call.body
	other := c.draw(50)
	if other {
		body = m.call.other
	}
	response, _, err := c.invoke(ctx, process, m.call.event(body), false)
	if err != nil {
		return c.broken(ctx, m, err)
	}
	a, err := m.call.readAnswer(response)
	switch {
	case err != nil:
		c.note("the answer %s to %v is wrong: %v", response, m, err)
	case a.again() && a.status != http.StatusConflict:
	case other && a.status != http.StatusUnprocessableEntity:
		c.note("%v was answered 200, and other content under its key %v", m, a)
	case !other && (a.status != http.StatusOK || a.dmlyID != first.dmlyID):
		c.note("%v was answered %v, and when repeated %v", m, first, a)
	}
	return nil
}

// repeat has a call be made again, unless it was made too often.
func (c *caller) repeat(m *message, after time.Duration) {
	if m.tries >= maxTries {
		c.note("%v got no answer that says what became of it, in %d calls", m, m.tries)
		return
	}
	c.repeats = append(c.repeats, repeat{m, time.Now().Add(after)})
}

// answered keeps what a caller was told, if it says what became of the message. What is not as it must be is noted.
func (c *caller) answered(m *message, response []byte) (a answer, ok bool) {
	a, err := m.call.readAnswer(response)
	switch {
	case err != nil:
		c.note("the answer %s to %v is wrong: %v", response, m, err)
		return a, false
	case a.final():
		c.run.mu.Lock()
		m.answers = append(m.answers, a)
		c.run.mu.Unlock()
	case !a.again():
		c.note("%v was answered %v", m, a)
	}
	return a, true
}

// broken notes an invocation that was not answered, though nobody killed it.
func (c *caller) broken(ctx context.Context, m *message, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return context.Cause(ctx)
	}
	c.note("a call with %v failed: %v", m, err)
	c.died(m.ref) // it was killed at its deadline, or it died by itself
	return nil
}

// killedOver counts a kill and looks at what it left behind.
func (c *caller) killedOver(ctx context.Context, m *message, doubled bool) error {
	c.apis.kills.Add(1)
	c.died(m.ref)
	if doubled || m.tries > 1 {
		return nil // what is written down may be another call's
	}
	states, err := c.stand.states(ctx, []string{m.id})
	switch {
	case err != nil:
		return err
	case len(states) == 0:
		c.early.Add(1)
	case states[0] == stateSending:
		c.apis.torn.Add(1)
	default:
		c.late.Add(1)
	}
	return nil
}
