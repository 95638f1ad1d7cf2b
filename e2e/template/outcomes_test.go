package template_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/campaign"
	campaigns "dmlysender/shared/campaign/dynamodb"
	"dmlysender/shared/delivery"
	"dmlysender/shared/ledger/dynamodb"
	pace "dmlysender/shared/pace/dynamodb"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// private is what no event may have in it.
const private = "+15551234567"

// write is one to the ledger's table, and the events that it has to become: "problems", "all", both or none.
type write struct {
	name string
	to   func(t *testing.T, cfg aws.Config, table string) error
	id   string // of the message, if it is one's
	want []string
}

// writes are of everything that stands in the ledger's table, in every state.
func writes() (all []write) {
	for _, state := range delivery.States() {
		var want []string
		if state.Problem() {
			want = append(want, "problems")
		}
		if state.Final() {
			want = append(want, "all")
		}
		// One of a campaign stands elsewhere, and has 26 characters of a hash.
		for _, id := range []string{"order-1042-" + string(state), "c.spring." + string(state) + strings.Repeat("a", 26-len(state))} {
			all = append(all, messageWrite(id, state, want))
			if state.Problem() {
				all = append(all, dropWrite(id, state))
			}
		}
	}
	return append(all, others()...)
}

// messageWrite is the write of a message's item, with everything in it that is nobody's business.
func messageWrite(id string, state delivery.State, want []string) write {
	return write{name: string(state) + " " + id, id: id, want: want, to: func(t *testing.T, cfg aws.Config, table string) error {
		t.Helper()
		return put(t, cfg, table, itemOf(id, state), "")
	}}
}

// dropWrite is that of a problem of which a person wants no more.
func dropWrite(id string, state delivery.State) write {
	return write{name: string(state) + " and dropped " + id, id: id, to: func(t *testing.T, cfg aws.Config, table string) error {
		t.Helper()
		item := itemOf(id, state)
		item.Revision, item.Dropped = "dropped", true
		return put(t, cfg, table, item, itemOf(id, state).Revision)
	}}
}

func itemOf(id string, state delivery.State) delivery.Item {
	return delivery.Item{
		ID: id, Workspace: "W1", Fingerprint: "f", Revision: "r1", State: state, Generation: 2, Owner: "owner",
		Reason: "DMLY does not like " + private, Content: []byte(private), ForgetAt: noon.Add(time.Hour),
		History: []delivery.Transition{{At: noon, State: state, Reason: private}},
	}
}

func put(t *testing.T, cfg aws.Config, table string, item delivery.Item, over string) error {
	t.Helper()
	_, ok, err := dynamodb.Open(cfg, table).Put(t.Context(), item, over, noon)
	if err == nil && !ok {
		t.Errorf("%s was not written", item.ID)
	}
	return err
}

// others are what else stands in the table.
func others() (all []write) {
	all = append(all, write{name: "a cancelKey", to: func(t *testing.T, cfg aws.Config, table string) error {
		t.Helper()
		return dynamodb.Open(cfg, table).Keep(t.Context(), "order-42", "order-1042", noon.Add(time.Hour))
	}})
	for _, state := range []campaign.State{campaign.Running, campaign.Cancelled, campaign.Complete, campaign.Refused} {
		all = append(all, write{name: "a campaign that is " + string(state), to: func(t *testing.T, cfg aws.Config, table string) error {
			t.Helper()
			_, err := campaigns.Open(cfg, table).Put(t.Context(), campaign.Record{ID: "spring-" + string(state), State: state, Revision: "r1"}, "", noon)
			return err
		}})
	}
	return append(all, write{name: "the pace", to: func(t *testing.T, cfg aws.Config, table string) error {
		t.Helper()
		pacer, err := pace.Open(cfg, table, 100, func() time.Time { return noon })
		if err != nil {
			return err
		}
		_, err = pacer.Refuse(t.Context(), delivery.Account{Name: "default", KeyVersion: "v1"})
		return err
	}})
}

// image is what stands in the table after a write, as its stream has it: what the ledger sends to DynamoDB. Of an update only the key
// is known, which is all that tells its item from a message's.
func image(t *testing.T, w write) object {
	t.Helper()
	var sent struct{ Item, Key object }
	answer := awstest.Answer(http.StatusOK, "{}")
	cfg := awstest.ConfigFor(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil && !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetItem") {
			err = json.Unmarshal(body, &sent)
		}
		if err != nil {
			t.Errorf("%s: %v", w.name, err)
		}
		answer(rw, r)
	}))
	if err := w.to(t, cfg, "ledger"); err != nil {
		t.Fatalf("%s: %v", w.name, err)
	}
	if sent.Item == nil {
		return sent.Key
	}
	return sent.Item
}

// record is how a pipe sees an item that was written.
func record(image object) object {
	return object{
		"eventID": "c4ca4238a0b923820dcc509a6f75849b", "eventName": "MODIFY", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "eu-central-1",
		"dynamodb": object{
			"ApproximateCreationDateTime": float64(noon.Unix()), "Keys": object{"pk": image["pk"], "sk": image["sk"]}, "NewImage": image,
			"SequenceNumber": "4421584500000000017450439091", "SizeBytes": float64(300), "StreamViewType": "NEW_IMAGE",
		},
		"eventSourceARN": "arn:aws:dynamodb:eu-central-1:123456789012:table/ledger/stream/2026-12-01T00:00:00.000",
	}
}

