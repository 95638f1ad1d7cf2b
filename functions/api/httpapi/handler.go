// Package httpapi is the function behind API Gateway: it takes messages over HTTP, in this project's own form and in that
// of DMLY's own callers, says where each stands, and lets people act on it.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
	"dmlysender/shared/queue"
)

// Handler serves the HTTP API. Its fields are its collaborators, all required but Campaigns and Defaults. It is safe for concurrent use.
type Handler struct {
	Sender   *delivery.Sender
	Problems delivery.ProblemLister
	Queues   queue.Lanes
	// Backlogs tell how much stands on the queues, Pace how fast the account goes, and Forecast what follows from both.
	Backlogs Backlogs
	Pace     delivery.Forecaster
	Forecast Estimator
	// Campaigns runs campaigns; nil where they are not set up.
	Campaigns Campaigns
	Callers   *Callers
	Defaults  message.Defaults
	Log       *slog.Logger
}

// Backlogs are those of the two queues.
type Backlogs struct {
	Normal, Bulk delivery.Backlog
}

// Estimator foretells when a message will be sent. It never fails and never takes long: ok is false if it cannot say.
type Estimator interface {
	Estimate(ctx context.Context, m message.Message) (at time.Time, ok bool)
}

// Routes are the paths of the API. Those of messages and campaigns are served below /api as well, as DMLY's own are, so that a
// caller of DMLY has to change the host alone.
func (h *Handler) Routes() http.Handler {
	mux := http.NewServeMux()
	a := newAPI(h, mux)
	a.registerAll()
	a.servePages(mux)

	routed := a.guarded(a.orProblem(mux))
	below := http.StripPrefix("/api", routed)
	return a.identified(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/v1/") {
			below.ServeHTTP(w, r)
			return
		}
		routed.ServeHTTP(w, r)
	}))
}
