//go:build e2e

package invoke_test

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"dmlysender/e2e/deployed"
)

func TestE2EInvoke(t *testing.T) {
	t.Parallel()
	ctx := deployed.Begin(t, whole)
	deployed.NeedDocker(ctx, t)
	s := start(ctx, t)
	all := samples(t)
	maps.Copy(all, generated(ctx, t))
	for name, c := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.takes(ctx, t, c)
		})
	}
}

// call is an event for a function.
type call struct {
	function string
	event    []byte
}

// samples are the events in events/, which has a folder for each function.
func samples(t *testing.T) map[string]call {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(deployed.FromRoot(t, "events"), "*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("events/ has %d events: %v", len(files), err)
	}
	all := map[string]call{}
	for _, file := range files {
		function := filepath.Base(filepath.Dir(file))
		if functions[function] == "" {
			t.Fatalf("%s is for no function", file)
		}
		event, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[function+" "+filepath.Base(file)] = call{function, event}
	}
	return all
}

const (
	whatsapp = `{"id": "generated-1", "channel": "whatsapp", "type": "text", "workspace": {"id": "W1"}, "recipient": {"phoneNumber": "+15551234567"}, "textMessage": "Grüße"}`
	telegram = `{"id": "generated-2", "channel": "telegram", "type": "template", "workspace": {"id": "W1"}, "contact": {"id": "C-1"}, "textMessage": "Hello", "buttons": []}`
	dropIn   = `{"contact": {"id": "C-1"}, "workspace": {"id": "W1"}, "textMessage": "Hello"}`
)

// generated are events that the SAM CLI makes: as they come, and with what it has no option for.
func generated(ctx context.Context, t *testing.T) map[string]call {
	t.Helper()
	// The command puts the body into the JSON of its event as it is.
	quoted := string(encode(t, whatsapp))
	record := generate(ctx, t, "sqs", "receive-message", "--body", quoted[1:len(quoted)-1])
	rule := generate(ctx, t, "cloudwatch", "scheduled-event")
	post := generate(ctx, t, "apigateway", "http-api-proxy", "--method", "POST", "--path", "v1/messages", "--body", whatsapp)
	postAsDMLY := generate(ctx, t, "apigateway", "http-api-proxy", "--method", "POST", "--path", "api/v1/messages/instagram/sendtext", "--body", dropIn)
	const key = "local" // what local/sam-env.json has
	return map[string]call{
		"sqs receive-message":                       {"worker", record},
		"cloudwatch scheduled-event":                {"schedule", rule},
		"cloudwatch scheduled-event, with messages": {"schedule", with(t, rule, []json.RawMessage{[]byte(whatsapp), []byte(telegram)}, "detail", "messages")},
		"apigateway http-api-proxy":                 {"api", post},
		"apigateway http-api-proxy, with a key":     {"api", with(t, post, key, "headers", "x-api-key")},
		"apigateway http-api-proxy, as for DMLY":    {"api", with(t, postAsDMLY, key, "headers", "x-api-key")},
	}
}
