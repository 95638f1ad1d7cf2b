package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

func TestBothJudgesAgreeOnMessages(t *testing.T) {
	t.Parallel()
	const (
		rest = `"workspace":{"id":"W1"},"contact":{"id":"C"}`
		text = `"channel":"whatsapp","type":"text","textMessage":"x",` + rest
		card = `"channel":"messenger","type":"template",` + rest
	)
	media := func(url, mimeType string) string {
		return `"channel":"whatsapp","type":"media",` + rest + `,"mediaUrl":` + quote(url) + `,"mimeType":` + quote(mimeType)
	}
	long := func(letter string, n int) string { return quote(strings.Repeat(letter, n)) }
	tests := map[string]struct {
		members string
		want    bool
	}{
		"nothing":                    {``, false},
		"text":                       {text, true},
		"no channel":                 {`"type":"text","textMessage":"x",` + rest, false},
		"no type":                    {`"channel":"whatsapp","textMessage":"x",` + rest, false},
		"no such pair":               {`"channel":"telegram","type":"text","textMessage":"x",` + rest, false},
		"no such channel":            {`"channel":"fax","type":"text","textMessage":"x",` + rest, false},
		"unknown field":              {text + `,"zzz":1`, false},
		"null":                       {text + `,"sendAt":null`, false},
		"no text":                    {`"channel":"whatsapp","type":"text",` + rest, false},
		"no workspace":               {`"channel":"whatsapp","type":"text","textMessage":"x","contact":{"id":"C"}`, false},
		"blank workspace":            {`"channel":"whatsapp","type":"text","textMessage":"x","contact":{"id":"C"},"workspace":{"id":" "}`, false},
		"recipient":                  {`"channel":"whatsapp","type":"text","textMessage":"x","workspace":{"id":"W1"},"recipient":{"phoneNumber":"+15551234567"}`, true},
		"neither":                    {`"channel":"whatsapp","type":"text","textMessage":"x","workspace":{"id":"W1"}`, false},
		"both":                       {text + `,"recipient":{"phoneNumber":"+15551234567"}`, false},
		"recipient on messenger":     {`"channel":"messenger","type":"text","textMessage":"x","workspace":{"id":"W1"},"recipient":{"phoneNumber":"+15551234567"}`, false},
		"blank by an ideogram space": {`"channel":"messenger","type":"text","textMessage":"\u3000\u0085\u000b",` + rest, false},
		"byte order mark":            {`"channel":"messenger","type":"text","textMessage":"\ufeff",` + rest, true},
		"4096 on whatsapp":           {`"channel":"whatsapp","type":"text","textMessage":` + long("👋", 4096) + `,` + rest, true},
		"4097 on whatsapp":           {`"channel":"whatsapp","type":"text","textMessage":` + long("x", 4097) + `,` + rest, false},
		"2001 on messenger":          {`"channel":"messenger","type":"text","textMessage":` + long("x", 2001) + `,` + rest, false},
		"1001 on instagram":          {`"channel":"instagram","type":"text","textMessage":` + long("x", 1001) + `,` + rest, false},
		"4097 on telegram":           {`"channel":"telegram","type":"template","textMessage":` + long("x", 4097) + `,` + rest, false},
		"foreign and empty":          {text + `,"template":"","mediaUrl":"","mimeType":""`, true},
		"foreign":                    {text + `,"template":"a"`, false},
		"foreign list":               {text + `,"buttons":[]`, false},
		"id of 255":                  {text + `,"id":` + long("a", 255), true},
		"id of 256":                  {text + `,"id":` + long("a", 256), false},
		"empty id":                   {text + `,"id":""`, false},
		"slash in cancelKey":         {text + `,"cancelKey":"a/b"`, false},
		"passthrough":                {text + `,"passthrough":{"":1,"template":"x","textMessageX":null}`, true},
		"passthrough of its own":     {text + `,"passthrough":{"textmeſſage":1}`, false},
		"passthrough of another":     {media("https://example.com", "image/png") + `,"passthrough":{"textMessage":1}`, true},
		"media":                      {media("HTTPS://a.example.com.:8443/a%20b c?%#%41", "audio/ogg; codecs=opus"), true},
		"media without a port":       {media("https://example.com:?a b", "image/png"), true},
		"media of two lines":         {media("https://example.com/?\n", "image/png"), false},
		"media on messenger":         {strings.Replace(media("https://example.com/x", "foo/bar"), "whatsapp", "messenger", 1), true},
		"unknown media":              {media("https://example.com/x", "foo/bar"), false},
		"media by number":            {media("https://2130706433.0x7F/x", "image/png"), false},
		"media at home":              {media("https://nas.HOME.arpa/x", "image/png"), false},
		"template of no elements":    {card + `,"elements":[]`, false},
		"element":                    {card + `,"elements":[{"title":"x","subtitle":1,"buttons":[{},{},{}]}]`, true},
		"four buttons":               {card + `,"elements":[{"title":"x","buttons":[{},{},{},{}]}]`, false},
		"button that is no object":   {card + `,"elements":[{"title":"x","buttons":["x"]}]`, false},
		"title of 80":                {card + `,"elements":[{"title":` + long("é", 80) + `}]`, true},
		"title of 81":                {card + `,"elements":[{"title":` + long("x", 81) + `}]`, false},
		"Title":                      {card + `,"elements":[{"title":"x","Title":"y"}]`, false},
		"eleven elements":            {card + `,"elements":[` + strings.Repeat(`{"title":"x"},`, 10) + `{"title":"x"}]`, false},
		"telegram":                   {`"channel":"telegram","type":"template","textMessage":"x","buttons":[{},{},{},{}],` + rest, true},
		"telegram without buttons":   {`"channel":"telegram","type":"template","textMessage":"x",` + rest, true},
		"29 February":                {text + `,"scheduleDateTime":"2024-02-29 23:59"`, true},
		"29 February of a century":   {text + `,"scheduleDateTime":"2100-02-29 23:59:59"`, false},
		"29 February of the fourth":  {text + `,"sendAt":"2000-02-29T23:59:59.5-23:59"`, true},
		"no time":                    {text + `,"expiresAt":"0001-01-01T00:00:00.000Z"`, false},
		"no schedule":                {text + `,"scheduleDateTime":"0001-01-01 00:00"`, false},
		"leap second":                {text + `,"sendAt":"2016-12-31T23:59:60Z"`, false},
		"no zone":                    {text + `,"sendAt":"2016-12-31T23:59:50"`, false},
		"midnight at the end":        {text + `,"sendAt":"2016-12-31T24:00:00Z"`, false},
		"window":                     {text + `,"deliverWithin":{"from":"23:59","to":"00:00","timezone":"America/Argentina/Buenos_Aires"}`, true},
		"window to 24:00":            {text + `,"deliverWithin":{"from":"09:00","to":"24:00","timezone":"UTC"}`, false},
		"window without a zone":      {text + `,"deliverWithin":{"from":"09:00","to":"20:00"}`, false},
		"no zone's name":             {text + `,"deliverWithin":{"from":"09:00","to":"20:00","timezone":""}`, false},
		"policies":                   {text + `,"ifUnknown":"resend","priority":"bulk"`, true},
		"no policy":                  {text + `,"ifUnknown":"","priority":"normal"`, false},
		"fallback":                   {text + `,"fallback":[{"channel":"telegram","type":"template","textMessage":"x","template":""}]`, true},
		"no fallback":                {text + `,"fallback":[]`, true},
		"six fallbacks":              {text + `,"fallback":[` + strings.Repeat(`{"channel":"whatsapp","type":"text","textMessage":"x"},`, 5) + `{"channel":"whatsapp","type":"text","textMessage":"x"}]`, false},
		"fallback with an id":        {text + `,"fallback":[{"channel":"whatsapp","type":"text","textMessage":"x","id":"a"}]`, false},
		"fallback without a text":    {text + `,"fallback":[{"channel":"whatsapp","type":"text"}]`, false},
		"fallback needs a contact":   {`"channel":"whatsapp","type":"text","textMessage":"x","workspace":{"id":"W1"},"recipient":{"phoneNumber":"+15551234567"},"fallback":[{"channel":"telegram","type":"template","textMessage":"x"}]`, false},
	}
	j := newJudges(t, message.Defaults{})
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := j.of(t, "", "{"+tc.members+"}")
			if (got.schema == nil) != tc.want || (got.decoder == nil) != tc.want {
				t.Errorf("want it taken: %t\n schema: %v\ndecoder: %v", tc.want, got.schema, got.decoder)
			}
		})
	}
}

