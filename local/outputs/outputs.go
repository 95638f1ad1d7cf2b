// Package outputs reads what a deployed stack says of itself, for the programs that look after one.
package outputs

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// Read returns the values of the outputs with these names, in the order of the names. The file has the outputs of the
// stack, as sam list stack-outputs --output json writes them.
//
// The error says that the file cannot be read, or which outputs the stack does not have.
func Read(file string, names ...string) ([]string, error) {
	text, err := os.ReadFile(file) //nolint:gosec // the user names the file
	if err != nil {
		return nil, fmt.Errorf("read the stack's outputs: %w", err)
	}
	var outputs []struct{ OutputKey, OutputValue string }
	if err := json.Unmarshal(text, &outputs); err != nil {
		return nil, fmt.Errorf("%s is not what sam list stack-outputs --output json writes: %w", file, err)
	}
	byName := map[string]string{}
	for _, o := range outputs {
		byName[o.OutputKey] = o.OutputValue
	}
	values := make([]string, len(names))
	var missing []string
	for i, name := range names {
		if values[i] = byName[name]; values[i] == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("the stack has no output %s: name a stack that was deployed from this template", strings.Join(missing, ", "))
	}
	return values, nil
}
