package httpapi

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"dmlysender/shared/ledger"
	"dmlysender/shared/message"
)

// SendHeader are the headers of a request that sends: all that came, where huma would read the first of each.
type SendHeader struct{ all http.Header }

// sendHeaders documents them.
var sendHeaders = []*huma.Param{
	{
		Name: "Idempotency-Key", In: "header",
		Description: "The message's id, such as order-1042-shipped: repeating a request with the same key and content sends nothing again. Bare, or quoted as in the IETF's draft.",
		Schema:      &huma.Schema{Type: huma.TypeString, Pattern: `^("[A-Za-z0-9._:@=+-]{1,255}"|[A-Za-z0-9._:@=+-]{1,255})$`},
	}, {
		Name: "Prefer", In: "header",
		Description: "RFC 7240: \"wait=N\" answers after sending, if that takes at most N seconds, 20 at most; \"respond-async\" answers at once.",
		Schema:      &huma.Schema{Type: huma.TypeString},
	},
}

// Resolve implements huma.Resolver.
func (r *SendHeader) Resolve(ctx huma.Context) []error {
	request, _ := humago.Unwrap(ctx)
	r.all = request.Header
	return nil
}

// key is the Idempotency-Key, empty if there is none: quoted, as the IETF's draft has it (draft-ietf-httpapi-idempotency-key-header),
// or bare.
func (r *SendHeader) key() (string, *Problem) {
	values := r.all.Values("Idempotency-Key")
	switch {
	case len(values) == 0:
		return "", nil
	// API Gateway joins repeated headers with a comma, and its adapter splits at each: the first part of a key is not the key.
	case len(values) > 1:
		return "", invalidKey.problem("there is more than one Idempotency-Key header, or a comma in it: send one, of A-Z a-z 0-9 . _ : @ = + -")
	}
	key := values[0]
	if len(key) > 1 && strings.HasPrefix(key, `"`) && strings.HasSuffix(key, `"`) {
		key = key[1 : len(key)-1]
	}
	if !message.ValidID(key) {
		return "", invalidKey.problem("the Idempotency-Key header is not an id: 1 to 255 of A-Z a-z 0-9 . _ : @ = + -")
	}
	return key, nil
}

// idOf is the id of a message: the caller's, from the Idempotency-Key, the body, or both alike. Without one the message gets
// an id of its own, and sending it twice sends it twice; known says whether it can have been sent before.
func (h *Handler) idOf(key, inBody string) (id string, known bool, p *Problem) {
	switch {
	case key != "" && inBody != "" && key != inBody:
		return "", false, invalidKey.problem("the Idempotency-Key header and the message's id differ (for an array, message N has the id key.N, from 0): send one of them, or both alike")
	case key == "" && inBody == "":
		return "m-" + h.Sender.NewToken(), false, nil
	case key == "":
		key = inBody
	}
	if key == "." || key == ".." { // no client can ask for it then: these have a meaning in a URL's path
		return "", false, invalidKey.problem("an id of dots alone cannot stand in a path: choose another")
	}
	if _, _, ofCampaign := ledger.CampaignOf(key); ofCampaign {
		return "", false, campaignsID(inBody != "")
	}
	return key, true, nil
}

// campaignsID refuses an id as campaigns give their messages: theirs are counted by it.
func campaignsID(inBody bool) *Problem {
	p := invalidKey.problem("the Idempotency-Key would be the id of a campaign's message: choose another")
	if inBody {
		p = invalidMessage.problem("the message is not valid: see errors")
	}
	return p.with([]message.Problem{{Pointer: "/id", Detail: "has the form c.<campaign>.<26 letters and digits>, which only the messages of campaigns have: choose another"}})
}
