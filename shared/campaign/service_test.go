package campaign_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dmlysender/shared/campaign"
	"dmlysender/shared/campaign/files/filestest"
	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

var (
	errRejected = &dmly.RejectedError{Failure: dmly.Failure{Err: errors.New("no such number")}}
	errUnknown  = errors.New("the connection broke")
	errNotSent  = &dmly.NotSentError{Failure: dmly.Failure{Err: errors.New("no connection")}}
)

func TestTheFilesOfTheseTestsAreFiles(t *testing.T) {
	t.Parallel()
	filestest.Run(t, func(*testing.T) campaign.Files { return newFiles() })
}

func TestEachRecipientGetsOneMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.files.put("audiences/spring.csv", csv(700, "+15,Bad", ",Nobody", number(3)+",Again"))
	if status := w.start(definition(t, "")); status.State != campaign.Planning || status.Run != 1 || status.By != "ops" {
		t.Errorf("started: %+v", status)
	}
	w.tick()
	status := w.status()
	if status.State != campaign.Running || status.Total != 700 || status.Summary.Bad != 2 || status.Summary.Duplicates != 1 || status.Fed != 500 || status.NotFed != 200 {
		t.Errorf("planned: %+v", status)
	}
	if len(status.Summary.First) != 3 || status.Summary.First[0].Line != 702 {
		t.Errorf("problems: %+v", status.Summary.First)
	}
	if left := status.EstimatedEnd.Sub(w.clock.Now()).Round(time.Minute); status.PerMinute != 96 || left != 7*time.Minute {
		t.Errorf("%d a minute, to end in %v", status.PerMinute, left)
	}
	status = w.until(campaign.Complete)
	w.sums(status, map[delivery.State]int{delivery.Sent: 700})
	if took := status.EndedAt.Sub(start); took < 7*time.Minute || took > 10*time.Minute {
		t.Errorf("it took %v", took)
	}
	if len(w.posted) != 700 || w.queued() != 0 {
		t.Errorf("%d were sent to, %d records are left", len(w.posted), w.queued())
	}
	for n, times := range w.posted {
		if times != 1 {
			t.Errorf("%s was sent to %d times", n, times)
		}
	}
}

func TestWhatIsSeenIsTheRateAtWhichMessagesComeToRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(1000, "")
	for range 6 {
		w.tick() // twice in a minute is one minute all the same
		w.minute()
	}
	status := w.status()
	if status.SeenPerMinute < 90 || status.SeenPerMinute > 100 || status.EstimatedEnd.Before(w.clock.Now()) {
		t.Errorf("seen %v a minute, estimated end %v", status.SeenPerMinute, status.EstimatedEnd)
	}
	if resting := status.Counts[delivery.Sent]; resting != 6*96 {
		t.Errorf("%d are sent, want %d", resting, 6*96)
	}
}

func TestStartingTwiceIsOneCampaign(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begin(10, "")
	for _, state := range []campaign.State{campaign.Planning, campaign.Running} {
		status, known, err := w.service.Start(t.Context(), definition(t, ""), "somebody else")
		if err != nil || !known || status.State != state || status.Run != 1 || status.By != "ops" {
			t.Errorf("started again: %+v, %v, %v", status, known, err)
		}
		var taken *campaign.StateError
		if _, _, err := w.service.Start(t.Context(), definition(t, `,"ratePerMinute":5`), "ops"); !errors.As(err, &taken) || taken.State != state {
			t.Errorf("another one with its id: %v", err)
		}
		w.tick()
	}
}

func TestInlineRowsAreAnAudience(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := parse(t, `{"id":"spring","audience":{"rows":[{"phone":"+15550000001","name":"A"},
		{"phone":"+15550000002", "name":"B"},{"phone":"x","name":"C"}]},
		"message":{"channel":"whatsapp","type":"text","workspace":{"id":"W1"},"recipient":{"phoneNumber":"{{phone}}"},"textMessage":"Hello {{name}}"}}`)
	report, err := w.service.Preflight(t.Context(), d)
	if err != nil || report.Good != 2 || report.Bad != 1 {
		t.Errorf("preflight: %+v, %v", report, err)
	}
	w.start(d)
	w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 2})
	if problems, _, err := w.service.Problems(t.Context(), "spring", 10, ""); err != nil || len(problems) != 1 || problems[0].Line != 3 {
		t.Errorf("problems: %+v, %v", problems, err)
	}
}

func TestPreflightChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.files.put("audiences/spring.csv", csv(200, "x,y"))
	report, err := w.service.Preflight(t.Context(), definition(t, ""))
	if err != nil || report.Good != 200 || report.Bad != 1 || len(report.First) != 1 {
		t.Errorf("got %+v, %v", report, err)
	}
	if _, err := w.service.Status(t.Context(), "spring"); !errors.Is(err, campaign.ErrNoCampaign) || len(w.files.contents) != 1 {
		t.Errorf("then %v, %d files", err, len(w.files.contents))
	}
}

