package dynamodb

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"dmlysender/shared/delivery"
	"dmlysender/shared/table"
)

// Outlook implements [delivery.Forecaster], by one read that is eventually consistent (half a read unit): it may not know
// yet what happened within the last second. The pacer itself goes on by what it saw before.
func (p *Pacer) Outlook(ctx context.Context, account delivery.Account) (delivery.Outlook, error) {
	if err := ctx.Err(); err != nil {
		return delivery.Outlook{}, err
	}
	output, err := p.client.GetItem(ctx, &sdk.GetItemInput{TableName: p.table, Key: key(account.Name)})
	if err != nil {
		return delivery.Outlook{}, p.failed("look at the pace of", account.Name, table.Explain(ctx, err, "dynamodb:GetItem"))
	}
	standing, err := decode(output.Item)
	if err != nil {
		return delivery.Outlook{}, p.failed("look at the pace of", account.Name, err)
	}
	return p.limits.Outlook(standing, account.KeyVersion, p.time()), nil
}
