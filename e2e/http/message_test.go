//go:build e2e

package http_test

// phone is the recipient of all messages here. No answer may tell all of it.
const phone = "+15551230987"

// ownText is a WhatsApp text in this project's own form.
func ownText(text string) string {
	return `{"channel": "whatsapp", "type": "text", "workspace": {"id": "W1"}, "recipient": {"phoneNumber": "` + phone + `"}, "textMessage": ` + quote(text) + `}`
}

// dropInText is the body of whatsapp/sendtext.
func dropInText(text string) string {
	return `{"workspace": {"id": "W1"}, "recipient": {"phoneNumber": "` + phone + `"}, "textMessage": ` + quote(text) + `}`
}
