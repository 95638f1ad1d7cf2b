// Package docs holds the pages of this folder against what they speak of.
package docs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const troubleshooting = "troubleshooting.md"

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var codeSpan = regexp.MustCompile("`([^`]+)`")

// spans are the words in code of the lines that begin so.
func spans(page, start string) []string {
	var all []string
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, start) {
			for _, found := range codeSpan.FindAllStringSubmatch(line, -1) {
				all = append(all, found[1])
			}
		}
	}
	return all
}

// firstColumn are the words in code that begin a row of the section's table.
func firstColumn(t *testing.T, page, section string) []string {
	t.Helper()
	_, rest, found := strings.Cut(page, "\n## "+section+"\n")
	if !found {
		t.Fatalf("there is no section %q", section)
	}
	table, _, _ := strings.Cut(rest, "\n## ")
	var all []string
	for line := range strings.Lines(table) {
		if row, ok := strings.CutPrefix(line, "| `"); ok {
			name, _, _ := strings.Cut(row, "`")
			all = append(all, name)
		}
	}
	return slices.Sorted(slices.Values(all))
}

// quoted are the messages that the page explains, each as a heading or as an entry of a list.
func quoted(page string) []string { return append(spans(page, "### "), spans(page, "- `")...) }

func TestEachQuotedMessageIsInTheCode(t *testing.T) {
	t.Parallel()
	messages := quoted(read(t, troubleshooting))
	if len(messages) < 50 {
		t.Fatalf("found %d messages on the page, so they are written in another way now", len(messages))
	}
	texts := repositoryTexts(t)
	for _, message := range messages {
		if !slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, message) }) {
			t.Errorf("nothing in the code says %q any more", message)
		}
	}
}

// Whoever starts a function meets these packages' errors.
func TestEachErrorOfTheConfigurationIsExplained(t *testing.T) {
	t.Parallel()
	messages := quoted(read(t, troubleshooting))
	count := 0
	for _, folder := range []string{"shared/config", "shared/awsconf", "shared/apikey", "shared/apikey/secretsmanager", "functions/internal/stack", "functions/internal/campaigns"} {
		for _, text := range errorsIn(t, folder) {
			count++
			if !slices.ContainsFunc(messages, func(message string) bool { return strings.Contains(text, message) }) {
				t.Errorf("%s says %q, of which the page says nothing", folder, text)
			}
		}
	}
	if count < 20 {
		t.Errorf("found %d errors, so they are made in another way now", count)
	}
}

func TestEachProblemOfTheAPIIsExplained(t *testing.T) {
	t.Parallel()
	var want []string
	for _, found := range regexp.MustCompile(`<h2 id="([a-z-]+)">`).FindAllStringSubmatch(read(t, "../functions/api/httpapi/pages/problems.html"), -1) {
		want = append(want, found[1])
	}
	slices.Sort(want)
	if got := firstColumn(t, read(t, troubleshooting), "What the HTTP API answers"); len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestEachAlarmIsExplained(t *testing.T) {
	t.Parallel()
	got := firstColumn(t, read(t, troubleshooting), "Alarms")
	if len(got) == 0 || len(slices.Compact(slices.Clone(got))) != len(got) {
		t.Errorf("got the rows %v, want one for each alarm", got)
	}
	template := read(t, "../template.yaml")
	for _, found := range regexp.MustCompile(`(?m)^  (\w+):\n    Type: AWS::CloudWatch::(?:Composite)?Alarm$`).FindAllStringSubmatch(template, -1) {
		if !slices.Contains(got, found[1]) {
			t.Errorf("the template has the alarm %s, of which the page says nothing", found[1])
		}
	}
}

// verb is what package fmt replaces.
var verb = regexp.MustCompile(`%[-+# 0]*(?:\[\d+\])?[\d.*]*[a-zA-Z]`)

// shown is a text as its reader sees it, with … for what changes.
func shown(text string) string {
	return strings.ReplaceAll(verb.ReplaceAllString(text, "…"), "%%", "%")
}

// literal is the text of a string, or of several and other values put together; empty if there is no string in it.
func literal(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return text
		}
	case *ast.BinaryExpr:
		left, right := literal(e.X), literal(e.Y)
		if left+right != "" {
			return orOther(left) + orOther(right)
		}
	}
	return ""
}

func orOther(text string) string {
	if text == "" {
		return "%v"
	}
	return text
}

// repositoryTexts are all texts of the code that are no test's, and the lines of the shell scripts and the Makefile.
func repositoryTexts(t *testing.T) []string {
	t.Helper()
	texts := slices.Concat(strings.Split(read(t, "../Makefile"), "\n"), strings.Split(read(t, "../e2e/with-ministack"), "\n"))
	for _, root := range []string{"../functions", "../shared", "../local"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
				ast.Inspect(parse(t, path), func(n ast.Node) bool {
					if e, ok := n.(ast.Expr); ok {
						if text := literal(e); text != "" {
							texts = append(texts, shown(text))
						}
					}
					return true
				})
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return texts
}

func parse(t *testing.T, path string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// errorsIn are the errors that a package makes, without those that only add to another one.
func errorsIn(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob("../" + folder + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		ast.Inspect(parse(t, path), func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 || !makesErrors(call.Fun) {
				return true
			}
			if text := literal(call.Args[0]); text != "" && !strings.HasPrefix(text, "%w: ") && !strings.HasSuffix(text, ": %w") {
				texts = append(texts, shown(text))
			}
			return true
		})
	}
	return texts
}

func makesErrors(function ast.Expr) bool {
	selector, ok := function.(*ast.SelectorExpr)
	return ok && slices.Contains([]string{"errors.New", "fmt.Errorf", "r.fail"}, fmt.Sprintf("%s.%s", selector.X, selector.Sel))
}
