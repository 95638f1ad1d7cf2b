package kill

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secretstypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"dmlysender/shared/dmlytest"
)

const (
	region = "eu-central-1"
	// callerKey is the key of those who call the api.
	callerKey = "prove-caller"
	// accessKey and accessSecret are what a stand-in takes; it does not compare them.
	accessKey, accessSecret = "test", "test"
	// visibility is how long a record stays away that nobody deleted. It is longer than an abandoned claim is left alone (the lease and ten
	// seconds), so that such a message needs no third delivery.
	visibility = 20 * time.Second
	// maxReceives is the template's.
	maxReceives = 1000
	// ratePerMinute is high enough never to be what a worker waits for.
	ratePerMinute  = 60000
	tableTimeout   = time.Minute
	removalTimeout = 30 * time.Second
)

// stand is what the template makes, for one run: a ledger table, the queues, the secrets with the keys of DMLY and of the callers.
type stand struct {
	endpoint string
	name     string

	tables  *dynamodb.Client
	queues  *sqs.Client
	secrets *secretsmanager.Client

	sendURL, sendARN, bulkURL, deadURL string
	// made are the removals of what exists, in the order of its making.
	made []func(context.Context) error
}

// newStand makes them all, or none.
func newStand(ctx context.Context, endpoint string) (*stand, error) {
	cfg := aws.Config{
		Region: region, BaseEndpoint: aws.String(endpoint),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: accessSecret}, nil
		}),
	}
	s := &stand{
		endpoint: endpoint, name: "prove-kill-" + rand.Text(),
		tables: dynamodb.NewFromConfig(cfg), queues: sqs.NewFromConfig(cfg), secrets: secretsmanager.NewFromConfig(cfg),
	}
	for _, part := range []func(context.Context) error{s.makeTable, s.makeQueues, s.makeSecrets} {
		if err := part(ctx); err != nil {
			return nil, errors.Join(err, s.remove(ctx))
		}
	}
	return s, nil
}

// remove removes what was made, even if the run was interrupted.
func (s *stand) remove(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removalTimeout)
	defer cancel()
	var failed []error
	for _, remove := range s.made {
		failed = append(failed, remove(ctx))
	}
	return errors.Join(failed...)
}

// env is a function's whole environment: what the template and Lambda give it.
func (s *stand) env(function, dmlyURL string) []string {
	env := []string{
		"AWS_LAMBDA_FUNCTION_NAME=" + function, "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "_HANDLER=bootstrap",
		"AWS_REGION=" + region, "AWS_ACCESS_KEY_ID=" + accessKey, "AWS_SECRET_ACCESS_KEY=" + accessSecret, "AWS_ENDPOINT_URL=" + s.endpoint,
		"DMLY_BASE_URL=" + dmlyURL, "DMLY_KEY_FROM=secretsmanager:" + s.name, "DMLY_RATE_PER_MINUTE=" + strconv.Itoa(ratePerMinute),
		"LEDGER=dynamodb:" + s.name, "SEND_QUEUE_URL=" + s.sendURL, "BULK_QUEUE_URL=" + s.bulkURL,
		"SCHEDULE_GROUP=" + s.name, "AUDIENCE_BUCKET=" + s.name, "SCHEDULE_ROLE_ARN=arn:aws:iam::000000000000:role/" + s.name, // and nothing is due later
		"SEND_DEAD_LETTER_QUEUE_URL=" + s.deadURL, "BULK_DEAD_LETTER_QUEUE_URL=" + s.deadURL,
	}
	if function == "api" {
		env = append(env, "INBOUND_KEYS_FROM=secretsmanager:"+s.callersSecret())
	}
	return env
}

func (s *stand) callersSecret() string { return s.name + "-callers" }

func (s *stand) makeTable(ctx context.Context) error {
	var definitions []dynamotypes.AttributeDefinition
	for _, name := range []string{"pk", "sk", "attention", "attentionAt"} {
		definitions = append(definitions, dynamotypes.AttributeDefinition{AttributeName: aws.String(name), AttributeType: dynamotypes.ScalarAttributeTypeS})
	}
	_, err := s.tables.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: aws.String(s.name), BillingMode: dynamotypes.BillingModePayPerRequest,
		AttributeDefinitions: definitions, KeySchema: tableKey("pk", "sk"),
		GlobalSecondaryIndexes: []dynamotypes.GlobalSecondaryIndex{{
			IndexName: aws.String("attention"), KeySchema: tableKey("attention", "attentionAt"),
			Projection: &dynamotypes.Projection{ProjectionType: dynamotypes.ProjectionTypeAll},
		}},
	})
	if err != nil {
		return fmt.Errorf("make the ledger table: %w", err)
	}
	s.made = append(s.made, func(ctx context.Context) error {
		_, err := s.tables.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String(s.name)})
		return err
	})
	input := &dynamodb.DescribeTableInput{TableName: aws.String(s.name)}
	if err := dynamodb.NewTableExistsWaiter(s.tables).Wait(ctx, input, tableTimeout); err != nil {
		return fmt.Errorf("wait for the ledger table: %w", err)
	}
	return nil
}

