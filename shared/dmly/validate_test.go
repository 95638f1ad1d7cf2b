package dmly_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"dmlysender/shared/dmly"
)

var (
	workspace = dmly.Workspace{ID: "W1"}
	contact   = dmly.Contact{ID: "C1"}
)

func pointers(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	invalid, ok := errors.AsType[*dmly.ValidationError](err)
	if !ok {
		t.Fatalf("err = %v, want a ValidationError", err)
	}
	got := make([]string, len(invalid.Problems))
	for i, p := range invalid.Problems {
		got[i] = p.Pointer
	}
	return got
}

func TestValidateNamesEveryProblem(t *testing.T) {
	t.Parallel()
	tooMany := slices.Repeat([]dmly.Element{{Title: "T"}}, 11)
	tests := map[string]struct {
		req  dmly.Request
		want []string
	}{
		"nothing at all":        {dmly.WhatsAppText{}, []string{"/workspace/id", "/recipient", "/textMessage"}},
		"contact and recipient": {dmly.WhatsAppText{Workspace: workspace, Contact: contact, Recipient: dmly.Recipient{PhoneNumber: "+15551234567"}, TextMessage: "x"}, []string{"/recipient"}},
		"number without plus":   {dmly.WhatsAppText{Workspace: workspace, Recipient: dmly.Recipient{PhoneNumber: "15551234567"}, TextMessage: "x"}, []string{"/recipient/phoneNumber"}},
		"number with a zero":    {dmly.WhatsAppText{Workspace: workspace, Recipient: dmly.Recipient{PhoneNumber: "+0551234567"}, TextMessage: "x"}, []string{"/recipient/phoneNumber"}},
		"number with 16 digits": {dmly.WhatsAppText{Workspace: workspace, Recipient: dmly.Recipient{PhoneNumber: "+1234567890123456"}, TextMessage: "x"}, []string{"/recipient/phoneNumber"}},
		"number with newline":   {dmly.WhatsAppText{Workspace: workspace, Recipient: dmly.Recipient{PhoneNumber: "+15551234567\n"}, TextMessage: "x"}, []string{"/recipient/phoneNumber"}},
		"blank text":            {dmly.WhatsAppText{Workspace: workspace, Contact: contact, TextMessage: " \n"}, []string{"/textMessage"}},
		"text not UTF-8":        {dmly.WhatsAppText{Workspace: workspace, Contact: contact, TextMessage: "a\xff"}, []string{"/textMessage"}},
		"media":                 {dmly.WhatsAppMedia{Workspace: workspace, Contact: contact, MediaURL: "http://example.com/x", MimeType: "image/gif"}, []string{"/mediaUrl", "/mimeType"}},
		"template blank":        {dmly.WhatsAppTemplate{Workspace: workspace, Contact: contact}, []string{"/template"}},
		"messenger nothing":     {dmly.MessengerText{}, []string{"/workspace/id", "/contact/id", "/textMessage"}},
		"messenger media":       {dmly.MessengerMedia{Workspace: workspace, Contact: contact, MediaURL: "https://example.com/x", MimeType: "jpeg"}, []string{"/mimeType"}},
		"no elements":           {dmly.MessengerTemplate{Workspace: workspace, Contact: contact}, []string{"/elements"}},
		"eleven elements":       {dmly.InstagramTemplate{Workspace: workspace, Contact: contact, Elements: tooMany}, []string{"/elements"}},
		"element": {dmly.InstagramTemplate{Workspace: workspace, Contact: contact, Elements: []dmly.Element{
			{Title: "fine", Passthrough: dmly.Passthrough{"subtitle": raw(`""`)}}, {Passthrough: dmly.Passthrough{"Title": raw(`1`)}, Title: strings.Repeat("x", 81), Buttons: dmly.Buttons{raw(`{}`), raw(`[]`), raw(`{`), raw(`{}`)}}}},
			[]string{"/elements/1/buttons", "/elements/1/buttons/1", "/elements/1/buttons/2", "/elements/1/title", "/elements/1/Title"}},
		"telegram buttons": {dmly.TelegramTemplate{Workspace: workspace, Contact: contact, TextMessage: "x", Buttons: dmly.Buttons{raw(`"b"`)}}, []string{"/buttons/0"}},
		"passthrough": {dmly.WhatsAppText{Workspace: workspace, Contact: contact, TextMessage: "x",
			Passthrough: dmly.Passthrough{"TEXTMESSAGE": raw(`""`), "a/b~c": raw(`{`), "fine": raw(`1`)}}, []string{"/passthrough/TEXTMESSAGE", "/passthrough/a~1b~0c"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tc.req.Validate()
			if got := pointers(t, err); !slices.Equal(got, tc.want) {
				t.Errorf("problems at %q, want %q (%v)", got, tc.want, err)
			}
			if strings.Contains(err.Error(), "51234567") {
				t.Errorf("a whole phone number is in %q", err)
			}
		})
	}
}

