package dmly_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"dmlysender/shared/dmly"
)

func raw(s string) json.RawMessage { return json.RawMessage(s) }

// everyOperation has one request of each, with the body that the reference gives
// for it.
var everyOperation = []struct {
	op   dmly.Operation
	call func(context.Context, *dmly.Client) (dmly.MessageResponse, error)
	body string
}{
	{dmly.OpWhatsAppText, func(ctx context.Context, c *dmly.Client) (dmly.MessageResponse, error) {
		return c.WhatsApp.SendText(ctx, dmly.WhatsAppText{Contact: dmly.Contact{ID: "C1"}, Workspace: dmly.Workspace{ID: "W1"}, TextMessage: "Hi <b> & „you“ 👋"})
	}, `{"contact":{"id":"C1"},"workspace":{"id":"W1"},"textMessage":"Hi <b> & „you“ 👋"}`},
	{dmly.OpWhatsAppMedia, func(ctx context.Context, c *dmly.Client) (dmly.MessageResponse, error) {
		return c.WhatsApp.SendMedia(ctx, dmly.WhatsAppMedia{Recipient: dmly.Recipient{PhoneNumber: "+15551234567"}, Workspace: dmly.Workspace{ID: "W1"},
			MediaURL: "https://example.com/file.jpg", MimeType: "image/jpeg", ScheduleDateTime: dmly.ScheduleAt(time.Date(2026, 2, 18, 11, 30, 0, 0, time.FixedZone("CET", 3600)))})
	}, `{"recipient":{"phoneNumber":"+15551234567"},"workspace":{"id":"W1"},"mediaUrl":"https://example.com/file.jpg","mimeType":"image/jpeg","scheduleDateTime":"2026-02-18 10:30:00"}`},
	{dmly.OpWhatsAppTemplate, func(ctx context.Context, c *dmly.Client) (dmly.MessageResponse, error) {
		return c.WhatsApp.SendTemplate(ctx, dmly.WhatsAppTemplate{Contact: dmly.Contact{ID: "C1"}, Workspace: dmly.Workspace{ID: "W1"}, Template: "order_shipped",
			Passthrough: dmly.Passthrough{"parameters": raw(`["<1>", 1.50, 12345678901234567890]`), "language": raw(`"de"`)}})
	}, `{"contact":{"id":"C1"},"workspace":{"id":"W1"},"template":"order_shipped","language":"de","parameters":["<1>", 1.50, 12345678901234567890]}`},
	{dmly.OpMessengerText, func(ctx context.Context, c *dmly.Client) (dmly.MessageResponse, error) {
		return c.Messenger.SendText(ctx, dmly.MessengerText{Contact: dmly.Contact{ID: "C1"}, Workspace: dmly.Workspace{ID: "W1"}, TextMessage: "Hi"})
	}, `{"contact":{"id":"C1"},"workspace":{"id":"W1"},"textMessage":"Hi"}`},
	{dmly.OpMessengerMedia, func(ctx context.Context, c *dmly.Client) (dmly.MessageResponse, error) {
		return c.Messenger.SendMedia(ctx, dmly.MessengerMedia{Contact: dmly.Contact{ID: "C1"}, Workspace: dmly.Workspace{ID: "W1"}, MediaURL: "https://example.com/a.gif", MimeType: "image/gif"})
	}, `{"contact":{"id":"C1"},"workspace":{"id":"W1"},"mediaUrl":"https://example.com/a.gif","mimeType":"image/gif"}`},
	{dmly.OpMessengerTemplate, func(ctx context.Context, c *dmly.Client) (dmly.MessageResponse, error) {
		return c.Messenger.SendTemplate(ctx, dmly.MessengerTemplate{Contact: dmly.Contact{ID: "C1"}, Workspace: dmly.Workspace{ID: "W1"},
			Elements: []dmly.Element{{Title: "Order 1042", Buttons: dmly.Buttons{raw(`{"title":"Track <it>","n":1.0}`)}, Passthrough: dmly.Passthrough{"<subtitle>": raw(`"<1>"`)}}}})
	}, `{"contact":{"id":"C1"},"workspace":{"id":"W1"},"elements":[{"buttons":[{"title":"Track <it>","n":1.0}],"title":"Order 1042","<subtitle>":"<1>"}]}`},
	{dmly.OpInstagramText, func(ctx context.Context, c *dmly.Client) (dmly.MessageResponse, error) {
		return c.Instagram.SendText(ctx, dmly.InstagramText{Contact: dmly.Contact{ID: "C1"}, Workspace: dmly.Workspace{ID: "W1"}, TextMessage: "Hi"})
	}, `{"contact":{"id":"C1"},"workspace":{"id":"W1"},"textMessage":"Hi"}`},
	{dmly.OpInstagramTemplate, func(ctx context.Context, c *dmly.Client) (dmly.MessageResponse, error) {
		return c.Instagram.SendTemplate(ctx, dmly.InstagramTemplate{Contact: dmly.Contact{ID: "C1"}, Workspace: dmly.Workspace{ID: "W1"}, Elements: []dmly.Element{{Title: "T"}}})
	}, `{"contact":{"id":"C1"},"workspace":{"id":"W1"},"elements":[{"buttons":[],"title":"T"}]}`},
	{dmly.OpTelegramTemplate, func(ctx context.Context, c *dmly.Client) (dmly.MessageResponse, error) {
		return c.Telegram.SendTemplate(ctx, dmly.TelegramTemplate{Contact: dmly.Contact{ID: "C1"}, Workspace: dmly.Workspace{ID: "W1"}, TextMessage: "Hi"})
	}, `{"contact":{"id":"C1"},"workspace":{"id":"W1"},"buttons":[],"textMessage":"Hi"}`},
}