func TestBothJudgesAgreeOnRequests(t *testing.T) {
	t.Parallel()
	const (
		phone   = `"recipient":{"phoneNumber":"+15551234567"}`
		contact = `"contact":{"id":"C"}`
		text    = `"workspace":{"id":"W1"},"textMessage":"x",` + contact
		noOne   = `"workspace":{"id":"W1"},"textMessage":"x"`
	)
	tests := map[string]struct {
		op      dmly.Operation
		members string
		want    bool
	}{
		"nothing":                      {dmly.OpWhatsAppText, ``, false},
		"contact":                      {dmly.OpWhatsAppText, text, true},
		"recipient":                    {dmly.OpWhatsAppText, noOne + `,` + phone, true},
		"both":                         {dmly.OpWhatsAppText, text + `,` + phone, false},
		"neither":                      {dmly.OpWhatsAppText, noOne, false},
		"contact of null":              {dmly.OpWhatsAppText, noOne + `,"contact":null,` + phone, true},
		"contact without an id":        {dmly.OpWhatsAppText, noOne + `,"contact":{},` + phone, true},
		"contact with an id of null":   {dmly.OpWhatsAppText, noOne + `,"contact":{"id":null},` + phone, true},
		"contact with an empty id":     {dmly.OpWhatsAppText, noOne + `,"contact":{"id":""},` + phone, true},
		"contact with a blank id":      {dmly.OpWhatsAppText, noOne + `,"contact":{"id":" "},` + phone, false},
		"recipient of null":            {dmly.OpWhatsAppText, text + `,"recipient":null`, true},
		"recipient without a number":   {dmly.OpWhatsAppText, text + `,"recipient":{"phoneNumber":""}`, true},
		"both without anything":        {dmly.OpWhatsAppText, noOne + `,"contact":{"id":""},"recipient":{"phoneNumber":null}`, false},
		"more in the recipient":        {dmly.OpWhatsAppText, noOne + `,"recipient":{"phoneNumber":"+15551234567","name":"x"}`, true},
		"its number in other letters":  {dmly.OpWhatsAppText, noOne + `,"recipient":{"phoneNumber":"+15551234567","PhoneNumber":"x"}`, false},
		"more in an empty contact":     {dmly.OpWhatsAppText, noOne + `,"recipient":{"phoneNumber":"+15551234567"},"contact":{"name":"x"}`, false},
		"bad number":                   {dmly.OpWhatsAppText, noOne + `,"recipient":{"phoneNumber":"15551234567"}`, false},
		"further fields":               {dmly.OpWhatsAppText, text + `,"language":"de","template":1,"passthrough":null`, true},
		"further field in capitals":    {dmly.OpWhatsAppText, text + `,"TEXTMESSAGE":"y"`, false},
		"further field in disguise":    {dmly.OpWhatsAppText, text + `,"wor\u212a\u017fpace":"y"`, false},
		"text of null":                 {dmly.OpWhatsAppText, `"textMessage":null,"workspace":{"id":"W1"},` + contact, false},
		"no schedule":                  {dmly.OpWhatsAppText, text + `,"scheduleDateTime":""`, true},
		"schedule of null":             {dmly.OpWhatsAppText, text + `,"scheduleDateTime":null`, true},
		"schedule of a line":           {dmly.OpWhatsAppText, text + `,"scheduleDateTime":"\n"`, false},
		"schedule":                     {dmly.OpWhatsAppText, text + `,"scheduleDateTime":"2026-02-18 10:30"`, true},
		"schedule with a zone":         {dmly.OpWhatsAppText, text + `,"scheduleDateTime":"2026-02-18 10:30Z"`, false},
		"template":                     {dmly.OpWhatsAppTemplate, `"template":"a","workspace":{"id":"W1"},` + phone, true},
		"template's recipient unknown": {dmly.OpMessengerText, text + `,"recipient":{"phoneNumber":7}`, true},
		"contact of null on messenger": {dmly.OpMessengerText, noOne + `,"contact":null`, false},
		"empty contact on messenger":   {dmly.OpMessengerText, noOne + `,"contact":{"id":""}`, false},
		"media type in capitals":       {dmly.OpWhatsAppMedia, `"mediaUrl":"https://example.com","mimeType":" IMAGE/Png ;;","workspace":{"id":"W1"},` + contact, false},
		"media type and parameters":    {dmly.OpMessengerMedia, `"mediaUrl":"https://example.com","mimeType":" IMAGE/Gif ; a = \"\\\"b;\" ; b=c ; ","workspace":{"id":"W1"},` + contact, true},
		"cards":                        {dmly.OpInstagramTemplate, `"elements":[{"title":"x","buttons":null,"image":1}],"workspace":{"id":"W1"},` + contact, true},
		"cards of null":                {dmly.OpInstagramTemplate, `"elements":null,"workspace":{"id":"W1"},` + contact, false},
		"no buttons":                   {dmly.OpTelegramTemplate, text + `,"buttons":null`, true},
		"button that is no object":     {dmly.OpTelegramTemplate, text + `,"buttons":[[]]`, false},
	}
	j := newJudges(t, message.Defaults{})
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := j.of(t, tc.op, "{"+tc.members+"}")
			if (got.schema == nil) != tc.want || (got.decoder == nil) != tc.want {
				t.Errorf("want it taken: %t\n schema: %v\ndecoder: %v", tc.want, got.schema, got.decoder)
			}
		})
	}
}

