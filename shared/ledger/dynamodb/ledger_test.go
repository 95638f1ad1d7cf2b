package dynamodb_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"testing"
	"time"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger/ledgertest"
)

func TestDynamoDBIsALedger(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, func(t *testing.T) ledgertest.Ledger {
		t.Helper()
		return (&stand{}).open(t)
	})
}

func TestDynamoDBDoesWhatAMapWouldDo(t *testing.T) {
	t.Parallel()
	s := &stand{most: 2}
	l := s.open(t)
	ledgertest.Explore(t, func() ledgertest.Ledger {
		s.empty()
		return l
	})
}

func TestPutIsOneConditionalWrite(t *testing.T) {
	t.Parallel()
	const item = `{
		"pk": {"S": "m#order-1"}, "sk": {"S": "m"}, "id": {"S": "order-1"},
		"workspace": {"S": "W1"}, "fingerprint": {"S": "1:5f2b"}, "revision": {"S": "r2"}, "state": {"S": "sent"},
		"generation": {"N": "1"}, "attempts": {"N": "1"},
		"owner": {"S": "owner-1"}, "lease": {"N": "1795435220123"},
		"dmlyId": {"S": "m-1"}, "dmlyStatus": {"S": "success"},
		"history": {"L": [{"S": "2026-11-23T12:00:00.123Z sending 1"}, {"S": "2026-11-23T12:00:00.373Z sent 1"}]},
		"forgetAt": {"N": "1798027200123"}, "ttl": {"N": "1798030800"}
	}`
	tests := map[string]struct{ over, condition, values string }{
		"where nothing stands": {"", "attribute_not_exists(pk) OR forgetAt <= :now", `{":now": {"N": "1795435200123"}}`},
		"over a revision":      {"r1", "revision = :over AND forgetAt > :now", `{":now": {"N": "1795435200123"}, ":over": {"S": "r1"}}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stand{}
			if _, _, err := s.open(t).Put(t.Context(), sent("order-1", "r2"), tt.over, noon); err != nil {
				t.Fatal(err)
			}
			want := request{
				target: "DynamoDB_20120810.PutItem", TableName: table, Item: parse(t, item),
				ConditionExpression: tt.condition, ExpressionAttributeValues: parse(t, tt.values),
				ReturnValuesOnConditionCheckFailure: "ALL_OLD",
			}
			if got := s.asked(); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
				t.Errorf("got %+v\nwant %+v", got, want)
			}
		})
	}
}

func parse(t *testing.T, text string) attributes {
	t.Helper()
	var a attributes
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestGetIsOneStronglyConsistentRead(t *testing.T) {
	t.Parallel()
	s := &stand{}
	if _, ok, err := s.open(t).Get(t.Context(), "order-1", noon); ok || err != nil {
		t.Fatalf("got %v, %v", ok, err)
	}
	want := request{
		target: "DynamoDB_20120810.GetItem", TableName: table, ConsistentRead: true,
		Key: attributes{"pk": {"S": "m#order-1"}, "sk": {"S": "m"}},
	}
	if got := s.asked(); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestAMessageThatWasSentFitsHalfAKilobyte(t *testing.T) {
	t.Parallel()
	item := sent("order-1042-shipped@2026-12-01T08:00:00Z", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	item.Owner = item.Revision
	item.Fingerprint = "1:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	item.DMLYID = "8c5e0b1e-3f0e-4b60-9d7c-0d6d6a1f7d11"
	s := &stand{}
	if _, _, err := s.open(t).Put(t.Context(), item, "", noon); err != nil {
		t.Fatal(err)
	}
	// More than DynamoDB counts, as numbers take it half of their digits.
	size := 0
	for name, value := range s.asked()[0].Item {
		size += len(name)
		for _, v := range value {
			size += len(awstest.JSON(v))
		}
	}
	if size > 512 {
		t.Errorf("got %d bytes, want at most 512", size)
	}
}

func TestOnlyProblemsAreInTheIndex(t *testing.T) {
	t.Parallel()
	states := []delivery.State{
		delivery.Accepted, delivery.Scheduled, delivery.Sending, delivery.Waiting, delivery.Sent,
		delivery.Rejected, delivery.Failed, delivery.Expired, delivery.Cancelled, delivery.Unknown,
	}
	for _, state := range states {
		for name, history := range map[string][]delivery.Transition{
			"2026-11-23T11:59:00.000Z": {{At: noon.Add(-time.Hour), State: delivery.Sending}, {At: noon.Add(-time.Minute).Truncate(time.Minute), State: state}},
			"0001-01-01T00:00:00.000Z": nil,
		} {
			t.Run(string(state)+" since "+name, func(t *testing.T) {
				t.Parallel()
				item := sent("order-1", "r1")
				item.State, item.History = state, history
				s := &stand{}
				if _, _, err := s.open(t).Put(t.Context(), item, "", noon); err != nil {
					t.Fatal(err)
				}
				var want, wantAt map[string]any
				if state.Problem() {
					want, wantAt = map[string]any{"S": string(state)}, map[string]any{"S": name}
				}
				got := s.asked()[0].Item
				if !reflect.DeepEqual(got["attention"], want) || !reflect.DeepEqual(got["attentionAt"], wantAt) {
					t.Errorf("got %v since %v, want %v since %v", got["attention"], got["attentionAt"], want, wantAt)
				}
			})
		}
	}
}

func TestAWriteWhoseAnswerWasLostIsDone(t *testing.T) {
	t.Parallel()
	for name, over := range map[string]string{"where nothing stood": "", "over a revision": "r1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stand{}
			l := s.open(t)
			if over != "" {
				if _, _, err := l.Put(t.Context(), sent("order-1", over), "", noon); err != nil {
					t.Fatal(err)
				}
			}
			s.next(true, awstest.Cut)
			standing, ok, err := l.Put(t.Context(), sent("order-1", "r2"), over, noon)
			if err != nil || !ok || standing.Revision != "r2" {
				t.Errorf("got %s, %v, %v, want r2, true", standing.Revision, ok, err)
			}
			if got, want := len(s.asked()), 2; got != want {
				t.Errorf("got %d requests, want %d: the SDK did not repeat it", got, want)
			}
		})
	}
}

// While the SDK repeats the write, somebody writes over it. That it took place is not known then, but what stands is.
func TestAWriteThatWasWrittenOverBeforeItsRepeatIsRefused(t *testing.T) {
	t.Parallel()
	s := &stand{}
	l := s.open(t)
	s.next(true, func(w http.ResponseWriter, r *http.Request) {
		for _, item := range s.items {
			item["revision"] = map[string]any{"S": "r2"}
		}
		awstest.Cut(w, r)
	})
	standing, ok, err := l.Put(t.Context(), sent("order-1", "r1"), "", noon)
	if err != nil || ok || standing.Revision != "r2" {
		t.Errorf("got %s, %v, %v, want r2, false", standing.Revision, ok, err)
	}
}

func TestWhatIsForgottenDoesNotStandEvenIfItWasNotDeleted(t *testing.T) {
	t.Parallel()
	l := (&stand{}).open(t)
	old := sent("order-1", "r1")
	if _, _, err := l.Put(t.Context(), old, "", noon); err != nil {
		t.Fatal(err)
	}
	standing, ok, err := l.Put(t.Context(), sent("order-1", "r2"), "r1", old.ForgetAt)
	if ok || err != nil || standing.State != "" {
		t.Errorf("over it: got %+v, %v, %v", standing, ok, err)
	}
	if _, ok, err := l.Put(t.Context(), delivery.Item{ID: "order-1", Revision: "r3"}, "", old.ForgetAt); !ok || err != nil {
		t.Errorf("in its place: got %v, %v", ok, err)
	}
	if _, found, err := l.Get(t.Context(), "order-1", noon); found || err != nil {
		t.Errorf("one without a ForgetAt: got %v, %v", found, err)
	}
}

func TestCallsObeyTheirContext(t *testing.T) {
	t.Parallel()
	l := (&stand{}).open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, ok, err := l.Put(ctx, sent("order-1", "r1"), "", noon); ok || !errors.Is(err, context.Canceled) {
		t.Errorf("Put: got %v, %v, want %v", ok, err, context.Canceled)
	}
	if _, ok, err := l.Get(ctx, "order-1", noon); ok || !errors.Is(err, context.Canceled) {
		t.Errorf("Get: got %v, %v, want %v", ok, err, context.Canceled)
	}
	if _, _, err := l.Problems(ctx, delivery.Failed, 1, "", noon); !errors.Is(err, context.Canceled) {
		t.Errorf("Problems: got %v, want %v", err, context.Canceled)
	}
}

func TestDynamoDBKeepsCancelKeys(t *testing.T) {
	t.Parallel()
	for _, most := range []int{0, 2} {
		ledgertest.RunCancelKeys(t, func(t *testing.T) delivery.CancelKeys {
			t.Helper()
			return (&stand{most: most}).open(t)
		})
	}
}
