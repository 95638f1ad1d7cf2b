package secrecy_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"dmlysender/functions/internal/handlertest"
)

// The secrets, and what a message says and to whom. All but the numbers have a word in them that is nowhere else.
const (
	word    = "SECRET"
	keyWord = "KEY" + word // that of the keys, which nobody at all may see

	dmlyKey     = "dmly-" + keyWord + "-7f3a"
	callersKey  = "caller-" + keyWord + "-51bd"
	wrongKey    = "wrong-" + keyWord + "-0a0a"
	accessKey   = "access-" + keyWord + "-77c1"
	phone       = "+15557654321"
	rowPhone    = "+15559876543"
	contact     = "contact-" + word
	text        = "Your parcel waits, " + word + ", at the lake house \"East\" <1>."
	media       = "https://media.example/" + word + "/photo.jpg"
	title       = "For " + word
	parameter   = "parameter " + word
	rowName     = "Anna " + word
	receipt     = "receipt-" + word
	callersName = "shop" // which may be seen
)

// told is what DMLY knows, and all is what AWS knows. Here they repeat it.
var (
	told = strings.Join([]string{dmlyKey, phone, contact, text, media, title, parameter, encoded}, " | ")
	all  = strings.Join([]string{told, callersKey, accessKey, rowPhone, rowName, receipt}, " | ")
)

// encoded is a number as the ids of WhatsApp have it.
var encoded = base64.StdEncoding.EncodeToString([]byte(phone[1:]))

// unseen fails the test if something of them is in a text.
func unseen(t *testing.T, what, got string) {
	t.Helper()
	for _, secret := range []string{word, phone[1:], rowPhone[1:], phone[5:], rowPhone[5:], "lake house", encoded} {
		if strings.Contains(got, secret) {
			t.Errorf("%s has %q in it:\n%s", what, secret, got)
		}
	}
}

// keysUnseen is for what a caller is told, who knows the message.
func keysUnseen(t *testing.T, what, got string) {
	t.Helper()
	if strings.Contains(got, keyWord) {
		t.Errorf("%s has a key in it:\n%s", what, got)
	}
}

// contents are messages in which everything is told that a message can tell.
var contents = map[string]handlertest.Fields{
	"text":     message(handlertest.Fields{"textMessage": text}),
	"media":    message(handlertest.Fields{"type": "media", "mediaUrl": media, "mimeType": "image/jpeg", "textMessage": nil}),
	"template": message(handlertest.Fields{"type": "template", "template": "order_shipped", "textMessage": nil, "passthrough": handlertest.Fields{"parameters": []string{parameter}}}),
	"elements": message(handlertest.Fields{
		"channel": "messenger", "type": "template", "recipient": nil, "contact": handlertest.Fields{"id": contact}, "textMessage": nil,
		"elements": []handlertest.Fields{{"title": title, "imageUrl": media}},
	}),
	"telegram": message(handlertest.Fields{"channel": "telegram", "type": "template", "recipient": nil, "contact": handlertest.Fields{"id": contact}, "textMessage": text}),
	"fallback": message(handlertest.Fields{"fallback": []handlertest.Fields{{"channel": "whatsapp", "type": "text", "textMessage": text}}}),
}

// message is a text to the number, but for what changes.
func message(change handlertest.Fields) handlertest.Fields {
	return handlertest.Fields{
		"channel": "whatsapp", "type": "text", "workspace": handlertest.Fields{"id": "W1"},
		"recipient": handlertest.Fields{"phoneNumber": phone}, "textMessage": text,
	}.With(change)
}

// broken are contents that cannot be a message.
var broken = map[string]string{
	"no JSON":        `{"recipient": {"phoneNumber": "` + phone + `"}, "textMessage": "` + word,
	"not an object":  `["` + phone + `", "` + word + `"]`,
	"unknown field":  message(handlertest.Fields{"telephone": text}).JSON(),
	"wrong types":    `{"channel": 15557654321, "type": ["` + word + `"], "recipient": "` + phone + `", "textMessage": 15557654321}`,
	"wrong values":   message(handlertest.Fields{"channel": "smoke", "type": phone, "ifUnknown": phone, "sendAt": phone, "priority": phone, "mediaUrl": "http://" + word}).JSON(),
	"too much":       message(handlertest.Fields{"textMessage": strings.Repeat(text, 1000)}).JSON(),
	"not the number": message(handlertest.Fields{"recipient": handlertest.Fields{"phoneNumber": phone[1:] + " " + word}}).JSON(),
	"a bad template": message(handlertest.Fields{"type": "template", "template": strings.Repeat(word, 1000), "elements": text}).JSON(),
	"a name twice":   `{"textMessage": "` + word + `", "textMessage": "` + phone + `"}`,
	"no UTF-8":       `{"textMessage": "` + word + "\xff" + phone + `"}`,
	"a number":       "15557654321",
}
