package sqs

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// The message attributes of a record, all of type String. They have a prefix because other producers use the queue, too.
const (
	// IDAttribute is the record's id. It is there so that a body which cannot be read still has one.
	IDAttribute = "dmlysender.id"
	// EncodingAttribute is "base64" if the body is that of the record in base64, and absent otherwise.
	EncodingAttribute = "dmlysender.encoding"
	// RecheckAttribute is "true" for a recheck, and absent otherwise.
	RecheckAttribute = "dmlysender.recheck"
	// GenerationAttribute is the record's generation, in decimal, and absent if it does not say.
	GenerationAttribute = "dmlysender.generation"
)

const (
	base64Encoding = "base64"
	isTrue         = "true"
)

// encodeBody makes of a body what SQS takes. It refuses one with characters that XML 1.0 does not have: control characters but for tab and line ends, U+FFFE,
// U+FFFF, and what is not UTF-8. A message that may be sent can contain the two of them, and only within a JSON
// string, where they can be escaped: its record stays the JSON that it was. Anything else is malformed (somebody put it
// into a schedule, say); so that it can be recorded byte by byte it travels in base64, and an attribute says so.
func encodeBody(body []byte) (text, encoding string) {
	switch text := string(body); {
	case carried(text):
		return text, ""
	case utf8.ValidString(text) && json.Valid(body):
		return message.Escaped(body), ""
	default:
		return base64.StdEncoding.EncodeToString(body), base64Encoding
	}
}

// carried says whether SQS takes this text:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
func carried(text string) bool {
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1, r == 0xFFFE, r == 0xFFFF:
			return false
		case r < ' ' && r != '\t' && r != '\n' && r != '\r':
			return false
		}
		text = text[size:]
	}
	return true
}

// Attributes are the message attributes of a record, but for that of its encoding.
func Attributes(r delivery.Record) map[string]string {
	attributes := map[string]string{}
	if r.ID != "" {
		attributes[IDAttribute] = r.ID
	}
	if r.Recheck {
		attributes[RecheckAttribute] = isTrue
	}
	if r.Generation > 0 {
		attributes[GenerationAttribute] = strconv.Itoa(r.Generation)
	}
	return attributes
}

// Received is the record behind an SQS message; attribute returns the value of one of its message attributes, or "".
// Group and Delay are not known. Records of others need no attributes, and those that make no sense are ignored: any
// producer can set them, and an id that is none could not be recorded.
func Received(body string, attribute func(name string) string) delivery.Record {
	r := delivery.Record{Body: []byte(body), Recheck: attribute(RecheckAttribute) == isTrue}
	if id := attribute(IDAttribute); message.ValidID(id) {
		r.ID = id
	}
	if attribute(EncodingAttribute) == base64Encoding {
		if decoded, err := base64.StdEncoding.DecodeString(body); err == nil {
			r.Body = decoded
		}
	}
	if generation, err := strconv.Atoi(attribute(GenerationAttribute)); err == nil && generation > 0 {
		r.Generation = generation
	}
	return r
}