func TestAnAudienceOutsideOfTheAudiencesCannotBeNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.files.put("campaigns/other/1/plan.jsonl", "{}")
	for _, name := range []string{"missing.csv", "../campaigns/other/1/plan.jsonl", "/etc/passwd.csv", "a/../../x.csv", `..\x.csv`, ".hidden.csv"} {
		d := definition(t, "")
		d.Audience.File = name
		var invalid *message.Error
		if _, _, err := w.service.Start(t.Context(), d, "ops"); !errors.As(err, &invalid) || invalid.Problems[0].Pointer != "/audience/file" {
			t.Errorf("Start(%q): got %v", name, err)
		}
		if _, err := w.service.Preflight(t.Context(), d); !errors.As(err, &invalid) {
			t.Errorf("Preflight(%q): got %v", name, err)
		}
	}
}

func TestAnAudienceThatCannotBeUsedIsRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		begin func(w *world)
		want  string
	}{
		"changed since": {func(w *world) {
			w.begin(5, "")
			w.files.put("audiences/spring.csv", csv(6))
		}, "changed"},
		"gone since": {func(w *world) {
			w.begin(5, "")
			delete(w.files.contents, "audiences/spring.csv")
		}, "not there"},
		"without the column": {func(w *world) {
			w.files.put("audiences/spring.csv", "telephone,name\n+15551230000,A\n")
			w.start(definition(w.t, ""))
		}, "phone"},
		"without a good row": {func(w *world) {
			w.files.put("audiences/spring.csv", "phone,name\nx,A\n,B\n")
			w.start(definition(w.t, ""))
		}, "none of the 2 rows"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.begin(w)
			w.tick()
			status := w.status()
			if status.State != campaign.Refused || !strings.Contains(status.Reason, tt.want) || status.EndedAt.IsZero() || w.stops != 1 {
				t.Errorf("got %s because %q, want %q; it was counted %d times", status.State, status.Reason, tt.want, w.stops)
			}
			if active, err := w.store.Active(t.Context()); err != nil || len(active) > 0 {
				t.Errorf("active are %v, %v", active, err)
			}
			w.files.put("audiences/spring.csv", csv(5))
			w.start(definition(t, ""))
			w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 5})
		})
	}
}

// slow is a planner that lasts until its context ends.
type slow struct{ campaign.Planner }

func (slow) Plan(ctx context.Context, _ plan.Definition, _ io.Reader, _, _ io.Writer) (plan.Summary, error) {
	<-ctx.Done()
	return plan.Summary{}, ctx.Err()
}

func TestAPlanningThatDoesNotEndIsBegunAgainAndNotForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.service.Clock, w.service.Planner = delivery.SystemClock{}, slow{} // the context goes by the same clock
		w.begin(5, "")
		for i := range 11 {
			if state := w.status().State; state != campaign.Planning {
				t.Fatalf("after %d times it is %s", i, state)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			if err := w.service.Tick(ctx); i < 10 && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			cancel()
			if w.files.contents["campaigns/spring/1/plan.jsonl"] != nil {
				t.Error("a part of a plan is there")
			}
		}
		if status := w.status(); status.State != campaign.Refused || !strings.Contains(status.Reason, "10 times") {
			t.Errorf("then %s because %q", status.State, status.Reason)
		}
	})
}

// away is a planner whose files cannot be read or written for some times.
type away struct {
	campaign.Planner
	times *int
}

func (a away) Plan(ctx context.Context, d plan.Definition, from io.Reader, rows, problems io.Writer) (plan.Summary, error) {
	if *a.times--; *a.times >= 0 {
		if *a.times%2 == 0 { // a connection's own time-out, say, is not the planning's
			return plan.Summary{}, fmt.Errorf("write the plan: no answer: %w", context.DeadlineExceeded)
		}
		return plan.Summary{}, errors.New("write the plan: no answer")
	}
	return a.Planner.Plan(ctx, d, from, rows, problems)
}

func TestAPlanningWaitsForItsFilesForAsLongAsThatTakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	times := 40
	w.service.Planner = away{w.service.Planner, &times}
	w.begin(5, "")
	for range 40 {
		if err := w.service.Tick(t.Context()); err == nil || !strings.Contains(err.Error(), "no answer") {
			t.Fatalf("got %v", err)
		}
		if state := w.status().State; state != campaign.Planning {
			t.Fatalf("it is %s", state)
		}
	}
	w.sums(w.until(campaign.Complete), map[delivery.State]int{delivery.Sent: 5})
}

func TestProblemsAreListedByPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rows := make([]string, 45)
	for i := range rows {
		rows[i] = fmt.Sprintf("bad%d,x", i)
	}
	w.files.put("audiences/spring.csv", csv(1, rows...))
	w.start(definition(t, ""))
	w.tick()
	var lines []int
	pages, cursor := 0, ""
	for {
		problems, next, err := w.service.Problems(t.Context(), "spring", 20, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			lines = append(lines, p.Line)
		}
		pages++
		if cursor = next; cursor == "" {
			break
		}
	}
	if len(lines) != 45 || lines[0] != 3 || lines[44] != 47 || pages != 4 {
		t.Errorf("%d pages of %v", pages, lines)
	}
	for _, cursor := range []string{"x", "1", "1-", "2-10", "1--5", "1-7", "1-0"} {
		if _, _, err := w.service.Problems(t.Context(), "spring", 20, cursor); !errors.Is(err, campaign.ErrCursor) {
			t.Errorf("%q: got %v", cursor, err)
		}
	}
	if _, _, err := w.service.Problems(t.Context(), "other", 20, ""); !errors.Is(err, campaign.ErrNoCampaign) {
		t.Errorf("got %v", err)
	}
}

// The bucket's life cycle may have taken them.
func TestACampaignWhoseProblemsAreGoneIsShownAllTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.files.put("audiences/spring.csv", csv(2, "12,x"))
	w.start(definition(t, ""))
	w.minute()
	delete(w.files.contents, "campaigns/spring/1/problems.jsonl")
	if status := w.status(); status.Summary.Bad != 1 || len(status.Summary.First) != 0 {
		t.Errorf("got %+v", status)
	}
	w.do(pause)
}

func TestACampaignWhoseTimesCannotBeKeptIsNotStarted(t *testing.T) {
	t.Parallel()
	const far, yesterday = "2028-11-23T12:00:00Z", "2026-11-22T12:00:00Z"
	for name, tt := range map[string]struct{ times, pointer string }{
		"sent in two years":       {`"sendAt":"` + far + `"`, "/message/sendAt"},
		"expired":                 {`"expiresAt":"` + yesterday + `"`, "/message/expiresAt"},
		"expires before it opens": {`"expiresAt":"2026-11-23T18:00:00Z","deliverWithin":{"from":"20:00","to":"21:00","timezone":"UTC"}`, "/message/expiresAt"},
		"each row has its own":    {`"expiresAt":"{{name}}","sendAt":"{{name}}"`, ""},
		"hours of each row":       {`"expiresAt":"2026-11-23T18:00:00Z","deliverWithin":{"from":"{{name}}","to":"21:00","timezone":"UTC"}`, ""},
		"in time":                 {`"expiresAt":"2026-11-23T18:00:00Z","sendAt":"2026-11-23T17:00:00Z"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.files.put("audiences/spring.csv", csv(2))
			d := parse(t, `{"id":"spring","audience":{"file":"spring.csv"},"message":{"channel":"whatsapp","type":"text","workspace":{"id":"W1"},
				"recipient":{"phoneNumber":"{{phone}}"},"textMessage":"Hello",`+tt.times+`}}`)
			_, _, err := w.service.Start(t.Context(), d, "ops")
			_, planErr := w.service.Preflight(t.Context(), d)
			for _, err := range []error{err, planErr} {
				invalid, _ := errors.AsType[*message.Error](err)
				if tt.pointer == "" && err != nil || tt.pointer != "" && (invalid == nil || invalid.Problems[0].Pointer != tt.pointer) {
					t.Errorf("got %v, want %q", err, tt.pointer)
				}
			}
		})
	}
}

func stateOf(err error) (campaign.State, bool) {
	e, ok := errors.AsType[*campaign.StateError](err)
	if !ok {
		return "", false
	}
	return e.State, true
}

func TestAPanicIsLoggedWithItsPlaceOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var lines bytes.Buffer
	w.service.Log = slog.New(slog.NewTextHandler(&lines, nil))
	w.begin(3, "")
	w.service.Backlogs = func(delivery.Lane) delivery.Backlog { panic("Ada Lovelace") }
	if err := w.service.Tick(t.Context()); err == nil || !strings.Contains(err.Error(), "panic: string") {
		t.Errorf("got %v", err)
	}
	if got := lines.String(); strings.Contains(got, "Ada") || !strings.Contains(got, "msg=panic campaign=spring") || !strings.Contains(got, "service_test.go") {
		t.Errorf("logged %s", got)
	}
}

// The first row of a file without a header has people in it, and the reason shows it.
func TestNothingOfAnAudienceIsLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var lines bytes.Buffer
	w.service.Log = slog.New(slog.NewTextHandler(&lines, nil))
	w.files.put("audiences/spring.csv", "Ada Lovelace,London\nBob,Rome\n")
	w.start(definition(t, ""))
	w.tick()
	if status := w.status(); status.State != campaign.Refused || !strings.Contains(status.Reason, "{{phone}}") {
		t.Errorf("got %+v", status)
	}
	if got := lines.String(); strings.Contains(got, "Ada") || !strings.Contains(got, "change=refused") {
		t.Errorf("logged %s", got)
	}
}