// A stack's own workspace may stand in for the message's.
func TestTheWorkspaceIsNeededWhereTheStackHasNone(t *testing.T) {
	t.Parallel()
	const rest = `"channel":"messenger","type":"text","contact":{"id":"C"},"textMessage":"x"`
	tests := map[string]struct {
		op              dmly.Operation
		workspace       string
		without, within bool // in a stack without one, in one with its own
	}{
		"a message without":             {"", ``, false, true},
		"a message with null":           {"", `,"workspace":null`, false, false},
		"a message with an empty one":   {"", `,"workspace":{}`, false, false},
		"a message with one":            {"", `,"workspace":{"id":"W1"}`, true, true},
		"a request without":             {dmly.OpMessengerText, ``, false, true},
		"a request with null":           {dmly.OpMessengerText, `,"workspace":null`, false, true},
		"a request with an empty one":   {dmly.OpMessengerText, `,"workspace":{"id":""}`, false, true},
		"a request with a blank one":    {dmly.OpMessengerText, `,"workspace":{"id":" "}`, false, false},
		"a request with another's name": {dmly.OpMessengerText, `,"workspace":{"name":"W1"}`, false, false},
		"a request with one":            {dmly.OpMessengerText, `,"workspace":{"id":"W1"}`, true, true},
	}
	without, within := newJudges(t, message.Defaults{}), newJudges(t, ofTheStack)
	for name, tc := range tests {
		for _, stack := range []struct {
			judges
			want bool
		}{{without, tc.without}, {within, tc.within}} {
			got := stack.of(t, tc.op, "{"+rest+tc.workspace+"}")
			if (got.schema == nil) != stack.want || (got.decoder == nil) != stack.want {
				t.Errorf("%s, stack's workspace %q: want it taken: %t\n schema: %v\ndecoder: %v", name, stack.defaults.Workspace, stack.want, got.schema, got.decoder)
			}
		}
	}
}

