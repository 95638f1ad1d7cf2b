package telemetry_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dmlysender/shared/telemetry"
)

// kinds are the values that the functions of log/slog make, as the table has them.
var kinds = map[string]string{"String": "text", "Int": "number", "Int64": "number", "Bool": "true or false", "Time": "time"}

// constructors are the functions of log/slog that make an attribute.
var constructors = []string{"String", "Int", "Int64", "Uint64", "Float64", "Bool", "Time", "Duration", "Any", "Group", "GroupAttrs"}

func TestEachKeyOfTheLogsIsInTheTable(t *testing.T) {
	t.Parallel()
	used := map[string]string{}
	for _, folder := range []string{"functions", "local", "shared"} {
		err := filepath.WalkDir(filepath.Join("..", "..", folder), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
				collect(t, path, used)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	table, err := os.ReadFile("keys.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{}
	var order []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([^|]+) \\| [^|]+ \\|$").FindAllStringSubmatch(string(table), -1) {
		if listed[row[1]] != "" {
			t.Errorf("the table has %s twice", row[1])
		}
		listed[row[1]] = row[2]
		order = append(order, row[1])
	}
	if !slices.IsSorted(order) {
		t.Errorf("the table is not sorted: %q", order)
	}
	if len(used) < 30 || !maps.Equal(used, listed) {
		t.Errorf("the code has\n%v\nthe table has\n%v", used, listed)
	}
}

// collect notes the keys of a file with the kinds of their values.
func collect(t *testing.T, path string, used map[string]string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		function, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if from, ok := function.X.(*ast.Ident); !ok || from.Name != "slog" || !slices.Contains(constructors, function.Sel.Name) {
			return true
		}
		at := files.Position(call.Pos())
		key, kind := keyOf(call.Args[0]), kinds[function.Sel.Name]
		switch {
		case key == "":
			t.Errorf("%v: the key is no constant", at)
		case kind == "":
			t.Errorf("%v: a log line has no slog.%s", at, function.Sel.Name)
		case used[key] != "" && used[key] != kind:
			t.Errorf("%v: %s is a %s elsewhere", at, key, used[key])
		}
		used[key] = kind
		return true
	})
}

// keyOf is the text of a key that stands there as it is, or is the one that has a name.
func keyOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if key, err := strconv.Unquote(e.Value); err == nil {
			return key
		}
	case *ast.Ident:
		if e.Name == "RequestIDKey" {
			return telemetry.RequestIDKey
		}
	}
	return ""
}
