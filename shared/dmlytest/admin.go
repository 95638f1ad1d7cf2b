package dmlytest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

const adminPath = "/_sim/"

// rateLimit is the body of /_sim/rate.
type rateLimit struct {
	PerMinute *int `json:"perMinute"`
}

// adminRoutes are the simulator's own paths; see the package's comment.
func (s *Server) adminRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+adminPath+"messages", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, append([]Message{}, s.Messages()...)) // an empty array rather than null
	})
	mux.HandleFunc("DELETE "+adminPath+"messages", func(w http.ResponseWriter, _ *http.Request) {
		s.clearMessages()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET "+adminPath+"faults", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, s.Fired())
	})
	mux.HandleFunc("POST "+adminPath+"faults", s.postFaults)
	mux.HandleFunc("DELETE "+adminPath+"faults", func(w http.ResponseWriter, _ *http.Request) {
		s.ClearFaults()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET "+adminPath+"rate", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, s.rateLimit())
	})
	mux.HandleFunc("PUT "+adminPath+"rate", s.putRate)
	return mux
}

// postFaults plans a fault, or an array of them: all, or none if one is wrong. It answers with all that are planned.
func (s *Server) postFaults(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		badRequest(w, fmt.Errorf("read faults: %w", err))
		return
	}
	faults := make([]Fault, 1)
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) {
		err = decodeStrict(body, &faults)
	} else {
		err = decodeStrict(body, &faults[0])
	}
	if err == nil {
		err = s.inject(faults)
	}
	if err != nil {
		badRequest(w, err)
		return
	}
	writeJSON(w, http.StatusOK, s.Fired())
}

func (s *Server) putRate(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var limit rateLimit
	if err == nil {
		err = decodeStrict(body, &limit)
	}
	if err == nil && (limit.PerMinute == nil || *limit.PerMinute < 0) {
		err = errors.New(`want {"perMinute": N}, with 0 for no limit`)
	}
	if err != nil {
		badRequest(w, fmt.Errorf("set rate: %w", err))
		return
	}
	s.SetRatePerMinute(*limit.PerMinute)
	writeJSON(w, http.StatusOK, s.rateLimit())
}

func (s *Server) rateLimit() rateLimit {
	s.mu.Lock()
	defer s.mu.Unlock()
	return rateLimit{PerMinute: new(max(s.rate, 0))}
}

// decodeStrict decodes exactly one JSON value and no field that target lacks: a misspelt fault must not pass for none.
func decodeStrict(body []byte, target any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(target); err != nil {
		return fmt.Errorf("decode JSON: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("decode JSON: something follows the value")
	}
	return nil
}

func badRequest(w http.ResponseWriter, err error) {
	writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
}
