package dynamodb

import (
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger"
)

const (
	// keyPrefix keeps room in the table for items that are not one plain message's, and for the messages of campaigns
	// (campaign.go).
	keyPrefix = "m#"
	rangeKey  = "m"
	// ttlMargin is added to the TTL, as DynamoDB's clock and ours may differ. Nothing depends on the deletion.
	ttlMargin = time.Hour
	// attributesOfSent is how many a message that was sent comes to: room for them is made at once.
	attributesOfSent = 16
)

// key is where a message's item stands.
func key(id string) map[string]types.AttributeValue {
	pk, sk := keyPrefix+id, rangeKey
	if campaign, hash, ok := ledger.CampaignOf(id); ok {
		pk, sk = shardKey(campaign, shardOf(hash)), hash
	}
	return map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: pk},
		"sk": &types.AttributeValueMemberS{Value: sk},
	}
}

// encode is the item as it stands in the table. Attributes are named in full, for whoever looks at them in the console:
// DynamoDB counts a write by whole kilobytes, and a message that was sent comes to less than half of one. What is
// empty is left out.
//
// Times are milliseconds since 1970, but for the ttl, which DynamoDB wants in seconds. Content is a string, or
// binary where it is not UTF-8. Only a problem that nobody has settled has the attributes of the index "attention": its state,
// and since when. The id stands in the key, too; as an attribute of its own it is for the template's outcome events, which
// cannot take a key apart, and nothing else in the table has it.
func encode(item delivery.Item) map[string]types.AttributeValue {
	w := make(writer, attributesOfSent)
	maps.Copy(w, key(item.ID))
	w.text("id", item.ID)
	w.text("workspace", item.Workspace)
	w.text("fingerprint", item.Fingerprint)
	w.text("revision", item.Revision)
	w.text("state", string(item.State))
	w.number("generation", int64(item.Generation))
	w.number("step", int64(item.Step))
	w.number("attempts", int64(item.Attempts))
	w.text("owner", item.Owner)
	w.time("lease", item.Lease)
	w.time("notBefore", item.NotBefore)
	w.flag("resent", item.Resent)
	w.text("takenBack", item.TakenBack)
	w.text("cancelKey", item.CancelKey)
	w.flag("dropped", item.Dropped)
	w.text("dmlyId", item.DMLYID)
	w.text("dmlyStatus", item.DMLYStatus)
	w.text("reason", item.Reason)
	w.content("content", item.Content)
	w.texts("refused", item.Refused)
	w.texts("history", formatHistory(item.History))
	w["forgetAt"] = millis(item.ForgetAt) // whatever it is: the conditions compare with it
	w.number("ttl", item.ForgetAt.Add(ttlMargin).Unix())
	if item.NeedsAttention() {
		w.attention(item.Place())
	}
	return w
}

// attention writes the key that a problem has in the index.
func (w writer) attention(p delivery.Place) {
	w.text("attention", string(p.State))
	w.text("attentionAt", formatTime(p.Since))
}

// decode reads what encode wrote.
func decode(attributes map[string]types.AttributeValue) (delivery.Item, error) {
	r := &reader{attributes: attributes}
	item := delivery.Item{
		ID:          r.id("pk", "sk"),
		Workspace:   r.text("workspace"),
		Fingerprint: r.text("fingerprint"),
		Revision:    r.text("revision"),
		State:       delivery.State(r.text("state")),
		Generation:  int(r.number("generation")),
		Step:        int(r.number("step")),
		Attempts:    int(r.number("attempts")),
		Owner:       r.text("owner"),
		Lease:       r.time("lease"),
		NotBefore:   r.time("notBefore"),
		Resent:      r.flag("resent"),
		TakenBack:   r.text("takenBack"),
		CancelKey:   r.text("cancelKey"),
		Dropped:     r.flag("dropped"),
		DMLYID:      r.text("dmlyId"),
		DMLYStatus:  r.text("dmlyStatus"),
		Reason:      r.text("reason"),
		Content:     r.content("content"),
		Refused:     r.texts("refused"),
		History:     r.history("history"),
		ForgetAt:    r.time("forgetAt"),
	}
	if attributes["forgetAt"] == nil {
		r.damaged("forgetAt", "is missing")
	}
	if r.err != nil {
		return delivery.Item{}, r.err
	}
	return item, nil
}