func TestTextLimits(t *testing.T) {
	t.Parallel()
	text := func(op dmly.Operation, s string) dmly.Request {
		switch op {
		case dmly.OpWhatsAppText:
			return dmly.WhatsAppText{Workspace: workspace, Contact: contact, TextMessage: s}
		case dmly.OpMessengerText:
			return dmly.MessengerText{Workspace: workspace, Contact: contact, TextMessage: s}
		case dmly.OpInstagramText:
			return dmly.InstagramText{Workspace: workspace, Contact: contact, TextMessage: s}
		default:
			return dmly.TelegramTemplate{Workspace: workspace, Contact: contact, TextMessage: s}
		}
	}
	for _, tc := range []struct {
		op     dmly.Operation
		letter string
		fits   int
		says   string
	}{
		{dmly.OpWhatsAppText, "é", 4096, "has 4097 characters; the limit is 4096"},
		{dmly.OpWhatsAppText, "👋", 4096, "has 4097 characters; the limit is 4096"},
		{dmly.OpMessengerText, "é", 2000, "has 2001 characters; the limit is 2000"},
		{dmly.OpInstagramText, "é", 500, "has 1002 bytes of UTF-8; the limit is 1000"},
		{dmly.OpTelegramTemplate, "é", 4096, "has 4097 characters; the limit is 4096"},
	} {
		t.Run(string(tc.op)+tc.letter, func(t *testing.T) {
			t.Parallel()
			if err := text(tc.op, strings.Repeat(tc.letter, tc.fits)).Validate(); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			err := text(tc.op, strings.Repeat(tc.letter, tc.fits+1)).Validate()
			if err == nil || !strings.Contains(err.Error(), "/textMessage: "+tc.says) {
				t.Errorf("over the limit: %v, want %q", err, tc.says)
			}
		})
	}
}

