package deployed

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"

	"dmlysender/shared/dmlytest"
)

// Sent is what DMLY gets of a message.
type Sent struct {
	Operation string
	Body      map[string]any
}

// own are the fields of a message that are for the sender alone.
var own = []string{"id", "channel", "type", "sendAt", "expiresAt", "deliverWithin", "fallback", "ifUnknown", "priority", "cancelKey", "passthrough"}

// Wanted is what DMLY should get of a message in the sender's own form.
func Wanted(t *testing.T, message []byte) Sent {
	t.Helper()
	all := object(t, message)
	sent := Sent{Operation: fmt.Sprintf("%v/send%v", all["channel"], all["type"]), Body: maps.Clone(all)}
	for _, name := range own {
		delete(sent.Body, name)
	}
	further, _ := all["passthrough"].(map[string]any)
	maps.Copy(sent.Body, further)
	return sent
}

// Got is what DMLY got of a message.
func Got(t *testing.T, m dmlytest.Message) Sent {
	t.Helper()
	return Sent{Operation: m.Operation, Body: object(t, m.Body)}
}

func object(t *testing.T, text []byte) (of map[string]any) {
	t.Helper()
	if err := json.Unmarshal(text, &of); err != nil {
		t.Fatalf("%s is no JSON object: %v", text, err)
	}
	return of
}
