package dynamodb

import (
	"context"

	"dmlysender/shared/table"
)

// Reasons for which the ledger cannot be reached until somebody changes something, for errors.Is.
var (
	// ErrTableNotFound: there is no table of that name in the account and Region, or it is still being created.
	ErrTableNotFound = table.ErrNotFound
	// ErrAccessDenied: the function's role may not read or write the table.
	ErrAccessDenied = table.ErrAccessDenied
)

// explain turns the errors that an operator can do something about into a sentence that says what.
func explain(ctx context.Context, err error) error {
	return table.Explain(ctx, err, "dynamodb:GetItem and dynamodb:PutItem, and dynamodb:Query on its index attention if it lists problems, "+
		"and dynamodb:Query and dynamodb:BatchGetItem if it runs campaigns,")
}
