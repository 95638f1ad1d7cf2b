package apikey_test

import (
	"strings"
	"testing"

	"dmlysender/shared/apikey"
)

func TestEnvReadsTheVariableAtEachFetch(t *testing.T) {
	t.Parallel()
	env := map[string]string{"DMLY_API_KEY": "key-1"}
	source := apikey.Env(func(name string) string { return env[name] }, "DMLY_API_KEY")
	for _, want := range []string{"key-1", "key-2"} {
		env["DMLY_API_KEY"] = want
		if got, err := source(t.Context()); err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
}

func TestEnvNamesTheVariableThatIsEmpty(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"", " \n"} {
		_, err := apikey.Env(func(string) string { return value }, "DMLY_API_KEY")(t.Context())
		if err == nil || !strings.Contains(err.Error(), "DMLY_API_KEY is empty") {
			t.Errorf("%q: got %v, want an error that names the variable", value, err)
		}
	}
}
