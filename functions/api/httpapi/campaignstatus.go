package httpapi

import (
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"dmlysender/shared/campaign"
	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/delivery"
)

// CampaignStatus is how a campaign stands.
type CampaignStatus struct {
	ID        string    `json:"id" doc:"The campaign's id." example:"spring-sale"`
	State     string    `json:"state" enum:"planning,running,paused,cancelled,complete,refused" doc:"planning: its audience is read. running: its messages are sent. paused: no more of them is put on the queue. complete: each has come to rest. refused: its audience cannot be used."`
	Reason    string    `json:"reason,omitempty" doc:"Why, where that does not go without saying."`
	Run       int       `json:"run" minimum:"1" doc:"Counts from 1; starting it again, once it has ended, makes a new one that sends what is missing."`
	StartedBy string    `json:"startedBy,omitempty" doc:"Who started this run."`
	Audience  *Audience `json:"audience,omitempty" doc:"What became of the audience, once it is planned."`
	Total     int       `json:"total" minimum:"0" doc:"How many messages it has: one for each good row."`
	// Counts are of the messages in the ledger; what was not queued yet is not among them.
	Counts        map[delivery.State]int `json:"counts" doc:"How many of its messages stand in each state. What was not put on the queue before it was cancelled counts as cancelled."`
	Forgotten     int                    `json:"forgotten,omitempty" doc:"How many had come to rest, and were forgotten after 30 days, before the campaign has seen how, or had not been seen at rest when it was cancelled and its plan was lost. They are in none of the counts."`
	Queued        int                    `json:"queued" minimum:"0" doc:"How many messages were put on the queue."`
	NotQueued     int                    `json:"notQueued" minimum:"0" doc:"How many were not yet."`
	RatePerMinute int                    `json:"ratePerMinute" minimum:"0" doc:"How many messages may go out a minute."`
	SeenPerMinute float64                `json:"seenPerMinute" minimum:"0" doc:"How many have come to rest a minute lately; 0 if that is not known yet."`

	StartedAt      time.Time  `json:"startedAt" doc:"When this run was started."`
	PlannedAt      *time.Time `json:"plannedAt,omitempty" doc:"When its audience was read."`
	LastQueuedAt   *time.Time `json:"lastQueuedAt,omitempty" doc:"When messages were put on the queue last."`
	EstimatedEndAt *time.Time `json:"estimatedEndAt,omitempty" doc:"When all will have come to rest at this pace, hours and pauses aside."`
	EndedAt        *time.Time `json:"endedAt,omitempty" doc:"When nothing was left to do."`
}

// Audience is what became of an audience: rows = good + bad + duplicates.
type Audience struct {
	Rows       int            `json:"rows" minimum:"0" doc:"How many rows it has."`
	Good       int            `json:"good" minimum:"0" doc:"Those that get a message."`
	Bad        int            `json:"bad" minimum:"0" doc:"Those whose message is not valid, or misses a value."`
	Duplicates int            `json:"duplicates" minimum:"0" doc:"Those whose recipient has an earlier row."`
	ByChannel  map[string]int `json:"byChannel" doc:"How many messages go by each channel."`
	Problems   []RowProblem   `json:"problems" nullable:"false" doc:"The first rows that get no message."`
}

// RowProblem says why a row gets no message of its own.
type RowProblem struct {
	Line      int    `json:"line" minimum:"1" doc:"Where the row begins; the first line of a file is 1."`
	Detail    string `json:"detail" doc:"What is wrong."`
	Pointer   string `json:"pointer,omitempty" doc:"Where in the message, as a JSON Pointer; empty if it is the row as such."`
	Duplicate bool   `json:"duplicate,omitempty" doc:"The row is right, and an earlier one has its recipient."`
}

// RowProblems is a part of the list of an audience's problems.
type RowProblems struct {
	Rows []RowProblem `json:"rows" nullable:"false" doc:"In the order of the audience."`
	Next string       `json:"next,omitempty" doc:"The cursor of the next page; not there behind the last."`
}

// Preflight says what a campaign would do.
type Preflight struct {
	Audience      Audience `json:"audience" doc:"What would become of the audience."`
	RatePerMinute float64  `json:"ratePerMinute" minimum:"0" doc:"How many messages would go out a minute."`
	Seconds       int64    `json:"seconds" minimum:"0" doc:"How long sending them takes at that rate, hours, pauses and other messages of the account aside."`
	Cost          Cost     `json:"cost" doc:"What AWS would charge."`
}

// Cost is an estimate in US dollars.
type Cost struct {
	Low      float64 `json:"low" minimum:"0" doc:"At least, in US dollars."`
	High     float64 `json:"high" minimum:"0" doc:"At most, in US dollars."`
	PricesOf string  `json:"pricesOf" doc:"The day of the prices." example:"2026-11-25"`
	Without  string  `json:"without" doc:"What is not in it."`
}

