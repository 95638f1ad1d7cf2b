package standin

import (
	"bytes"
	"encoding/json"
	"maps"
	"sync"
)

// attributes are an item. Values stay the JSON that they came as: {"S": "sent"}.
type attributes map[string]json.RawMessage

// tables are all items there are, by table and key. The zero value is empty; it is safe for concurrent use.
type tables struct {
	mu    sync.Mutex
	items map[string]attributes
}

// conditional is what a write depends on.
type conditional struct {
	ConditionExpression                 string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           attributes
	ReturnValuesOnConditionCheckFailure string
}

type putRequest struct {
	TableName string
	Item      attributes
	conditional
}

type getRequest struct {
	TableName      string
	Key            attributes
	ConsistentRead bool // Every read is.
}

type getAnswer struct {
	Item attributes `json:"Item,omitempty"`
}

type updateRequest struct {
	TableName        string
	Key              attributes
	UpdateExpression string
	ReturnValues     string
	conditional
}

type writeAnswer struct {
	Attributes attributes `json:"Attributes,omitempty"`
}

func (t *tables) put(in putRequest) (writeAnswer, error) {
	key, err := keyOf(in.TableName, in.Item)
	if err != nil {
		return writeAnswer{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := in.check(t.items[key]); err != nil {
		return writeAnswer{}, err
	}
	t.set(key, in.Item)
	return writeAnswer{}, nil
}

func (t *tables) get(in getRequest) (getAnswer, error) {
	key, err := keyOf(in.TableName, in.Key)
	if err != nil {
		return getAnswer{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return getAnswer{t.items[key]}, nil
}

func (t *tables) update(in updateRequest) (writeAnswer, error) {
	key, err := keyOf(in.TableName, in.Key)
	if err != nil {
		return writeAnswer{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	standing := t.items[key]
	if err := in.check(standing); err != nil {
		return writeAnswer{}, err
	}
	changed, err := assign(in.UpdateExpression, in.scope(standing))
	if err != nil {
		return writeAnswer{}, err
	}
	// Items are never changed in place: an answer may still be on its way with the earlier one.
	item := maps.Clone(in.Key)
	maps.Copy(item, standing)
	maps.Copy(item, changed)
	answer := writeAnswer{}
	switch in.ReturnValues {
	case "", "NONE":
	case "ALL_OLD":
		answer.Attributes = standing
	case "ALL_NEW":
		answer.Attributes = item
	case "UPDATED_NEW":
		answer.Attributes = changed
	default:
		return writeAnswer{}, invalid("this stand-in does not know ReturnValues " + in.ReturnValues)
	}
	t.set(key, item)
	return answer, nil
}

type deleteRequest struct {
	TableName string
	Key       attributes
}

// delete removes the item, whether or not one stands.
func (t *tables) delete(in deleteRequest) (writeAnswer, error) {
	key, err := keyOf(in.TableName, in.Key)
	if err != nil {
		return writeAnswer{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.items, key)
	return writeAnswer{}, nil
}

// set needs the lock.
func (t *tables) set(key string, item attributes) {
	if t.items == nil {
		t.items = map[string]attributes{}
	}
	t.items[key] = item
}

// check refuses a write whose condition does not hold of the item that stands, nil if there is none.
func (c conditional) check(standing attributes) error {
	if c.ConditionExpression == "" {
		return nil
	}
	holds, err := evaluate(c.ConditionExpression, c.scope(standing))
	if err != nil || holds {
		return err
	}
	failed := &refusal{Type: "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", Message: "The conditional request failed"}
	if c.ReturnValuesOnConditionCheckFailure == "ALL_OLD" {
		failed.Item = standing
	}
	return failed
}

func (c conditional) scope(standing attributes) scope {
	return scope{item: standing, names: c.ExpressionAttributeNames, values: c.ExpressionAttributeValues}
}

func keyOf(table string, item attributes) (string, error) {
	if table == "" || item["pk"] == nil || item["sk"] == nil {
		return "", invalid("TableName, pk and sk are needed")
	}
	return table + "\n" + string(item["pk"]) + "\n" + string(item["sk"]), nil
}

func invalid(message string) error {
	return &refusal{Type: "com.amazon.coral.validate#ValidationException", Message: message}
}

func decodeStrict(body []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
