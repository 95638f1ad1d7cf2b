package sim

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"dmlysender/shared/campaign"
	"dmlysender/shared/campaign/files"
	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/dmlytest"
	"dmlysender/shared/hostile"
	"dmlysender/shared/message"
)

const (
	// campaignID is the one campaign of a crowd, and audienceFile its audience.
	campaignID   = "spring"
	audienceFile = "spring.csv"
	// schedulerTime is what the template gives the function that Tick is called in.
	schedulerTime = time.Minute
)

// crowd is a world in which a campaign is sent to many.
type crowd struct {
	*World
	story story
	store campaign.Memory
	files *files.Folder
	// plain is the campaign's service without trouble, to look at.
	plain    *campaign.Service
	audience audience
	// normals are messages that are sent meanwhile, by their texts.
	normals map[string]*normal

	// Under the world's lock:

	// startedAt is when this run was started.
	startedAt time.Time
	// queued is how often each row was put on the queue in this run.
	queued map[string]int
	// stopped is how the campaign stood when it was paused or cancelled; the zero value while it is neither.
	stopped stopped
	// sampled are the queues' depths of up to a minute ago.
	sampled map[delivery.Lane]int
	// refusals are the times in which DMLY refuses the key, or has done so up to a moment ago.
	refusals []period
	// pauses are the reasons of those that the campaign made by itself.
	pauses []string
	// burst is the one that is under way, which the campaign is to notice.
	burst burst

	seen seen
}

// stopped is up to where a campaign may have put rows on the queue when it was stopped.
type stopped struct {
	at      time.Time
	feeding int
}

type period struct{ from, to time.Time }

type normal struct{ sentAt, reachedAt time.Time }

// seen is what is told of a play at its end.
type seen struct {
	looks int
	// waits are those of the normal messages: the longest of those that came to a worker once, and of all.
	wait, anyWait time.Duration
	// fastest is the most that reached DMLY in 60 seconds, and own of the campaign.
	fastest, own int
	took         time.Duration
	runs         int
}

// story is what happens to a campaign.
type story struct {
	name string
	// recipients is how many rows of the audience are good, at an account's rate and perhaps one of the campaign's own.
	recipients, perMinute, own int
	canary                     int
	trouble                    Trouble
	// twice is how often Tick is called by two at once, and stale how often the depth of a queue is one of a minute ago.
	twice, stale float64
	// pauses says that a person pauses and resumes it, cancels that one cancels it, and again that it is run again after that.
	pauses, cancels, again bool
	// meddled says that the test has something happen to it by itself.
	meddled bool
	bursts  []burst
}

// minutes is how long the story takes at the account's rate, or the campaign's own.
func (s story) minutes() time.Duration {
	rate := s.perMinute
	if s.own > 0 {
		rate = s.own
	}
	return time.Duration(s.recipients) * time.Minute / time.Duration(rate)
}

// calm says that nothing goes wrong in it.
func (s story) calm() bool { return len(s.trouble.Effects) == 0 && len(s.bursts) == 0 && !s.meddled }

// newCrowd makes the world of a story. It has to be called in a bubble of synctest.
func newCrowd(s story, dir string, seed uint64) (*crowd, error) {
	w, err := newWorldAt(s.perMinute, s.trouble, seed)
	if err != nil {
		return nil, err
	}
	folder, err := files.Open(filepath.Join(dir, "campaigns"))
	if err != nil {
		return nil, err
	}
	c := &crowd{
		World: w, story: s, files: folder, normals: map[string]*normal{}, queued: map[string]int{}, sampled: map[delivery.Lane]int{},
	}
	// What comes late to the send queue is late by no fault of this program's.
	mischief := s.trouble.Queue
	mischief.Late = 0
	w.queues[delivery.NormalLane] = hostile.NewQueue[delivery.Record](visibility, mischief, seed)
	clock := delivery.SystemClock{}
	c.plain = &campaign.Service{
		Store: &c.store, Files: folder, Ledger: w.ledger, Clock: clock, NewToken: rand.Text, AccountPerMinute: s.perMinute,
		Sender: &delivery.Sender{Ledger: w.ledger, Clock: clock, NewToken: rand.Text},
	}
	return c, nil
}

// audience is a file, and what is known of its rows.
type audience struct {
	text string
	// order are the ids of the messages of the good rows, and index their places in it.
	order []string
	index map[string]int
	// phones are the recipients by id.
	phones map[string]string
	// problems are the lines that have no message, and whether that is because there is one already.
	problems map[int]bool
}

