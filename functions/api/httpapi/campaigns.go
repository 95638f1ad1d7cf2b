package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"dmlysender/shared/campaign"
	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// Campaigns runs them; [campaign.Service] does.
type Campaigns interface {
	Start(ctx context.Context, d plan.Definition, by string) (status campaign.Status, known bool, err error)
	Preflight(ctx context.Context, d plan.Definition) (plan.Report, error)
	Definition(ctx context.Context, id string) (plan.Definition, error)
	Status(ctx context.Context, id string) (campaign.Status, error)
	Problems(ctx context.Context, id string, n int, cursor string) (problems []plan.Problem, next string, err error)
	Pause(ctx context.Context, id, by string) (campaign.Status, error)
	Resume(ctx context.Context, id, by string) (campaign.Status, error)
	Cancel(ctx context.Context, id, by string) (campaign.Status, error)
	Resend(ctx context.Context, id, by string) (campaign.Status, error)
}

// campaigns is the tag of the operations on campaigns.
const campaigns = "Campaigns"

// preflightTime is how long a preflight may read an audience within a request.
const preflightTime = 20 * time.Second

type startInput struct {
	DryRun  bool   `query:"dryRun" doc:"Says what the campaign would do, and starts nothing."`
	RawBody []byte `contentType:"application/json"`
}

// startOutput is the answer to a campaign: how it stands, or what it would do.
type startOutput struct {
	Status   int
	Location string `header:"Location" doc:"Where the campaign can be read."`
	Replayed string `header:"Idempotent-Replayed" doc:"\"true\" if the same campaign was under way already."`
	Body     any
}

// CampaignID names the campaign that a request is about.
type CampaignID struct {
	ID string `path:"id" doc:"The campaign's id." example:"spring-sale"`
}

type campaignOutput struct {
	Body CampaignStatus
}

type rowsInput struct {
	CampaignID
	Cursor string `query:"cursor" doc:"Where the page before ended: its next."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many rows a page has at most."`
}

// Resolve implements [huma.Resolver]; see that of listInput.
func (*rowsInput) Resolve(ctx huma.Context) []error { return emptyLimit(ctx) }

type rowsOutput struct {
	Link string `header:"Link" doc:"RFC 8288: the next page, with rel=\"next\"."`
	Body RowProblems
}

func (a *api) registerCampaigns() {
	register(a, huma.Operation{
		OperationID: "startCampaign", Method: http.MethodPost, Path: "/v1/campaigns", Tags: []string{campaigns}, Security: needs(scopeCampaign),
		MaxBodyBytes: plan.MaxBytes + 1, SkipValidateBody: true, DefaultStatus: http.StatusAccepted, RejectUnknownQueryParameters: true,
	}, a.describeStart, a.startCampaign)
	register(a, huma.Operation{
		OperationID: "getCampaign", Method: http.MethodGet, Path: "/v1/campaigns/{id}", Tags: []string{campaigns}, Security: needs(scopeCampaign),
		Summary:     "See how a campaign stands",
		Description: "Its state, exact counts by state from the ledger, its rate and its estimated end. It is complete once every recipient's message has come to rest.",
	}, func(op *huma.Operation) { a.answers(op, nil, notFound, tooMany) }, a.getCampaign)
	register(a, huma.Operation{
		OperationID: "listCampaignProblems", Method: http.MethodGet, Path: "/v1/campaigns/{id}/problems", Tags: []string{campaigns}, Security: needs(scopeCampaign),
		Summary:                      "List the rows that get no message of their own",
		Description:                  "Each with its line and the reason, in the order of the audience.",
		RejectUnknownQueryParameters: true,
	}, func(op *huma.Operation) { a.answers(op, nil, badRequest, notFound, tooMany) }, a.listRows)
	for _, act := range []struct {
		name, summary, description string
		do                         func(ctx context.Context, id, by string) (campaign.Status, error)
	}{
		{"pause", "Pause a campaign", "No more of its messages are put on the queue. Those that are there, up to five minutes' worth, are sent. Repeating it changes nothing.", a.pause},
		{"resume", "Resume a paused campaign", "It goes on where it was, whoever or whatever paused it. Repeating it changes nothing.", a.resume},
		{"cancel", "Cancel a campaign", "What is on the queue and has not begun is taken back; what is being sent meanwhile is sent. Repeating it changes nothing.", a.cancel},
		{"resend", "Send once more what has failed", "For a campaign that is complete: each message that has failed, which is proven unsent, starts a new generation. Repeating it while they are sent is refused, and sends nothing twice.", a.resend},
	} {
		register(a, huma.Operation{
			OperationID: act.name + "Campaign", Method: http.MethodPost, Path: "/v1/campaigns/{id}/" + act.name, Tags: []string{campaigns}, Security: needs(scopeCampaign),
			Summary: act.summary, Description: act.description,
		}, func(op *huma.Operation) { a.answers(op, nil, notFound, wrongState, tooMany) }, a.actOn(act.do))
	}
}

