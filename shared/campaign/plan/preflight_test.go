package plan_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/campaign/plan"
)

// people is an audience of n.
func people(n int) *strings.Reader {
	var b strings.Builder
	b.WriteString("phone,name,city,order\n")
	for i := range n {
		fmt.Fprintf(&b, "+1555%07d,Ann,Rome,1\n", i)
	}
	return strings.NewReader(b.String())
}

func TestPreflightTellsHowLongItTakes(t *testing.T) {
	t.Parallel()
	hours := strings.Replace(toPhone, "{", `{"workspace":{"id":"W"},"deliverWithin":{"from":"22:00","to":"00:00","timezone":"UTC"},`, 1)
	tests := map[string]struct {
		message       string
		own, account  int
		wantPerMinute float64
		wantSeconds   int64
		want          time.Duration
	}{
		"the pace gives 96 %":          {strings.Replace(hours, "deliverWithin", "passthrough", 1), 0, 100, 96, 601, 601 * time.Second},
		"the campaign's is lower":      {strings.Replace(hours, "deliverWithin", "passthrough", 1), 60, 100, 60, 961, 961 * time.Second},
		"the campaign's is higher":     {strings.Replace(hours, "deliverWithin", "passthrough", 1), 100, 100, 96, 601, 601 * time.Second},
		"within one evening":           {hours, 0, 100, 96, 601, 601 * time.Second},
		"five evenings":                {hours, 2, 100, 2, 28830, 4*24*time.Hour - 4*2*time.Hour + 28830*time.Second},
		"hours that depend on rows":    {strings.Replace(hours, "UTC", "{{zone}}", 1), 2, 100, 2, 28830, 28830 * time.Second},
		"an account that is very slow": {strings.Replace(hours, "deliverWithin", "passthrough", 1), 0, 1, 0.96, 60063, 60063 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := definition(t, "a.csv", tt.message)
			d.RatePerMinute = tt.own
			var rows strings.Builder
			rows.WriteString("phone,zone\n")
			for i := range 961 {
				fmt.Fprintf(&rows, "+1555%07d,UTC\n", i)
			}
			r, err := plan.Planner{}.Preflight(t.Context(), d, strings.NewReader(rows.String()), tt.account)
			if err != nil {
				t.Fatal(err)
			}
			if r.Good != 961 || r.PerMinute != tt.wantPerMinute || r.Seconds != tt.wantSeconds || r.Duration() != tt.want {
				t.Errorf("got %d at %v a minute in %d s, %v; want %v, %d s, %v", r.Good, r.PerMinute, r.Seconds, r.Duration(), tt.wantPerMinute, tt.wantSeconds, tt.want)
			}
		})
	}
}

func TestPreflightTellsWhatItCosts(t *testing.T) {
	t.Parallel()
	d := definition(t, "a.csv", text)
	one, err := plan.Planner{}.Preflight(t.Context(), d, people(10_000), 100)
	if err != nil {
		t.Fatal(err)
	}
	// By hand, for 10,000 messages at 96 a minute, which take 104: 29,333 to 51,833 writes and 20,417 to 61,667 reads, 3,000 to 30,000
	// requests of SQS, 1,000 to 10,000 invocations that wait 6,250 to 12,500 s with a quarter of a GB, and 4 to 8 MB of logs.
	want := map[string][2]float64{
		"DynamoDB": {0.020885, 0.040104}, "SQS": {0.0012, 0.012}, "Lambda": {0.021033, 0.043667}, "CloudWatch Logs": {0.001863, 0.003725},
	}
	for _, part := range one.Cost.Parts {
		if w := want[part.Service]; part.Low != w[0] || part.High != w[1] {
			t.Errorf("%s: got %v to %v, want %v", part.Service, part.Low, part.High, w)
		}
	}
	if len(one.Cost.Parts) != len(want) || one.Cost.Low != 0.044981 || one.Cost.High != 0.099496 {
		t.Errorf("got %+v", one.Cost)
	}
	if !strings.Contains(one.Cost.Without, "DMLY") || !strings.Contains(one.Cost.Without, "WhatsApp") {
		t.Errorf("it is not said that what DMLY and WhatsApp charge is missing: %q", one.Cost.Without)
	}
	if _, err := time.Parse(time.DateOnly, one.Cost.PricesOf); err != nil {
		t.Error(err)
	}
}

func TestPreflightRefusesWhatCannotBePlanned(t *testing.T) {
	t.Parallel()
	d := definition(t, "a.csv", text)
	if _, err := (plan.Planner{}).Preflight(t.Context(), d, people(0), 100); err == nil {
		t.Error("an audience without rows is taken")
	} else if _, ok := errors.AsType[*plan.AudienceError](err); !ok {
		t.Errorf("err = %v, want an *AudienceError", err)
	}
	if _, err := (plan.Planner{}).Preflight(t.Context(), d, people(1), 0); err == nil || !strings.HasPrefix(err.Error(), "a rate of 0 messages a minute") {
		t.Errorf("err = %v, want that nothing is sent at that rate", err)
	}
}
