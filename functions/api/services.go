package main

import (
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"dmlysender/functions/api/httpapi"
	"dmlysender/functions/internal/campaigns"
	"dmlysender/functions/internal/stack"
	"dmlysender/shared/apikey/secretsmanager"
	"dmlysender/shared/config"
	"dmlysender/shared/delivery"
	"dmlysender/shared/later"
	"dmlysender/shared/later/scheduler"
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
	Scheduler: func(cfg aws.Config, group, roleARN string, targets map[delivery.Lane]later.Target) (delivery.Scheduler, error) {
		return scheduler.Open(cfg, group, roleARN, targets)
	},
}

// open builds the handler, and what it stands on, from the environment.
func open() (*httpapi.Handler, *stack.Stack, error) {
	s, err := stack.Open("api", os.Getenv, os.Stdout, services, config.Sending, config.Queues, config.Later, config.Campaigns, config.Callers)
	if err != nil {
		return nil, nil, err
	}
	insight, err := s.Insight()
	if err != nil {
		return nil, nil, err
	}
	h := &httpapi.Handler{
		Sender: s.Sender, Queues: s.Queues, Callers: httpapi.NewCallers(s.CallerKeys, s.Log), Defaults: message.Defaults{Workspace: s.Config.Workspace},
		Problems: insight.Problems, Pace: insight.Pace, Forecast: insight.Forecast,
		Backlogs: httpapi.Backlogs{Normal: insight.Normal, Bulk: insight.Bulk}, Log: s.Log,
	}
	service, err := campaigns.Open(s, insight)
	if service != nil {
		h.Campaigns = service
	}
	return h, s, err
}
