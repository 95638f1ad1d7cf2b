package schema_test

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

var (
	envelope = []string{"id", "channel", "type", "workspace", "contact", "recipient", "scheduleDateTime", "sendAt", "expiresAt", "deliverWithin", "fallback", "ifUnknown", "priority", "cancelKey"}
	content  = []string{"textMessage", "mediaUrl", "mimeType", "template", "elements", "buttons", "passthrough"}
)

// drawMessage is a right message of the operation with up to three changes.
func drawMessage(t *rapid.T, op dmly.Operation) map[string]any {
	m := drawStep(t, op)
	m["workspace"] = map[string]any{"id": "W1"}
	if slices.Contains(op.Fields(), "recipient") && rapid.Bool().Draw(t, "to a phone number") {
		m["recipient"] = map[string]any{"phoneNumber": "+15551234567"}
	} else {
		m["contact"] = map[string]any{"id": "C"}
	}
	for _, name := range rapid.SliceOfN(rapid.SampledFrom(envelope[6:]), 0, 3).Draw(t, "further") {
		m[name] = drawField(t, op, name, right)
	}
	change(t, op, m, slices.Concat(envelope, content))
	return m
}

// drawStep has channel, type and content of an operation.
func drawStep(t *rapid.T, op dmly.Operation) map[string]any {
	channel, typ := message.Split(op)
	s := map[string]any{"channel": string(channel), "type": string(typ)}
	for _, name := range content {
		if slices.Contains(op.Fields(), name) {
			s[name] = drawField(t, op, name, right)
		}
	}
	return s
}

func drawRequest(t *rapid.T, op dmly.Operation) map[string]any {
	m := drawStep(t, op)
	delete(m, "channel")
	delete(m, "type")
	m["workspace"] = map[string]any{"id": "W1"}
	if slices.Contains(op.Fields(), "recipient") {
		m["contact"], m["recipient"] = drawField(t, op, "contact", near), drawField(t, op, "recipient", near)
	} else {
		m["contact"] = map[string]any{"id": "C"}
	}
	change(t, op, m, append(op.Fields(), "language", "passthrough", drawName(t, op.Fields())))
	return m
}

// change replaces, takes away or adds up to three fields.
func change(t *rapid.T, op dmly.Operation, m map[string]any, names []string) {
	for range rapid.IntRange(0, 3).Draw(t, "changes") {
		name := rapid.OneOf(rapid.SampledFrom(names), rapid.SampledFrom([]string{"zzz", "Id", "text", ""})).Draw(t, "field")
		switch rapid.IntRange(0, 3).Draw(t, "change") {
		case 0:
			delete(m, name)
		case 1:
			m[name] = drawAnything(t)
		default:
			m[name] = drawField(t, op, name, near)
		}
	}
}

// aim is how well a field is to be drawn.
type aim bool

const (
	right aim = true
	near  aim = false // right or just beside it
)

func (a aim) pick(t *rapid.T, name string, good, bad []any) any {
	if a == right {
		bad = nil
	}
	return rapid.SampledFrom(slices.Concat(good, bad)).Draw(t, name)
}

func drawAnything(t *rapid.T) any {
	return rapid.SampledFrom([]any{nil, true, 7, -1.5, "", " ", "x", []any{}, []any{nil}, map[string]any{}, map[string]any{"id": "x"}, []any{map[string]any{}}}).Draw(t, "anything")
}

// drawName is one of the names, in other letters that may count as the same.
func drawName(t *rapid.T, names []string) string {
	var b strings.Builder
	for _, c := range rapid.SampledFrom(names).Draw(t, "name") {
		same := []rune{c}
		for _, alike := range []string{"kK\u212a", "sSſ", "iIıİ", "tT", "eE"} {
			if strings.ContainsRune(alike, c) {
				same = append(same, []rune(alike)...)
			}
		}
		b.WriteRune(rapid.SampledFrom(same).Draw(t, "letter"))
	}
	return b.String() + rapid.SampledFrom([]string{"", "", "\n", "s"}).Draw(t, "ending")
}

func drawFallback(t *rapid.T, a aim) any {
	most := message.MaxFallback
	if a == near {
		most++
	}
	steps := []any{}
	for range rapid.IntRange(0, most).Draw(t, "steps") {
		op := rapid.SampledFrom(dmly.Operations()).Draw(t, "step")
		s := drawStep(t, op)
		if a == near {
			change(t, op, s, append([]string{"channel", "type"}, content...))
		}
		steps = append(steps, s)
	}
	return steps
}

func drawPassthrough(t *rapid.T, op dmly.Operation, a aim) any {
	extra := map[string]any{"parameters": drawAnything(t)}
	if a == near {
		object := rapid.SampledFrom([]string{"workspace", "contact", "recipient"}).Draw(t, "object")
		extra[object] = near.pick(t, "within", []any{map[string]any{"name": "y"}, map[string]any{}}, []any{nil, 7, "x", map[string]any{"id": "y"}, map[string]any{"ID": 1, "x": 2}, map[string]any{"phonenumber": 1}})
		if rapid.Bool().Draw(t, "only beside") {
			delete(extra, object)
		}
		extra[rapid.OneOf(rapid.String(), rapid.Just(drawName(t, op.Fields()))).Draw(t, "further field")] = drawAnything(t)
	}
	return extra
}

