package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func read[T any](t *testing.T, text string) (value T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestAnItemsSizeIsCountedAsDynamoDBCountsIt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		`{"pk": {"S": "m#a"}, "sk": {"S": "m"}}`:  2 + 3 + 2 + 1,
		`{"n": {"N": "1234"}}`:                    1 + 2 + 1,
		`{"b": {"BOOL": true}}`:                   1 + 1,
		`{"l": {"L": [{"S": "ab"}, {"S": "c"}]}}`: 1 + 3 + 1 + 2 + 1 + 1,
		`{"grüße": {"S": "ü"}}`:                   7 + 2,
		`{"content": {"B": "` + "AAAA" + `"}}`:    7 + 3,
	} {
		if got, err := read[attributes](t, text).size(); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", text, got, err, want)
		}
	}
	if _, err := read[attributes](t, `{"m": {"M": {}}}`).size(); err == nil {
		t.Error("a map has a size, though nobody knows how it is counted")
	}
}

func TestCallsCostWhatDynamoDBSays(t *testing.T) {
	t.Parallel()
	small, large := `{"pk": {"S": "m#a"}, "sk": {"S": "m"}}`, `{"pk": {"S": "m#a"}, "sk": {"S": "m"}, "content": {"S": "`+strings.Repeat("x", 5000)+`"}}`
	problem := `{"pk": {"S": "m#b"}, "sk": {"S": "m"}, "attention": {"S": "failed"}, "attentionAt": {"S": "2026"}}`
	settled := `{"pk": {"S": "m#b"}, "sk": {"S": "m"}}`
	table := table{}
	for _, step := range []struct {
		operation, call, answer string
		lost                    bool
		writes, reads           float64
	}{
		{"PutItem", `{"Item": ` + small + `}`, `{}`, false, 1, 0},
		{"PutItem", `{"Item": ` + large + `}`, `{}`, false, 5, 0},
		{"PutItem", `{"Item": ` + small + `}`, `{}`, true, 5, 0}, // what stands is paid
		{"GetItem", `{"Key": ` + small + `, "ConsistentRead": true}`, `{}`, false, 0, 2},
		{"GetItem", `{"Key": ` + small + `}`, `{}`, false, 0, 1},
		{"PutItem", `{"Item": ` + small + `}`, `{}`, false, 5, 0}, // the larger of both
		{"UpdateItem", `{"Key": ` + small + `}`, `{"Attributes": {"tat": {"N": "1"}}}`, false, 1, 0},
		{"PutItem", `{"Item": ` + problem + `}`, `{}`, false, 2, 0}, // and into the index
		{"PutItem", `{"Item": ` + strings.Replace(problem, "2026", "2027", 1) + `}`, `{}`, false, 3, 0},
		{"PutItem", `{"Item": ` + settled + `}`, `{}`, false, 2, 0},
		{"BatchGetItem", `{"RequestItems": {"t": {"ConsistentRead": true, "Keys": [` + small + `, ` + settled + `]}}}`, `{}`, false, 0, 2},
		{"Query", `{"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "m#a"}}, "ConsistentRead": true}`, `{}`, false, 0, 1},
		{"Query", `{"KeyConditionExpression": "attention = :of", "ExpressionAttributeValues": {":of": {"S": "failed"}}}`, `{}`, false, 0, 0.5},
	} {
		writes, reads, err := table.count(step.operation, read[dynamo](t, step.call), read[dynamoAnswer](t, step.answer), !step.lost)
		if err != nil || writes != step.writes || reads != step.reads {
			t.Errorf("%s %.60s: got %v writes and %v reads, %v; want %v and %v", step.operation, step.call, writes, reads, err, step.writes, step.reads)
		}
	}
	for operation, call := range map[string]string{"Scan": `{}`, "Query": `{"KeyConditionExpression": "pk = :pk AND sk > :sk"}`} {
		if _, _, err := table.count(operation, read[dynamo](t, call), dynamoAnswer{}, true); err == nil {
			t.Errorf("a %s that nobody knows the price of is passed over", operation)
		}
	}
}
