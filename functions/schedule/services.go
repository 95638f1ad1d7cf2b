package main

import (
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"dmlysender/functions/internal/campaigns"
	"dmlysender/functions/internal/stack"
	"dmlysender/functions/schedule/scheduled"
	"dmlysender/shared/apikey/secretsmanager"
	"dmlysender/shared/config"
	"dmlysender/shared/delivery"
	ledger "dmlysender/shared/ledger/dynamodb"
	"dmlysender/shared/message"
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

// open builds the handler, and what it stands on, from the environment.
func open() (*scheduled.Handler, *stack.Stack, error) {
	s, err := stack.Open("schedule", os.Getenv, os.Stdout, services, config.Sending, config.Queues, config.Campaigns)
	if err != nil {
		return nil, nil, err
	}
	h := &scheduled.Handler{Queues: s.Queues, Defaults: message.Defaults{Workspace: s.Config.Workspace}, Log: s.Log}
	if s.Metrics != nil {
		h.Meter = s.Metrics
	}
	insight, err := s.Insight()
	if err != nil {
		return nil, nil, err
	}
	service, err := campaigns.Open(s, insight)
	if service != nil {
		h.Campaigns = service
	}
	return h, s, err
}
