package dynamodb

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"dmlysender/shared/pace/internal/gcra"
)

var (
	errNotNumber = errors.New("is not a whole number")
	errNotText   = errors.New("is not a string")
)

// key is where an account's item stands, beside the messages in the ledger's table. It has no TTL: there are few.
//
// Its attributes are "tat", "refusedKey" (the version of the key that DMLY refused last), "refusedUntil" (when the pause for
// that ends) and "refusedFor" (how long it is). Times are microseconds since 1970, which a double keeps exactly.
// Somebody may delete the item at any time: the account then starts anew, as after a rest.
func key(account string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "pace#" + account},
		"sk": &types.AttributeValueMemberS{Value: "pace"},
	}
}

// values are those that an expression names.
type values map[string]types.AttributeValue

func (v values) text(name, value string) {
	v[name] = &types.AttributeValueMemberS{Value: value}
}

func (v values) time(name string, value time.Time) {
	v[name] = &types.AttributeValueMemberN{Value: strconv.FormatInt(value.UnixMicro(), 10)}
}

func (v values) duration(name string, value time.Duration) {
	v[name] = &types.AttributeValueMemberN{Value: strconv.FormatInt(value.Microseconds(), 10)}
}

// decode reads an item, or as much of it as there is.
func decode(attributes map[string]types.AttributeValue) (gcra.State, error) {
	var s gcra.State
	for name, value := range attributes {
		var err error
		switch name {
		case "tat":
			s.TAT, err = moment(value)
		case "refusedKey":
			s.Refusal.KeyVersion, err = text(value)
		case "refusedUntil":
			s.Refusal.Until, err = moment(value)
		case "refusedFor":
			var micros int64
			micros, err = number(value)
			s.Refusal.Length = time.Duration(micros) * time.Microsecond
		}
		if err != nil {
			return gcra.State{}, fmt.Errorf("the item is damaged: its attribute %q %w: delete the item, and the account starts anew", name, err)
		}
	}
	return s, nil
}

func moment(value types.AttributeValue) (time.Time, error) {
	micros, err := number(value)
	return time.UnixMicro(micros).UTC(), err
}

func number(value types.AttributeValue) (int64, error) {
	if n, ok := value.(*types.AttributeValueMemberN); ok {
		if whole, err := strconv.ParseInt(n.Value, 10, 64); err == nil {
			return whole, nil
		}
	}
	return 0, errNotNumber
}

func text(value types.AttributeValue) (string, error) {
	if s, ok := value.(*types.AttributeValueMemberS); ok {
		return s.Value, nil
	}
	return "", errNotText
}
