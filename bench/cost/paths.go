package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"dmlysender/bench/rig"
)

// The paths.
const (
	queuePath    = "queue, ten a request"
	alonePath    = "queue, one a request"
	asyncPath    = "HTTP, answered at once"
	syncPath     = "HTTP, answered when sent"
	sendAtPath   = "HTTP, with sendAt"
	campaignPath = "campaign"
)

const (
	// accessLine is what the gateway writes of a request, as the template has it.
	accessLine = `{"requestId":"AbCdEfGhIjKlMnOp=","functionRequestId":"6b1f7e0a-0000-4000-8000-000000000000","time":"30/Nov/2026:12:00:00 +0000","sourceIp":"192.0.2.123","method":"POST","path":"/v1/messages","status":"202","responseLength":"123","latencyMs":"12","integrationStatus":"200","error":"-","integrationError":"-"}
`
	fields = `"workspace": {"id": "W1"}, "recipient": {"phoneNumber": "+15551234567"}, "textMessage": "Your order 1042 is on its way."}`
)

// counted is what the messages of a path used, each: all but the time that functions took, and the reads of secrets.
type counted struct {
	name string
	usage
	// calls are those of the functions, by service and operation, and ticks the invocations of the schedule function.
	calls map[string]float64
	ticks float64
}

func message(id, further string) string {
	return `{"id": "` + id + `", "channel": "whatsapp", "type": "text", ` + further + fields
}

// count drives n messages, and says what they used: the functions named, and the worker. All of them are sent.
func (s *stand) count(ctx context.Context, name string, n int, drive func(context.Context) error, functions ...*function) (counted, error) {
	before := len(s.sim.Messages())
	c, err := s.countUnsent(ctx, name, n, drive, functions...)
	if got := len(s.sim.Messages()) - before; err == nil && got != n {
		err = fmt.Errorf("%s: DMLY got %d messages, and should have got %d", name, got, n)
	}
	return c, err
}

// countUnsent is count for messages that may not be sent.
func (s *stand) countUnsent(ctx context.Context, name string, n int, drive func(context.Context) error, functions ...*function) (c counted, err error) {
	used, calls, err := s.cloud.now()
	if err != nil {
		return c, err
	}
	s.mu.Lock()
	s.paid = usage{}
	s.mu.Unlock()
	if err := drive(ctx); err != nil {
		return c, fmt.Errorf("%s: %w", name, err)
	}
	c = counted{name: name, calls: map[string]float64{}}
	for _, f := range append(functions, s.worker) {
		u, err := f.rest()
		if err != nil {
			return c, err
		}
		c.usage = c.plus(u, 1)
		if f.name == "schedule" {
			c.ticks = u.lambdaRequests / float64(n)
		}
	}
	usedThen, callsThen, err := s.cloud.now()
	if err != nil {
		return c, err
	}
	c.usage = c.plus(usedThen, 1).plus(used, -1).plus(s.paid, 1)
	c.usage = usage{}.plus(c.usage, 1/float64(n))
	c.secretReads = 0 // of processes that were started for this
	for call, times := range callsThen {
		if times -= calls[call]; times > 0 {
			c.calls[call] = float64(times) / float64(n)
		}
	}
	return c, nil
}

// queue is a producer that hands over so many messages in one request.
func (s *stand) queue(ctx context.Context, name string, n, together int) (counted, error) {
	return s.count(ctx, name, n, func(ctx context.Context) error {
		for i := range n {
			id := fmt.Sprintf("order-%d-%d", together, i)
			s.cloud.queues.put(s.QueueName("send"), message(id, ""), nil, time.Now())
		}
		s.pay(usage{sqsRequests: float64(n) / float64(together)})
		return s.drain(ctx, "send", n)
	})
}

// request calls the api.
func (s *stand) request(ctx context.Context, api *function, path, body string, headers map[string]string, want int) error {
	all := map[string]string{"x-api-key": rig.Key, "content-type": "application/json", "host": "bench"}
	for name, value := range headers {
		all[name] = value
	}
	event, err := rig.Call(http.MethodPost, path, all, body)
	if err != nil {
		return err
	}
	answer, err := api.invoke(ctx, event)
	if err != nil {
		return err
	}
	s.pay(usage{httpRequests: 1, logBytes: float64(logged(accessLine))})
	status, text, err := rig.Answered(answer)
	if err == nil && status != want {
		err = fmt.Errorf("%s was answered %d %s", path, status, text)
	}
	return err
}

