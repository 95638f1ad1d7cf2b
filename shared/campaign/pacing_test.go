package campaign

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestTheQuotaIsWhatCanBeSentInTheTimeAhead(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		p     pacing
		n     int
		start time.Time
	}{
		"an empty queue":              {pacing{perMinute: 100, ahead: feedAhead}, 500, noon},
		"what is there counts":        {pacing{perMinute: 100, ahead: feedAhead, depth: 480}, 20, noon},
		"a full queue":                {pacing{perMinute: 100, ahead: feedAhead, depth: 500}, 0, noon},
		"more than full":              {pacing{perMinute: 100, ahead: feedAhead, depth: 9000}, 0, noon},
		"two share":                   {pacing{perMinute: 100, ahead: feedAhead, depth: 100, sharers: 2}, 200, noon},
		"no more than a share":        {pacing{perMinute: 100, ahead: feedAhead, depth: 300, sharers: 2, fed: 200}, 0, noon},
		"the rest of a share":         {pacing{perMinute: 100, ahead: feedAhead, depth: 250, sharers: 2, fed: 150}, 50, noon},
		"one for each, if that":       {pacing{perMinute: 1, ahead: feedAhead, depth: 4, sharers: 3}, 1, noon},
		"hours that close":            {pacing{perMinute: 100, ahead: 2 * time.Minute}, 200, noon},
		"closed":                      {pacing{perMinute: 100}, 0, noon},
		"at its own rate":             {pacing{perMinute: 100, own: 6, ahead: feedAhead}, 29, noon},
		"fed for a while":             {pacing{perMinute: 100, own: 6, ahead: feedAhead, horizon: noon.Add(4 * time.Minute)}, 6, noon.Add(4 * time.Minute)},
		"fed for long enough":         {pacing{perMinute: 100, own: 6, ahead: feedAhead, horizon: noon.Add(feedAhead)}, 0, noon.Add(feedAhead)},
		"nothing is made up for":      {pacing{perMinute: 100, own: 6, ahead: feedAhead, horizon: noon.Add(-time.Hour)}, 29, noon},
		"a part of its interval":      {pacing{perMinute: 100, own: 6, ahead: feedAhead, horizon: noon.Add(feedAhead - time.Second)}, 1, noon.Add(feedAhead - time.Second)},
		"faster than the account":     {pacing{perMinute: 100, own: 1000, ahead: feedAhead}, 500, noon},
		"its own rate and full":       {pacing{perMinute: 100, own: 6, ahead: feedAhead, depth: 490}, 10, noon},
		"without an account's rate":   {pacing{ahead: feedAhead}, 0, noon},
		"its own rate when shut":      {pacing{perMinute: 100, own: 6}, 0, noon},
		"its own rate in two minutes": {pacing{perMinute: 100, own: 6, ahead: 2 * time.Minute}, 12, noon},
	} {
		tt.p.now = noon
		if n, start := tt.p.quota(); n != tt.n || !start.Equal(tt.start) {
			t.Errorf("%s: got %d from %v, want %d from %v", name, n, start, tt.n, tt.start)
		}
	}
}

func TestRowsThatNeedNothingTakeNoRoom(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		wanted string
		n      int
		want   int
	}{
		{"xxxx", 2, 2}, {"xxxx", 0, 0}, {"xxxx", 9, 4}, {"----", 0, 4}, {"--x-", 0, 2}, {"x--x", 1, 3}, {"x--x", 2, 4}, {"", 3, 0},
	} {
		wanted := make([]want, len(tt.wanted))
		for i := range wanted {
			wanted[i].queued = tt.wanted[i] == 'x'
		}
		if got := take(wanted, tt.n); got != tt.want {
			t.Errorf("%s with %d: got %d, want %d", tt.wanted, tt.n, got, tt.want)
		}
	}
}

