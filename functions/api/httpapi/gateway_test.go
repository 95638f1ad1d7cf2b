package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"

	"dmlysender/functions/internal/handlertest"
	"dmlysender/shared/delivery"
)

// invoke hands an event over as API Gateway does, payload format 2.0.
func (r *rig) invoke(event events.APIGatewayV2HTTPRequest) answer {
	r.t.Helper()
	response, err := httpadapter.NewV2(r.handler.Routes()).ProxyWithContext(r.t.Context(), event)
	if err != nil {
		r.t.Fatal(err)
	}
	if response.IsBase64Encoded {
		r.t.Errorf("the answer is base64: %s", response.Body)
	}
	header := http.Header{}
	for name, value := range response.Headers {
		header.Set(name, value)
	}
	for name, values := range response.MultiValueHeaders {
		header[http.CanonicalHeaderKey(name)] = values
	}
	return readAnswer(r.t, response.StatusCode, header, response.Body)
}

func readSample(t *testing.T, file string) events.APIGatewayV2HTTPRequest {
	t.Helper()
	var event events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(handlertest.Sample(t, "api", file), &event); err != nil {
		t.Fatalf("decode %s: %v", file, err)
	}
	return event
}

// TestAPISendsEachSample also tells when a sample comes without being listed here.
func TestAPISendsEachSample(t *testing.T) {
	t.Parallel()
	samples := map[string]struct {
		id, operation string
		code          int
	}{
		"send.json":                              {"order-1043-shipped", "whatsapp/sendtext", 202},
		"drop-in-whatsapp-sendtext.json":         {"greeting-1001", "whatsapp/sendtext", 200},
		"drop-in-instagram-sendtext-base64.json": {"greeting-1002", "instagram/sendtext", 200},
	}
	if files := handlertest.SampleFiles(t, "api"); len(files) != len(samples) {
		t.Errorf("samples: got %q, want %d", files, len(samples))
	}
	for file, want := range samples {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			event := readSample(t, file)
			r := newRig(t)
			r.callers.Set("local", nil) // the samples' key
			for range 2 {
				got := r.invoke(event)
				r.want(got, want.code, plainJSON)
				if location := got.header.Get("Location"); location != "/v1/messages/"+want.id {
					t.Errorf("Location: got %q, want %s", location, want.id)
				}
				r.work(time.Minute)
			}
			r.WantState(want.id, delivery.Sent)
			sent := r.Sim.Messages()
			if len(sent) != 1 || sent[0].Operation != want.operation {
				t.Fatalf("DMLY accepted %+v, want one %s", sent, want.operation)
			}
			if want.code == 200 { // DMLY's own body, as it is
				handlertest.SameJSON(t, sent[0].Body, plainBody(t, event))
			}
		})
	}
}

func plainBody(t *testing.T, event events.APIGatewayV2HTTPRequest) []byte {
	t.Helper()
	if !event.IsBase64Encoded {
		return []byte(event.Body)
	}
	decoded, err := base64.StdEncoding.DecodeString(event.Body)
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

func TestAPITakesABase64BodyOnEachPath(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	event := readSample(t, "send.json")
	event.Headers["x-api-key"] = callerKey
	event.Body, event.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(event.Body)), true
	r.want(r.invoke(event), 202, plainJSON)
	r.normal.WantEnqueued(t, "order-1043-shipped")
}

func TestAPIRefusesAKeyThatTheGatewayWouldCutAtAComma(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"send.json", "drop-in-whatsapp-sendtext.json"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			event := readSample(t, file)
			event.Headers["x-api-key"] = callerKey
			event.Headers["idempotency-key"] = "order-1,order-2"
			if got := r.invoke(event); got.code != 422 || !strings.Contains(got.Detail+got.Error, "Idempotency-Key") {
				t.Errorf("got HTTP %d: %s, want 422 because of the Idempotency-Key", got.code, got.body)
			}
			r.wantUntouched()
		})
	}
}

func TestAPIRefusesEventsThroughTheGateway(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*events.APIGatewayV2HTTPRequest)
		code   int
		kind   string
	}{
		"no key":      {func(e *events.APIGatewayV2HTTPRequest) { delete(e.Headers, "x-api-key") }, 401, problemJSON},
		"wrong key":   {func(e *events.APIGatewayV2HTTPRequest) { e.Headers["x-api-key"] = "wrong" }, 401, problemJSON},
		"wrong path":  {func(e *events.APIGatewayV2HTTPRequest) { e.RawPath = "/v2/messages" }, 404, problemJSON},
		"other verb":  {func(e *events.APIGatewayV2HTTPRequest) { e.RequestContext.HTTP.Method = "PUT" }, 405, problemJSON},
		"empty body":  {func(e *events.APIGatewayV2HTTPRequest) { e.Body = "" }, 400, problemJSON},
		"drop-in 404": {func(e *events.APIGatewayV2HTTPRequest) { e.RawPath = "/api/v1/messages/sms/sendtext" }, 404, plainJSON},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			event := readSample(t, "send.json")
			event.Headers["x-api-key"] = callerKey
			tt.change(&event)
			r.want(r.invoke(event), tt.code, tt.kind)
			r.wantUntouched()
		})
	}
}

func TestAPIServesItsCompressedFilesThroughTheGateway(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	event := readSample(t, "send.json")
	event.RequestContext.HTTP.Method, event.RawPath, event.Body = "GET", "/docs/swagger-ui.css", ""
	event.Headers["accept-encoding"] = "br, gzip"
	response, err := httpadapter.NewV2(r.handler.Routes()).ProxyWithContext(t.Context(), event)
	if err != nil || response.StatusCode != http.StatusOK || !response.IsBase64Encoded {
		t.Fatalf("got HTTP %d, base64 %v, %v", response.StatusCode, response.IsBase64Encoded, err)
	}
	compressed, err := base64.StdEncoding.DecodeString(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		t.Fatal(err)
	}
	if css, err := io.ReadAll(reader); err != nil || !bytes.Contains(css, []byte(".swagger-ui")) {
		t.Errorf("got %d bytes, %v", len(css), err)
	}
}
