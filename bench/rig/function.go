package rig

// Function is one that takes batches.
type Function struct {
	// Name is what it is called in the results.
	Name string
	// Path is the program to start.
	Path string
	// Env is its whole environment.
	Env []string
	// Body makes a record's body of a message's id.
	Body func(id string) string
}

const fields = `"workspace": {"id": "W1"}, "recipient": {"phoneNumber": "+15551234567"}, "textMessage": "Your order 1042 is on its way."}`

// Ours is a message as users put it on the queue.
func Ours(id string) string {
	return `{"id": "` + id + `", "channel": "whatsapp", "type": "text", ` + fields
}

// Theirs is the same message as DMLY takes it.
func Theirs(string) string { return `{` + fields }

// AWSEnv is what leads an SDK to the stand-in, with made-up credentials.
func (r *Rig) AWSEnv() []string {
	return []string{
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=none", "AWS_SESSION_TOKEN=none",
		"AWS_ENDPOINT_URL=" + r.AWSURL, "_HANDLER=bootstrap",
	}
}

// LambdaEnv is what Lambda tells a function of itself.
func LambdaEnv(function string) []string {
	return []string{"AWS_LAMBDA_FUNCTION_NAME=" + function, "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256"}
}

// SenderEnv leads what sends to the simulated DMLY. The rate is far more than is ever sent, so that the pace holds nothing back.
func (r *Rig) SenderEnv() []string {
	return []string{"DMLY_BASE_URL=" + r.DMLYURL, "DMLY_RATE_PER_MINUTE=600000"}
}

// Worker is the worker as it is deployed, built at path, with a ledger in DynamoDB.
func (r *Rig) Worker(path string) Function {
	queues := r.AWSURL + "/000000000000/"
	env := append(append(r.AWSEnv(), LambdaEnv("worker")...), r.SenderEnv()...)
	return Function{Name: "worker", Path: path, Body: Ours, Env: append(env,
		"LEDGER=dynamodb:"+Table, "DMLY_KEY_FROM=secretsmanager:bench/dmly-key",
		"SEND_QUEUE_URL="+queues+"send", "BULK_QUEUE_URL="+queues+"bulk",
		"SCHEDULE_GROUP=bench", "SCHEDULE_ROLE_ARN=arn:aws:iam::000000000000:role/bench",
		"SEND_DEAD_LETTER_QUEUE_URL="+queues+"send-dead", "BULK_DEAD_LETTER_QUEUE_URL="+queues+"bulk-dead",
	)}
}

// Bare is the bare loop of bench/throughput/bare, built at path.
func (r *Rig) Bare(path string) Function {
	return Function{Name: "bare", Path: path, Body: Theirs, Env: []string{"_HANDLER=bootstrap", "DMLY_BASE_URL=" + r.DMLYURL, "DMLY_API_KEY=" + DMLYKey}}
}
