package secretsmanager_test

import (
	"os"
	"strings"
	"testing"
)

// TestMain takes away what the SDK would read from this process's environment,
// past the one that the tests give it.
func TestMain(m *testing.M) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			if err := os.Unsetenv(name); err != nil {
				panic(err)
			}
		}
	}
	m.Run()
}
