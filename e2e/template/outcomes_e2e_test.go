//go:build e2e

package template_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/table/tabletest"
)

// The stand-in has streams and event patterns, and no pipe that leads from one to the other: so what is written to a table is read from
// its stream here, and its event patterns are asked about each record. That a pipe hands these on is not tried.
func TestE2EOutcomesAndNothingElsePassThePatterns(t *testing.T) {
	t.Parallel()
	cfg := awstest.EndToEnd(t)
	all := read(t)
	table := tabletest.New(t, cfg)
	stream := enableStream(t, cfg, table)
	for _, w := range writes() {
		if err := w.to(t, cfg, table); err != nil {
			t.Fatalf("%s: %v", w.name, err)
		}
		records := recordsOf(t, stream)
		if len(records) != 1 {
			t.Fatalf("%s left %d records in the stream, want 1", w.name, len(records))
		}
		for name, pattern := range patterns(t, all) {
			if got, want := passes(t, pattern, records[0]), slices.Contains(w.want, name); got != want {
				t.Errorf("with OutcomeEvents=%s, %s becomes an event: %v, want %v:\n%s", name, w.name, got, want, records[0])
			}
		}
	}
}

// reader reads a table's stream to its end, again and again.
type reader struct{ iterator string }

func enableStream(t *testing.T, cfg aws.Config, table string) *reader {
	t.Helper()
	out, err := sdk.NewFromConfig(cfg).UpdateTable(t.Context(), &sdk.UpdateTableInput{
		TableName:           &table,
		StreamSpecification: &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewImage},
	})
	if err != nil {
		t.Fatal(err)
	}
	arn := aws.ToString(out.TableDescription.LatestStreamArn)
	var described struct {
		StreamDescription struct {
			Shards []struct {
				ID string `json:"ShardId"`
			}
		}
	}
	call(t, "DynamoDBStreams_20120810.DescribeStream", object{"StreamArn": arn}, &described)
	if len(described.StreamDescription.Shards) != 1 {
		t.Fatalf("the stream has %d shards, want 1", len(described.StreamDescription.Shards))
	}
	var got struct{ ShardIterator string }
	call(t, "DynamoDBStreams_20120810.GetShardIterator", object{
		"StreamArn": arn, "ShardId": described.StreamDescription.Shards[0].ID, "ShardIteratorType": "TRIM_HORIZON",
	}, &got)
	return &reader{iterator: got.ShardIterator}
}

// recordsOf are those that came since it was called last.
func recordsOf(t *testing.T, r *reader) []json.RawMessage {
	t.Helper()
	var got struct {
		Records           []json.RawMessage
		NextShardIterator string
	}
	call(t, "DynamoDBStreams_20120810.GetRecords", object{"ShardIterator": r.iterator}, &got)
	r.iterator = got.NextShardIterator
	return got.Records
}

// passes says whether the stand-in's event patterns let a record through.
func passes(t *testing.T, pattern string, record json.RawMessage) bool {
	t.Helper()
	var got struct{ Result bool }
	call(t, "AWSEvents.TestEventPattern", object{"EventPattern": pattern, "Event": string(record)}, &got)
	return got.Result
}

// call makes a call for which this module has no client. The stand-in looks at no signature, but takes the service from its scope.
func call(t *testing.T, target string, in any, out any) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, os.Getenv("AWS_ENDPOINT_URL"), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Amz-Target", target)
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	service := "dynamodb"
	if target == "AWSEvents.TestEventPattern" {
		service = "events"
	}
	request.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=test/20261201/%s/%s/aws4_request, SignedHeaders=host, Signature=0", os.Getenv("AWS_REGION"), service))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %s (%v)", target, response.Status, answer, err)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		t.Fatalf("%s: %v", target, err)
	}
}