func (a *api) startCampaign(ctx context.Context, in *startInput) (*startOutput, *Problem) {
	d, err := plan.Decode(in.RawBody)
	if err != nil {
		return nil, problemOfCampaign(err)
	}
	if p := callerOf(ctx).mayRun(d, a.Defaults); p != nil {
		return nil, p
	}
	if a.Campaigns == nil {
		return nil, noCampaigns()
	}
	if in.DryRun {
		return a.preflight(ctx, d)
	}
	if p := a.mayReplace(ctx, d.ID); p != nil {
		return nil, p
	}
	status, known, err := a.Campaigns.Start(ctx, d, callerOf(ctx).who())
	if err != nil {
		return nil, problemOfCampaign(err)
	}
	out := &startOutput{Status: http.StatusAccepted, Location: "/v1/campaigns/" + url.PathEscape(d.ID), Body: statusOfCampaign(status)}
	if known {
		out.Replayed = "true"
	}
	return out, nil
}

func (a *api) preflight(ctx context.Context, d plan.Definition) (*startOutput, *Problem) {
	ctx, cancel := context.WithTimeout(ctx, preflightTime)
	defer cancel()
	report, err := a.Campaigns.Preflight(ctx, d)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, tooLarge.problem("the audience has too many rows to be checked within a request; check it with make preflight")
	}
	if err != nil {
		return nil, problemOfCampaign(err)
	}
	return &startOutput{Status: http.StatusOK, Body: reportOf(report)}, nil
}

func (a *api) getCampaign(ctx context.Context, in *CampaignID) (*campaignOutput, *Problem) {
	if p := a.mayRead(ctx, in.ID); p != nil {
		return nil, p
	}
	status, err := a.Campaigns.Status(ctx, in.ID)
	if err != nil {
		return nil, problemOfCampaign(err)
	}
	return &campaignOutput{Body: statusOfCampaign(status)}, nil
}

func (a *api) listRows(ctx context.Context, in *rowsInput) (*rowsOutput, *Problem) {
	if p := a.mayRead(ctx, in.ID); p != nil {
		return nil, p
	}
	rows, next, err := a.Campaigns.Problems(ctx, in.ID, in.Limit, in.Cursor)
	if err != nil {
		return nil, problemOfCampaign(err)
	}
	out := &rowsOutput{Body: RowProblems{Rows: rowProblems(rows), Next: next}}
	if next != "" {
		query := url.Values{"limit": {strconv.Itoa(in.Limit)}, "cursor": {next}}
		out.Link = "</v1/campaigns/" + url.PathEscape(in.ID) + "/problems?" + query.Encode() + `>; rel="next"`
	}
	return out, nil
}

// actOn has a person do something with a campaign.
func (a *api) actOn(do func(ctx context.Context, id, by string) (campaign.Status, error)) func(context.Context, *CampaignID) (*campaignOutput, *Problem) {
	return func(ctx context.Context, in *CampaignID) (*campaignOutput, *Problem) {
		if p := a.mayRead(ctx, in.ID); p != nil {
			return nil, p
		}
		status, err := do(ctx, in.ID, callerOf(ctx).who())
		if err != nil {
			return nil, problemOfCampaign(err)
		}
		return &campaignOutput{Body: statusOfCampaign(status)}, nil
	}
}

