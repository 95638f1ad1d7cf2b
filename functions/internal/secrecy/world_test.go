package secrecy_test

import (
	"bytes"
	"cmp"
	"crypto/md5"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"dmlysender/bench/binary"
	"dmlysender/bench/runtimeapi"
	"dmlysender/bench/standin"
	"dmlysender/shared/awsconf/awstest"
)

// binaries are the built functions.
var binaries string

func TestMain(m *testing.M) {
	code := 1
	defer func() { os.Exit(code) }()
	dir, err := os.MkdirTemp("", "secrecy-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	binaries = dir
	code = m.Run()
}

// build builds a function once.
var build = func() func(t *testing.T, function string) string {
	var mu sync.Mutex
	built := map[string]bool{}
	return func(t *testing.T, function string) string {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		path := filepath.Join(binaries, function)
		if !built[function] {
			if _, err := binary.Build(t.Context(), "./functions/"+function, path); err != nil {
				t.Fatal(err)
			}
			built[function] = true
		}
		return path
	}
}()

// world is a function in a process, and what it talks to.
type world struct {
	*runtimeapi.Process
	t *testing.T
}

// answers say how DMLY and AWS answer.
type answers struct {
	// dmly answers a request whose body was read; nil for one who takes everything, and says all it knows.
	dmly http.HandlerFunc
	// down are the parts of the names of the calls to AWS that are refused; "" is all of them.
	down []string
	// code is what they are refused with; ValidationException if it is empty.
	code string
}

// start starts a function. All that it writes is searched when the test ends.
func start(t *testing.T, function string, a answers) *world {
	t.Helper()
	if a.dmly == nil {
		a.dmly = say(http.StatusOK, map[string]string{"id": "wamid." + encoded + " " + told, "status": told})
	}
	dmlyURL, awsURL := awstest.Serve(t, readFirst(a.dmly)), awstest.Serve(t, newAWS(a.down, a.code))
	p, err := runtimeapi.Start(t.Context(), build(t, function), []string{
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=" + accessKey, "AWS_ENDPOINT_URL=" + awsURL,
		"DMLY_BASE_URL=" + dmlyURL, "DMLY_KEY_FROM=secretsmanager:dmly", "INBOUND_KEYS_FROM=secretsmanager:inbound",
		"LEDGER=dynamodb:ledger", "SEND_QUEUE_URL=" + awsURL + "/123456789012/send", "BULK_QUEUE_URL=" + awsURL + "/123456789012/bulk",
		"SEND_DEAD_LETTER_QUEUE_URL=" + awsURL + "/123456789012/dead", "BULK_DEAD_LETTER_QUEUE_URL=" + awsURL + "/123456789012/dead",
		"SCHEDULE_GROUP=later", "SCHEDULE_ROLE_ARN=arn:aws:iam::123456789012:role/later", "AUDIENCE_BUCKET=audiences",
		"DMLY_RATE_PER_MINUTE=100000", "LOG_LEVEL=DEBUG", "METRICS_NAMESPACE=secrecy",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
		unseen(t, "the output", p.Output())
		requestIDs(t, p.Output())
	})
	return &world{Process: p, t: t}
}

// invoke hands the function an event, and returns the answer or the error's text.
func (w *world) invoke(event string) string {
	w.t.Helper()
	answer, err := w.Invoke(w.t.Context(), []byte(event), 15*time.Second)
	var failed *runtimeapi.FunctionError
	if err != nil && !errors.As(err, &failed) {
		w.t.Fatalf("%v\n%s", err, w.Output())
	}
	if failed != nil {
		return failed.Error() + string(failed.Body)
	}
	return string(answer)
}

// ended ends the process, and returns all that it wrote.
func (w *world) ended() string {
	w.t.Helper()
	if err := w.Kill(); err != nil {
		w.t.Fatal(err)
	}
	return w.Output()
}

// want looks for texts in what the function wrote: they show that it went the way that was meant.
func (w *world) want(texts ...string) {
	w.t.Helper()
	got := w.ended()
	for _, text := range texts {
		if !strings.Contains(got, text) {
			w.t.Errorf("the output does not have %s:\n%s", text, got)
		}
	}
}

// requestIDs sees to it that each line of log has the id of its request.
func requestIDs(t *testing.T, output string) {
	t.Helper()
	for line := range strings.Lines(output) {
		var fields map[string]any
		if json.Unmarshal([]byte(line), &fields) != nil || fields["msg"] == nil {
			continue // of the metrics, or of the Lambda library
		}
		if id, _ := fields["requestId"].(string); id == "" {
			t.Errorf("a line has no request id: %s", line)
		}
	}
}

// say answers with JSON.
func say(status int, body any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
}

// readFirst reads the body of a request before it is answered.
func readFirst(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		next(w, r)
	}
}

