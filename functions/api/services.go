package main

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"dmlysender/functions/internal/stack"
	"dmlysender/shared/apikey/secretsmanager"
	"dmlysender/shared/delivery"
	ledger "dmlysender/shared/ledger/dynamodb"
	pace "dmlysender/shared/pace/dynamodb"
	"dmlysender/shared/queue/sqs"
)

// services are those of AWS that this function uses.
var services = stack.AWS{
	Ledger: func(cfg aws.Config, table string) delivery.Ledger { return ledger.Open(cfg, table) },
	Pacer: func(cfg aws.Config, table string, perMinute int) (delivery.Pacer, error) {
		return pace.Open(cfg, table, perMinute, time.Now)
	},
	Queue:  func(cfg aws.Config, url string) delivery.Queue { return sqs.Open(cfg, url) },
	Secret: secretsmanager.Open,
}
