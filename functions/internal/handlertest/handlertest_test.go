package handlertest

import (
	"fmt"
	"slices"
	"testing"
)

func TestLogsNoticeEachSecret(t *testing.T) {
	t.Parallel()
	const further = "caller-key"
	for line, want := range map[string][]string{
		`{"msg":"sent","recipient":"sha256-5f2b"}`:          nil,
		`{"msg":"` + Phone + `"}`:                           {Phone, Phone[1:]},
		`{"msg":"tel:` + Phone[1:] + `"}`:                   {Phone[1:]},
		`{"msg":"` + Text + `"}`:                            {Text, "lake house"},
		`{"msg":"Your parcel waits at the lake house and"}`: {"lake house"},
		`{"key":"Bearer ` + DMLYKey + `"}`:                  {DMLYKey},
		`{"key":"` + further + `"}`:                         {further},
	} {
		l := newLogs(further)
		fmt.Fprintln(l, line)
		if got := l.leaks(); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}

func TestMessageTakesChanges(t *testing.T) {
	t.Parallel()
	got := Message(Fields{"id": "order-1", "recipient": nil, "textMessage": "Hello."}).JSON()
	SameJSON(t, []byte(got), []byte(`{"id": "order-1", "channel": "whatsapp", "type": "text", "workspace": {"id": "W1"}, "textMessage": "Hello."}`))
}
