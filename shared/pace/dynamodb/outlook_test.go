package dynamodb_test

import (
	"reflect"
	"testing"
	"time"

	"dmlysender/shared/delivery"
)

func TestAnOutlookIsOneReadThatNeedNotBeConsistent(t *testing.T) {
	t.Parallel()
	s := &stand{}
	reserve(t, s.open(t, clockAt(noon)), 4, noon.Add(time.Minute))
	s.asked()
	got, err := s.open(t, clockAt(noon)).Outlook(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	if want := (delivery.Outlook{Next: noon.Add(1250 * time.Millisecond), Interval: 625 * time.Millisecond}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	want := []request{{
		target: "DynamoDB_20120810.GetItem", TableName: tableName, Key: parse(t, `{"pk": {"S": "pace#default"}, "sk": {"S": "pace"}}`),
	}}
	if got := s.asked(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// A read may show what stood there before, and what the pacer reserves by must not go back.
func TestAnOutlookChangesNothingForThePacer(t *testing.T) {
	t.Parallel()
	s := &stand{}
	p := s.open(t, clockAt(noon))
	if _, err := p.Refuse(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	s.put("refusedKey", map[string]any{"S": "v0"})
	s.put("tat", map[string]any{"N": "1"})
	if _, err := p.Outlook(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	s.asked()
	if r := reserve(t, p, 1, noon.Add(time.Hour)); !r.KeyRefused || len(s.asked()) != 0 {
		t.Errorf("got %+v, want the pause that was seen before, without a request", r)
	}
}
