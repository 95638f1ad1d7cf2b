package outputs_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dmlysender/local/outputs"
)

func written(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "outputs.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestOutputsComeInTheOrderOfTheirNames(t *testing.T) {
	t.Parallel()
	file := written(t, `[{"OutputKey": "A", "OutputValue": "1", "Description": "first"}, {"OutputKey": "C", "OutputValue": "3"}, {"OutputKey": "B", "OutputValue": "2"}]`)
	got, err := outputs.Read(file, "B", "A")
	if want := []string{"2", "1"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestWhatCannotBeReadIsSaid(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ file, want string }{
		"no file":           {"nowhere.json", "read the stack's outputs: open nowhere.json"},
		"no JSON":           {written(t, "Error: no such stack"), "is not what sam list stack-outputs --output json writes"},
		"another stack":     {written(t, `[{"OutputKey": "A", "OutputValue": "1"}]`), "the stack has no output B, C: name a stack that was deployed from this template"},
		"an output of none": {written(t, `[{"OutputKey": "B", "OutputValue": ""}, {"OutputKey": "C", "OutputValue": "3"}]`), "the stack has no output B: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := outputs.Read(tt.file, "B", "C")
			if err == nil || got != nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}