func TestAStepBeginsWhenTheOneBeforeHasComeToRest(t *testing.T) {
	t.Parallel()
	ramp := plan.Ramp{Canary: 50, Growth: 2}
	for name, tt := range map[string]struct {
		ramp plan.Ramp
		r    Record
		want Step
	}{
		"no canary":         {plan.Ramp{Growth: 2}, Record{}, Step{}},
		"the canary":        {ramp, Record{}, Step{50, 50}},
		"not all fed":       {ramp, Record{Step: Step{50, 50}, Fed: Place{Row: 20}, Watched: Place{Row: 20}}, Step{50, 50}},
		"not all seen":      {ramp, Record{Step: Step{50, 50}, Fed: Place{Row: 50}, Watched: Place{Row: 49}}, Step{50, 50}},
		"one is open":       {ramp, Record{Step: Step{50, 50}, Fed: Place{Row: 50}, Watched: Place{Row: 50}, Open: []Row{{}}}, Step{50, 50}},
		"at rest":           {ramp, Record{Step: Step{50, 50}, Fed: Place{Row: 50}, Watched: Place{Row: 50}}, Step{100, 150}},
		"the third":         {ramp, Record{Step: Step{100, 150}, Fed: Place{Row: 150}, Watched: Place{Row: 150}}, Step{200, 350}},
		"more than is fed":  {ramp, Record{Step: Step{400, 750}, Fed: Place{Row: 750}, Watched: Place{Row: 750}}, Step{}},
		"over":              {ramp, Record{Fed: Place{Row: 800}, Watched: Place{Row: 750}}, Step{}},
		"growing by a half": {plan.Ramp{Canary: 3, Growth: 1.5}, Record{Step: Step{3, 3}, Fed: Place{Row: 3}, Watched: Place{Row: 3}}, Step{5, 8}},
		"growing from one":  {plan.Ramp{Canary: 1, Growth: 1.1}, Record{Step: Step{1, 1}, Fed: Place{Row: 1}, Watched: Place{Row: 1}}, Step{2, 3}},
		"not growing":       {plan.Ramp{Canary: 3, Growth: 1}, Record{Step: Step{3, 3}, Fed: Place{Row: 3}, Watched: Place{Row: 3}}, Step{3, 6}},
	} {
		tt.r.Definition.Ramp = tt.ramp
		if got := nextStep(tt.r, 100); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", name, got, tt.want)
		}
	}
}

