package message_test

import (
	"strings"
	"testing"
)

func TestAPhoneNumberInTheWrongPlaceIsNotRepeated(t *testing.T) {
	t.Parallel()
	begun := strings.Replace(strings.TrimSuffix(full, "}"), `"ifUnknown": "hold", `, "", 1)
	for number, want := range map[string]string{
		"+15551230987":              `"+155…"`,
		"tel:+15551230987":          `"tel:…"`,
		"+1 (555) 123-0987":         `"+1 (…"`,
		"0151-2345-678":             `"0151…"`,
		"2026-12-01 0987654":        `"2026…"`,
		"2026-12-01T09:00:00":       `"2026-12-01T09:00:00"`,
		"2026-12-01 09:00 - 10:00":  `"2026-12-01 09:00 - 10:00"`,
		"order 123456, and another": `"order 123456, and anothe…"`,
	} {
		_, err := decode(t, begun+`, "ifUnknown": "`+number+`"}`)
		got := problemsOf(t, err)
		if len(got) != 1 || got[0] != "/ifUnknown: "+want+" is not one of hold, resend" {
			t.Errorf("%s: got %q, want %s in it", number, got, want)
		}
	}
}