func TestMediaURLs(t *testing.T) {
	t.Parallel()
	media := func(url string) error {
		return dmly.WhatsAppMedia{Workspace: workspace, Contact: contact, MediaURL: url, MimeType: "image/jpeg"}.Validate()
	}
	for _, url := range []string{
		"https://example.com/file.jpg", "https://EXAMPLE.com:8443/a?b=c#d", "https://cdn_1.example.com/x", "https://xn--mnchen-3ya.de/", "https://example.com./x",
	} {
		if err := media(url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, url := range []string{
		"http://example.com/x", "ftp://example.com/x", "//example.com/x", "/x", "x", "https://", "https:///x", "https://%zz", "javascript:alert(1)",
		"https://user@example.com/x", "https://user:pw@example.com/x",
		"https://127.0.0.1/x", "https://127.1/x", "https://2130706433/x", "https://0x7f.0.0.1/x", "https://example.0x7f/x", "https://0177.0.0.1/x", "https://[::1]/x", "https://[fe80::1%25eth0]/x", "https://10.0.0.1./x",
		"https://localhost/x", "https://LOCALHOST./x", "https://a.localhost/x", "https://printer.local/x", "https://metadata.google.internal/x", "https://intranet/x",
		"https://münchen.de/x", "https://１２７.0.0.１/x", "https://exa mple.com/x", "https://example.com:port/x",
		"https://../x", "https://.example.com/x", "https://example..com/x", "https://example.com../x", "https://10.0.0.1../x", "https://localhost../x", "https://[example.com]/x",
		"https://\u212Aiosk.example.com/x", "https://d\u0130sk.example.com/x", "https://%e2%84%aaiosk.example.com/x",
	} {
		if got := pointers(t, media(url)); !slices.Equal(got, []string{"/mediaUrl"}) {
			t.Errorf("%s: problems at %q, want /mediaUrl", url, got)
		}
	}
}

func TestMIMETypes(t *testing.T) {
	t.Parallel()
	for _, mimeType := range []string{"image/jpeg", "IMAGE/PNG", "audio/ogg; codecs=opus", "video/3gp", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"} {
		if err := (dmly.WhatsAppMedia{Workspace: workspace, Contact: contact, MediaURL: "https://example.com/x", MimeType: mimeType}).Validate(); err != nil {
			t.Errorf("%s: %v", mimeType, err)
		}
	}
	for _, mimeType := range []string{"image/gif", "image", "image/", "text/html", ";", "a/b/c", "\u0130mage/png"} {
		err := (dmly.WhatsAppMedia{Workspace: workspace, Contact: contact, MediaURL: "https://example.com/x", MimeType: mimeType}).Validate()
		if got := pointers(t, err); !slices.Equal(got, []string{"/mimeType"}) {
			t.Errorf("%s: problems at %q, want /mimeType", mimeType, got)
		}
	}
}

func TestAnInvalidRequestIsNotPosted(t *testing.T) {
	t.Parallel()
	h := newHost(t, answer(http.StatusOK, taken))
	_, err := h.client(t).WhatsApp.SendText(t.Context(), dmly.WhatsAppText{})
	if got := class(err); got != "invalid" {
		t.Errorf("class = %s, want invalid (%v)", got, err)
	}
	if n := len(h.all()); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}

func TestScheduleDateTimeIsReadInBothFormsAndWrittenInOne(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"2026-02-18 10:30": "2026-02-18 10:30:00", "2026-02-18 10:30:59": "2026-02-18 10:30:59"} {
		s, err := dmly.ParseScheduleDateTime(in)
		if err != nil || s.String() != want {
			t.Errorf("%q: %q, %v, want %q", in, s, err, want)
		}
	}
	for _, in := range []string{"", "2026-02-18", "2026-02-18T10:30:00", "2026-02-18 10:30:00Z", "2026-02-18 10:30:00.5", "2026-02-30 10:30", "2026-02-18  0:30", "2026-2-18 10:30"} {
		if s, err := dmly.ParseScheduleDateTime(in); err == nil {
			t.Errorf("%q was read as %v", in, s)
		}
	}
}

func TestWhatIsJustWithinTheLimitsIsTaken(t *testing.T) {
	t.Parallel()
	three := dmly.Buttons{raw(`{}`), raw(`{}`), raw(`{}`)}
	element := dmly.Element{Title: strings.Repeat("é", 80), Buttons: three}
	ten := slices.Repeat([]dmly.Element{element}, 10)
	requests := []dmly.Request{
		dmly.MessengerTemplate{Workspace: workspace, Contact: contact, Elements: ten},
		dmly.InstagramTemplate{Workspace: workspace, Contact: contact, Elements: ten},
	}
	for _, number := range []string{"+1234567", "+123456789012345"} {
		requests = append(requests, dmly.WhatsAppTemplate{Workspace: workspace, Recipient: dmly.Recipient{PhoneNumber: number}, Template: "a"})
	}
	for _, subtype := range strings.Fields(`image/jpeg image/png image/webp video/mp4 video/3gpp video/3gp
		audio/aac audio/amr audio/mpeg audio/mp4 audio/ogg text/plain application/pdf
		application/msword application/vnd.ms-excel application/vnd.ms-powerpoint
		application/vnd.openxmlformats-officedocument.wordprocessingml.document
		application/vnd.openxmlformats-officedocument.spreadsheetml.sheet
		application/vnd.openxmlformats-officedocument.presentationml.presentation`) {
		requests = append(requests, dmly.WhatsAppMedia{Workspace: workspace, Contact: contact, MediaURL: "https://example.com/x", MimeType: subtype})
	}
	for _, req := range requests {
		if err := req.Validate(); err != nil {
			t.Error(err)
		}
	}
	for _, number := range []string{"+123456", "+1234567890123456"} {
		if err := (dmly.WhatsAppTemplate{Workspace: workspace, Recipient: dmly.Recipient{PhoneNumber: number}, Template: "a"}).Validate(); err == nil {
			t.Errorf("%s was taken", number)
		}
	}
}
