package dynamodb_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/pace/dynamodb"
)

var errLost = errors.New("the answer was lost")

// fast is the one item of a table without the SDK and a network, for tests with very many updates. It is what the pacer takes
// for the client, and so repeats an update whose answer was lost, as the SDK does.
type fast struct {
	// lost says which answers are lost, after the update was carried out; nil for none.
	lost func() bool
	// latency, if it is set, takes the time of a way, there and back.
	latency func(ctx context.Context) error

	mu   sync.Mutex
	item attributes
}

// open is a worker's pacer on the table.
func (f *fast) open(t *testing.T, perMinute int, now func() time.Time) *dynamodb.Pacer {
	t.Helper()
	return open(t, awstest.Config(t, nil), perMinute, now).Through(f)
}

func (f *fast) UpdateItem(ctx context.Context, input *sdk.UpdateItemInput, _ ...func(*sdk.Options)) (*sdk.UpdateItemOutput, error) {
	for range 3 {
		if err := f.travel(ctx); err != nil {
			return nil, err
		}
		output, err := f.update(input)
		if err := f.travel(ctx); err != nil {
			return nil, err
		}
		if f.lost == nil || !f.lost() {
			return output, err
		}
	}
	return nil, errLost
}

func (f *fast) GetItem(ctx context.Context, _ *sdk.GetItemInput, _ ...func(*sdk.Options)) (*sdk.GetItemOutput, error) {
	if err := f.travel(ctx); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return &sdk.GetItemOutput{Item: toTypes(f.item)}, nil
}

func (f *fast) travel(ctx context.Context) error {
	if f.latency == nil {
		return nil
	}
	return f.latency(ctx)
}

func (f *fast) update(input *sdk.UpdateItemInput) (*sdk.UpdateItemOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	changed, holds, err := evaluate(*input.ConditionExpression, *input.UpdateExpression, f.item, fromTypes(input.ExpressionAttributeValues))
	if err != nil {
		return nil, err
	}
	if !holds {
		return nil, &types.ConditionalCheckFailedException{Item: toTypes(f.item)}
	}
	if f.item == nil {
		f.item = fromTypes(input.Key)
	}
	maps.Copy(f.item, changed)
	return &sdk.UpdateItemOutput{Attributes: toTypes(changed)}, nil
}

func fromTypes(values map[string]types.AttributeValue) attributes {
	converted := attributes{}
	for name, value := range values {
		switch v := value.(type) {
		case *types.AttributeValueMemberN:
			converted[name] = map[string]any{"N": v.Value}
		case *types.AttributeValueMemberS:
			converted[name] = map[string]any{"S": v.Value}
		}
	}
	return converted
}

func toTypes(values attributes) map[string]types.AttributeValue {
	converted := map[string]types.AttributeValue{}
	for name, value := range values {
		if n, ok := value["N"]; ok {
			converted[name] = &types.AttributeValueMemberN{Value: fmt.Sprint(n)}
		} else {
			converted[name] = &types.AttributeValueMemberS{Value: fmt.Sprint(value["S"])}
		}
	}
	return converted
}
