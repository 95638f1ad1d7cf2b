package httpapi

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http/httptest"
	"testing"

	"dmlysender/shared/delivery"
	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

// description is the OpenAPI document as it is served.
func description(t *testing.T) []byte {
	t.Helper()
	recorder := httptest.NewRecorder()
	(&Handler{Sender: &delivery.Sender{NewToken: rand.Text}}).Routes().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", "/openapi.json", nil))
	if recorder.Code != 200 {
		t.Fatalf("GET /openapi.json: HTTP %d: %s", recorder.Code, recorder.Body)
	}
	return recorder.Body.Bytes()
}

func TestTheCommittedDocumentIsWhatTheCodeSays(t *testing.T) {
	t.Parallel()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, description(t), "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	compareFile(t, "../../../openapi.json", pretty.Bytes())
}

func TestEachExampleOfTheDocumentCanBeSentAsItIs(t *testing.T) {
	t.Parallel()
	var document struct {
		Paths map[string]struct {
			Post *struct {
				RequestBody struct {
					Content map[string]struct{ Example json.RawMessage }
				}
			}
		}
	}
	if err := json.Unmarshal(description(t), &document); err != nil {
		t.Fatal(err)
	}
	for _, op := range dmly.Operations() {
		example := document.Paths[op.Path()].Post.RequestBody.Content["application/json"].Example
		if _, err := message.DecodeRequest(op, example, message.Defaults{}); err != nil {
			t.Errorf("%s: %s: %v", op, example, err)
		}
	}
	example := document.Paths["/v1/messages"].Post.RequestBody.Content["application/json"].Example
	if _, err := message.Decode(example, message.Defaults{}); err != nil {
		t.Errorf("%s: %v", example, err)
	}
}
