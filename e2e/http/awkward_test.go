//go:build e2e

package http_test

import (
	"strings"
	"testing"
)

// awkward is a text that programs stumble over: what it is, and how it stands in JSON, with its quotation marks.
type awkward struct {
	name, literal string
}

// group are texts of one kind, as they are.
func group(kind string, texts ...string) []awkward {
	var all []awkward
	for _, text := range texts {
		all = append(all, awkward{name: kind, literal: quote(text)})
	}
	return all
}

// spelled are texts as they are written in JSON, where the spelling is what matters, or where it is not allowed.
func spelled(kind string, literals ...string) []awkward {
	var all []awkward
	for _, literal := range literals {
		all = append(all, awkward{name: kind, literal: `"` + literal + `"`})
	}
	return all
}

// awkwardTexts has more than a hundred of them.
func awkwardTexts() []awkward {
	long := strings.Repeat
	var all []awkward
	for _, more := range [][]awkward{
		group("empty or blank", "", " ", "   ", "\t", "\n", "\r\n", "\u00a0", "\u2003", "\u3000", "\u200b"),
		group("space at the ends", " x ", "\tx", "x\n"),
		spelled("control character escaped", `\u0000`, `a\u0000b`, `\u0001\u001f`, `\u007f`, `\u0085`, `\b\f\u000b`, `\u001b[31mred\u001b[0m`),
		spelled("control character bare", "\x00", "a\x00b", "\x01", "\x1b[2J", "a\nb", "a\tb", "\x7f"),
		spelled("lone surrogate", `\ud800`, `\udfff`, `a\ud83dx`, `\ude00\ud83d`, `\ud83d\ud83d\ude00`, `\uD800\u0041`),
		spelled("surrogate pair", `\ud83d\ude00`, `\uD83D\uDE00`, `\udbff\udfff`),
		spelled("not UTF-8", "\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "a\x80b"),
		spelled("escaped without need", `\u0041`, `\/`, `\u003c\u003e\u0026`, `\u2028`, `\"\\`),
		spelled("broken escape", `\x41`, `\u12`, `\uD83`, `\`, `\'`),
		group("noncharacter or private use", "\ufffd", "\ufffe", "\uffff", "\ufdd0", "\U0010ffff", "\ue000"),
		group("byte order mark", "\ufeff", "\ufefftext", "te\ufeffxt"),
		group("line separator", "a\u2028b", "a\u2029b"),
		group("right to left", "\u202etxet", "\u2066a\u2069", "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d\u0628\u0627 abc", "\u202a\u202b\u202c\u202d"),
		group("zero width", "a\u200bb", "a\u200cb\u200dc", "\u2060", "\u00ad", "\u180e", "\u115f"),
		group("emoji", "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\U0001f44d\U0001f3fd", "\U0001f1e9\U0001f1ea", "1\ufe0f\u20e3",
			"\u2764\ufe0f\u200d\U0001f525", "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"),
		group("combining", "e\u0301", "\u0301", "Z"+long("\u0335\u0321\u0327", 30), "\u1100\u1161\u11a8"),
		group("normalization", "\u00e9", "\u212b", "\u00c5", "A\u030a", "\ufb01", "\u2460", "\u1e9b\u0323", "\uff21\uff22"),
		group("other scripts", "\u4f60\u597d", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35", "\u0928\u092e\u0938\u094d\u0924\u0947", "\u0130stanbul \u0131", "\u00df\u1e9e", "\U0001d54f\U00020bb7"),
		group("SQL", "'; DROP TABLE messages; --", "1' OR '1'='1", `" OR ""="`, "Robert'); --", "1; SELECT pg_sleep(9)"),
		group("NoSQL", `{"$gt": ""}`, "attribute_exists(id)", ":v", "#n", "$where"),
		group("HTML", "<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "<b>&amp;</b>", "&#x27;", "javascript:alert(1)", "]]>", "<!--"),
		group("template", "{{7*7}}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{{.}}", "{{range $x}}", "%{x}", "${jndi:ldap://127.0.0.1/a}"),
		group("format", "%s%s%s%n", "%!d(string=x)", "{0}", "%00", "%x", "%%"),
		group("path", "../../etc/passwd", `..\..\windows`, "/dev/null", "file:///etc/passwd", ".", "..", "~", "CON", "a/b", "%2e%2e%2f"),
		group("shell", "$(id)", "`id`", "; id", "| id", "&& id", "-rf", "--help", "@file"),
		group("log line", "x\nlevel=ERROR msg=forged", "x\r\nHTTP/1.1 200 OK\r\n\r\n", `msg="a" b=c`),
		group("CSV", "=1+1", "@SUM(1)", "+1", "-1", `a,b;"c"`),
		group("number as text", "0", "-0", "1e9999", "NaN", "Infinity", "0x1F", "1_000", "9007199254740993", "\u0661\u0662\u0663", "1,5"),
		group("word of a language", "null", "true", "undefined", "nil", "None", "[object Object]", "__proto__", "constructor", "id"),
		group("JSON inside", `{"id": "x"}`, `[1, "2"]`, `"quoted"`, `\u0041`, `\\`, `{"a":`),
		group("date", "2026-02-30", "0000-00-00", "2026-12-01T25:00:00Z", "9999-12-31T23:59:59Z", "1970-01-01", "now", "P1D"),
		group("phone number", "+4915112345678", "00491511234567", "+15551230987 ", "+1 (555) 123-0987", "+155512309871234567", "tel:+15551230987", "+0123456789"),
		group("address", "http://127.0.0.1/", "https://user:pass@example.com/", "https://[::1]/x.jpg", "https://example.com/\u202e.jpg", "https://localhost/a.png",
			"https://xn--e1awd7f.com/a.jpg", "https://example.com/a b.jpg", "//example.com/x", "data:text/plain,x", "https://exa\u043cple.com/a.jpg"),
		group("length", long("a", 80), long("a", 81), long("a", 255), long("a", 256), long("b", 1000), long("b", 1001), long("\u00e9", 500), long("\u00e9", 501),
			long("c", 2000), long("c", 2001), long("\U0001f600", 4096), long("\U0001f600", 4097), long("d", 4096), long("d", 4097), long("e", 60_000), long("f", 70_000)),
	} {
		all = append(all, more...)
	}
	return all
}

func TestE2EThereAreAwkwardTextsEnough(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, a := range awkwardTexts() {
		if seen[a.literal] {
			t.Errorf("%s %.60q is there twice", a.name, a.literal)
		}
		seen[a.literal] = true
	}
	if len(seen) < 150 {
		t.Errorf("there are %d texts", len(seen))
	}
}
