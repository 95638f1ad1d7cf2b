package main

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"dmlysender/functions/internal/stack"
	"dmlysender/functions/worker/sqsworker"
	"dmlysender/shared/apikey/secretsmanager"
	"dmlysender/shared/delivery"
	"dmlysender/shared/later"
	"dmlysender/shared/later/scheduler"
	ledger "dmlysender/shared/ledger/dynamodb"
	pace "dmlysender/shared/pace/dynamodb"
	"dmlysender/shared/queue"
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
	Scheduler: func(cfg aws.Config, group, roleARN string, targets map[delivery.Lane]later.Target) (delivery.Scheduler, error) {
		return scheduler.Open(cfg, group, roleARN, targets)
	},
}

// byName are the queues that exist: what is sent at once where there is none cannot come back.
func byName(lanes queue.Lanes) map[string]sqsworker.Queue {
	queues := map[string]sqsworker.Queue{}
	for _, lane := range []delivery.Queue{lanes.Normal, lanes.Bulk} {
		if q, ok := lane.(*sqs.Queue); ok {
			queues[q.Name()] = q
		}
	}
	return queues
}
