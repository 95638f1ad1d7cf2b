//go:build e2e

package stack_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"dmlysender/e2e/deployed"
	"dmlysender/shared/delivery"
)

const (
	// greeting stands in each message of a campaign, between the campaign's id and the row's name.
	greeting = ": hello "
	// campaignTime is how long a small campaign may take from its start to its end.
	campaignTime = 90 * time.Second
)

// spring is an audience as spreadsheets export it, with a byte order mark: nine people, one number that is none, and one person twice.
const spring = "\ufeffphone,name\n" +
	"+15551230001,Ada\n+15551230002,Bea\n+15551230003,Cleo\n+15551230004,Dora\n12,Nobody\n" +
	"+15551230005,Eve\n+15551230006,Fay\n+15551230007,Gil\n+15551230008,Hal\n+15551230001,Ada again\n+15551230009,Ida\n"

// springSays are the texts that DMLY has to get of it.
var springSays = []string{
	"spring: hello Ada", "spring: hello Bea", "spring: hello Cleo", "spring: hello Dora", "spring: hello Eve",
	"spring: hello Fay", "spring: hello Gil", "spring: hello Hal", "spring: hello Ida",
}

// row is one of an audience that gets no message of its own.
type row struct {
	Line      int
	Pointer   string
	Duplicate bool
}

// springProblems are those of spring; the header is its first line.
var springProblems = []row{{Line: 6, Pointer: "/recipient/phoneNumber"}, {Line: 11, Duplicate: true}}

// audience is what became of one, as the api shows it.
type audience struct {
	Rows, Good, Bad, Duplicates int
	Problems                    []row
}

// isSpring checks what became of the audience spring.
func (a audience) isSpring(t *testing.T) {
	t.Helper()
	if a.Rows != 11 || a.Good != 9 || a.Bad != 1 || a.Duplicates != 1 || !slices.Equal(a.Problems, springProblems) {
		t.Errorf("the audience is %+v, want 11 rows, 9 of them good, and the problems %+v", a, springProblems)
	}
}

// campaign is one as the api shows it.
type campaign struct {
	ID, State, Reason  string
	Run, Total, Queued int
	Audience           audience
	Counts             map[delivery.State]int
	EndedAt            time.Time
}

// many is a campaign with this id, of text messages. more is added to it.
func many(id string, audience, more fields) string {
	c := fields{"id": id, "audience": audience, "message": fields{
		"channel": "whatsapp", "type": "text", "workspace": fields{"id": "W1"},
		"recipient": fields{"phoneNumber": "{{phone}}"}, "textMessage": id + greeting + "{{name}}",
	}}
	maps.Copy(c, more)
	encoded, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

// people is an audience of n rows.
func people(n int) fields {
	rows := make([]fields, n)
	for i := range rows {
		rows[i] = fields{"phone": fmt.Sprintf("+1555124%04d", i), "name": strconv.Itoa(i)}
	}
	return fields{"rows": rows}
}

// upload puts an audience into the bucket, as its users do.
func (r *rig) upload(t *testing.T, name, text string) {
	t.Helper()
	client := s3.NewFromConfig(r.Config, func(o *s3.Options) { o.UsePathStyle = true })
	_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(r.Output(t, "AudienceBucketName")), Key: aws.String("audiences/" + name), Body: strings.NewReader(text),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// campaignNow is how the api says that a campaign stands.
func (r *rig) campaignNow(t *testing.T, id string) (c campaign) {
	t.Helper()
	r.request(t, http.MethodGet, "/v1/campaigns/"+id, "", http.StatusOK, &c)
	return c
}

// comesTo takes all campaigns further until this one is so. The stack's own schedule does, too, once a minute.
func (r *rig) comesTo(t *testing.T, id, what string, so func(campaign) bool) (c campaign) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("the campaign is %+v", c)
		}
	}()
	deployed.Eventually(t, campaignTime, "campaign "+id+" "+what, func() bool {
		var said struct{ Queued []string }
		r.invoke(t, r.scheduleFunction, fields{"tick": "campaigns"}, &said)
		c = r.campaignNow(t, id)
		return so(c)
	})
	return c
}

// textsOf are those that DMLY accepted of a campaign, sorted.
func (r *rig) textsOf(t *testing.T, id string) (texts []string) {
	t.Helper()
	for _, m := range r.Sim.Messages() {
		var body struct{ TextMessage string }
		if err := json.Unmarshal(m.Body, &body); err != nil {
			t.Fatalf("what DMLY accepted is no JSON: %v", err)
		}
		if strings.HasPrefix(body.TextMessage, id+greeting) {
			texts = append(texts, body.TextMessage)
		}
	}
	slices.Sort(texts)
	return texts
}

