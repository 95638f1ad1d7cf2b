package diagnosis_test

import (
	"testing"
	"time"

	"dmlysender/local/doctor/diagnosis"
)

func TestKeysAndPauses(t *testing.T) {
	t.Parallel()
	const nothing, put = "Nothing is sent.", `aws secretsmanager put-secret-value --region eu-central-1 --secret-id dmly-key --secret-string "$DMLY_API_KEY"`
	state := func(state diagnosis.KeyState, why string) func(f *diagnosis.Facts) {
		return func(f *diagnosis.Facts) {
			f.Key = &diagnosis.Key{Secret: "dmly-key", State: state, Why: why, Changed: morning}
		}
	}
	workspaces := func(f *diagnosis.Facts) {
		f.Key.Workspace, f.Key.HasKey, f.Key.HasDefault = "W1", false, false
		f.Key.Accounts = []diagnosis.Account{{Name: "W2", Next: noon}, {Name: "W3", Next: noon}}
	}
	check(t, map[string]struct {
		change func(f *diagnosis.Facts)
		want   []finding
	}{
		"placeholder": {state(diagnosis.KeyPlaceholder, ""), []finding{
			{"Nobody has stored the DMLY key: its secret has held a placeholder since 2026-11-30 09:00:00 UTC.", nothing, []string{put}}}},
		"empty": {state(diagnosis.KeyEmpty, ""), []finding{{"The secret with the DMLY key has been empty since 2026-11-30 09:00:00 UTC.", nothing, []string{put}}}},
		"no JSON": {state(diagnosis.KeyMalformed, "it must be JSON"), []finding{
			{"The secret with the DMLY key cannot be used since 2026-11-30 09:00:00 UTC: it must be JSON.", nothing, []string{put}}}},
		"gone": {state(diagnosis.KeyGone, ""), []finding{
			{"The secret with the DMLY key is gone, or marked for deletion.", nothing, []string{"aws secretsmanager restore-secret --region eu-central-1 --secret-id dmly-key"}}}},
		"none for the stack's workspace": {workspaces, []finding{
			{"The secret has no DMLY key for W1, the stack's workspace, and none for all others; it has one for W2, W3.", "waits on its queue",
				[]string{`aws secretsmanager put-secret-value --region eu-central-1 --secret-id dmly-key --secret-string '{"workspaces": {"W2": "…", "W3": "…", "W1": "…"}}'`}}}},
		"refused": {func(f *diagnosis.Facts) {
			f.Key.Accounts[0].RefusedUntil, f.Key.Accounts[0].Next = noon.Add(4*time.Minute), noon.Add(4*time.Minute)
			f.Key.Refusals, f.Key.RefusedSince = 3, morning
		}, []finding{{`DMLY refuses the key of the account "default", which pauses until 2026-11-30 12:04:00 UTC; a key was refused 3 times within a day, first at about 2026-11-30 09:00:00 UTC.`,
			"none uses up an attempt", []string{put}}}},
		"one of several refused": {func(f *diagnosis.Facts) {
			f.Key.Accounts = append(f.Key.Accounts, diagnosis.Account{Name: "W2", RefusedUntil: noon.Add(time.Minute)})
		}, []finding{{`DMLY refuses the key of the account "W2", which pauses until 2026-11-30 12:01:00 UTC.`, "none uses up an attempt",
			[]string{`aws secretsmanager put-secret-value --region eu-central-1 --secret-id dmly-key --secret-string '{"default": "…", "workspaces": {"W2": "…"}}'`}}}},
		"a pause that is over": {func(f *diagnosis.Facts) { f.Key.Accounts[0].RefusedUntil = noon }, nil},
		"429": {func(f *diagnosis.Facts) { f.Key.Accounts[0].Next = noon.Add(5 * time.Minute) }, []finding{
			{`DMLY has asked the account "default" to wait (429): it pauses until 2026-11-30 12:05:00 UTC.`, "They go on by themselves then.",
				[]string{`make deploy ARGS="--stack-name sender" PARAMETERS="RatePerMinute=80"`}}}},
		"busy": {func(f *diagnosis.Facts) { f.Key.Accounts[0].Next = noon.Add(10 * time.Second) }, nil},
		"slow and busy": {func(f *diagnosis.Facts) {
			f.Key.Accounts[0].Next, f.Key.Accounts[0].Interval = noon.Add(66*time.Second), time.Minute
		}, nil},
		"callers": {func(f *diagnosis.Facts) { f.Callers.Problem = "they are no JSON" }, []finding{
			{"The keys of the HTTP API cannot be used: they are no JSON.", "503", []string{`aws secretsmanager put-secret-value --region eu-central-1 --secret-id inbound --secret-string "{\"first\": \"$API_KEY\"}"`}}}},
	})
}

func TestKeysOfWorkspacesWithoutADefaultAreTold(t *testing.T) {
	t.Parallel()
	f := healthy()
	f.Key.HasDefault, f.Key.HasKey, f.Key.Accounts[0].Name = false, false, "W1"
	got := diagnosis.Diagnose(f)
	if want := "The secret has a DMLY key of their own for W1, and none for other workspaces: messages of others wait."; len(got.Wrong) != 0 || got.Right[1] != want {
		t.Errorf("wrong %+v, right %q, want %q", got.Wrong, got.Right, want)
	}
}
