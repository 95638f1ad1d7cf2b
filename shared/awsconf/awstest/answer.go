package awstest

import (
	"encoding/json"
	"io"
	"net/http"
)

// Decode reads a request's body into a value. A field that the value does not have is an error, so a stand-in's request
// type lists all that a package may ask for.
func Decode(r *http.Request, into any) error {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// Answer answers with a status and a body, in the version of the JSON protocol in which it was asked. The body is
// written as it is, valid or not.
func Answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// Refuse answers with an error as AWS writes it; kind is its whole name, such as "com.amazonaws.sqs#QueueDoesNotExist".
func Refuse(status int, kind, message string) http.HandlerFunc {
	return Answer(status, JSON(map[string]string{"__type": kind, "message": message}))
}

// Cut breaks the connection instead of answering.
func Cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// JSON encodes what a test made up. It panics if that is not JSON.
func JSON(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(data)
}
