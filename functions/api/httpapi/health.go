package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"dmlysender/shared/delivery"
)

// health is the tag of its operation.
const health = "Health"

// healthTime is how long each service is given to answer.
const healthTime = 5 * time.Second

// Health says whether what stands behind the API answers.
type Health struct {
	Status string `json:"status" enum:"ok,failing" doc:"ok if everything answers."`
	Checks Checks `json:"checks"`
}

// Checks are "ok", or a sentence that says what is wrong.
type Checks struct {
	Key    string `json:"key" doc:"The DMLY key can be read, and DMLY has not refused it lately." example:"ok"`
	Ledger string `json:"ledger" doc:"The ledger answers." example:"ok"`
	Queue  string `json:"queue" doc:"Both queues answer." example:"ok"`
}

type healthOutput struct {
	Status int
	Body   Health
}

func (a *api) registerHealth() {
	register(a, huma.Operation{
		OperationID: "getHealth", Method: http.MethodGet, Path: "/v1/health", Tags: []string{health}, Security: needs(""),
		Summary: "See whether key, ledger and queue answer",
	}, func(op *huma.Operation) {
		body := ref[Health](a)
		a.answers(op, map[int]*huma.Response{
			http.StatusOK:                 answer("Everything answers.", body),
			http.StatusServiceUnavailable: answer("Something does not answer: checks say what. Or, as a problem: the keys of this API cannot be read.", body),
		})
	}, a.getHealth)
}

func (a *api) getHealth(ctx context.Context, _ *struct{}) (*healthOutput, *Problem) {
	checks := Checks{Key: a.keyCheck(ctx), Ledger: a.check(ctx, "ledger", a.askLedger), Queue: a.check(ctx, "queue", a.askQueues)}
	out := &healthOutput{Status: http.StatusOK, Body: Health{Status: "ok", Checks: checks}}
	if checks != (Checks{"ok", "ok", "ok"}) {
		out.Status, out.Body.Status = http.StatusServiceUnavailable, "failing"
	}
	return out, nil
}

func (a *api) check(ctx context.Context, name string, ask func(context.Context) error) string {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	err := ask(ctx)
	if err == nil {
		return "ok"
	}
	a.Log.ErrorContext(ctx, "health", slog.String("check", name), slog.String("error", err.Error()))
	return "the " + name + " does not answer; the function's log says why"
}

// keyCheck looks whether there is a key, and whether DMLY took it when it was last used. DMLY itself is not called.
func (a *api) keyCheck(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	keys, err := a.Sender.Keys.Get(ctx)
	if err != nil {
		return a.check(ctx, "DMLY key", func(context.Context) error { return err })
	}
	key, ok := keys.For(a.Defaults.Workspace)
	if !ok {
		return "ok" // each workspace has a key of its own
	}
	outlook, err := a.Pace.Outlook(ctx, delivery.Account{Name: key.Account, KeyVersion: key.Version()})
	switch {
	case err != nil:
		return a.check(ctx, "account's pace", func(context.Context) error { return err })
	case !outlook.RefusedUntil.IsZero():
		return "DMLY refused the key; messages wait for another one in the secret, or until " + outlook.RefusedUntil.UTC().Format(time.RFC3339)
	}
	return "ok"
}

// healthID is no message's: an id has no blank.
const healthID = "no message"

func (a *api) askLedger(ctx context.Context) error {
	_, _, err := a.Sender.Ledger.Get(ctx, healthID, a.Sender.Clock.Now())
	return err
}

func (a *api) askQueues(ctx context.Context) error {
	_, normal := a.Backlogs.Normal.Depth(ctx)
	_, bulk := a.Backlogs.Bulk.Depth(ctx)
	return errors.Join(normal, bulk)
}
