// Package dmly is a client of the DMLY Messages API: WhatsApp, Messenger,
// Instagram and Telegram through one host and one key.
//
//	client, err := dmly.NewClient(os.Getenv("DMLY_API_KEY"), dmly.Options{})
//	…
//	sent, err := client.WhatsApp.SendText(ctx, dmly.WhatsAppText{
//		Workspace:   dmly.Workspace{ID: "W1"},
//		Recipient:   dmly.Recipient{PhoneNumber: "+15551234567"},
//		TextMessage: "Your order is on its way.",
//	})
//
// Each of the nine operations is a request type with a Validate method and a
// method of its channel's service. An error says by its type what the caller
// has to do:
//
//   - [ValidationError]: the request is not one that DMLY takes; nothing was sent.
//   - [RejectedError]: DMLY said no; the same request will not fare better.
//   - [KeyRefusedError]: the API key is wrong or revoked; the message is fine.
//   - [NotSentError]: proven unsent; send it again, after RetryAfter if that is set.
//   - [UnknownError]: it may have been sent. DMLY documents no idempotency key
//     and no way to ask, so sending it again may deliver it twice.
//
// The client never retries by itself, and it follows no redirect. It has no
// time-out of its own: the context's deadline is the time-out.
//
// The package needs the standard library only.
package dmly
