package schema

import (
	"strings"

	"dmlysender/shared/dmly"
)

// space are the white space characters of Unicode, for the inside of a class. What \s
// stands for differs: only those of ASCII in Go, one more in ECMA-262.
const space = `\t-\r ` + "\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"

// notBlank is found in a string that has something to say.
const notBlank = "[^" + space + "]"

const (
	idPattern        = `^[A-Za-z0-9._:@=+-]+$`
	phonePattern     = `^\+[1-9][0-9]{6,14}$`
	timeOfDayPattern = `^` + hour + `:` + sixty + `$`

	// instantPattern is RFC 3339 as Go reads it: with a zone, without leap seconds, T and
	// Z as capitals.
	instantPattern = `^` + day + `T` + hour + `:` + sixty + `:` + sixty + `(?:\.[0-9]+)?(?:Z|[+-]` + hour + `:` + sixty + `)$`
	// schedulePattern is DMLY's date and time, with or without seconds.
	schedulePattern = `^` + day + ` ` + hour + `:` + sixty + `(?::` + sixty + `)?$`

	// What stands for no time is none that can be written, the instant also in other zones; nor is one in the last year that
	// there is.
	noInstant  = `^0001-01-01T00:00:00(?:\.0+)?(?:Z|[+-]00:00)$|^9999`
	noSchedule = `^0001-01-01 00:00(?::00)?$`

	hour  = `(?:[01][0-9]|2[0-3])`
	sixty = `[0-5][0-9]`
	// day is a date that there is: the 29th of February every fourth year, but of the full
	// centuries only every fourth.
	day = `(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])` +
		`|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))` +
		`|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)`
)

// orEmpty is the pattern, or nothing at all.
func orEmpty(pattern string) string { return pattern + `|^$` }

// publicURL is what a mediaUrl may be: https, a public host by its name, and the rest as
// net/url reads it.
func publicURL() *clause {
	const (
		label   = `[A-Za-z0-9_-]+`
		encoded = `%[0-9A-Fa-f]{2}`
		control = `\x00-\x1f\x7f`
	)
	pattern := `^[hH][tT][tT][pP][sS]://` + label + `(?:\.` + label + `)+\.?(?::[0-9]*)?` +
		`(?:/(?:[^%?#` + control + `]|` + encoded + `)*)?(?:\?[^#` + control + `]*)?(?:#(?:[^%]|` + encoded + `)*)?$`
	var b strings.Builder
	b.Grow(400)
	b.WriteString(`^[^/]*//[^/?#:]*\.(?:[0-9]+|0[xX][0-9A-Fa-f]*`) // what ends in a number is an IP address
	for _, suffix := range dmly.LocalSuffixes() {
		b.WriteByte('|')
		inAnyCase(&b, suffix)
	}
	b.WriteString(`)\.?(?:[:/?#]|$)`)
	return &clause{Pattern: pattern, Not: &clause{Pattern: b.String()}}
}

// mimePattern is that of a media type as mime.ParseMediaType reads it, with
// parameters; without types, any.
func mimePattern(types []string) string {
	const (
		word       = "[!#$%&'*+.^_\x60|~0-9A-Za-z{}-]+"
		quoted     = `"(?:[^"\\\r\n]|\\[^\r\n])*"`
		spaces     = `[` + space + `]*`
		parameters = `(?:;` + spaces + word + spaces + `=` + spaces + `(?:` + word + `|` + quoted + `)` + spaces + `)*(?:;` + spaces + `)?`
	)
	var b strings.Builder
	b.Grow(3000)
	b.WriteString(`^` + spaces)
	if len(types) == 0 {
		b.WriteString(word + `/` + word)
	} else {
		for i, t := range types {
			b.WriteString([]string{`(?:`, `|`}[min(i, 1)])
			inAnyCase(&b, t)
		}
		b.WriteByte(')')
	}
	b.WriteString(spaces + parameters + `$`)
	return b.String()
}

// inAnyCase writes a pattern for s, of a-z 0-9 . / + -, in small or capital letters.
func inAnyCase(b *strings.Builder, s string) {
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z':
			b.Write([]byte{'[', c, c - 'a' + 'A', ']'})
		case c == '.' || c == '+':
			b.Write([]byte{'\\', c})
		default:
			b.WriteByte(c)
		}
	}
}

// likeAny is the pattern of the names that strings.EqualFold takes for one of these,
// which are letters.
func likeAny(names []string) string {
	var b strings.Builder
	b.Grow(300)
	b.WriteString(`^(?:`)
	for i, name := range names {
		if i > 0 {
			b.WriteByte('|')
		}
		for _, c := range []byte(strings.ToLower(name)) {
			b.Write([]byte{'[', c, c - 'a' + 'A'})
			switch c {
			case 'k':
				b.WriteRune('\u212a') // the Kelvin sign
			case 's':
				b.WriteRune('\u017f') // the long s
			}
			b.WriteByte(']')
		}
	}
	b.WriteString(`)$`)
	return b.String()
}
