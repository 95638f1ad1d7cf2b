package look

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"dmlysender/local/doctor/diagnosis"
	"dmlysender/shared/apikey"
	"dmlysender/shared/awsconf/awstest"
)

const theKey = "dmly-key-0123456789"

// holding is a cloud whose secrets have this value.
func holding(secret string) *cloud {
	c := newCloud()
	c.calls["GetSecretValue"] = awstest.Answer(http.StatusOK, awstest.JSON(map[string]any{"SecretString": secret, "CreatedDate": 1796040000}))
	c.calls["GetItem"] = awstest.Answer(http.StatusOK, `{}`)
	return c
}

func TestWhatASecretHolds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		secret string
		want   diagnosis.Key
	}{
		"placeholder": {"REPLACE_ME", diagnosis.Key{State: diagnosis.KeyPlaceholder}},
		"empty":       {" ", diagnosis.Key{State: diagnosis.KeyEmpty}},
		"malformed":   {`{"default": 1}`, diagnosis.Key{State: diagnosis.KeyMalformed, Why: apikey.ErrMalformed.Error()}},
		"key":         {theKey, diagnosis.Key{State: diagnosis.KeyReadable, HasKey: true, HasDefault: true}},
		"own":         {`{"workspaces": {"W1": "` + theKey + `"}}`, diagnosis.Key{State: diagnosis.KeyReadable, HasKey: true}},
		"another's":   {`{"workspaces": {"W2": "` + theKey + `"}}`, diagnosis.Key{State: diagnosis.KeyReadable}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := holding(tt.secret).facts(t)
			if f.Key == nil {
				t.Fatal("nothing is known of the key")
			}
			got := *f.Key
			if got.State != tt.want.State || got.Why != tt.want.Why || got.HasKey != tt.want.HasKey || got.HasDefault != tt.want.HasDefault {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if got.Secret != "dmlykeysecret" || got.Workspace != "W1" || !got.Changed.Equal(time.Unix(1796040000, 0)) {
				t.Errorf("got %+v", got)
			}
			if all := fmt.Sprintf("%+v %+v", f, *f.Key); strings.Contains(all, theKey) {
				t.Errorf("the key is in %s", all)
			}
		})
	}
}

func TestASecretThatIsGone(t *testing.T) {
	t.Parallel()
	c := newCloud()
	c.calls["GetSecretValue"] = awstest.Refuse(http.StatusBadRequest, "ResourceNotFoundException", "no such secret")
	f := c.facts(t)
	if f.Key == nil || f.Key.State != diagnosis.KeyGone || f.Callers == nil || f.Callers.Problem == "" {
		t.Errorf("got %+v and %+v", f.Key, f.Callers)
	}
}

func TestThePauseIsThatOfTheKeyThatIsThere(t *testing.T) {
	t.Parallel()
	keys, err := apikey.Parse(theKey)
	if err != nil {
		t.Fatal(err)
	}
	key, _ := keys.OfAccount(apikey.DefaultAccount)
	until := noon.Add(4 * time.Minute)
	for version, want := range map[string]time.Time{key.Version(): until, "anothr": {}} {
		c := holding(theKey)
		c.calls["GetItem"] = awstest.Answer(http.StatusOK, fmt.Sprintf(`{"Item": {"pk": {"S": "pace#default"}, "refusedKey": {"S": "%s"}, "refusedUntil": {"N": "%d"}, "refusedFor": {"N": "240000000"}}}`, version, until.UnixMicro()))
		f := c.facts(t)
		if len(f.Key.Accounts) != 1 || f.Key.Accounts[0].Name != "default" || !f.Key.Accounts[0].RefusedUntil.Equal(want) {
			t.Errorf("with version %s refused: got %+v, want %v", version, f.Key.Accounts, want)
		}
	}
}

func TestKeysOfCallersThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for secret, want := range map[string]string{theKey: "", `{"first": "a", "second": "a"}`: "have the same key", "{}": "is neither one plain key nor JSON"} {
		f := holding(secret).facts(t)
		if f.Callers == nil || !strings.Contains(f.Callers.Problem, want) || (want == "") != (f.Callers.Problem == "") {
			t.Errorf("%s: got %+v, want %q", secret, f.Callers, want)
		}
	}
}
