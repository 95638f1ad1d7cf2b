package httpapi

import (
	"encoding/json"
	"net/http"

	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

// problem is an RFC 9457 problem.
type problem struct {
	Type   string            `json:"type"`
	Title  string            `json:"title"`
	Status int               `json:"status"`
	Detail string            `json:"detail"`
	Errors []message.Problem `json:"errors,omitempty"`
}

// problems is the refusal of this project's own paths.
func problems(w http.ResponseWriter, status int, detail string) {
	writeProblem(w, status, detail, nil)
}

func writeProblem(w http.ResponseWriter, status int, detail string, found []message.Problem) {
	writeJSON(w, status, "application/problem+json", problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Errors: found,
	})
}

// asDMLY is the refusal of DMLY's paths: its callers look for "error".
func asDMLY(w http.ResponseWriter, status int, detail string) {
	writeJSON(w, status, "application/json", dmly.MessageResponse{Status: "error", Error: detail})
}

func writeJSON(w http.ResponseWriter, status int, contentType string, body any) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(body) //nolint:errchkjson // the client has gone; there is nobody left to tell
}
