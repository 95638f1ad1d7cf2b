// Command client sends through a client that was generated from the OpenAPI document, to the address in its argument, and says what it was answered.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	log.SetFlags(0)
	withKey := WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("X-Api-Key", "local")
		return nil
	})
	client, err := NewClientWithResponses(os.Args[1], withKey)
	if err != nil {
		log.Fatal(err)
	}
	for _, step := range []struct {
		name string
		do   func(context.Context, *ClientWithResponses) error
	}{{"one", one}, {"several", several}, {"drop-in", dropIn}, {"unknown", unknown}, {"refused", refused}} {
		if err := step.do(context.Background(), client); err != nil {
			log.Fatalf("%s: %v", step.name, err)
		}
		fmt.Println(step.name)
	}
}

// text is a message with an id of its own, if id is not empty.
func text(id, says string) Message {
	m := Message{
		Channel: Whatsapp, Type: Text, Workspace: Workspace{Id: "W1"},
		Recipient: &Recipient{PhoneNumber: "+15551234567"}, TextMessage: &says,
	}
	if id != "" {
		m.Id = &id
	}
	return m
}

// one sends a message with an Idempotency-Key, and looks at it.
func one(ctx context.Context, client *ClientWithResponses) error {
	var body MessageOrMessages
	if err := body.FromMessage(text("", "one")); err != nil {
		return err
	}
	key, wait := "generated-1", "wait=20"
	sent, err := client.SendMessagesWithResponse(ctx, &SendMessagesParams{IdempotencyKey: &key, Prefer: &wait}, body)
	if err != nil {
		return err
	}
	if sent.JSON200 == nil || sent.JSON200.Id != key || sent.JSON200.State != StateSent {
		return fmt.Errorf("%s: %s", sent.Status(), sent.Body)
	}
	read, err := client.GetMessageWithResponse(ctx, key)
	if err != nil {
		return err
	}
	if read.JSON200 == nil || read.JSON200.State != sent.JSON200.State || len(read.JSON200.History) == 0 {
		return fmt.Errorf("read it: %s: %s", read.Status(), read.Body)
	}
	return nil
}

// several sends an array.
func several(ctx context.Context, client *ClientWithResponses) error {
	var body MessageOrMessages
	if err := body.FromMessages(Messages{text("generated-2", "two"), text("generated-3", "three")}); err != nil {
		return err
	}
	sent, err := client.SendMessagesWithResponse(ctx, nil, body)
	if err != nil {
		return err
	}
	if sent.JSON202 == nil {
		return fmt.Errorf("%s: %s", sent.Status(), sent.Body)
	}
	receipts, err := sent.JSON202.AsReceipts()
	if err != nil {
		return err
	}
	if len(receipts) != 2 || receipts[1].Id == nil || *receipts[1].Id != "generated-3" || *receipts[1].State != StateAccepted {
		return fmt.Errorf("%s: %s", sent.Status(), sent.Body)
	}
	return nil
}

// dropIn sends as DMLY's callers do, with a field that only DMLY knows.
func dropIn(ctx context.Context, client *ClientWithResponses) error {
	number := "+15551234567"
	body := WhatsAppText{Workspace: RequestWorkspace{Id: "W1"}, Recipient: &OptionalRecipient{PhoneNumber: &number}, TextMessage: "four"}
	body.Set("further", true)
	sent, err := client.WhatsappSendTextWithResponse(ctx, nil, body)
	if err != nil {
		return err
	}
	if sent.JSON200 == nil || sent.JSON200.Status != "sent" || sent.JSON200.Error != "" {
		return fmt.Errorf("%s: %s", sent.Status(), sent.Body)
	}
	return nil
}

// unknown lists the messages of which nobody knows whether they were sent.
func unknown(ctx context.Context, client *ClientWithResponses) error {
	listed, err := client.ListMessagesWithResponse(ctx, &ListMessagesParams{State: ListMessagesParamsStateUnknown})
	if err != nil {
		return err
	}
	if listed.JSON200 == nil || len(listed.JSON200.Messages) != 0 {
		return fmt.Errorf("%s: %s", listed.Status(), listed.Body)
	}
	return nil
}

// refused sends a message without a text, and is told so.
func refused(ctx context.Context, client *ClientWithResponses) error {
	bad := text("", "")
	bad.TextMessage = nil
	var body MessageOrMessages
	if err := body.FromMessage(bad); err != nil {
		return err
	}
	answer, err := client.SendMessagesWithResponse(ctx, nil, body)
	if err != nil {
		return err
	}
	problem := answer.ApplicationproblemJSON422
	if problem == nil || problem.Type != "/problems#invalid-message" || problem.Errors == nil || (*problem.Errors)[0].Pointer != "/textMessage" {
		return fmt.Errorf("%s: %s", answer.Status(), answer.Body)
	}
	return nil
}
