package message

import (
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// meant are the slips that are no misspelling: other APIs' names for our fields.
var meant = map[string]string{
	"to": "recipient", "phone": "recipient", "phonenumber": "recipient", "number": "recipient",
	"text": "textMessage", "body": "textMessage", "message": "textMessage", "content": "textMessage",
	"url": "mediaUrl", "media": "mediaUrl", "link": "mediaUrl", "contenttype": "mimeType", "mime": "mimeType",
	"templatename": "template", "idempotencykey": "id", "messageid": "id",
	"scheduledat": "sendAt", "scheduleat": "sendAt", "sendon": "sendAt", "schedule": "sendAt",
	"expiry": "expiresAt", "ttl": "expiresAt", "parameters": "passthrough", "params": "passthrough", "variables": "passthrough",
	"workspaceid": "workspace", "contactid": "contact", "tz": "timezone", "zone": "timezone",
}

// shapes shows how a field that is an object is written.
var shapes = map[string]string{
	"recipient": ` as {"recipient": {"phoneNumber": "+15551234567"}}`,
	"workspace": ` as {"workspace": {"id": "…"}}`,
	"contact":   ` as {"contact": {"id": "…"}}`,
}

// unknown reports the field whose name was just read.
func (d *decoder) unknown(name string, known ...[]string) {
	at := d.at()
	if d.misspelled(name, at, slices.Concat(known...)...) {
		return
	}
	if len(known) > 1 {
		d.add(at, "unknown field; what only DMLY knows goes into passthrough")
		return
	}
	d.add(at, "unknown field; there is %s", strings.Join(known[0], ", "))
}

// misspelled reports a field that is probably one of the known.
func (f *findings) misspelled(name, at string, known ...string) bool {
	likely := nearest(name, known)
	if likely == "" {
		return false
	}
	f.add(at, "unknown field; did you mean %q%s?", likely, shapes[likely])
	f.excused = append(f.excused, at[:strings.LastIndexByte(at, '/')+1]+likely)
	return true
}

// nearest is the known field that was probably meant, or "".
func nearest(name string, known []string) string {
	plain := strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(name))
	if m := meant[plain]; slices.Contains(known, m) {
		return m
	}
	best, distance := "", 3
	for _, k := range known {
		if n := levenshtein.ComputeDistance(plain, strings.ToLower(k)); n < distance && n <= len(k)/2 {
			best, distance = k, n
		}
	}
	return best
}
