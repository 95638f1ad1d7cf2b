// Package dynamodb shares the rate of an account between all workers, through one item in the ledger's table for each
// account. What the item looks like stands in item.go.
//
// A reservation is one conditional UpdateItem, which moves the account's TAT (see package gcra) on by the slots that it
// takes. There is no read before it: it goes by what this process saw last, and its condition makes sure that this still
// does. If the condition fails, the answer shows the item, and the next try goes by that. Nothing is written if
// what was seen says already that there is no slot, as the TAT never moves back.
//
// # Lost answers
//
// The SDK repeats an UpdateItem whose answer was lost, and so an update can be carried out twice, or its repeat fail on what
// the first try has changed. Either way the TAT has moved on by the slots of each try that was carried out, while this
// process uses those of the last one alone. So what a lost answer costs is slots, which nobody uses: the rate
// is lower for a moment, and never higher. Delay and Refuse come to the same when they are carried out twice.
//
// # Clocks
//
// Each worker goes by its own clock. Slots are at least an interval apart, whosever clock they were made with, so if the
// clocks differ by no more than 0.6 s, the rate is kept in every 60 seconds (see package gcra). Beyond that, each second lets
// 1.6 % more into a minute: if they differ by 2 s, it may hold 1.012 times the rate and one message.
// A worker whose clock is fast reserves that much further ahead of the others; one whose clock is slow comes after them.
package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"dmlysender/shared/delivery"
	"dmlysender/shared/pace/internal/gcra"
	"dmlysender/shared/table"
)

// maxTries is how often an update is tried against others who write too.
const maxTries = 4

// client is what is used of the SDK's.
type client interface {
	UpdateItem(ctx context.Context, input *sdk.UpdateItemInput, options ...func(*sdk.Options)) (*sdk.UpdateItemOutput, error)
	GetItem(ctx context.Context, input *sdk.GetItemInput, options ...func(*sdk.Options)) (*sdk.GetItemOutput, error)
}

// Pacer is a [delivery.Pacer] and a [delivery.Forecaster] in a DynamoDB table. It is safe for concurrent use.
//
// Its errors say which account and which table they are about; they match [table.ErrNotFound] or [table.ErrAccessDenied]
// where one applies, else wrap the SDK's. After an error it is not known whether slots were taken; they are lost then.
type Pacer struct {
	// Float64 gives a random number in [0, 1), by which those who have to wait are spread; default [rand.Float64].
	Float64 func() float64

	client client
	table  *string
	region string
	limits gcra.Limits
	now    func() time.Time

	mu   sync.Mutex
	seen map[string]gcra.State
}

var (
	_ delivery.Pacer      = (*Pacer)(nil)
	_ delivery.Forecaster = (*Pacer)(nil)
)

// Open returns the pacer in the table with this name or ARN, which keeps each account within so many messages a minute. All
// who share an account's rate have to use the same number. Nothing is sent before the first call. Region,
// credentials, endpoint and retries are those of cfg (package awsconf).
func Open(cfg aws.Config, name string, perMinute int, now func() time.Time) (*Pacer, error) {
	limits, err := gcra.New(perMinute)
	if err != nil {
		return nil, err
	}
	return &Pacer{
		Float64: rand.Float64,
		client:  table.Client(cfg), table: aws.String(name), region: cfg.Region,
		limits: limits, now: now, seen: map[string]gcra.State{},
	}, nil
}

// Reserve implements [delivery.Pacer]: at most 10 slots at once. A slot that is not used is lost. A slot may lie in the past
// by the time that DynamoDB took to answer; it is meant to be used at once.
func (p *Pacer) Reserve(ctx context.Context, account delivery.Account, lane delivery.Lane, n int, until time.Time) (delivery.Reservation, error) {
	if err := ctx.Err(); err != nil {
		return delivery.Reservation{}, err
	}
	ask := gcra.Ask{KeyVersion: account.KeyVersion, Lane: lane, N: n, Until: until}
	seen, slow := p.recall(account.Name), false
	for range maxTries {
		ask.Now = p.time()
		k := p.limits.Fit(seen, ask)
		if k == 0 {
			return p.limits.Wait(seen, ask, p.Float64()), nil
		}
		take := p.take(seen, k, ask)
		if slow && !seen.TAT.After(ask.Now) {
			take = p.takeFromNow(k, ask)
		}
		standing, ok, err := p.update(ctx, account.Name, take)
		if err != nil {
			return delivery.Reservation{}, p.failed("reserve slots of", account.Name, err)
		}
		seen = standing
		if !ok {
			continue
		}
		first := standing.TAT.Add(-time.Duration(k) * p.limits.Interval)
		if slots := p.limits.Slots(first, k, p.time(), until); len(slots) > 0 {
			return delivery.Reservation{Slots: slots}, nil
		}
		slow = true
	}
	// Others were quicker each time, or the answers too slow.
	soon := 100*time.Millisecond + time.Duration(p.Float64()*float64(400*time.Millisecond))
	return delivery.Reservation{RetryAt: p.time().Add(soon)}, nil
}

