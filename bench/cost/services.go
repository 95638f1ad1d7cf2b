package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// answer answers a call, and returns what was answered where that counts.
func (a *cloud) answer(w http.ResponseWriter, r *http.Request, service, operation string, body []byte) (status int, answered []byte, err error) {
	switch {
	case service == "s3":
		return a.files.serve(w, r, body), nil, nil
	case service == "scheduler" && operation == http.MethodPost:
		return respond(w, map[string]string{"ScheduleArn": "arn:aws:scheduler:::schedule/bench"})
	case service == "sqs":
		answer, err := a.queues.answer(operation, body, time.Now())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return http.StatusBadRequest, nil, err
		}
		return respond(w, answer)
	case service == "dynamodb" && (operation == "Query" || operation == "BatchGetItem"):
		answer, err := a.read(operation, body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return http.StatusBadRequest, nil, err
		}
		return respond(w, answer)
	case service == "dynamodb" || service == "secretsmanager":
		kept := &keeper{ResponseWriter: w, status: http.StatusOK}
		a.items.ServeHTTP(kept, r)
		return kept.status, kept.body.Bytes(), nil
	}
	http.Error(w, "not here", http.StatusBadRequest)
	return http.StatusBadRequest, nil, errors.New("nobody here knows it")
}

func respond(w http.ResponseWriter, answer any) (int, []byte, error) {
	data, err := json.Marshal(answer)
	if err != nil {
		return http.StatusInternalServerError, nil, fmt.Errorf("answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_, _ = w.Write(data) // Whoever has gone does not miss it.
	return http.StatusOK, data, nil
}

// read answers what the stand-in of the table does not know: whole items, as no call here asks for others than those that it gets.
func (a *cloud) read(operation string, body []byte) (any, error) {
	var q dynamo
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, fmt.Errorf("read a %s: %w", operation, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if operation == "Query" {
		found, err := a.table.under(q)
		if err != nil {
			return nil, err
		}
		items := []attributes{}
		for _, i := range found {
			items = append(items, i.attributes)
		}
		return map[string]any{"Items": items, "Count": len(items)}, nil
	}
	responses := map[string][]attributes{}
	for name, of := range q.RequestItems {
		for _, key := range of.Keys {
			if i, ok := a.table[key.key()]; ok {
				responses[name] = append(responses[name], i.attributes)
			}
		}
	}
	return map[string]any{"Responses": responses, "UnprocessedKeys": map[string]any{}}, nil
}

// keeper keeps an answer's status and body.
type keeper struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (k *keeper) WriteHeader(status int) {
	k.status = status
	k.ResponseWriter.WriteHeader(status)
}

func (k *keeper) Write(p []byte) (int, error) {
	k.body.Write(p)
	return k.ResponseWriter.Write(p)
}

// bucket is one of S3, in memory: objects that are put whole, and read whole or in part.
type bucket struct {
	mu      sync.Mutex
	objects map[string][]byte
}

func (b *bucket) put(path string, content []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.objects == nil {
		b.objects = map[string][]byte{}
	}
	b.objects[path] = slices.Clone(content)
}

func (b *bucket) serve(w http.ResponseWriter, r *http.Request, body []byte) (status int) {
	kept := &keeper{ResponseWriter: w, status: http.StatusOK}
	switch {
	case r.Method == http.MethodPut && !r.URL.Query().Has("uploadId"):
		b.put(r.URL.Path, body)
		kept.Header().Set("ETag", `"1"`)
		kept.WriteHeader(http.StatusOK)
	case r.Method == http.MethodGet:
		b.mu.Lock()
		content, ok := b.objects[r.URL.Path]
		b.mu.Unlock()
		if !ok {
			kept.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(kept, "<Error><Code>NoSuchKey</Code></Error>")
			break
		}
		kept.Header().Set("ETag", `"1"`)
		http.ServeContent(kept, r, "", time.Time{}, strings.NewReader(string(content)))
	default:
		http.Error(kept, "not here", http.StatusNotImplemented)
	}
	return kept.status
}
