package main

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
)

// attributes are an item in DynamoDB's own JSON: {"state": {"S": "sent"}}.
type attributes map[string]map[string]json.RawMessage

// size is an item's as DynamoDB counts it: names and texts by their bytes, numbers by half of their digits and one more, one byte for
// each entry of a list and three for the list.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func (a attributes) size() (int, error) {
	n := 0
	for name, value := range a {
		bytes, err := sizeOf(value)
		if err != nil {
			return 0, fmt.Errorf("attribute %s: %w", name, err)
		}
		n += len(name) + bytes
	}
	return n, nil
}

func sizeOf(value map[string]json.RawMessage) (int, error) {
	for kind, raw := range value {
		switch kind {
		case "BOOL", "NULL":
			return 1, nil
		case "S", "N", "B":
			var text string
			if err := json.Unmarshal(raw, &text); err != nil {
				return 0, err
			}
			switch kind {
			case "N":
				return (len(text)+1)/2 + 1, nil
			case "B":
				return len(text) / 4 * 3, nil
			}
			return len(text), nil
		case "L":
			var list []map[string]json.RawMessage
			if err := json.Unmarshal(raw, &list); err != nil {
				return 0, err
			}
			n := 3
			for _, entry := range list {
				bytes, err := sizeOf(entry)
				if err != nil {
					return 0, err
				}
				n += 1 + bytes
			}
			return n, nil
		}
	}
	return 0, fmt.Errorf("the size of %v is not known", value)
}

// text is a string attribute, empty if there is none.
func (a attributes) text(name string) (text string) {
	if raw := a[name]["S"]; raw != nil {
		_ = json.Unmarshal(raw, &text) // What is no text is none.
	}
	return text
}

func (a attributes) key() string { return a.text("pk") + "\n" + a.text("sk") }

// writeUnits are those of a write that makes one item of another; a size of 0 is none. The larger counts, by whole kilobytes.
func writeUnits(before, after int) float64 {
	return max(1, math.Ceil(float64(max(before, after))/1024))
}

// readUnits are those of a read, by 4 whole kilobytes; half if it need not be consistent.
func readUnits(bytes int, consistent bool) float64 {
	units := max(1, math.Ceil(float64(bytes)/4096))
	if !consistent {
		units /= 2
	}
	return units
}

// item is what is known of one in the table.
type item struct {
	attributes attributes
	size       int
	// pk is its hash key, and attention and attentionAt its key in the index of that name, empty if it is not in it.
	pk, attention, attentionAt string
}

func newItem(a attributes) (item, error) {
	size, err := a.size()
	return item{a, size, a.text("pk"), a.text("attention"), a.text("attentionAt")}, err
}

// units are what it costs to write an item over another one: in the table, and in the index, where a changed key costs two writes. The
// index projects everything, so that each change is one of it, too.
func (i item) units(before item) float64 {
	units := writeUnits(before.size, i.size)
	was, is := before.attention != "", i.attention != ""
	switch {
	case was && is && before.attention == i.attention && before.attentionAt == i.attentionAt:
		return units + writeUnits(before.size, i.size)
	case was && is:
		return units + writeUnits(before.size, 0) + writeUnits(0, i.size)
	case was || is:
		return units + writeUnits(before.size, i.size)
	}
	return units
}

// table is the ledger's, as the calls tell that went by.
type table map[string]item

// dynamo is as much of a call as its units depend on.
type dynamo struct {
	Item                      attributes
	Key                       attributes
	ConsistentRead            bool
	KeyConditionExpression    string
	ExpressionAttributeValues attributes
	RequestItems              map[string]struct {
		Keys           []attributes
		ConsistentRead bool
	}
}

// dynamoAnswer is as much of its answer.
type dynamoAnswer struct {
	Type       string `json:"__type"`
	Attributes attributes
}

// equals is a condition that names one hash key.
var equals = regexp.MustCompile(`^(pk|attention) = (:\w+)$`)

// count follows one call, and says what it costs. ok is false for one whose condition did not hold, which changes nothing and costs
// what stands. An operation that is not known here is an error: it would be passed over.
func (t table) count(operation string, q dynamo, a dynamoAnswer, ok bool) (writes, reads float64, err error) {
	switch operation {
	case "PutItem", "UpdateItem":
		key := q.Item.key()
		if operation == "UpdateItem" {
			key = q.Key.key()
		}
		before := t[key]
		if !ok {
			return writeUnits(before.size, 0), 0, nil
		}
		stands := q.Item
		if operation == "UpdateItem" {
			stands = merged(q.Key, before.attributes, a.Attributes)
		}
		after, err := newItem(stands)
		if err != nil {
			return 0, 0, err
		}
		t[key] = after
		return after.units(before), 0, nil
	case "GetItem":
		return 0, readUnits(t[q.Key.key()].size, q.ConsistentRead), nil
	case "BatchGetItem":
		for _, of := range q.RequestItems {
			for _, key := range of.Keys {
				reads += readUnits(t[key.key()].size, of.ConsistentRead)
			}
		}
		return 0, reads, nil
	case "Query":
		found, err := t.under(q)
		if err != nil {
			return 0, 0, err
		}
		bytes := 0
		for _, i := range found {
			bytes += i.size
		}
		return 0, readUnits(bytes, q.ConsistentRead), nil
	}
	return 0, 0, fmt.Errorf("it is not known what a %s costs", operation)
}

// under are the items that a query reads: all that have one value of one attribute.
func (t table) under(q dynamo) (found []item, err error) {
	names := equals.FindStringSubmatch(q.KeyConditionExpression)
	if names == nil {
		return nil, fmt.Errorf("the condition %q is not known", q.KeyConditionExpression)
	}
	value := q.ExpressionAttributeValues.text(names[2])
	for _, i := range t {
		if names[1] == "pk" && i.pk == value || names[1] == "attention" && i.attention == value {
			found = append(found, i)
		}
	}
	return found, nil
}

// merged are attributes over others.
func merged(all ...attributes) attributes {
	sum := attributes{}
	for _, a := range all {
		for name, value := range a {
			sum[name] = value
		}
	}
	return sum
}