func drawElements(t *rapid.T, a aim) any {
	least, most := 1, dmly.MaxElements
	if a == near {
		least, most = 0, most+1
	}
	list := []any{}
	for range rapid.IntRange(least, most).Draw(t, "elements") {
		e := map[string]any{"title": "x", "subtitle": "y"}
		if a == near {
			e["title"] = drawText(t, dmly.MaxTitle, near)
			e["buttons"] = near.pick(t, "buttons", []any{[]any{map[string]any{"a": nil}}}, []any{nil, 7, []any{"x"}, []any{[]any{}}, slices.Repeat([]any{map[string]any{}}, 3), slices.Repeat([]any{map[string]any{}}, 4)})
			e[rapid.OneOf(rapid.SampledFrom([]string{"titel", "image_url", "subtitle"}), rapid.Just(drawName(t, []string{"title", "buttons"}))).Draw(t, "further field")] = drawAnything(t)
			if rapid.IntRange(0, 9).Draw(t, "untitled") == 0 {
				delete(e, "title")
			}
		}
		list = append(list, e)
	}
	if a == near && rapid.IntRange(0, 9).Draw(t, "odd") == 0 {
		list = append(list, drawAnything(t))
	}
	return list
}

// drawText is a text about as long as it may be, or about blank.
func drawText(t *rapid.T, most int, a aim) any {
	letter := rapid.SampledFrom([]string{"x", "é", "👋", "\u3000x"}).Draw(t, "letter")
	whole := func(n int) string { return string([]rune(strings.Repeat(letter, n))[:n]) }
	good := []any{"x", " x ", "\n\x00", whole(most - 1)}
	bad := []any{whole(most), whole(most + 1), "", " ", "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000", "\u200b", "\ufeff", "\x1c", rapid.String().Draw(t, "text")}
	return a.pick(t, "text", good, bad)
}

func drawField(t *rapid.T, op dmly.Operation, name string, a aim) any {
	switch name {
	case "id", "cancelKey":
		return a.pick(t, name, []any{"a", "A1._:@=+-", strings.Repeat("a", 255)}, []any{"", "a b", "a/b", "é", "a\n", strings.Repeat("a", 256)})
	case "channel":
		return a.pick(t, name, []any{"whatsapp", "messenger", "instagram", "telegram"}, []any{"", "WhatsApp", "fax"})
	case "type":
		return a.pick(t, name, []any{"text", "media", "template"}, []any{"", "Text", "sendtext"})
	case "workspace", "contact":
		return a.pick(t, name, []any{map[string]any{"id": "x"}}, []any{nil, map[string]any{}, map[string]any{"id": nil}, map[string]any{"id": ""}, map[string]any{"id": " \u3000"}, map[string]any{"id": "\n"}, map[string]any{"id": 7}, map[string]any{"id": "x", "name": "y"}, map[string]any{"name": "y"}, map[string]any{"id": nil, "name": "y"}, map[string]any{"id": "x", "ID": "y"}})
	case "recipient":
		number := rapid.SampledFrom([]string{"+1234567", "+123456789012345", "+123456", "+1234567890123456", "1234567", "+01234567", "+1234567\n", "+12345 67", "", " "}).Draw(t, "number")
		return a.pick(t, name, []any{map[string]any{"phoneNumber": "+15551234567"}}, []any{nil, map[string]any{}, map[string]any{"phoneNumber": nil}, map[string]any{"phoneNumber": number}, map[string]any{"phoneNumber": "+1234567", "id": "x"}, map[string]any{"id": "x"}, map[string]any{"phoneNumber": "+1234567", "PhoneNumber": "x"}})
	case "scheduleDateTime":
		return a.pick(t, name, []any{"2026-02-18 10:30", "2026-02-18 10:30:00"}, []any{"", nil, "\n", drawDay(t) + " " + drawClock(t), drawDay(t) + " " + drawClock(t) + drawZone(t)})
	case "sendAt", "expiresAt":
		return a.pick(t, name, []any{"2026-02-18T09:00:00+01:00", "2026-02-18T09:00:00.25Z"}, []any{"", drawDay(t) + "T" + drawClock(t) + drawZone(t), drawDay(t) + rapid.SampledFrom([]string{"t", " ", "T0"}).Draw(t, "t") + drawClock(t) + drawZone(t)})
	case "deliverWithin":
		zones := []any{"Europe/Berlin", "UTC", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "America/Port-au-Prince", "GMT0"}
		w := map[string]any{"from": "09:00", "to": "20:00", "timezone": a.pick(t, "zone", zones, []any{"", "Local", "Berlin", "/UTC", "../UTC", "Europe\\Berlin", nil})}
		if a == near {
			w[rapid.SampledFrom([]string{"from", "to"}).Draw(t, "end")] = drawClock(t)
			w[rapid.SampledFrom([]string{"from", "to", "timezone", "tz"}).Draw(t, "member")] = a.pick(t, "hour", []any{"00:00", "23:59"}, []any{"24:00", "9:00", "09:60", "09:00\n", nil})
		}
		return w
	case "fallback":
		return drawFallback(t, a)
	case "ifUnknown":
		return a.pick(t, name, []any{"hold", "resend"}, []any{"", "Hold"})
	case "priority":
		return a.pick(t, name, []any{"normal", "bulk"}, []any{"", "high"})
	case "textMessage":
		most := op.TextLimit().Max
		if most == 0 {
			most = 1
		}
		if a == right && op.TextLimit().Unit == dmly.Bytes {
			most /= 4
		}
		return drawText(t, most, a)
	case "template":
		return drawText(t, 20, a)
	case "mediaUrl":
		return a.pick(t, name, []any{"https://example.com/x"}, []any{drawURL(t), drawURL(t), drawURL(t)})
	case "mimeType":
		return a.pick(t, name, []any{"image/jpeg", "audio/ogg; codecs=opus"}, []any{drawMIME(t), drawMIME(t), drawMIME(t)})
	case "elements":
		return drawElements(t, a)
	case "buttons":
		return a.pick(t, name, []any{[]any{}, slices.Repeat([]any{map[string]any{"text": "x"}}, 9)}, []any{nil, []any{nil}, []any{"x"}, map[string]any{}})
	case "passthrough":
		return drawPassthrough(t, op, a)
	default:
		return drawAnything(t)
	}
}