// patterns are the template's, by the value of OutcomeEvents.
func patterns(t *testing.T, all template) map[string]string {
	t.Helper()
	found := map[string]string{}
	for name := range at(all.Mappings, "OutcomeEvents") {
		found[name] = text(at(all.Mappings, "OutcomeEvents", name), "Pattern")
	}
	if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, []string{"all", "none", "problems"}) {
		t.Fatalf("the template has patterns for %q", got)
	}
	return found
}

func TestOutcomesAndNothingElseBecomeEvents(t *testing.T) {
	t.Parallel()
	all := read(t)
	for name, pattern := range patterns(t, all) {
		var parsed object
		if err := json.Unmarshal([]byte(pattern), &parsed); err != nil {
			t.Fatalf("the pattern for %s: %v", name, err)
		}
		for _, w := range writes() {
			i := image(t, w)
			if i["pk"] == nil {
				t.Fatalf("%s was not written", w.name)
			}
			if got, want := matches(t, parsed, record(i)), slices.Contains(w.want, name); got != want {
				t.Errorf("with OutcomeEvents=%s, %s becomes an event: %v, want %v", name, w.name, got, want)
			}
		}
	}
	// What is deleted has no image.
	for name, pattern := range patterns(t, all) {
		var parsed object
		if err := json.Unmarshal([]byte(pattern), &parsed); err != nil {
			t.Fatal(err)
		}
		if matches(t, parsed, object{"eventName": "REMOVE", "dynamodb": object{"Keys": object{}}}) {
			t.Errorf("with OutcomeEvents=%s, what is forgotten becomes an event", name)
		}
	}
}

// matches is an event pattern's meaning, as far as the template's go: every field of the pattern, one of its values.
func matches(t *testing.T, pattern object, event any) bool {
	t.Helper()
	for name, want := range pattern {
		fields, _ := event.(object)
		value, is := fields[name]
		if deeper, ok := want.(object); ok {
			if !matches(t, deeper, value) {
				return false
			}
			continue
		}
		if !slices.ContainsFunc(list(want), func(one any) bool {
			if operator, ok := one.(object); ok {
				exists, known := operator["exists"].(bool)
				if !known || len(operator) != 1 {
					t.Fatalf("this test does not know %v", operator)
				}
				return is == exists
			}
			return is && one == value
		}) {
			return false
		}
	}
	return true
}

// pathOf is a place in an input template, with its path into the record.
var pathOf = regexp.MustCompile(`<\$\.([\w.]+)>`)

func TestAnEventSaysWhereAMessageStandsAndNothingMore(t *testing.T) {
	t.Parallel()
	input := text(at(read(t).Resources["OutcomePipe"].properties, "TargetParameters"), "InputTemplate")
	for _, w := range writes() {
		if len(w.want) == 0 {
			continue
		}
		from := record(image(t, w))
		event := pathOf.ReplaceAllStringFunc(input, func(place string) string {
			var value any = from
			for name := range strings.SplitSeq(pathOf.FindStringSubmatch(place)[1], ".") {
				fields, _ := value.(object)
				value = fields[name]
			}
			if value == nil {
				t.Errorf("%s has no %s", w.name, place)
			}
			encoded, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			return strings.Trim(string(encoded), `"`)
		})
		var detail map[string]any
		if err := json.Unmarshal([]byte(event), &detail); err != nil {
			t.Fatalf("%s becomes %s: %v", w.name, event, err)
		}
		if got := slices.Sorted(maps.Keys(detail)); !slices.Equal(got, []string{"at", "generation", "id", "state"}) {
			t.Errorf("the event has the fields %q", got)
		}
		if detail["id"] != w.id || !strings.Contains(w.name, detail["state"].(string)) || detail["generation"] != "2" || detail["at"] != float64(noon.Unix()) {
			t.Errorf("%s becomes %s", w.name, event)
		}
		if strings.Contains(event, private) {
			t.Errorf("the event %s has what is nobody's business", event)
		}
	}
}

// Without events there is no stream, no bus and nobody who reads: what costs nothing is not there.
func TestWhatMakesEventsIsThereOnlyForThem(t *testing.T) {
	t.Parallel()
	all := read(t)
	if at(all.Parameters, "OutcomeEvents")["Default"] != "none" {
		t.Error("events are made unless somebody says no")
	}
	for _, kind := range []string{"AWS::Events::EventBus", "AWS::Pipes::Pipe"} {
		for _, r := range all.must(t, kind) {
			if r.condition != "HasOutcomeEvents" {
				t.Errorf("%s is there if %q", r.id, r.condition)
			}
		}
	}
	want := object{"Fn::If": []any{"HasOutcomeEvents", object{"StreamViewType": "NEW_IMAGE"}, ref("AWS::NoValue")}}
	if got := all.Resources["LedgerTable"].properties["StreamSpecification"]; !same(got, want) {
		t.Errorf("the ledger has a stream: %v", got)
	}
}