func tableKey(hash, sort string) []dynamotypes.KeySchemaElement {
	return []dynamotypes.KeySchemaElement{
		{AttributeName: aws.String(hash), KeyType: dynamotypes.KeyTypeHash},
		{AttributeName: aws.String(sort), KeyType: dynamotypes.KeyTypeRange},
	}
}

func (s *stand) makeQueues(ctx context.Context) (err error) {
	if s.deadURL, err = s.makeQueue(ctx, "-dead", nil); err != nil {
		return err
	}
	deadARN, err := s.queueARN(ctx, s.deadURL)
	if err != nil {
		return err
	}
	attributes := map[string]string{
		"VisibilityTimeout": strconv.Itoa(int(visibility.Seconds())),
		"RedrivePolicy":     fmt.Sprintf(`{"deadLetterTargetArn": %q, "maxReceiveCount": %d}`, deadARN, maxReceives),
	}
	if s.bulkURL, err = s.makeQueue(ctx, "-bulk", attributes); err != nil {
		return err
	}
	if s.sendURL, err = s.makeQueue(ctx, "-send", attributes); err != nil {
		return err
	}
	s.sendARN, err = s.queueARN(ctx, s.sendURL)
	return err
}

func (s *stand) makeQueue(ctx context.Context, suffix string, attributes map[string]string) (url string, err error) {
	made, err := s.queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(s.name + suffix), Attributes: attributes})
	if err != nil {
		return "", fmt.Errorf("make the queue %s%s: %w", s.name, suffix, err)
	}
	s.made = append(s.made, func(ctx context.Context) error {
		_, err := s.queues.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: made.QueueUrl})
		return err
	})
	return aws.ToString(made.QueueUrl), nil
}

func (s *stand) queueARN(ctx context.Context, url string) (string, error) {
	output, err := s.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: aws.String(url), AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn},
	})
	if err != nil {
		return "", fmt.Errorf("ask for the ARN of %s: %w", url, err)
	}
	return output.Attributes[string(sqstypes.QueueAttributeNameQueueArn)], nil
}

// depth is how many records a queue holds, be they to be had, with a consumer, or delayed.
func (s *stand) depth(ctx context.Context, url string) (int, error) {
	names := []sqstypes.QueueAttributeName{
		sqstypes.QueueAttributeNameApproximateNumberOfMessages,
		sqstypes.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		sqstypes.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}
	output, err := s.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: aws.String(url), AttributeNames: names})
	if err != nil {
		return 0, fmt.Errorf("ask how much %s holds: %w", url, err)
	}
	depth := 0
	for _, name := range names {
		n, err := strconv.Atoi(output.Attributes[string(name)])
		if err != nil {
			return 0, fmt.Errorf("read %s of %s: %w", name, url, err)
		}
		depth += n
	}
	return depth, nil
}

func (s *stand) makeSecrets(ctx context.Context) error {
	if err := s.makeSecret(ctx, s.name, dmlytest.DefaultKey); err != nil {
		return fmt.Errorf("make the secret with the DMLY key: %w", err)
	}
	if err := s.makeSecret(ctx, s.callersSecret(), callerKey); err != nil {
		return fmt.Errorf("make the secret with the callers' key: %w", err)
	}
	return nil
}

func (s *stand) makeSecret(ctx context.Context, name, content string) error {
	_, err := s.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String(name), SecretString: aws.String(content)})
	// A repeat whose first try had succeeded finds it there: the stand-in does not heed the ClientRequestToken, by which AWS would know it.
	if _, made := errors.AsType[*secretstypes.ResourceExistsException](err); err != nil && !made {
		return err
	}
	s.made = append(s.made, func(ctx context.Context) error {
		_, err := s.secrets.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: aws.String(name), ForceDeleteWithoutRecovery: aws.Bool(true)})
		return err
	})
	return nil
}
