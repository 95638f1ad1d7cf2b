package look

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"dmlysender/local/doctor/diagnosis"
	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/campaign"
	"dmlysender/shared/delivery"
)

// stopped is a clock that stands still.
type stopped struct{ delivery.SystemClock }

func (stopped) Now() time.Time { return noon }

// template is the text of each resource, by its name.
func template(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "\nResources:\n")
	resources, _, _ := strings.Cut(after, "\nOutputs:\n")
	all := map[string]string{}
	heads := regexp.MustCompile(`(?m)^  ([A-Z][A-Za-z]+):$`).FindAllStringSubmatchIndex(resources, -1)
	for i, at := range heads {
		end := len(resources)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		all[resources[at[2]:at[3]]] = resources[at[1]:end]
	}
	return all
}

func TestTheTemplateHasWhatIsLookedAt(t *testing.T) {
	t.Parallel()
	all := template(t)
	for _, id := range append(parts, "ExampleSchedule") {
		if all[id] == "" {
			t.Errorf("the template has no %s", id)
		}
	}
	if !strings.Contains(all["ExampleSchedule"], exampleNumber) {
		t.Errorf("the example has another recipient than %s", exampleNumber)
	}
}

// What a role may do in the template, but for its logs, is what it is asked for; and nothing else is.
func TestRolesNeedWhatTheTemplateAllowsThem(t *testing.T) {
	t.Parallel()
	action := regexp.MustCompile(`\b(?:sqs|dynamodb|secretsmanager|scheduler|iam|s3|lambda):[A-Z]\w+`)
	all := template(t)
	for _, r := range roles {
		allowed := map[string]bool{}
		for _, a := range action.FindAllString(all[r.id], -1) {
			allowed[a] = a != "iam:PassedToService"
		}
		var want, got []string
		for a, is := range allowed {
			if is {
				want = append(want, a)
			}
		}
		for _, n := range r.needs {
			for _, a := range n.actions {
				if !slices.Contains(got, a) {
					got = append(got, a)
				}
			}
			if id, _, _ := strings.Cut(n.resource, "/"); !slices.Contains(parts, id) || !strings.Contains(all[r.id], id) {
				t.Errorf("%s of the template has nothing to do with %s", r.id, n.resource)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s is asked for\n%q, and allowed\n%q", r.id, got, want)
		}
		if !strings.Contains(all[r.id], "Principal: {Service: "+r.service+"}") {
			t.Errorf("%s does not trust %s", r.id, r.service)
		}
	}
}

func TestSchedulesAreOverdueByTheirNames(t *testing.T) {
	t.Parallel()
	c := newCloud()
	c.calls["GET /schedules"] = awstest.Answer(http.StatusOK, `{"Schedules": [
		{"Name": "20261130T1154-a", "State": "ENABLED"}, {"Name": "20261130T1156-b", "State": "ENABLED"}, {"Name": "20261130T0900-c", "State": "ENABLED"},
		{"Name": "20261201T0900-d", "State": "DISABLED"}, {"Name": "mine", "State": "ENABLED"}]}`)
	c.calls["GET /schedules/campaigntick"] = awstest.Answer(http.StatusOK, `{"Name": "campaigntick", "State": "DISABLED", "LastModificationDate": 1796040000}`)
	c.calls["GET /schedules/exampleschedule"] = awstest.Answer(http.StatusOK, `{"Name": "exampleschedule", "State": "ENABLED", "Target": {"Arn": "a", "RoleArn": "b", "Input": "{\"phoneNumber\": \"+15551234567\"}"}}`)
	s := c.facts(t).Schedules
	if s == nil || s.Held != 5 || s.Overdue != 2 || s.Disabled != 1 || s.More || !s.OverdueSince.Equal(noon.Add(-3*time.Hour)) {
		t.Fatalf("got %+v", s)
	}
	if s.Tick == nil || s.Tick.Enabled || !s.Tick.Changed.Equal(time.Unix(1796040000, 0)) || s.Example == nil || !s.Example.Enabled || !s.ExampleIsUnchanged {
		t.Errorf("got the tick %+v and the example %+v (unchanged %v)", s.Tick, s.Example, s.ExampleIsUnchanged)
	}
}

func TestMappingsAndWhatTheyLack(t *testing.T) {
	t.Parallel()
	c := newCloud()
	c.calls["GET /2015-03-31/event-source-mappings"] = func(w http.ResponseWriter, r *http.Request) {
		answer := `{"EventSourceMappings": []}`
		if strings.HasSuffix(r.URL.Query().Get("EventSourceArn"), ":sendqueue") {
			answer = `{"EventSourceMappings": [{"UUID": "m1", "State": "Enabled", "ScalingConfig": {"MaximumConcurrency": 2}, "FunctionResponseTypes": ["ReportBatchItemFailures"]}]}`
		}
		awstest.Answer(http.StatusOK, answer)(w, r)
	}
	got := c.facts(t).Mappings
	if len(got) != 2 || got[0].ID != "m1" || !got[0].ReportsFailures || got[0].AtOnce != 2 || got[1].ID != "" || got[1].QueueARN != "arn:aws:sqs:eu-central-1:123456789012:bulkqueue" {
		t.Errorf("got %+v", got)
	}
}

// Whether a person has paused a campaign is told by what Pause writes.
func TestCampaignsThatNeedAPerson(t *testing.T) {
	t.Parallel()
	store := &campaign.Memory{}
	records := []campaign.Record{
		{ID: "by-hand", State: campaign.Planning, StartedAt: noon}, {ID: "by-itself", State: campaign.Paused, Reason: "too many", StartedAt: noon},
		{ID: "stuck", State: campaign.Running, StartedAt: noon.Add(-time.Hour)},
		{ID: "at-work", State: campaign.Running, StartedAt: noon.Add(-time.Hour), Marks: []campaign.Mark{{At: noon.Add(-2 * time.Minute)}}},
		{ID: "leased", State: campaign.Planning, StartedAt: noon.Add(-time.Hour), Lease: noon.Add(time.Minute)},
	}
	for _, r := range records {
		r.Revision = "r"
		if ok, err := store.Put(t.Context(), r, "", noon); !ok || err != nil {
			t.Fatalf("put %s: %v, %v", r.ID, ok, err)
		}
	}
	service := &campaign.Service{Store: store, Clock: stopped{}, NewToken: func() string { return "token" }}
	if _, err := service.Pause(t.Context(), "by-hand", "ana"); err != nil {
		t.Fatal(err)
	}
	var c diagnosis.Campaigns
	for _, r := range records {
		standing, _, err := store.Get(t.Context(), r.ID, noon)
		if err != nil {
			t.Fatal(err)
		}
		sort(&c, standing, noon)
	}
	if c.N != 5 || c.PausedByHand != 1 || len(c.Paused) != 1 || c.Paused[0].ID != "by-itself" || len(c.Stuck) != 1 || c.Stuck[0].ID != "stuck" {
		t.Errorf("got %+v", c)
	}
}