// starts starts a campaign, and checks whether it was under way already.
func (r *rig) starts(t *testing.T, body string, known bool) {
	t.Helper()
	var c campaign
	headers := r.request(t, http.MethodPost, "/v1/campaigns", body, http.StatusAccepted, &c)
	replayed := ""
	for name, value := range headers {
		if strings.EqualFold(name, "Idempotent-Replayed") {
			replayed = value
		}
	}
	if (replayed == "true") != known {
		t.Errorf("start campaign %s: Idempotent-Replayed is %q, want it to be known: %t", c.ID, replayed, known)
	}
}

func (r *rig) sendsToMany(t *testing.T) {
	t.Parallel()
	r.upload(t, "spring.csv", spring)
	body := many("spring", fields{"file": "spring.csv"}, nil)
	var would struct{ Audience audience }
	r.request(t, http.MethodPost, "/v1/campaigns?dryRun=true", body, http.StatusOK, &would)
	would.Audience.isSpring(t)
	r.request(t, http.MethodGet, "/v1/campaigns/spring", "", http.StatusNotFound, nil) // as it was not started

	r.starts(t, body, false)
	r.starts(t, body, true)
	for run := 1; run <= 2; run++ { // once more after its end, it has nothing to send
		c := r.comesTo(t, "spring", "is complete", func(c campaign) bool { return c.State == "complete" })
		if c.Run != run || c.Total != 9 || !maps.Equal(c.Counts, map[delivery.State]int{delivery.Sent: 9}) || c.EndedAt.IsZero() {
			t.Errorf("the campaign is %+v, want run %d complete with 9 messages, all sent", c, run)
		}
		c.Audience.isSpring(t)
		if got := r.textsOf(t, "spring"); !slices.Equal(got, springSays) {
			t.Errorf("in run %d DMLY has accepted %q, want each once: %q", run, got, springSays)
		}
		var problems struct{ Rows []row }
		r.request(t, http.MethodGet, "/v1/campaigns/spring/problems", "", http.StatusOK, &problems)
		if !slices.Equal(problems.Rows, springProblems) {
			t.Errorf("the problems are %+v, want %+v", problems.Rows, springProblems)
		}
		if run == 1 {
			r.starts(t, body, false)
		}
	}
}

func (r *rig) refusesCampaigns(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"nowhere.csv", "../x.csv"} {
		for _, target := range []string{"/v1/campaigns", "/v1/campaigns?dryRun=true"} {
			var problem struct{ Errors []struct{ Pointer string } }
			r.request(t, http.MethodPost, target, many("lost", fields{"file": file}, nil), http.StatusUnprocessableEntity, &problem)
			if len(problem.Errors) != 1 || problem.Errors[0].Pointer != "/audience/file" {
				t.Errorf("%s with %s: got %+v, want one error at /audience/file", target, file, problem.Errors)
			}
		}
	}
	r.request(t, http.MethodGet, "/v1/campaigns/lost", "", http.StatusNotFound, nil)
}

// What is cancelled at once was not planned, unless the stack's own schedule came in between; what is cancelled later is on the queue.
func (r *rig) cancelsCampaigns(t *testing.T) {
	t.Parallel()
	r.starts(t, many("cancelled-at-once", people(3), nil), false)
	r.isCancelled(t, "cancelled-at-once")

	// The second and the third wait on the queue, for 15 and for 30 seconds.
	r.starts(t, many("cancelled-later", people(3), fields{"ratePerMinute": 4}), false)
	r.comesTo(t, "cancelled-later", "is on the queue", func(c campaign) bool { return c.Queued == 3 })
	if c := r.isCancelled(t, "cancelled-later"); c.Total != 3 || c.Counts[delivery.Cancelled] == 0 {
		t.Errorf("the campaign is %+v, want some of its 3 messages cancelled", c)
	}
}

// isCancelled cancels a campaign, waits for its end, and checks that DMLY accepted what counts as sent, and nothing else.
func (r *rig) isCancelled(t *testing.T, id string) campaign {
	t.Helper()
	for range 2 { // repeating it is harmless
		r.request(t, http.MethodPost, "/v1/campaigns/"+id+"/cancel", "", http.StatusOK, nil)
	}
	c := r.comesTo(t, id, "has ended", func(c campaign) bool { return !c.EndedAt.IsZero() })
	sent, cancelled := c.Counts[delivery.Sent], c.Counts[delivery.Cancelled]
	if c.State != "cancelled" || sent+cancelled != c.Total || len(r.textsOf(t, id)) != sent {
		t.Errorf("the campaign is %+v, and DMLY accepted %q, want it cancelled, and what was accepted counted as sent", c, r.textsOf(t, id))
	}
	return c
}
