package dmly_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"dmlysender/shared/dmly"
)

// exampleClient talks to a server that takes everything; in a program of yours it
// would be dmly.NewClient(os.Getenv("DMLY_API_KEY"), dmly.Options{}).
func exampleClient(status int, body string) (client *dmly.Client, closeServer func()) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path)
		answer(status, body)(w, r)
	}))
	client, err := dmly.NewClient("YOUR_API_KEY", dmly.Options{BaseURL: server.URL + "/api"})
	if err != nil {
		panic(err)
	}
	return client, server.Close
}

func ExampleWhatsAppService_SendText() {
	client, done := exampleClient(http.StatusOK, `{"id":"m-1","status":"success","error":""}`)
	defer done()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	sent, err := client.WhatsApp.SendText(ctx, dmly.WhatsAppText{
		Workspace:   dmly.Workspace{ID: "WORKSPACE_ID"},
		Recipient:   dmly.Recipient{PhoneNumber: "+15551234567"},
		TextMessage: "Hello! Your appointment is confirmed for tomorrow.",
	})
	fmt.Println(sent.ID, sent.Status, err)
	// Output:
	// POST /api/v1/messages/whatsapp/sendtext
	// m-1 success <nil>
}

func ExampleMessengerService_SendTemplate() {
	client, done := exampleClient(http.StatusOK, `{"id":"m-2","status":"success","error":""}`)
	defer done()

	sent, err := client.Messenger.SendTemplate(context.Background(), dmly.MessengerTemplate{
		Workspace: dmly.Workspace{ID: "WORKSPACE_ID"},
		Contact:   dmly.Contact{ID: "CONTACT_ID"},
		Elements: []dmly.Element{{
			Title:   "Order 1042",
			Buttons: dmly.Buttons{json.RawMessage(`{"title":"Track it","url":"https://example.com/1042"}`)},
		}},
	})
	fmt.Println(sent.ID, err)
	// Output:
	// POST /api/v1/messages/messenger/sendtemplate
	// m-2 <nil>
}

func ExampleInstagramService_SendText() {
	client, done := exampleClient(http.StatusTooManyRequests, `{"error":"slow down"}`)
	defer done()

	_, err := client.Instagram.SendText(context.Background(), dmly.InstagramText{
		Workspace:   dmly.Workspace{ID: "WORKSPACE_ID"},
		Contact:     dmly.Contact{ID: "CONTACT_ID"},
		TextMessage: "Thanks for reaching out.",
	})
	if notSent, ok := errors.AsType[*dmly.NotSentError](err); ok {
		fmt.Println("send it again later; the account as a whole has to wait:", notSent.RateLimited)
	}
	// Output:
	// POST /api/v1/messages/instagram/sendtext
	// send it again later; the account as a whole has to wait: true
}

func ExampleTelegramService_SendTemplate() {
	client, done := exampleClient(http.StatusBadGateway, `bad gateway`)
	defer done()

	_, err := client.Telegram.SendTemplate(context.Background(), dmly.TelegramTemplate{
		Workspace:   dmly.Workspace{ID: "WORKSPACE_ID"},
		Contact:     dmly.Contact{ID: "CONTACT_ID"},
		TextMessage: "Your parcel is here.",
	})
	if unknown, ok := errors.AsType[*dmly.UnknownError](err); ok {
		fmt.Println("it may have been sent: ask a person before sending it again, HTTP", unknown.StatusCode)
	}
	// Output:
	// POST /api/v1/messages/telegram/sendtemplate
	// it may have been sent: ask a person before sending it again, HTTP 502
}
