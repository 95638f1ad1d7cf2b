//go:build e2e

package stack_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"dmlysender/shared/delivery"
	"dmlysender/shared/dmlytest"
)

const (
	// keyed is a workspace with a DMLY key of its own, so that its key can be refused while the others' messages go on. In the secret
	// there is its first, until another is stored.
	keyed                         = "keyed"
	firstKey, secondKey, thirdKey = "first-key", "second-key", "third-key"
	// anotherKeyTime is how long a message may take to go once there is another key: a record that waits for one comes back within a minute.
	anotherKeyTime = time.Minute + takeTime
)

// storeKey puts the key of the workspace keyed into the secret, beside that of all others.
func (r *rig) storeKey(t *testing.T, key string) {
	t.Helper()
	keys, err := json.Marshal(fields{"default": dmlytest.DefaultKey, "workspaces": fields{keyed: key}})
	if err != nil {
		t.Fatal(err)
	}
	put := &secretsmanager.PutSecretValueInput{SecretId: aws.String(r.Output(t, "DmlyKeySecret")), SecretString: aws.String(string(keys))}
	if _, err := secretsmanager.NewFromConfig(r.Config).PutSecretValue(t.Context(), put); err != nil {
		t.Fatal(err)
	}
}

// accepts has DMLY accept this key of the workspace keyed, and no other.
func (r *rig) accepts(key string) { r.Sim.SetKeys(dmlytest.DefaultKey, key) }

// isSentWith waits until the message is sent, and checks that it was with this key.
func (r *rig) isSentWith(t *testing.T, id, key string, within time.Duration) {
	t.Helper()
	item := r.comesToStand(t, id, delivery.Sent, within)
	got := r.received(t, id)
	if len(got) != 1 || got[0].Key != dmlytest.KeyLabel(key) || got[0].ID != item.DMLYID || item.Attempts != 1 {
		t.Errorf("DMLY accepted %s as %+v, and the ledger has it as %q after %d attempts, want one attempt, with the key %s",
			id, got, item.DMLYID, item.Attempts, dmlytest.KeyLabel(key))
	}
}

func (r *rig) changesItsKey(t *testing.T) {
	t.Parallel()
	ofKeyed := fields{"workspace": fields{"id": keyed}}
	r.accepts(firstKey)
	r.put(t, text("with-first-key", ofKeyed))
	r.isSentWith(t, "with-first-key", firstKey, takeTime)

	// A key that was changed at both ends costs no time.
	r.storeKey(t, secondKey)
	r.accepts(secondKey)
	r.put(t, text("with-second-key", ofKeyed))
	r.isSentWith(t, "with-second-key", secondKey, takeTime)
	r.wasIn(t, "with-second-key", delivery.Sending, delivery.Sent)

	// One that DMLY refuses holds its account, and no other. What waits is not worn out by it.
	r.accepts(thirdKey)
	r.put(t, text("refused", ofKeyed))
	if item := r.comesToStand(t, "refused", delivery.Waiting, takeTime); item.Attempts != 0 {
		t.Errorf("the refused key has used up %d attempts, want none", item.Attempts)
	}
	r.put(t, text("held", ofKeyed))
	r.put(t, text("of-another-account", nil))
	r.isSentWith(t, "of-another-account", dmlytest.DefaultKey, takeTime)
	for _, id := range []string{"refused", "held"} {
		if got, state := r.received(t, id), r.item(t, id).State; len(got) != 0 || state.Final() {
			t.Errorf("DMLY accepted %s %d times, and the ledger has it as %q, want it to wait", id, len(got), state)
		}
	}

	r.storeKey(t, thirdKey)
	for _, id := range []string{"refused", "held"} {
		r.isSentWith(t, id, thirdKey, anotherKeyTime)
	}
	if states := r.read(t, "refused").states(); !slices.Contains(states, delivery.Waiting) {
		t.Errorf("the api has it after %v, want it to have waited", states)
	}
}
