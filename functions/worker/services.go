package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"dmlysender/functions/internal/stack"
	"dmlysender/shared/apikey/secretsmanager"
	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger/dynamodb"
)

// services are those of AWS that this function uses.
var services = stack.AWS{
	Ledger: func(cfg aws.Config, table string) delivery.Ledger { return dynamodb.Open(cfg, table) },
	Secret: secretsmanager.Open,
}