// aws is a stand-in that can be out of order, and then repeats what it was asked and all it knows.
type aws struct {
	services http.Handler
	down     []string
	code     string
}

func newAWS(down []string, code string) *aws {
	return &aws{services: standin.New(standin.Options{}), down: down, code: cmp.Or(code, "ValidationException")}
}

// ServeHTTP implements [http.Handler].
func (a *aws) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	target := r.Header.Get("X-Amz-Target")
	if target == "" { // Scheduler and S3 have paths instead
		target = strings.TrimPrefix(r.URL.Path, "/")
	}
	for _, part := range a.down {
		if strings.Contains(target, part) {
			refuse(w, r, body, a.code)
			return
		}
	}
	switch {
	case strings.HasPrefix(target, "secretsmanager"):
		secret := dmlyKey
		if bytes.Contains(body, []byte("inbound")) {
			secret = `{"` + callersName + `": "` + callersKey + `"}`
		}
		awstest.Answer(http.StatusOK, awstest.JSON(map[string]string{"SecretString": secret}))(w, r)
	case target == "AmazonSQS.SendMessageBatch":
		sendBatch(w, r, body)
	case target == "AmazonSQS.GetQueueAttributes":
		awstest.Answer(http.StatusOK, `{"Attributes": {"ApproximateNumberOfMessages": "1", "ApproximateNumberOfMessagesNotVisible": "0"}}`)(w, r)
	case strings.HasPrefix(target, "schedules/"):
		awstest.Answer(http.StatusOK, `{"ScheduleArn": "arn"}`)(w, r)
	case r.Header.Get("X-Amz-Target") == "":
		awstest.Answer(http.StatusNotFound, "<Error><Code>NoSuchKey</Code><Message>"+contact+"</Message></Error>")(w, r)
	default:
		a.services.ServeHTTP(w, r)
	}
}

// refuse refuses a call.
func refuse(w http.ResponseWriter, r *http.Request, body []byte, code string) {
	if r.Header.Get("X-Amz-Target") == "" && !strings.HasPrefix(r.URL.Path, "/schedules/") { // of S3
		var words bytes.Buffer
		_ = xml.EscapeText(&words, []byte(all))
		awstest.Answer(http.StatusBadRequest, "<Error><Code>"+code+"</Code><Message>"+words.String()+"</Message></Error>")(w, r)
		return
	}
	w.Header().Set("X-Amzn-Errortype", code)
	awstest.Refuse(http.StatusBadRequest, code, "Value '"+string(body)+"' at '"+all+"' failed to satisfy constraint")(w, r)
}

// sendBatch takes each record, but for those that are to be refused.
func sendBatch(w http.ResponseWriter, r *http.Request, body []byte) {
	var in struct {
		Entries []struct{ ID, MessageBody string }
	}
	if err := json.Unmarshal(body, &in); err != nil {
		panic(err)
	}
	var done, failed []map[string]any
	for _, e := range in.Entries {
		if strings.Contains(e.MessageBody, "refuse-this-entry") {
			failed = append(failed, map[string]any{"Id": e.ID, "Code": "InvalidParameterValue", "SenderFault": true, "Message": "Value (" + e.MessageBody + ")"})
			continue
		}
		done = append(done, map[string]any{"Id": e.ID, "MessageId": "m", "MD5OfMessageBody": fmt.Sprintf("%x", md5.Sum([]byte(e.MessageBody)))})
	}
	awstest.Answer(http.StatusOK, awstest.JSON(map[string]any{"Successful": done, "Failed": failed}))(w, r)
}