func (a *api) pause(ctx context.Context, id, by string) (campaign.Status, error) {
	return a.Campaigns.Pause(ctx, id, by)
}

func (a *api) resume(ctx context.Context, id, by string) (campaign.Status, error) {
	return a.Campaigns.Resume(ctx, id, by)
}

func (a *api) cancel(ctx context.Context, id, by string) (campaign.Status, error) {
	return a.Campaigns.Cancel(ctx, id, by)
}

func (a *api) resend(ctx context.Context, id, by string) (campaign.Status, error) {
	return a.Campaigns.Resend(ctx, id, by)
}

// mayRead says that there is no such campaign, unless there is one that the caller may see. It does not count anything.
func (a *api) mayRead(ctx context.Context, id string) *Problem {
	if a.Campaigns == nil {
		return noCampaigns()
	}
	if !plan.ValidID(id) {
		return notFound.problem(campaign.ErrNoCampaign.Error())
	}
	d, err := a.Campaigns.Definition(ctx, id)
	if err == nil && callerOf(ctx).mayRun(d, a.Defaults) != nil {
		err = campaign.ErrNoCampaign
	}
	if err != nil {
		return problemOfCampaign(err)
	}
	return nil
}

// mayReplace refuses the id of a campaign that the caller may not see: to start it would run that one anew, as this one.
func (a *api) mayReplace(ctx context.Context, id string) *Problem {
	if !callerOf(ctx).workspaces.set {
		return nil
	}
	standing, err := a.Campaigns.Definition(ctx, id)
	switch {
	case errors.Is(err, campaign.ErrNoCampaign):
		return nil
	case err != nil:
		return problemOfCampaign(err)
	case callerOf(ctx).mayRun(standing, a.Defaults) != nil:
		return invalidMessage.problem("the campaign is not valid: see errors").with([]message.Problem{{Pointer: "/id", Detail: "is that of a campaign of another workspace: choose another"}})
	}
	return nil
}

func noCampaigns() *Problem {
	return notFound.problem("campaigns are not set up here: AUDIENCE_BUCKET is not set, or the ledger or a queue is in memory")
}

// mayRun refuses a caller whose key is for other workspaces than the campaign's.
func (c caller) mayRun(d plan.Definition, defaults message.Defaults) *Problem {
	workspace, perRow := d.Workspace()
	switch {
	case perRow && c.workspaces.set:
		return notAllowed.problem("this key is for some workspaces only: write the one of the campaign into its message, without a placeholder")
	case perRow:
		return nil
	case workspace == "":
		workspace = defaults.Workspace
	}
	if c.may(scopeCampaign, workspace) {
		return nil
	}
	return notAllowed.problem("this key may not send from this workspace")
}

// problemOfCampaign says why something was not done with a campaign.
func problemOfCampaign(err error) *Problem {
	if invalid, ok := errors.AsType[*message.Error](err); ok {
		switch {
		case invalid.TooLarge:
			return tooLarge.problem("a campaign may have at most 2.9 MiB with its rows; put a larger audience into a file").with(invalid.Problems)
		case invalid.Malformed:
			return malformedBody.problem("the body is not a JSON object: see errors").with(invalid.Problems)
		default:
			return invalidMessage.problem("the campaign is not valid: see errors").with(invalid.Problems)
		}
	}
	if unusable, ok := errors.AsType[*plan.AudienceError](err); ok {
		return invalidMessage.problem("the audience cannot be used: see errors").with([]message.Problem{{Pointer: "/audience", Detail: unusable.Error()}})
	}
	if wrong, ok := errors.AsType[*campaign.StateError](err); ok {
		return wrongState.problem(wrong.Error())
	}
	switch {
	case errors.Is(err, campaign.ErrNoCampaign):
		return notFound.problem(err.Error())
	case errors.Is(err, campaign.ErrCursor):
		return badRequest.problem(err.Error())
	}
	k := unavailable
	if errors.Is(err, delivery.ErrThrottled) {
		k = tooMany
	}
	p := k.problem("it is not known whether it was done; repeat the request, which does no harm")
	p.cause, p.retryAfter = err, retryLater
	return p
}