func TestACampaignIsOpenByItsSendAtAndItsHours(t *testing.T) {
	t.Parallel()
	const within = `"deliverWithin":{"from":"09:00","to":"20:00","timezone":"UTC"}`
	at := func(text string) time.Time {
		moment, err := time.Parse(time.DateTime, "2026-11-23 "+text)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	for _, tt := range []struct {
		members, constant string
		now               time.Time
		want              time.Duration
	}{
		{`"priority":"bulk"`, `{}`, at("03:00:00"), feedAhead},
		{within, "{" + within + "}", at("12:00:00"), feedAhead},
		{within, "{" + within + "}", at("08:59:59"), 0},
		{within, "{" + within + "}", at("09:00:00"), feedAhead},
		{within, "{" + within + "}", at("19:57:30"), 2 * time.Minute},
		{within, "{" + within + "}", at("19:59:30"), 0},
		{within, "{" + within + "}", at("20:00:00"), 0},
		{within, `{"deliverWithin":{"from":"{{from}}"}}`, at("03:00:00"), feedAhead},
		{`"sendAt":"2026-11-23T15:00:00Z"`, `{"sendAt":"2026-11-23T15:00:00Z"}`, at("14:59:00"), 0},
		{`"sendAt":"2026-11-23T15:00:00Z"`, `{"sendAt":"2026-11-23T15:00:00Z"}`, at("15:00:00"), feedAhead},
		{`"sendAt":"2026-11-23T15:00:00Z"`, `{"sendAt":"{{when}}"}`, at("14:00:00"), feedAhead},
	} {
		m, err := message.Decode([]byte(`{"channel":"whatsapp","type":"text","workspace":{"id":"W1"},"recipient":{"phoneNumber":"+15551230000"},
			"textMessage":"Hello",`+tt.members+`}`), message.Defaults{})
		if err != nil {
			t.Fatal(err)
		}
		if got := openFor(plan.Definition{Message: []byte(tt.constant)}, m, tt.now); got != tt.want {
			t.Errorf("%s at %s: got %v, want %v", tt.constant, tt.now.Format(time.TimeOnly), got, tt.want)
		}
	}
}

func TestABurstIsTold(t *testing.T) {
	t.Parallel()
	row := func(r, u, rest int) string {
		return strings.Repeat("r", r) + strings.Repeat("u", u) + strings.Repeat("-", rest)
	}
	for name, tt := range map[string]struct {
		recent string
		ramp   plan.Ramp
		want   string
	}{
		"nothing yet":                 {"", plan.Ramp{}, ""},
		"as many as may be":           {row(20, 5, 75), plan.Ramp{}, ""},
		"one more":                    {row(21, 0, 79), plan.Ramp{}, "21 of the last 100 messages that came to rest were rejected, and 20 %"},
		"few of few":                  {row(4, 0, 0), plan.Ramp{}, ""},
		"many of few":                 {row(5, 0, 0), plan.Ramp{}, "5 of the last 5"},
		"a small canary":              {row(2, 0, 1), plan.Ramp{Canary: 3}, "2 of the last 3"},
		"one of a canary of ten":      {row(1, 0, 0), plan.Ramp{Canary: 10}, ""},
		"unknown":                     {row(0, 6, 10), plan.Ramp{}, "6 of the last 16 messages that came to rest are unknown, and 5 may be"},
		"its own limit of rejections": {row(6, 0, 94), plan.Ramp{MaxRejectedPercent: 5}, "and 5 %"},
		"its own limit of unknowns":   {row(0, 2, 98), plan.Ramp{MaxUnknown: 1}, "and 1 may be"},
		"never":                       {row(100, 0, 0), plan.Ramp{MaxRejectedPercent: 100}, ""},
	} {
		got := tooMany(tt.recent, tt.ramp)
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func TestTheEndIsEstimatedByWhatIsSeen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		left            int
		perMinute, seen float64
		want            time.Time
	}{
		{100, 10, 0, noon.Add(10 * time.Minute)},
		{100, 10, 5, noon.Add(20 * time.Minute)},
		{0, 10, 5, noon},
		{-3, 10, 0, noon},
		{100, 0, 0, time.Time{}},
		{100, 10, 500, noon.Add(10 * time.Minute)}, // a minute in which two were seen is no rate
		{10_000_000, 1, 0.0001, time.Time{}},       // further than a time can be written
		{10_000_000, 96, 1, noon.Add(10_000_000 * time.Minute)},
	} {
		if got := estimate(noon, tt.left, tt.perMinute, tt.seen); !got.Equal(tt.want) {
			t.Errorf("%+v: got %v", tt, got)
		}
	}
	for _, tt := range []struct {
		marks []Mark
		want  float64
	}{
		{nil, 0},
		{[]Mark{{noon, 5}}, 0},
		{[]Mark{{noon, 5}, {noon, 9}}, 0},
		{[]Mark{{noon, 5}, {noon.Add(time.Minute), 50}, {noon.Add(2 * time.Minute), 105}}, 50},
	} {
		if got := seenPerMinute(tt.marks); got != tt.want {
			t.Errorf("%v: got %v, want %v", tt.marks, got, tt.want)
		}
	}
}

func TestOnlyTheLastHundredAreRecent(t *testing.T) {
	t.Parallel()
	r := Record{Recent: strings.Repeat("r", 100)}
	r.count(itemOf("unknown"))
	if len(r.Recent) != 100 || !strings.HasSuffix(r.Recent, "ru") {
		t.Errorf("got %s", r.Recent)
	}
}

func TestWhatHasNoRoomIsSeenAgain(t *testing.T) {
	t.Parallel()
	var r Record
	seen := make([]sighting, maxOpen+10)
	for i := range seen {
		seen[i] = sighting{row: planRow{Row: Row{At: int64(i)}, end: Place{Byte: int64(i) + 1, Row: i + 1}}}
	}
	if !r.note(seen) || len(r.Open) != maxOpen || r.Watched.Row != maxOpen {
		t.Fatalf("%d are open, %d watched", len(r.Open), r.Watched.Row)
	}
	rested := slices.Clone(seen[:5])
	for i := range rested {
		rested[i].rests, rested[i].item = true, itemOf("sent")
	}
	if !r.note(rested) || len(r.Open) != maxOpen-5 || r.Watched.Row != maxOpen || r.resting() != 5 {
		t.Errorf("%d are open, %d watched, %d rest", len(r.Open), r.Watched.Row, r.resting())
	}
	if r.note(seen[5:9]) {
		t.Error("nothing new is a change")
	}
}

// The answer of a write may be lost, and a person's change be next.
func TestWhatIsNotedTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	var r Record
	first := []sighting{
		{row: planRow{Row: Row{At: 0}, end: Place{Byte: 10, Row: 1}}, rests: true, item: itemOf("sent")},
		{row: planRow{Row: Row{At: 10}, end: Place{Byte: 20, Row: 2}}},
		{row: planRow{Row: Row{At: 20}, end: Place{Byte: 30, Row: 3}}, rests: true, item: itemOf("rejected")},
	}
	second := []sighting{{row: planRow{Row: Row{At: 10}}, rests: true, item: itemOf("sent")}} // it was open, and is not read from the plan
	for i, seen := range [][]sighting{first, second} {
		if !r.note(seen) || r.note(seen) || r.Watched != (Place{Byte: 30, Row: 3}) || r.resting() != 2+i || len(r.Recent) != 2+i || len(r.Open) != 1-i {
			t.Errorf("the time %d: %d rest, %q are recent, %d open, watched up to %v", i+1, r.resting(), r.Recent, len(r.Open), r.Watched)
		}
	}
}

