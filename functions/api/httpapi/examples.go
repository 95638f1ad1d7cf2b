package httpapi

import (
	"maps"

	"dmlysender/shared/dmly"
)

// example is a body that can be sent as it is.
type example map[string]any

// message is a WhatsApp text in this project's own form.
func (e example) message() example {
	m := maps.Clone(e)
	m["channel"], m["type"] = "whatsapp", "text"
	return m
}

// examples has one for each of DMLY's operations.
func examples() map[dmly.Operation]example {
	workspace, contact := example{"id": "W1"}, example{"id": "C-1001"}
	buttons := []example{{"type": "web_url", "title": "Track it", "url": "https://shop.example.com/orders/1042"}}
	return map[dmly.Operation]example{
		dmly.OpWhatsAppText:      {"workspace": workspace, "recipient": example{"phoneNumber": "+15551234567"}, "textMessage": "Your order is on its way."},
		dmly.OpWhatsAppMedia:     {"workspace": workspace, "contact": contact, "mediaUrl": "https://shop.example.com/invoice-1042.pdf", "mimeType": "application/pdf"},
		dmly.OpWhatsAppTemplate:  {"workspace": workspace, "contact": contact, "template": "order_shipped"},
		dmly.OpMessengerText:     {"workspace": workspace, "contact": contact, "textMessage": "Your order is on its way."},
		dmly.OpMessengerMedia:    {"workspace": workspace, "contact": contact, "mediaUrl": "https://shop.example.com/parcel.jpg", "mimeType": "image/jpeg"},
		dmly.OpMessengerTemplate: {"workspace": workspace, "contact": contact, "elements": []example{{"title": "Your order is on its way", "buttons": buttons}}},
		dmly.OpInstagramText:     {"workspace": workspace, "contact": contact, "textMessage": "Your order is on its way."},
		dmly.OpInstagramTemplate: {"workspace": workspace, "contact": contact, "elements": []example{{"title": "Your order is on its way", "buttons": buttons}}},
		dmly.OpTelegramTemplate:  {"workspace": workspace, "contact": contact, "textMessage": "Your order is on its way.", "buttons": buttons},
	}
}
