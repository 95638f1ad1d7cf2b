// Package price has what AWS charges for what the stack uses: on demand, in us-east-1, in US dollars, without free tiers, volume
// discounts and taxes. Other regions are up to a third dearer. Lambda's prices are those of arm64.
package price

// AsOf is the day on which the prices were collected; beside each stands where AWS publishes it. Not all of those pages could be
// read that day, and some figures come from what others say of them: look before you rely on one.
const AsOf = "2026-11-30"

// For each use.
const (
	// WriteUnit is a write of up to 1 KB, ReadUnit a consistent read of up to 4 KB: https://aws.amazon.com/dynamodb/pricing/on-demand/
	WriteUnit = 0.625 / 1e6
	ReadUnit  = 0.125 / 1e6
	// SQSRequest is one of up to 64 KB, whatever it does: https://aws.amazon.com/sqs/pricing/
	SQSRequest = 0.40 / 1e6
	// LambdaRequest and LambdaGBSecond: https://aws.amazon.com/lambda/pricing/
	LambdaRequest  = 0.20 / 1e6
	LambdaGBSecond = 0.0000133334
	// LogGB is a gigabyte of logs taken in: https://aws.amazon.com/cloudwatch/pricing/
	LogGB = 0.50
	// HTTPRequest is one to an HTTP API of up to 512 KB: https://aws.amazon.com/api-gateway/pricing/
	HTTPRequest = 1.00 / 1e6
	// ScheduleFired is a schedule that fires; to make one costs nothing: https://aws.amazon.com/eventbridge/pricing/
	ScheduleFired = 1.00 / 1e6
	// S3Put is a PUT or POST, S3Get a GET or HEAD: https://aws.amazon.com/s3/pricing/
	S3Put = 5.00 / 1e6
	S3Get = 0.40 / 1e6
	// SecretRead: https://aws.amazon.com/secrets-manager/pricing/
	SecretRead = 0.05 / 1e4
)

// For each month.
const (
	// TableGB is a gigabyte of a table, and BackupGB one of its point-in-time recovery.
	TableGB  = 0.25
	BackupGB = 0.20
	Secret   = 0.40
	// Metric is one of one's own, by name and dimensions; Alarm one of standard resolution.
	Metric    = 0.30
	Alarm     = 0.10
	Dashboard = 3.00
)
