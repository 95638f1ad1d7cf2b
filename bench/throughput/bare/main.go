// Command bare is what the worker is compared with: a function that posts the records of a batch to DMLY, all at the same time, and
// that is all. It keeps no ledger and no pace, checks nothing, and sends twice what comes twice. A record's body is DMLY's own.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

// poster posts to one operation.
type poster struct {
	client   *http.Client
	url, key string
}

func main() {
	transport := &http.Transport{MaxIdleConnsPerHost: 32}
	p := poster{&http.Client{Transport: transport}, os.Getenv("DMLY_BASE_URL") + "/v1/messages/whatsapp/sendtext", os.Getenv("DMLY_API_KEY")}
	lambda.Start(p.handle)
}

func (p poster) handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	sent := make([]bool, len(event.Records))
	var wg sync.WaitGroup
	for i, record := range event.Records {
		wg.Go(func() { sent[i] = p.post(ctx, record.Body) == nil })
	}
	wg.Wait()
	response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for i, record := range event.Records {
		if !sent[i] {
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: record.MessageId})
		}
	}
	return response, nil
}

func (p poster) post(ctx context.Context, body string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewBufferString(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Api-Key", p.key)
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // It was read to its end.
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", response.Status)
	}
	return nil
}
