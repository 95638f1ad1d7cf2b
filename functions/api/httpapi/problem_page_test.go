package httpapi

import (
	"bytes"
	"flag"
	"fmt"
	"html"
	"os"
	"strings"
	"testing"
)

// update has the tests write what is generated, instead of comparing it: make openapi.
var update = flag.Bool("update", false, "write the generated files")

// compareFile holds a generated file against what the code says.
func compareFile(t *testing.T, file string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the code says: run make openapi", file)
	}
}

func TestEachProblemHasAnAnchorOnThePage(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	var page strings.Builder
	page.WriteString(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>DMLY sender: problems</title>
<link rel="icon" href="data:,">
<style>body { font: 16px/1.5 sans-serif; max-width: 45em; margin: 2em auto; padding: 0 1em } :target { background: #ffd }</style>
</head>
<body>
<h1>Problems</h1>
<p>What the HTTP API answers when it refuses a request, as RFC 9457 has it. The <code>type</code> of an answer names one of these.</p>
`)
	for _, k := range kinds {
		if names[k.name] || k.title == "" || k.advice == "" || k.status < 400 {
			t.Errorf("problem %q: want a name of its own, a status, a title and an advice", k.name)
		}
		names[k.name] = true
		fmt.Fprintf(&page, "<h2 id=%q>%s</h2>\n<p><code>%d</code> <code>%s#%s</code></p>\n<p>%s</p>\n",
			k.name, html.EscapeString(k.title), k.status, ProblemsPath, k.name, html.EscapeString(k.advice))
	}
	page.WriteString("</body>\n</html>\n")
	compareFile(t, "pages/problems.html", []byte(page.String()))
}
