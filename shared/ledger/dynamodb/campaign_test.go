package dynamodb_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger/dynamodb"
	"dmlysender/shared/ledger/ledgertest"
)

func TestDynamoDBCountsCampaigns(t *testing.T) {
	t.Parallel()
	for name, most := range map[string]int{"all at once": 0, "in small answers": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ledgertest.RunCampaigns(t, func(t *testing.T) ledgertest.Campaigns {
				t.Helper()
				return (&stand{most: most}).open(t)
			})
		})
	}
}

func TestACampaignsMessagesStandInPartsOfTheTable(t *testing.T) {
	t.Parallel()
	rest := strings.Repeat("a", 25)
	for first, shard := range map[string]string{"a": "0", "p": "f", "q": "0", "z": "9", "2": "a", "7": "f"} {
		s := &stand{}
		if _, _, err := s.open(t).Put(t.Context(), sent("c.spring."+first+rest, "r1"), "", noon); err != nil {
			t.Fatal(err)
		}
		got := s.asked()[0].Item
		if got["pk"]["S"] != "c#spring#"+shard || got["sk"]["S"] != first+rest {
			t.Errorf("%s: got %v, %v, want part %s", first, got["pk"], got["sk"], shard)
		}
	}
}

func TestAMessageUnderAnotherPartsKeyIsDamaged(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"pk": "c#spring#1", "sk": "p" + strings.Repeat("a", 25)} {
		s := &stand{}
		l := s.open(t)
		id := "c.spring." + strings.Repeat("a", 26)
		if _, _, err := l.Put(t.Context(), sent(id, "r1"), "", noon); err != nil {
			t.Fatal(err)
		}
		s.damage(name, map[string]any{"S": value})
		if _, found, err := l.Get(t.Context(), id, noon); found || err == nil || !strings.Contains(err.Error(), "pk") {
			t.Errorf("%s: found %v, %v", name, found, err)
		}
	}
}

// What is never processed is an error that says so; the waits between the tries are not waited for.
func TestKeysThatAreNeverProcessedAreAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		none := awstest.Answer(http.StatusOK, `{"Responses": {}, "UnprocessedKeys": {"`+table+`": {"Keys": [{"pk": {"S": "m#a"}, "sk": {"S": "m"}}]}}}`)
		cfg := awstest.Config(t, nil)
		asked := 0
		cfg.HTTPClient = roundTrips(func(r *http.Request) (*http.Response, error) {
			asked++
			return answered(none, r), nil
		})
		items, err := dynamodb.Open(cfg, table).States(t.Context(), []string{"a"}, noon)
		if !errors.Is(err, delivery.ErrThrottled) || len(items) > 0 || asked != 8 {
			t.Errorf("got %v, %v after %d requests", items, err, asked)
		}
	})
}

func TestCampaignErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	denied := refuse(http.StatusBadRequest, "AccessDeniedException", "not authorized")
	l := (&stand{faults: slices.Repeat([]http.HandlerFunc{denied}, 200)}).open(t)
	_, countErr := l.Counts(t.Context(), "spring", noon)
	_, statesErr := l.States(t.Context(), []string{"a"}, noon)
	for _, err := range []error{countErr, statesErr} {
		if !errors.Is(err, dynamodb.ErrAccessDenied) || !strings.Contains(err.Error(), "dynamodb:BatchGetItem") || !strings.Contains(err.Error(), table) {
			t.Errorf("got %v", err)
		}
	}
}

func TestStatesReadNoContent(t *testing.T) {
	t.Parallel()
	s := &stand{}
	l := s.open(t)
	item := sent("a", "r1")
	item.State, item.Content = delivery.Failed, []byte(private)
	if _, _, err := l.Put(t.Context(), item, "", noon); err != nil {
		t.Fatal(err)
	}
	got, err := l.States(t.Context(), []string{"a"}, noon)
	if err != nil || len(got["a"].Content) > 0 || !reflect.DeepEqual(got["a"].History, item.History) {
		t.Errorf("got %+v, %v", got["a"], err)
	}
}

// roundTrips is an HTTP client without a network.
type roundTrips func(*http.Request) (*http.Response, error)

func (f roundTrips) Do(r *http.Request) (*http.Response, error) { return f(r) }

func answered(h http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}
