package httpapi

import (
	"context"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// The scopes of a caller's key: what it may do.
const (
	scopeSend     = "send"
	scopeRead     = "read"
	scopeSettle   = "settle"
	scopeCampaign = "campaign"
)

// keyScheme is the name of x-api-key in the OpenAPI document.
const keyScheme = "key"

// needs is what an operation asks of a key. "" is any key.
func needs(scope string) []map[string][]string {
	if scope == "" {
		return []map[string][]string{{keyScheme: {}}}
	}
	return []map[string][]string{{keyScheme: {scope}}}
}

type callerKey struct{}

// callerOf is who makes the request. Until admit has found out, it is nobody.
func callerOf(ctx context.Context) *caller {
	if c, ok := ctx.Value(callerKey{}).(*caller); ok {
		return c
	}
	return &caller{}
}

// admit lets only those in who have a key with the scope that the document says, before anything else is looked at.
func (a *api) admit(ctx huma.Context, next func(huma.Context)) {
	from, p := a.identify(ctx)
	if p != nil {
		a.refuse(ctx, p)
		return
	}
	*callerOf(ctx.Context()) = from
	next(ctx)
}

func (a *api) identify(ctx huma.Context) (caller, *Problem) {
	request, _ := humago.Unwrap(ctx)
	// A key may have a comma, at which the gateway's adapter splits a header.
	from, ok, err := a.Callers.find(ctx.Context(), strings.Join(request.Header.Values("x-api-key"), ","))
	switch {
	case err != nil:
		p := unavailable.problem("the keys of this API cannot be read at the moment; try again later")
		p.retryAfter, p.cause = retryLater, err
		return caller{}, p
	case !ok:
		return caller{}, noKey.problem("the x-api-key header is missing or wrong: send a key of this API; " + ProblemsPath + "#" + noKey.name + " says where to find one")
	}
	for _, scope := range ctx.Operation().Security[0][keyScheme] {
		if !from.may(scope, "") {
			return caller{}, notAllowed.problem("this key may not " + scope + ": it lacks that scope")
		}
	}
	return from, nil
}

// takesJSON refuses a body of another media type. One that is not named is taken for JSON.
func (a *api) takesJSON(ctx huma.Context, next func(huma.Context)) {
	encoding := ctx.Header("Content-Encoding")
	switch {
	case ctx.Operation().RequestBody == nil:
	case !isJSON(ctx.Header("Content-Type")):
		a.refuse(ctx, mediaType.problem("the body has to be JSON: send it with Content-Type: application/json"))
		return
	case encoding != "" && !strings.EqualFold(encoding, "identity"):
		a.refuse(ctx, mediaType.problem("the body may not be compressed: send it without a Content-Encoding"))
		return
	}
	next(ctx)
}

// mayUse refuses a caller whose key is for other workspaces.
func (c caller) mayUse(workspace string) *Problem {
	if c.may(scopeSend, workspace) {
		return nil
	}
	return notAllowed.problem("this key may not send from this workspace")
}

// refuse answers with a problem instead of going on.
func (a *api) refuse(ctx huma.Context, p *Problem) {
	answer := a.finish(ctx.Context(), forDMLYsCallers(ctx.Operation()), p)
	for name, values := range answer.GetHeaders() {
		ctx.SetHeader(name, values[0])
	}
	ctx.SetHeader("Content-Type", answer.ContentType(""))
	ctx.SetStatus(answer.GetStatus())
	_ = a.Marshal(ctx.BodyWriter(), "application/json", answer) // the client has gone; there is nobody left to tell
}