func drawDay(t *rapid.T) string {
	year := rapid.SampledFrom([]int{0, 1, 4, 1900, 2000, 2023, 2024, 2100, 9999, 10000}).Draw(t, "year")
	return fmt.Sprintf("%04d-%02d-%02d", year, rapid.IntRange(0, 13).Draw(t, "month"), rapid.SampledFrom([]int{0, 1, 9, 28, 29, 30, 31, 32}).Draw(t, "day"))
}

func drawClock(t *rapid.T) string {
	hour := rapid.SampledFrom([]string{"00", "09", "19", "23", "24", "9"}).Draw(t, "hour")
	minute := rapid.SampledFrom([]string{"00", "59", "60", "5"}).Draw(t, "minute")
	return hour + ":" + minute + rapid.SampledFrom([]string{"", ":00", ":59", ":60", ":5", ":00.5", ":00,5", ":00.", ":00.123456789012"}).Draw(t, "second")
}

func drawZone(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "Z", "z", "+00:00", "-23:59", "+24:00", "+01:60", "+0100", "+1:00", "Z\n", " Z"}).Draw(t, "zone")
}

// drawURL joins parts of which some are wrong.
func drawURL(t *rapid.T) string {
	part := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(t, name) }
	var labels []string
	for range rapid.IntRange(1, 3).Draw(t, "labels") {
		labels = append(labels, part("label", "example", "EXAMPLE", "xn--mnchen-3ya", "cdn_1", "-", "10", "0x7f", "home", ""))
	}
	labels = append(labels, part("last label", "com", "com", "com", "de2", "2de", "10", "0x7F", "0x", "0xg", "localhost", "LOCAL", "internal", "home.arpa", "arpa", "corp", "\u212aom", "münchen", ""))
	return part("scheme", "https", "https", "https", "HTTPS", "http", "") + part("slashes", "://", "://", "://", ":/", ":") + part("user", "", "", "", "u@", "u:p@") +
		strings.Join(labels, ".") + part("port", "", "", ":", ":443", ":99999", ":port", ":1:2") +
		part("path", "", "/", "/a b", "/é%20", "/%zz", "/%", "/@:", "/\n", "\\") + part("query", "", "?", "?%zz", "?a=b?c", "?\x00") + part("fragment", "", "#", "##", "#%41", "#%", "#\n")
}

// drawMIME joins parts of which some are wrong.
func drawMIME(t *rapid.T) string {
	part := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(t, name) }
	gap := func() string { return part("gap", "", "", "", " ", "\u00a0\n", "\u200b") }
	var s strings.Builder
	s.WriteString(gap() + part("type", "image/jpeg", "Image/PNG", "video/3gp", "application/vnd.ms-excel", "image/gif", "a/b", "image", "a/b/c", "image/", "/png", "a/b@", "İmage/png", "{}/`") + gap())
	for range rapid.IntRange(0, 2).Draw(t, "parameters") {
		s.WriteString(";" + gap() + part("name", "a", "B", "codecs", "c*0", "", "é") + gap() + part("equals", "=", "=", "=", "") + gap() +
			part("value", "x", `"x y"`, `""`, `"\""`, `"\a\"`, "\"\n\"", `"é;="`, "", "x y", `"`) + gap())
	}
	return s.String() + part("end", "", "", ";", "; ", ";;", "x")
}