func TestEachOperationPostsTheReferencesRequest(t *testing.T) {
	t.Parallel()
	if got, want := len(everyOperation), len(dmly.Operations()); got != want {
		t.Fatalf("the table has %d operations; want %d", got, want)
	}
	for i, tc := range everyOperation {
		t.Run(string(tc.op), func(t *testing.T) {
			t.Parallel()
			h := newHost(t, answer(http.StatusOK, taken))
			resp, err := tc.call(t.Context(), h.client(t))
			if err != nil {
				t.Fatalf("send: %v", err)
			}
			if want := (dmly.MessageResponse{ID: "m-1", Status: "success"}); resp != want {
				t.Errorf("response = %+v, want %+v", resp, want)
			}
			if dmly.Operations()[i] != tc.op {
				t.Errorf("operation %d is %s, want %s", i, dmly.Operations()[i], tc.op)
			}
			got := h.all()
			if len(got) != 1 {
				t.Fatalf("%d requests, want 1", len(got))
			}
			if got[0].Method != http.MethodPost || got[0].Path != "/api/v1/messages/"+string(tc.op) {
				t.Errorf("request = %s %s", got[0].Method, got[0].Path)
			}
			if got[0].Body != tc.body {
				t.Errorf("body\n got %s\nwant %s", got[0].Body, tc.body)
			}
		})
	}
}

func TestRequestsCarryKeyAndUserAgentAndNoIdempotencyKey(t *testing.T) {
	t.Parallel()
	h := newHost(t, answer(http.StatusOK, taken))
	if _, err := send(t, h.client(t)); err != nil {
		t.Fatal(err)
	}
	got := h.all()[0].Header
	for name, want := range map[string]string{
		"X-Api-Key": testKey, "Content-Type": "application/json", "User-Agent": "dmly-sender-go",
		"Idempotency-Key": "", "X-Idempotency-Key": "",
	} {
		if got.Get(name) != want {
			t.Errorf("%s = %q, want %q", name, got.Get(name), want)
		}
	}
}
