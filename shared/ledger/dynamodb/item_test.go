package dynamodb

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"pgregory.net/rapid"

	"dmlysender/shared/delivery"
)

// anyText is valid UTF-8: what Go decodes from JSON is, and DynamoDB takes no other strings.
var anyText = rapid.OneOf(rapid.Just(""), rapid.String(), rapid.StringOf(rapid.RuneFrom([]rune(" \x00\t\n\r\x7f\u2028\ufeff\"\\<é—🙂\U0010ffff"))))

var anyTime = rapid.Custom(func(t *rapid.T) time.Time {
	at := rapid.OneOf(
		rapid.Just(time.Time{}), rapid.Just(time.UnixMilli(0)),
		rapid.Map(rapid.Int64Range(time.Time{}.Unix(), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix()), func(s int64) time.Time {
			return time.Unix(s, 0)
		}),
	).Draw(t, "second")
	zone := time.FixedZone("", rapid.IntRange(-12, 14).Draw(t, "zone")*3600)
	return at.Add(time.Duration(rapid.IntRange(0, 999_999_999).Draw(t, "ns"))).In(zone)
})

var anyState = rapid.SampledFrom([]delivery.State{
	delivery.Accepted, delivery.Scheduled, delivery.Sending, delivery.Waiting, delivery.Sent,
	delivery.Rejected, delivery.Failed, delivery.Expired, delivery.Cancelled, delivery.Unknown,
})

var anyTransition = rapid.Custom(func(t *rapid.T) delivery.Transition {
	return delivery.Transition{
		At: anyTime.Draw(t, "at"), State: anyState.Draw(t, "to"), Attempt: rapid.Int().Draw(t, "attempt"), Reason: anyText.Draw(t, "reason"),
	}
})

var anyItem = rapid.Custom(func(t *rapid.T) delivery.Item {
	return delivery.Item{
		ID: anyText.Draw(t, "ID"), Workspace: anyText.Draw(t, "Workspace"), Fingerprint: anyText.Draw(t, "Fingerprint"), Revision: anyText.Draw(t, "Revision"),
		State: anyState.Draw(t, "State"), Generation: rapid.Int().Draw(t, "Generation"), Step: rapid.Int().Draw(t, "Step"),
		Attempts: rapid.Int().Draw(t, "Attempts"), Owner: anyText.Draw(t, "Owner"), Lease: anyTime.Draw(t, "Lease"),
		NotBefore: anyTime.Draw(t, "NotBefore"), Resent: rapid.Bool().Draw(t, "Resent"), TakenBack: rapid.String().Draw(t, "TakenBack"), CancelKey: rapid.String().Draw(t, "CancelKey"), Dropped: rapid.Bool().Draw(t, "Dropped"),
		DMLYID: anyText.Draw(t, "DMLYID"), DMLYStatus: anyText.Draw(t, "DMLYStatus"), Reason: anyText.Draw(t, "Reason"),
		Content: rapid.OneOf(rapid.SliceOf(rapid.Byte()), rapid.Map(anyText, func(s string) []byte { return []byte(s) })).Draw(t, "Content"),
		Refused: rapid.SliceOf(anyText).Draw(t, "Refused"), History: rapid.SliceOfN(anyTransition, 0, 40).Draw(t, "History"),
		ForgetAt: anyTime.Draw(t, "ForgetAt"),
	}
})

// kept is the item with what the table does not keep taken away: zones, parts of a millisecond, and empty lists that
// are not nil.
func kept(i delivery.Item) delivery.Item {
	inMillis := func(at time.Time) time.Time { return at.UTC().Truncate(time.Millisecond) }
	i.Lease, i.NotBefore, i.ForgetAt = inMillis(i.Lease), inMillis(i.NotBefore), inMillis(i.ForgetAt)
	if len(i.Content) == 0 {
		i.Content = nil
	}
	if len(i.Refused) == 0 {
		i.Refused = nil
	}
	history := i.History
	i.History = nil
	for _, h := range history {
		h.At = inMillis(h.At)
		i.History = append(i.History, h)
	}
	return i
}

func TestAnItemComesBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		item := anyItem.Draw(t, "item")
		got, err := decode(encode(item))
		if want := kept(item); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v\n got %+v\nwant %+v", err, got, want)
		}
	})
}

func TestAProblemsPlaceIsItsKeyInTheIndex(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		item := anyItem.Draw(t, "item")
		attributes := encode(item)
		got := writer{"attention": attributes["attention"], "attentionAt": attributes["attentionAt"]}
		want := writer{"attention": nil, "attentionAt": nil}
		if item.NeedsAttention() {
			want.attention(item.Place())
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

// size is an attribute's or an item's as DynamoDB counts it: names and texts by their bytes, numbers by half of their digits
// and one more, one byte for each entry of a list and three for the list.
func size(t *rapid.T, attributes map[string]types.AttributeValue) int {
	n := 0
	for name, value := range attributes {
		n += len(name) + sizeOf(t, value)
	}
	return n
}

func sizeOf(t *rapid.T, value types.AttributeValue) int {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return (len(v.Value)+1)/2 + 1
	case *types.AttributeValueMemberBOOL:
		return 1
	case *types.AttributeValueMemberL:
		n := 3
		for _, entry := range v.Value {
			n += 1 + sizeOf(t, entry)
		}
		return n
	default:
		t.Fatalf("the size of a %T is not known", value)
		return 0
	}
}

// A write of up to 1 KB is the smallest that DynamoDB counts. A plain message takes two, its claim and its outcome.
func TestAPlainMessagesWritesAreAtMostOneKilobyteEach(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.Date(2026, 11, 23, 12, 0, 0, 123e6, time.UTC)
		token := strings.Repeat("A", 26) // as long as that of crypto/rand.Text
		claim := delivery.Item{
			ID:          rapid.StringMatching(`[A-Za-z0-9._:@=+-]{1,255}`).Draw(t, "id"),
			Workspace:   rapid.StringMatching(`[0-9a-zA-Z-]{1,64}`).Draw(t, "workspace"),
			Fingerprint: "1:" + rapid.StringMatching(`[0-9a-f]{64}`).Draw(t, "fingerprint"),
			Revision:    token, State: delivery.Sending, Generation: 1, Attempts: 1, Owner: token, Lease: at.Add(27 * time.Second),
			History:  []delivery.Transition{{At: at, State: delivery.Sending, Attempt: 1}},
			ForgetAt: at.Add(30 * 24 * time.Hour),
		}
		outcome := claim
		outcome.State = delivery.Sent
		outcome.DMLYID = rapid.StringMatching(`[0-9a-zA-Z-]{0,64}`).Draw(t, "DMLY's id")
		outcome.DMLYStatus = rapid.SampledFrom([]string{"", "success", "accepted", "scheduled"}).Draw(t, "DMLY's status")
		outcome.History = append(claim.History, delivery.Transition{At: at.Add(time.Second), State: delivery.Sent, Attempt: 1}) //nolint:gocritic // the claim's stays as it is
		for _, item := range []delivery.Item{claim, outcome} {
			if got := size(t, encode(item)); got > 1024 {
				t.Fatalf("%s: got %d bytes, want at most 1024", item.State, got)
			}
		}
	})
}
