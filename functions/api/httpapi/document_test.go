package httpapi

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http/httptest"
	"testing"

	"dmlysender/shared/delivery"
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
