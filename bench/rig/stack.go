package drive

import "strconv"

// Where the functions believe to be.
const (
	Region  = "us-east-1"
	Account = "000000000000"
)

// Stack is what a function's environment leads it to.
type Stack struct {
	// AWS is the endpoint of all its services, and DMLY the base URL of the Messages API.
	AWS, DMLY string
	// Name is that of the table, the bucket and the schedule group, and the beginning of those of the secrets and the queues.
	Name string
	// PerMinute is the account's rate.
	PerMinute int
}

// Env is a function's whole environment: what the template and Lambda give it.
func (s Stack) Env(function string) []string {
	env := []string{
		"AWS_LAMBDA_FUNCTION_NAME=" + function, "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "_HANDLER=bootstrap",
		"AWS_REGION=" + Region, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_ENDPOINT_URL=" + s.AWS,
		"DMLY_BASE_URL=" + s.DMLY, "DMLY_KEY_FROM=secretsmanager:" + s.Secret("dmly"), "DMLY_RATE_PER_MINUTE=" + strconv.Itoa(s.PerMinute),
		"LEDGER=dynamodb:" + s.Name, "SEND_QUEUE_URL=" + s.QueueURL("send"), "BULK_QUEUE_URL=" + s.QueueURL("bulk"),
		"SEND_DEAD_LETTER_QUEUE_URL=" + s.QueueURL("dead"), "BULK_DEAD_LETTER_QUEUE_URL=" + s.QueueURL("dead"),
		"METRICS_NAMESPACE=" + s.Name, "SCHEDULE_GROUP=" + s.Name, "SCHEDULE_ROLE_ARN=arn:aws:iam::" + Account + ":role/" + s.Name, "AUDIENCE_BUCKET=" + s.Name,
	}
	if function == "api" {
		env = append(env, "INBOUND_KEYS_FROM=secretsmanager:"+s.Secret("callers"))
	}
	return env
}

// Secret is the name of the secret with the "dmly" key, or with those of the "callers".
func (s Stack) Secret(of string) string { return s.Name + "-" + of }

// QueueURL is the URL of the queue "send", "bulk" or "dead".
func (s Stack) QueueURL(of string) string { return s.AWS + "/" + Account + "/" + s.QueueName(of) }

// QueueName is the name of such a queue, and QueueARN its ARN.
func (s Stack) QueueName(of string) string { return s.Name + "-" + of }

// QueueARN is the ARN of the queue "send", "bulk" or "dead".
func (s Stack) QueueARN(of string) string {
	return "arn:aws:sqs:" + Region + ":" + Account + ":" + s.QueueName(of)
}