// The package's comment lists these.
func TestWhatOnlyTheDecoderRefuses(t *testing.T) {
	t.Parallel()
	const (
		rest = `"workspace":{"id":"W1"},"contact":{"id":"C"}`
		text = `"channel":"messenger","type":"text","textMessage":"x",` + rest
	)
	j := newJudges(t, message.Defaults{})
	for name, members := range map[string]string{
		"1000 characters, 2000 bytes": `"channel":"instagram","type":"text","textMessage":` + quote(strings.Repeat("é", 1000)) + `,` + rest,
		"expiry before sendAt":        text + `,"sendAt":"2026-02-18T09:00:00Z","expiresAt":"2026-02-18T09:00:00Z"`,
		"hours without an hour":       text + `,"deliverWithin":{"from":"09:00","to":"09:00","timezone":"UTC"}`,
		"no such zone":                text + `,"deliverWithin":{"from":"09:00","to":"20:00","timezone":"Europe/Nowhere"}`,
		"no time":                     text + `,"sendAt":"0001-01-01T01:00:00+01:00"`,
		"a slip in a card":            `"channel":"messenger","type":"template","elements":[{"title":"x","button":"y"}],` + rest,
		"a parameter twice":           `"channel":"messenger","type":"media","mediaUrl":"https://example.com","mimeType":"a/b;c=1;c=2",` + rest,
		"depth":                       text + `,"passthrough":{"a":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}`,
	} {
		if got := j.of(t, "", "{"+members+"}"); got.schema != nil || got.decoder == nil || !got.agreed() {
			t.Errorf("%s\n schema: %v, want nil\ndecoder: %v, want a reason that is listed", name, got.schema, got.decoder)
		}
	}
}

func quote(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}