// async are calls that are answered as soon as the message is on the queue.
func (s *stand) async(ctx context.Context, n int) (counted, error) {
	api := s.function("api", rig.Unpaced)
	return s.count(ctx, asyncPath, n, func(ctx context.Context) error {
		for i := range n {
			if err := s.request(ctx, api, "/v1/messages", message(fmt.Sprintf("async-%d", i), ""), nil, http.StatusAccepted); err != nil {
				return err
			}
		}
		return s.drain(ctx, "send", n)
	}, api)
}

// sync are calls that are answered when the message was sent. Their rechecks come twenty seconds later.
func (s *stand) sync(ctx context.Context, n int) (counted, error) {
	api := s.function("api", rig.Unpaced)
	return s.count(ctx, syncPath, n, func(ctx context.Context) error {
		for i := range n {
			err := s.request(ctx, api, "/v1/messages", message(fmt.Sprintf("sync-%d", i), ""), map[string]string{"prefer": "wait=1"}, http.StatusOK)
			if err != nil {
				return err
			}
		}
		return s.drain(ctx, "send", n)
	}, api)
}

// sendAt are calls for a time for which a schedule is made. As that is at least a quarter of an hour ahead, other messages, which are
// for some seconds from now, are brought to the worker as schedules would bring them.
func (s *stand) sendAt(ctx context.Context, n int) (counted, error) {
	api := s.function("api", rig.Unpaced)
	ask := func(id string, at time.Time) (string, error) {
		body := message(id, `"sendAt": "`+at.Format(time.RFC3339)+`", `)
		return body, s.request(ctx, api, "/v1/messages", body, nil, http.StatusAccepted)
	}
	asked, err := s.countUnsent(ctx, sendAtPath, n, func(context.Context) error {
		for i := range n {
			if _, err := ask(fmt.Sprintf("hour-%d", i), time.Now().Add(time.Hour)); err != nil {
				return err
			}
		}
		return nil
	}, api)
	if err != nil {
		return asked, err
	}
	fired := make([]string, n)
	for i := range fired {
		if fired[i], err = ask(fmt.Sprintf("minute-%d", i), time.Now().Add(15*time.Second)); err != nil {
			return asked, err
		}
	}
	if _, err := api.rest(); err != nil {
		return asked, err
	}
	s.cloud.queues.empty(s.QueueName("send")) // What is so near is there already, delayed.
	brought, err := s.count(ctx, sendAtPath, n, func(ctx context.Context) error {
		for _, body := range fired {
			s.cloud.queues.put(s.QueueName("send"), body, nil, time.Now())
			s.pay(usage{schedulesFired: 1, sqsRequests: 1})
		}
		return s.drain(ctx, "send", n)
	})
	asked.usage = asked.plus(brought.usage, 1)
	for call, times := range brought.calls {
		asked.calls[call] += times
	}
	return asked, err
}

// campaign is one to n people, at a rate at which it is fed and sent, minute by minute.
func (s *stand) campaign(ctx context.Context, n, perMinute int) (counted, error) {
	api, schedule := s.function("api", rig.Unpaced), s.function("schedule", perMinute)
	id := fmt.Sprintf("bench-%d", perMinute)
	return s.count(ctx, campaignPath, n, func(ctx context.Context) error {
		s.upload(id, n)
		definition := `{"id": "` + id + `", "audience": {"file": "` + id + `.csv"}, "message": {"channel": "whatsapp", "type": "text",
			"workspace": {"id": "W1"}, "recipient": {"phoneNumber": "{{phone}}"}, "textMessage": "Hello {{name}}, our spring sale has begun."}}`
		if err := s.request(ctx, api, "/v1/campaigns", definition, nil, http.StatusAccepted); err != nil {
			return err
		}
		for left := n; ; {
			if _, err := schedule.invoke(ctx, []byte(`{"tick": "campaigns"}`)); err != nil {
				return err
			}
			if left <= 0 {
				return nil
			}
			minute := min(left, perMinute)
			if err := s.drain(ctx, "bulk", minute); err != nil {
				return err
			}
			left -= minute
		}
	}, api, schedule)
}

// upload puts an audience of n people in its place.
func (s *stand) upload(name string, n int) {
	var rows strings.Builder
	rows.WriteString("phone,name\n")
	for i := range n {
		fmt.Fprintf(&rows, "+1555%07d,Somebody\n", i)
	}
	s.cloud.files.put("/"+s.Name+"/audiences/"+name+".csv", []byte(rows.String()))
	s.pay(usage{s3Puts: 1})
}
