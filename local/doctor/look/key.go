package look

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"dmlysender/functions/api/httpapi"
	"dmlysender/local/doctor/diagnosis"
	"dmlysender/shared/apikey"
	"dmlysender/shared/apikey/secretsmanager"
	"dmlysender/shared/delivery"
	pace "dmlysender/shared/pace/dynamodb"
)

const readSecret = "secretsmanager:GetSecretValue"

func (l *looker) readKey(ctx context.Context) {
	secret := l.stack.resources["DmlyKeySecret"]
	k := &diagnosis.Key{Secret: secret, State: diagnosis.KeyReadable, Workspace: l.stack.parameters["WorkspaceId"]}
	text, err := secretsmanager.Open(l.cfg, secret)(ctx)
	var keys apikey.Keys
	if err == nil {
		keys, err = apikey.Parse(text)
	}
	switch {
	case err == nil:
	case errors.Is(err, apikey.ErrPlaceholder):
		k.State = diagnosis.KeyPlaceholder
	case errors.Is(err, apikey.ErrEmpty), errors.Is(err, secretsmanager.ErrEmpty):
		k.State = diagnosis.KeyEmpty
	case errors.Is(err, apikey.ErrMalformed):
		k.State, k.Why = diagnosis.KeyMalformed, strings.TrimPrefix(err.Error(), "parse the secret with the API key: ")
	case errors.Is(err, secretsmanager.ErrNotFound):
		k.State = diagnosis.KeyGone
	default:
		l.unseen(ctx, "the DMLY key, and with it whether an account is paused", readSecret, secret, err)
		return
	}
	l.facts.Key = k
	if k.State == diagnosis.KeyGone {
		return
	}
	k.Changed = l.changed(ctx, secret)
	if k.State == diagnosis.KeyReadable {
		_, k.HasKey = keys.For(k.Workspace)
		_, k.HasDefault = keys.OfAccount(apikey.DefaultAccount)
		l.readPace(ctx, keys)
	}
}

// changed is when the secret's value was stored. (What DescribeSecret tells moves with its tags and policies, too.)
func (l *looker) changed(ctx context.Context, secret string) time.Time {
	got, err := sdk.NewFromConfig(l.cfg).GetSecretValue(ctx, &sdk.GetSecretValueInput{SecretId: aws.String(secret)})
	if err != nil {
		l.unseen(ctx, "since when the DMLY key is as it is", readSecret, secret, err)
		return time.Time{}
	}
	return latest(got.CreatedDate)
}

// readPace looks at the pace of each account. Which key is refused is told by the version of the one that is there now.
func (l *looker) readPace(ctx context.Context, keys apikey.Keys) {
	table := l.stack.resources["LedgerTable"]
	pacer, err := pace.Open(l.cfg, table, max(1, l.facts.Rate), func() time.Time { return l.facts.At })
	if err != nil {
		l.unseen(ctx, "whether an account is paused", "dynamodb:GetItem", table, err)
		return
	}
	for _, label := range keys.Labels() {
		key, _ := keys.OfAccount(label)
		outlook, err := pacer.Outlook(ctx, delivery.Account{Name: key.Account, KeyVersion: key.Version()})
		if err != nil {
			l.facts.Key.Accounts = nil
			l.unseen(ctx, "whether an account is paused", "dynamodb:GetItem", table, err)
			return
		}
		l.facts.Key.Accounts = append(l.facts.Key.Accounts,
			diagnosis.Account{Name: label, RefusedUntil: outlook.RefusedUntil, Next: outlook.Next, Interval: outlook.Interval})
	}
}

func (l *looker) readCallers(ctx context.Context) {
	secret := l.stack.resources["InboundKeysSecret"]
	source := secretsmanager.Open(l.cfg, secret)
	text, err := source(ctx)
	c := &diagnosis.Callers{Secret: secret}
	switch {
	case err == nil:
		read := func(context.Context) (string, error) { return text, nil }
		if err := httpapi.NewCallers(read, slog.New(slog.DiscardHandler)).Check(ctx); err != nil {
			c.Problem = err.Error()
		}
	case errors.Is(err, secretsmanager.ErrNotFound):
		c.Problem = "their secret is gone, or marked for deletion"
	case errors.Is(err, secretsmanager.ErrEmpty):
		c.Problem = "their secret has no value"
	default:
		l.unseen(ctx, "the keys of the HTTP API", readSecret, secret, err)
		return
	}
	l.facts.Callers = c
}