// The record has to fit into an item of DynamoDB, of 400 KB, with a message of 64 KiB in it.
func TestFewAndShortWorkspacesAreRemembered(t *testing.T) {
	t.Parallel()
	var messages []message.Message
	for i := range 100 {
		messages = append(messages,
			message.Message{Workspace: dmly.Workspace{ID: strings.Repeat("x", 60_000) + strconv.Itoa(i)}},
			message.Message{Workspace: dmly.Workspace{ID: "W" + strconv.Itoa(i)}})
	}
	got := workspaces([]string{"W0"}, messages)
	if len(got) != maxWorkspaces || len(strings.Join(got, "")) > 1000 || got[1] != "W1" {
		t.Errorf("%d are remembered, of %d bytes", len(got), len(strings.Join(got, "")))
	}
}

func itemOf(state delivery.State) delivery.Item {
	return delivery.Item{State: state, History: []delivery.Transition{{At: noon, State: state}}}
}

func TestNoMinuteHasMoreThanTheCampaignsOwnRate(t *testing.T) {
	t.Parallel()
	// SQS delays by whole seconds, and a worker may be a second late.
	const late = time.Second
	for _, own := range []int{1, 7, 40, 60, 100, 1000} {
		goes := func(i int) time.Duration {
			return (time.Duration(i)*between(own) + time.Second - 1).Truncate(time.Second)
		}
		for i := range 5 * own {
			if within := goes(i+own) - goes(i) - late; within < time.Minute {
				t.Errorf("%d a minute: %d go within %v", own, own+1, within)
				break
			}
		}
	}
}
