package httpapi

import (
	"compress/gzip"
	"embed"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"sync"

	"github.com/swaggest/swgui/v5/static"
)

// pages are what a browser is shown. problems.html is written from the types of problems.
//
//go:embed pages
var pages embed.FS

// servePages serves, to anybody, the description of the API: for programs, and for people. The page needs nothing from
// elsewhere.
func (a *api) servePages(mux *http.ServeMux) {
	document := sync.OnceValues(a.document)
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, r *http.Request) {
		text, err := document()
		if err != nil {
			p := internal.problem("the description could not be written")
			p.cause = err
			a.write(w, r, p)
			return
		}
		show(w, "application/json", text)
	})
	mux.Handle("GET /{$}", http.RedirectHandler("docs", http.StatusFound))
	mux.HandleFunc("GET /docs", page("docs.html", "text/html; charset=utf-8"))
	mux.HandleFunc("GET /docs/start.js", page("start.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /docs/swagger-ui.css", asset("swagger-ui.css.gz", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /docs/swagger-ui-bundle.js", asset("swagger-ui-bundle.js.gz", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET "+ProblemsPath, page("problems.html", "text/html; charset=utf-8"))
}

func page(name, contentType string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		text, err := fs.ReadFile(pages, "pages/"+name)
		if err != nil {
			panic(err) // it is part of the program
		}
		show(w, contentType, text)
	}
}

// asset serves a file of Swagger UI, which is kept compressed.
func asset(name, contentType string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		file, err := static.FS.Open(name)
		if err != nil {
			panic(err) // it is part of the program
		}
		defer func() { _ = file.Close() }() // it is in memory
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", "public, max-age=86400")
		w.Header().Set("Vary", "Accept-Encoding")
		var content io.Reader = file
		// The gateway's adapter splits a header at each comma.
		if strings.Contains(strings.Join(r.Header.Values("Accept-Encoding"), ","), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
		} else if content, err = gzip.NewReader(file); err != nil {
			panic(err)
		}
		_, _ = io.Copy(w, content) //nolint:gosec // the file is our own; and if the client has gone, there is nobody left to tell
	}
}

// show writes a page that may load nothing but what is served here.
func show(w http.ResponseWriter, contentType string, text []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	_, _ = w.Write(text) // the client has gone; there is nobody left to tell
}
