package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"

	"dmlysender/shared/apikey"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

// patience is how long the samples' messages are waited for.
const patience = 30 * time.Second

// row is one line of the table.
type row struct {
	trigger, file, id string
	item              delivery.Item
}

// play hands the samples to the handlers, waits until their messages are at rest,
// and prints a line for each. It is an error if one did not arrive, or if one of the
// nine operations was not among them.
func (s *stack) play(ctx context.Context, samples []sample, w io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var rows []row
	for _, one := range samples {
		ids, err := s.trigger(ctx, one)
		if err == nil && len(ids) == 0 {
			err = errors.New("it has no messages")
		}
		if err != nil {
			return fmt.Errorf("play %s: %w", one.file, err)
		}
		for _, id := range ids {
			if i := slices.IndexFunc(rows, func(r row) bool { return r.id == id }); i >= 0 {
				return fmt.Errorf("%s and %s both have a message with the id %s: give one of them another", rows[i].file, one.file, id)
			}
			rows = append(rows, row{trigger: one.trigger, file: one.file, id: id})
		}
	}
	refused := s.settle(ctx, rows)
	if ctx.Err() == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		s.print(rows, w)
	}
	if refused != nil {
		return refused
	}
	return s.verdict(rows)
}

// trigger hands one sample to its function and returns the ids of its messages.
func (s *stack) trigger(ctx context.Context, one sample) ([]string, error) {
	switch one.trigger {
	case triggerQueue:
		var ids []string
		for _, r := range one.sqs.Records {
			id := r.MessageId
			if m, err := message.Decode([]byte(r.Body), message.Defaults{Workspace: s.cfg.Workspace}); err == nil && m.ID != "" {
				id = m.ID
			}
			ids = append(ids, id)
			lane := s.tracker.lane(s.tracker.normal)
			if err := lane.Enqueue(ctx, delivery.Record{Body: []byte(r.Body), ID: id}); err != nil {
				return nil, err
			}
		}
		return ids, nil
	case triggerSchedule:
		response, err := s.schedule.Handle(ctx, one.schedule)
		if err != nil {
			return nil, err
		}
		ids := response.Queued
		for _, refused := range response.Refused {
			ids = append(ids, refused.ID)
		}
		return ids, nil
	default:
		return s.request(ctx, one)
	}
}

// request plays an event of API Gateway.
func (s *stack) request(ctx context.Context, one sample) ([]string, error) {
	response, err := httpadapter.NewV2(s.samples).ProxyWithContext(ctx, *one.http)
	if err != nil {
		return nil, err
	}
	location := http.Header{}
	for name, value := range response.Headers {
		location.Set(name, value)
	}
	for name, values := range response.MultiValueHeaders {
		location[http.CanonicalHeaderKey(name)] = values
	}
	id, ok := strings.CutPrefix(location.Get("Location"), "/v1/messages/")
	if !ok {
		return nil, fmt.Errorf("the API answered %d: %s", response.StatusCode, strings.TrimSpace(response.Body))
	}
	return []string{id}, nil
}

// settle waits until all messages are at rest, time is over, or DMLY refuses the key.
func (s *stack) settle(ctx context.Context, rows []row) (refused error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		open := 0
		for i := range rows {
			item, _, err := s.ledger.Get(context.WithoutCancel(ctx), rows[i].id, time.Now())
			if err != nil {
				return err
			}
			rows[i].item = item
			if !item.State.Final() {
				open++
			}
		}
		if open == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case err := <-s.refusals.refused:
			return err
		case <-tick.C:
		}
	}
}

func (s *stack) print(rows []row, w io.Writer) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TRIGGER\tCHANNEL\tTYPE\tSTATE\tDMLY ID")
	for _, r := range rows {
		m := s.tracker.message(r.id)
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.trigger, orDash(string(m.Channel)), orDash(string(m.Type)), orDash(string(r.item.State)), orDash(r.item.DMLYID))
	}
	_ = table.Flush() // standard output; there is nowhere to say that it failed
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// verdict says, in a sentence, whether all that was to arrive did.
func (s *stack) verdict(rows []row) error {
	var open []row
	arrived := map[dmly.Operation]bool{}
	for _, r := range rows {
		if r.item.State != delivery.Sent {
			open = append(open, r)
			continue
		}
		m := s.tracker.message(r.id)
		if op, ok := message.OperationOf(m.Channel, m.Type); ok {
			arrived[op] = true
		}
	}
	if len(open) > 0 {
		first := open[0]
		return fmt.Errorf("%d of %d messages did not arrive. The first, %s of %s, is %s: %s",
			len(open), len(rows), first.id, first.file, orUnsent(first.item.State), first.item.Reason)
	}
	var missing []string
	for _, op := range dmly.Operations() {
		if !arrived[op] {
			missing = append(missing, string(op))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("all messages arrived, but the samples have none for %s", strings.Join(missing, ", "))
	}
	return nil
}

func orUnsent(s delivery.State) string {
	if s == "" {
		return "not sent yet"
	}
	return string(s)
}

// refusals tells when DMLY does not take the key: waiting would not help then.
type refusals struct {
	delivery.Poster
	refused chan error
}

// Post implements [delivery.Poster].
func (p *refusals) Post(ctx context.Context, key apikey.Key, req dmly.Request) (dmly.MessageResponse, error) {
	response, err := p.Poster.Post(ctx, key, req)
	if refused, ok := errors.AsType[*dmly.KeyRefusedError](err); ok {
		select {
		case p.refused <- fmt.Errorf("DMLY refused the API key (HTTP %d): check DMLY_API_KEY", refused.StatusCode):
		default:
		}
	}
	return response, err
}
