package dmly

import (
	"mime"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// whatsAppMIMETypes are the media types that WhatsApp takes, by WhatsApp's own
// documentation; the reference lists none.
var whatsAppMIMETypes = []string{
	"image/jpeg", "image/png", "image/webp",
	"video/mp4", "video/3gpp", "video/3gp",
	"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg",
	"application/pdf", "text/plain", "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation",
}

// MIMETypes lists the media types that the operation takes, in lower case; what is
// sent may be in any case, and have parameters. None are listed for an operation that
// takes any type, or no media.
func (o Operation) MIMETypes() []string {
	if o == OpWhatsAppMedia {
		return slices.Clone(whatsAppMIMETypes)
	}
	return nil
}

func (c *checker) whatsAppMIME(s string) {
	mediaType, ok := c.mimeType(s)
	if ok && !slices.Contains(whatsAppMIMETypes, mediaType) {
		c.add("/mimeType", "WhatsApp does not take %q; it takes %s", mediaType, strings.Join(whatsAppMIMETypes, ", "))
	}
}

// mimeType checks the form and returns the type without parameters.
func (c *checker) mimeType(s string) (string, bool) {
	if !c.required("/mimeType", s) {
		return "", false
	}
	mediaType, _, err := mime.ParseMediaType(s)
	written, _, _ := strings.Cut(s, ";")
	if err != nil || strings.Count(mediaType, "/") != 1 || hasLowerCaseTwin(written) {
		c.add("/mimeType", "is not a media type such as image/jpeg")
		return "", false
	}
	return mediaType, true
}

// localSuffixes are names that only a private network answers.
var localSuffixes = []string{"localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "home.arpa", "private"}

// LocalSuffixes lists the ends of host names, in lower case and without a dot before
// them, that only a private network answers and that a mediaUrl may not have.
func LocalSuffixes() []string { return slices.Clone(localSuffixes) }

// mediaURL takes what DMLY can fetch from outside: a public https address. The
// URL is never fetched here, and hosts that could lead DMLY's fetcher, or a later
// one, into a private network are refused.
func (c *checker) mediaURL(s string) {
	if !c.required("/mediaUrl", s) {
		return
	}
	u, err := url.Parse(s)
	if err != nil {
		c.add("/mediaUrl", "is not a URL")
		return
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	labels := strings.Split(host, ".")
	switch {
	case u.Scheme != "https":
		c.add("/mediaUrl", "must start with https://")
	case u.User != nil:
		c.add("/mediaUrl", "may not carry a user name or password")
	case host == "":
		c.add("/mediaUrl", "has no host")
	case isIPLiteral(host):
		c.add("/mediaUrl", "must name its host; an IP address is not allowed")
	case isLocalName(host):
		c.add("/mediaUrl", "must be reachable from the internet; %q is a private or local name", host)
	case slices.Contains(labels, ""):
		c.add("/mediaUrl", "has a host with nothing before, after or between its dots")
	case strings.ContainsFunc(host, notHostname) || hasLowerCaseTwin(u.Host):
		c.add("/mediaUrl", "has a host with characters outside a-z, 0-9, - and .; write an international name in its xn-- form")
	}
}

// isIPLiteral also knows the short, octal and hexadecimal forms that fetchers
// take for IPv4: whatever ends in a number is one (WHATWG URL, "ends in a number").
func isIPLiteral(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

func isLocalName(host string) bool {
	if !strings.Contains(host, ".") {
		return true
	}
	return slices.ContainsFunc(localSuffixes, func(suffix string) bool { return strings.HasSuffix(host, "."+suffix) })
}

func notHostname(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
}

// hasLowerCaseTwin finds the two letters outside ASCII, the Kelvin sign and the dotted
// I, that strings.ToLower turns into a letter of ASCII.
func hasLowerCaseTwin(s string) bool { return strings.ContainsAny(s, "\u212a\u0130") }
