package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"dmlysender/functions/internal/stack"
	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger/dynamodb"
	"dmlysender/shared/queue/sqs"
)

// services are those of AWS that this function uses; the ledger only where it is
// tried locally and sends by itself.
var services = stack.AWS{
	Ledger: func(cfg aws.Config, table string) delivery.Ledger { return dynamodb.Open(cfg, table) },
	Queue:  func(cfg aws.Config, url string) delivery.Queue { return sqs.Open(cfg, url) },
}
