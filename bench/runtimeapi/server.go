package runtimeapi

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	apiPath = "/2018-06-01/runtime/"
	// maxResponse is Lambda's limit for a synchronous response.
	maxResponse = 6 << 20
	functionARN = "arn:aws:lambda:us-east-1:000000000000:function:"

	errorTypeHeader = "Lambda-Runtime-Function-Error-Type"
	errorBodyLimit  = 1 << 20
)

func (p *Process) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+apiPath+"invocation/next", p.serveNext)
	mux.HandleFunc("POST "+apiPath+"invocation/{id}/response", p.serveResponse)
	mux.HandleFunc("POST "+apiPath+"invocation/{id}/error", p.serveError)
	mux.HandleFunc("POST "+apiPath+"init/error", p.serveInitError)
	return mux
}

func (p *Process) serveNext(w http.ResponseWriter, r *http.Request) {
	p.pollOnce.Do(func() {
		p.firstPoll = time.Since(p.started)
		close(p.polled)
	})
	var inv *invocation
	select {
	case inv = <-p.pending:
	case <-r.Context().Done():
		return
	}
	p.mu.Lock()
	p.running[inv.id] = inv
	p.mu.Unlock()
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
	header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(inv.timeout).UnixMilli(), 10))
	header.Set("Lambda-Runtime-Invoked-Function-Arn", functionARN+p.name)
	header.Set("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000;Sampled=0")
	_, _ = w.Write(inv.event) // If the process has died, reap notices.
}

func (p *Process) serveResponse(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxResponse))
	result := outcome{response: body}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		result = outcome{err: &FunctionError{Type: "Function.ResponseSizeTooLarge", Message: "the response is larger than 6 MiB"}}
	case err != nil:
		return // The process died while it answered; reap notices.
	case r.Trailer.Get(errorTypeHeader) != "":
		// A handler that failed while its response was being read says so behind the response.
		result = outcome{err: &FunctionError{Type: r.Trailer.Get(errorTypeHeader), Message: "the response broke off", Body: body}}
	}
	if !p.finish(r.PathValue("id"), result) {
		refuse(w, http.StatusBadRequest, "InvalidRequestID")
		return
	}
	if tooLarge != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge")
		return
	}
	accept(w)
}

func (p *Process) serveError(w http.ResponseWriter, r *http.Request) {
	report, err := readReport(w, r)
	if err != nil {
		return
	}
	if !p.finish(r.PathValue("id"), outcome{err: report}) {
		refuse(w, http.StatusBadRequest, "InvalidRequestID")
		return
	}
	accept(w)
}

func (p *Process) serveInitError(w http.ResponseWriter, r *http.Request) {
	report, err := readReport(w, r)
	if err != nil {
		return
	}
	p.mu.Lock()
	p.initError = report
	p.mu.Unlock()
	accept(w)
}

func readReport(w http.ResponseWriter, r *http.Request) (*FunctionError, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, errorBodyLimit))
	if err != nil {
		return nil, err
	}
	var report struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal(body, &report) != nil || report.Type == "" {
		report.Type = r.Header.Get(errorTypeHeader)
	}
	return &FunctionError{Type: report.Type, Message: report.Message, Body: body}, nil
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func refuse(w http.ResponseWriter, status int, errorType string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"errorType":"`+errorType+`"}`)
}
