package s3_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/campaign"
	"dmlysender/shared/campaign/files/filestest"
	"dmlysender/shared/campaign/files/s3"
	"dmlysender/shared/delivery"
)

func TestS3HoldsFiles(t *testing.T) {
	t.Parallel()
	filestest.Run(t, func(t *testing.T) campaign.Files {
		t.Helper()
		return newStand().open(t, "below/")
	})
}

func TestNoNameLeavesThePrefix(t *testing.T) {
	t.Parallel()
	s := newStand()
	s.objects["other/a.csv"], s.objects["a.csv"] = []byte("secret"), []byte("secret")
	f := s.open(t, "below/")
	for _, name := range []string{"a.csv", "../a.csv", "../other/a.csv", "/a.csv", "/other/a.csv", "other/a.csv"} {
		if file, err := f.Open(t.Context(), name); err == nil {
			_ = file.Close()
			t.Errorf("%s leads out of the prefix", name)
		}
	}
}

func TestAnUploadHoldsOnePartAndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	s := newStand()
	f := s.open(t, "")
	for _, end := range []func(w campaign.Writer){
		func(w campaign.Writer) { w.Abort() },
		func(w campaign.Writer) {
			if err := w.Commit(t.Context()); err != nil {
				t.Error(err)
			}
		},
	} {
		w, err := f.Create(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, strings.Repeat("x", 17<<20)); err != nil {
			t.Fatal(err)
		}
		end(w)
	}
	if s.largest != 8<<20 || len(s.uploads) != 0 || len(s.objects["a"]) != 17<<20 {
		t.Errorf("parts of up to %d bytes, %d uploads left, %d bytes written", s.largest, len(s.uploads), len(s.objects["a"]))
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for code, tt := range map[string]struct {
		status int
		is     error
		want   string
	}{
		"NoSuchBucket": {http.StatusNotFound, s3.ErrBucketNotFound, "AUDIENCE_BUCKET"},
		"AccessDenied": {http.StatusForbidden, s3.ErrAccessDenied, "s3:GetObject"},
		"SlowDown":     {http.StatusServiceUnavailable, delivery.ErrThrottled, "SlowDown"},
		"NoSuchKey":    {http.StatusNotFound, campaign.ErrNoFile, "audiences"},
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			f := s3.Open(awstest.ConfigFor(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { refuse(w, tt.status, code) })), "audiences", "")
			_, openErr := f.Open(t.Context(), "a.csv")
			_, rangeErr := f.Range(t.Context(), "a.csv", 0, 1)
			w, err := f.Create(t.Context(), "a.csv")
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range []error{openErr, rangeErr, w.Commit(t.Context())} {
				if !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "a.csv") {
					t.Errorf("got %v, want %v that says %q", err, tt.is, tt.want)
				}
			}
		})
	}
}