func (a *api) describeStart(op *huma.Operation) {
	op.Summary = "Start a campaign, or see what it would do"
	op.Description = "Sends one message to each row of an audience: inline rows, or a file (CSV or JSON Lines, also gzipped) among the audiences. " +
		"Texts of the message may have `{{placeholders}}`, which are filled from the row. A row that is not valid is left out, and listed with its line. " +
		"Repeating the request changes nothing while the campaign is under way; once it has ended, it sends what is missing.\n\n" +
		"With `dryRun=true` the answer is what it would do: rows, problems, duration and cost."
	op.RequestBody = jsonBody(a.named("Campaign", campaignSchema()), "The campaign.", map[string]any{
		"id": "spring-sale", "audience": map[string]any{"rows": []any{map[string]any{"phone": "+15551234567", "name": "Ada"}}},
		"message": map[string]any{
			"channel": "whatsapp", "type": "text", "workspace": map[string]any{"id": "W1"},
			"recipient": map[string]any{"phoneNumber": "{{phone}}"}, "textMessage": "Hello {{name}}, our spring sale has begun.",
		},
	})
	a.answers(op, map[int]*huma.Response{
		http.StatusOK:       answer("With dryRun: what it would do.", ref[Preflight](a)),
		http.StatusAccepted: answer("It is under way, or was already.", ref[CampaignStatus](a)),
	}, malformedBody, badRequest, wrongState, tooLarge, mediaType, invalidMessage, tooMany)
}

// campaignSchema describes a campaign as [plan.Decode] reads it. What its message may have is that of a message, and placeholders.
func campaignSchema() *huma.Schema {
	const percent, plenty = 100, 1e6
	length := plan.MaxID
	number := func(least, most float64, doc string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeNumber, Minimum: &least, Maximum: &most, Description: doc}
	}
	whole := func(most float64, doc string) *huma.Schema {
		s := number(1, most, doc)
		s.Type = huma.TypeInteger
		return s
	}
	none := 0.0
	canary := whole(plenty, "How many messages go first, and have to come to rest before others follow; none if it is 0 or not there.")
	canary.Minimum = &none
	return &huma.Schema{
		Type: huma.TypeObject, Required: []string{"id", "audience", "message"}, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{
			"id": {Type: huma.TypeString, Pattern: "^[A-Za-z0-9_-]+$", MaxLength: &length, Description: "The campaign's id: one recipient gets one message of it."},
			"audience": {Type: huma.TypeObject, Description: "Either rows, or the file of them.", Properties: map[string]*huma.Schema{
				"file": {Type: huma.TypeString, Description: "A file among the audiences: .csv, .jsonl, .csv.gz or .jsonl.gz."},
				"rows": {Type: huma.TypeArray, Description: "The rows themselves.", Items: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}},
			}, AdditionalProperties: false},
			"message":       {Type: huma.TypeObject, AdditionalProperties: true, Description: "A message without id, in whose texts {{placeholders}} may stand."},
			"ratePerMinute": whole(plenty, "How many messages go out a minute at most; the account's rate if it is not there."),
			"ramp": {Type: huma.TypeObject, AdditionalProperties: false, Description: "How carefully it begins, and what makes it pause by itself.", Properties: map[string]*huma.Schema{
				"canary":             canary,
				"growth":             number(1, percent, "How many times the one before each step is; 2 if it is not there."),
				"maxRejectedPercent": whole(percent, "So many of the last 100 may be rejected; 20 if it is not there."),
				"maxUnknown":         whole(percent, "So many of the last 100 may be unknown; 5 if it is not there."),
			}},
		},
	}
}

func statusOfCampaign(s campaign.Status) CampaignStatus {
	body := CampaignStatus{
		ID: s.ID, State: string(s.State), Reason: s.Reason, Run: s.Run, StartedBy: s.By, Total: s.Total, Counts: s.Counts, Forgotten: s.Forgotten,
		Queued: s.Fed, NotQueued: s.NotFed, RatePerMinute: s.PerMinute, SeenPerMinute: s.SeenPerMinute, StartedAt: s.StartedAt.UTC(),
		PlannedAt: ifSet(s.PlannedAt), LastQueuedAt: ifSet(s.FedAt), EstimatedEndAt: ifSet(s.EstimatedEnd), EndedAt: ifSet(s.EndedAt),
	}
	if body.Counts == nil {
		body.Counts = map[delivery.State]int{}
	}
	if !s.PlannedAt.IsZero() {
		audience := audienceOf(s.Summary)
		body.Audience = &audience
	}
	return body
}

// ifSet is a time in UTC, or nil for none.
func ifSet(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

func audienceOf(s plan.Summary) Audience {
	a := Audience{Rows: s.Rows, Good: s.Good, Bad: s.Bad, Duplicates: s.Duplicates, ByChannel: s.ByChannel, Problems: rowProblems(s.First)}
	if a.ByChannel == nil {
		a.ByChannel = map[string]int{}
	}
	return a
}

func rowProblems(rows []plan.Problem) []RowProblem {
	all := []RowProblem{}
	for _, r := range rows {
		all = append(all, RowProblem{Line: r.Line, Detail: r.Reason, Pointer: r.Pointer, Duplicate: r.Duplicate})
	}
	return all
}

func reportOf(r plan.Report) Preflight {
	return Preflight{
		Audience: audienceOf(r.Summary), RatePerMinute: r.PerMinute, Seconds: r.Seconds,
		Cost: Cost{Low: r.Cost.Low, High: r.Cost.High, PricesOf: r.Cost.PricesOf, Without: r.Cost.Without},
	}
}
