package dynamodb_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger/dynamodb"
)

// failed is a message that failed so many seconds after noon.
func failed(id string, seconds int) delivery.Item {
	item := sent(id, "r1")
	item.State, item.Content = delivery.Failed, []byte(private)
	item.History = append(item.History, delivery.Transition{At: noon.Add(time.Duration(seconds) * time.Second), State: delivery.Failed})
	return item
}

func write(t *testing.T, l *dynamodb.Ledger, items ...delivery.Item) {
	t.Helper()
	for _, item := range items {
		if _, ok, err := l.Put(t.Context(), item, "", noon); !ok || err != nil {
			t.Fatalf("%s: got %v, %v", item.ID, ok, err)
		}
	}
}

func TestAPageIsOneQueryOfTheIndex(t *testing.T) {
	t.Parallel()
	s := &stand{}
	l := s.open(t)
	write(t, l, failed("order-1", 1), failed("order-2", 2), failed("order-3", 3))
	s.next(false)
	_, cursor, err := l.Problems(t.Context(), delivery.Failed, 2, "", noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Problems(t.Context(), delivery.Failed, 2, cursor, noon); err != nil {
		t.Fatal(err)
	}
	first := request{
		target: "DynamoDB_20120810.Query", TableName: table, IndexName: "attention",
		KeyConditionExpression: "attention = :state", FilterExpression: "forgetAt > :now",
		ExpressionAttributeValues: parse(t, `{":state": {"S": "failed"}, ":now": {"N": "1795435200123"}}`), Limit: 3,
	}
	second := first
	second.ExclusiveStartKey = parse(t, `{"attention": {"S": "failed"}, "attentionAt": {"S": "2026-11-23T12:00:02.123Z"}, "pk": {"S": "m#order-2"}, "sk": {"S": "m"}}`)
	if got, want := s.asked(), []request{first, second}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// Of each query's items, DynamoDB returns what comes to a megabyte, and leaves out afterwards what is past its time.
func TestAPageIsFilledByAsManyQueriesAsItTakes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ most, queries int }{
		"of any size": {0, 2}, "of two items": {2, 3}, "of one item": {1, 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stand{most: tt.most}
			l := s.open(t)
			for i := range 8 {
				item := failed(fmt.Sprintf("order-%d", i), i)
				if i < 3 {
					item.ForgetAt = noon
				}
				write(t, l, item)
			}
			s.next(false)
			items, next, err := l.Problems(t.Context(), delivery.Failed, 2, "", noon)
			var got []string
			for _, item := range items {
				got = append(got, item.ID)
			}
			if want := []string{"order-3", "order-4"}; err != nil || next == "" || !slices.Equal(got, want) {
				t.Errorf("got %q, next %q, %v, want %q", got, next, err, want)
			}
			if got := len(s.asked()); got != tt.queries {
				t.Errorf("got %d queries, want %d", got, tt.queries)
			}
		})
	}
}

func TestWhatCannotBeListedIsNotAskedFor(t *testing.T) {
	t.Parallel()
	s := &stand{}
	l := s.open(t)
	for name, ask := range map[string]func() error{
		"state":  func() error { _, _, err := l.Problems(t.Context(), delivery.Sent, 1, "", noon); return err },
		"n":      func() error { _, _, err := l.Problems(t.Context(), delivery.Failed, 0, "", noon); return err },
		"cursor": func() error { _, _, err := l.Problems(t.Context(), delivery.Failed, 1, "x", noon); return err },
	} {
		if err := ask(); !errors.Is(err, delivery.ErrList) {
			t.Errorf("%s: got %v, want %v", name, err, delivery.ErrList)
		}
	}
	if got := len(s.asked()); got != 0 {
		t.Errorf("got %d requests, want none", got)
	}
}

func TestADamagedItemInTheListIsNamed(t *testing.T) {
	t.Parallel()
	s := &stand{}
	l := s.open(t)
	write(t, l, failed("order-1", 1))
	s.damage("history", parse(t, `{"x": {"L": [{"S": "`+private+`"}]}}`)["x"])
	items, next, err := l.Problems(t.Context(), delivery.Failed, 1, "", noon)
	if err == nil || len(items) > 0 || next != "" {
		t.Fatalf("got %d items, %q, %v", len(items), next, err)
	}
	for _, want := range []string{"order-1", "history", table} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want it to contain %q", err, want)
		}
	}
	if strings.Contains(err.Error(), private) {
		t.Errorf("the error tells what the message says: %v", err)
	}
}