// invite makes an audience of so many good rows, some bad ones and some that come again.
func invite(n int) audience {
	a := audience{index: map[string]int{}, phones: map[string]string{}, problems: map[int]bool{}}
	lines := []string{"phone,name"}
	problem := func(row string, again bool) {
		lines = append(lines, row)
		a.problems[len(lines)] = again
	}
	for i := range n {
		number := fmt.Sprintf("+1555%07d", i)
		lines = append(lines, fmt.Sprintf("%s,N%d", number, i))
		id := plan.ID(campaignID, message.Message{Workspace: dmly.Workspace{ID: "W1"}, Recipient: dmly.Recipient{PhoneNumber: number}})
		a.index[id], a.phones[id] = len(a.order), number
		a.order = append(a.order, id)
		switch {
		case i%97 == 5:
			problem(fmt.Sprintf("0%d,Bad", i), false)
		case i%97 == 50:
			problem(number+",", false)
		case i%53 == 7:
			problem(fmt.Sprintf("+1555%07d,Again", i/2), true)
		}
	}
	a.text = strings.Join(lines, "\n") + "\n"
	return a
}

// publish puts the audience where the campaign reads it.
func (c *crowd) publish(ctx context.Context, a audience) error {
	w, err := c.files.Create(ctx, "audiences/"+audienceFile)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := w.Write([]byte(a.text)); err != nil {
		return err
	}
	c.audience = a
	return w.Commit(ctx)
}

// definition is the campaign as its user writes it.
func (s story) definition() (plan.Definition, error) {
	fields := map[string]any{
		"id": campaignID, "audience": map[string]string{"file": audienceFile},
		"message": map[string]any{
			"channel": "whatsapp", "type": "text", "workspace": map[string]string{"id": "W1"},
			"recipient": map[string]string{"phoneNumber": "{{phone}}"}, "textMessage": textOf("{{name}}"),
		},
	}
	if s.own > 0 {
		fields["ratePerMinute"] = s.own
	}
	if s.canary > 0 {
		fields["ramp"] = map[string]int{"canary": s.canary}
	}
	return plan.Decode([]byte(encode(fields)))
}

// textOf is what the campaign says to somebody.
func textOf(name string) string { return "Spring for " + name + "." }

// ofCampaign says whether a text is one of the campaign's.
func ofCampaign(text string) bool { return strings.HasPrefix(text, "Spring for ") }

// burst is trouble of DMLY's that lasts until the campaign has paused because of it.
type burst struct {
	// reason is a part of the one that the campaign gives.
	reason string
	fault  dmlytest.Fault
	// key says that DMLY takes another key instead.
	key bool
}

// play plays the story to its end.
func (c *crowd) play(ctx context.Context) {
	ctx, end := context.WithCancel(ctx)
	var programs, people sync.WaitGroup
	for number := range 2 {
		for i, lane := range []delivery.Lane{delivery.NormalLane, delivery.BulkLane} {
			programs.Go(func() { c.work(ctx, lane, 2*number+i) })
		}
	}
	programs.Go(func() { c.schedule(ctx) })
	programs.Go(func() { c.watch(ctx) })
	done, stop := context.WithCancel(ctx)
	people.Go(func() { c.sendNormals(done) })
	people.Go(func() {
		defer stop()
		c.tell(ctx)
	})
	people.Wait()
	c.waitForQuiet(ctx)
	end()
	programs.Wait()
	c.countMischief()
	c.judge() //nolint:contextcheck // it judges what was done, after the context has ended
}

// sendNormals sends a normal message every now and then, for as long as the story goes on.
func (c *crowd) sendNormals(ctx context.Context) {
	for i := 0; ; i++ {
		if sleep(ctx, c.dice.between("normal", 0, max(c.story.minutes()/20, time.Minute))) != nil {
			return
		}
		id := fmt.Sprintf("n%d", i)
		text := "text of " + id + "."
		c.mu.Lock()
		c.normals[text] = &normal{sentAt: time.Now()}
		c.mu.Unlock()
		c.send(delivery.NormalLane, delivery.Record{ID: id, Body: []byte(fmt.Sprintf(
			`{"id":%q,"channel":"whatsapp","type":"text","workspace":{"id":"W1"},"recipient":{"phoneNumber":%q},"textMessage":%q}`, id, phone, text))})
	}
}
