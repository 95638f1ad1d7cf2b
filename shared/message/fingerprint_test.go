package message_test

import (
	"testing"
)

func fingerprint(t *testing.T, text string) string {
	t.Helper()
	m, err := decode(t, text)
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Fingerprint()
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestFingerprintIsOfWhatWillBeSent(t *testing.T) {
	t.Parallel()
	const base = `"channel":"whatsapp","type":"template","workspace":{"id":"W1"},"contact":{"id":"C"},"template":"a","passthrough":{"x":{"b":1,"a":2},"y":1.50}`
	want := fingerprint(t, `{"id":"1",`+base+`}`)
	// The value itself is pinned: records of an earlier release have to match.
	if pinned := "1:9451c8cedaed8abd287ecede661a8b773d86c56eab6b2fa5c6e28188a002670c"; want != pinned {
		t.Errorf("fingerprint = %s, want %s", want, pinned)
	}
	marked := fingerprint(t, `{"channel":"messenger","type":"template","workspace":{"id":"W1"},"contact":{"id":"C"},"elements":[{"title":"a","<b>&":1}],"passthrough":{"<c>":2}}`)
	if pinned := "1:3014b346b5e16b5d67d6267b63557bf1ff126271a8c77ac71477439044b1c416"; marked != pinned {
		t.Errorf("fingerprint = %s, want %s", marked, pinned)
	}
	for name, same := range map[string]string{
		"another id":         `{"id":"2",` + base + `}`,
		"times and policies": `{` + base + `,"sendAt":"2026-12-01T09:00:00Z","expiresAt":"2026-12-02T09:00:00Z","deliverWithin":{"from":"09:00","to":"20:00","timezone":"UTC"},"ifUnknown":"resend","priority":"bulk","cancelKey":"k"}`,
		"order and spaces":   `{"passthrough": {"y":1.50, "x": {"a":2,"b":1}},"template":"a","contact":{"id":"C"},"workspace":{"id":"W1"},"type":"template","channel":"whatsapp"}`,
	} {
		if got := fingerprint(t, same); got != want {
			t.Errorf("%s: fingerprint %s, want %s", name, got, want)
		}
	}
	const other = `"channel":"whatsapp","type":"template","workspace":{"id":"W1"},"contact":{"id":"C"},"template":"a"`
	seen := map[string]string{want: "the base"}
	for name, text := range map[string]string{
		"no passthrough":    `{` + other + `}`,
		"a fallback":        `{` + other + `,"fallback":[{"channel":"whatsapp","type":"text","textMessage":"x"}]}`,
		"scheduleDateTime":  `{` + other + `,"scheduleDateTime":"2026-02-18 10:30"}`,
		"a large number":    `{` + other + `,"passthrough":{"n":12345678901234567890}}`,
		"the number beside": `{` + other + `,"passthrough":{"n":12345678901234567891}}`,
		"another recipient": `{"channel":"whatsapp","type":"template","workspace":{"id":"W1"},"contact":{"id":"D"},"template":"a"}`,
	} {
		got := fingerprint(t, text)
		if twin, ok := seen[got]; ok {
			t.Errorf("%s has the fingerprint of %s", name, twin)
		}
		seen[got] = name
	}
}