// take is the update that takes k slots of an account that was seen so. If others have taken some since, it still succeeds,
// and gives those that follow, as long as they can be had.
func (p *Pacer) take(seen gcra.State, k int, ask gcra.Ask) change {
	span := time.Duration(k) * p.limits.Interval
	first := p.limits.First(seen.TAT, ask.Now)
	c := change{values: values{}}
	c.values.time(":idle", ask.Now.Add(-gcra.Tolerance))
	if gcra.Idle(seen.TAT, ask.Now) {
		c.set, c.where = "tat = :tat", "(attribute_not_exists(tat) OR tat <= :idle)"
		c.values.time(":tat", first.Add(span))
	} else {
		c.set, c.where = "tat = tat + :span", "tat > :idle AND tat <= :latest"
		c.values.duration(":span", span)
		c.values.time(":latest", p.limits.Latest(k, ask))
	}
	c.unlessRefused(ask)
	return c
}

// takeFromNow is the update that takes k slots from now on, and gives up those before: where the answers are slow, a slot that
// is due already is too late by the time that it is had.
func (p *Pacer) takeFromNow(k int, ask gcra.Ask) change {
	c := change{set: "tat = :tat", where: "(attribute_not_exists(tat) OR tat <= :now)", values: values{}}
	c.values.time(":tat", ask.Now.Add(time.Duration(k)*p.limits.Interval))
	c.unlessRefused(ask)
	return c
}

// unlessRefused adds that the account must not be paused for the asker's key.
func (c *change) unlessRefused(ask gcra.Ask) {
	c.where += " AND (attribute_not_exists(refusedKey) OR refusedKey <> :key OR refusedUntil <= :now)"
	c.values.text(":key", ask.KeyVersion)
	c.values.time(":now", ask.Now)
}

// Delay implements [delivery.Pacer]: 15 minutes at most.
func (p *Pacer) Delay(ctx context.Context, account string, until time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	until = gcra.Delayed(until, p.time())
	if !until.After(p.recall(account).TAT) {
		return nil
	}
	c := change{set: "tat = :until", where: "attribute_not_exists(tat) OR tat < :until", values: values{}}
	c.values.time(":until", until)
	// Where the condition fails, the account waits longer than that already.
	if _, _, err := p.update(ctx, account, c); err != nil {
		return p.failed("delay", account, err)
	}
	return nil
}

// Refuse implements [delivery.Pacer]. Of several workers that meet the refusal at once, one makes the pause; the others, and
// a repeat of its own, find it.
func (p *Pacer) Refuse(ctx context.Context, account delivery.Account) (time.Time, error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, err
	}
	seen := p.recall(account.Name)
	for range maxTries {
		now := p.time()
		if seen.Refusal.Holds(account.KeyVersion, now) {
			return seen.Refusal.Until, nil
		}
		next := seen.Refusal.Next(account.KeyVersion, now)
		standing, ok, err := p.update(ctx, account.Name, pause(seen.Refusal, next))
		if err != nil {
			return time.Time{}, p.failed("pause", account.Name, err)
		}
		if ok {
			return next.Until, nil
		}
		seen = standing
	}
	return time.Time{}, p.failed("pause", account.Name, errors.New("others changed it each time: their keys seem to differ"))
}

// pause is the update that puts one refusal in the place of another.
func pause(seen, next gcra.Refusal) change {
	c := change{
		set:    "refusedKey = :key, refusedUntil = :until, refusedFor = :for",
		where:  "attribute_not_exists(refusedKey)",
		values: values{},
	}
	c.values.text(":key", next.KeyVersion)
	c.values.time(":until", next.Until)
	c.values.duration(":for", next.Length)
	if seen.Length > 0 {
		c.where = "refusedKey = :seenKey AND refusedUntil = :seenUntil"
		c.values.text(":seenKey", seen.KeyVersion)
		c.values.time(":seenUntil", seen.Until)
	}
	return c
}

// change is one update of an account's item, and when it may take place.
type change struct {
	set, where string
	values     values
}

// update carries a change out, if its condition holds. What stands afterwards is whole if it did not, else only what was changed.
func (p *Pacer) update(ctx context.Context, account string, c change) (standing gcra.State, ok bool, err error) {
	output, err := p.client.UpdateItem(ctx, &sdk.UpdateItemInput{
		TableName:                           p.table,
		Key:                                 key(account),
		UpdateExpression:                    aws.String("SET " + c.set),
		ConditionExpression:                 aws.String(c.where),
		ExpressionAttributeValues:           c.values,
		ReturnValues:                        types.ReturnValueUpdatedNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var attributes map[string]types.AttributeValue
	if err == nil {
		attributes = output.Attributes
	} else if lost, isLost := errors.AsType[*types.ConditionalCheckFailedException](err); isLost {
		attributes = lost.Item
	} else {
		return gcra.State{}, false, table.Explain(ctx, err, "dynamodb:UpdateItem")
	}
	standing, decodeErr := decode(attributes)
	if decodeErr != nil {
		return gcra.State{}, false, decodeErr
	}
	p.learn(account, standing)
	return standing, err == nil, nil
}

func (p *Pacer) recall(account string) gcra.State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen[account]
}

// learn keeps what was seen of an account. Of two answers it is not known which is older, but for their TATs.
func (p *Pacer) learn(account string, s gcra.State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.seen[account]
	if s.TAT.After(known.TAT) {
		known.TAT = s.TAT
	}
	if s.Refusal.Length > 0 {
		known.Refusal = s.Refusal
	}
	p.seen[account] = known
}

func (p *Pacer) time() time.Time { return p.now().Truncate(gcra.Resolution) }

func (p *Pacer) failed(did, account string, err error) error {
	return fmt.Errorf("%s account %s in the DynamoDB table %s in %s: %w", did, account, *p.table, p.region, err)
}
