package s3_test

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dmlysender/shared/awsconf/awstest"
	"dmlysender/shared/campaign/files/s3"
)

// stand is as much of S3 as the files of its one bucket, "audiences", need.
type stand struct {
	mu      sync.Mutex
	objects map[string][]byte
	uploads map[string]map[int][]byte
	begun   int
	largest int
}

func newStand() *stand {
	return &stand{objects: map[string][]byte{}, uploads: map[string]map[int][]byte{}}
}

func (s *stand) open(t *testing.T, prefix string) *s3.Files {
	t.Helper()
	return s3.Open(awstest.ConfigFor(t, s), "audiences", prefix)
}

// tag is an entity tag, as S3 makes one.
func tag(content []byte) string {
	sum := md5.Sum(content)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code><Message>no</Message></Error>")
}

func (s *stand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, ours := strings.CutPrefix(r.URL.Path, "/audiences/")
	if !ours {
		refuse(w, http.StatusNotFound, "NoSuchBucket")
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Header.Get("Content-Encoding") != "" {
		refuse(w, http.StatusBadRequest, "IncompleteBody")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.largest = max(s.largest, len(body))
	upload, query := r.URL.Query().Get("uploadId"), r.URL.Query()
	switch {
	case r.Method == http.MethodGet:
		s.get(w, r, key)
	case r.Method == http.MethodPost && query.Has("uploads"):
		s.begun++
		id := strconv.Itoa(s.begun)
		s.uploads[id] = map[int][]byte{}
		_, _ = io.WriteString(w, "<InitiateMultipartUploadResult><UploadId>"+id+"</UploadId></InitiateMultipartUploadResult>")
	case upload != "" && s.uploads[upload] == nil:
		refuse(w, http.StatusNotFound, "NoSuchUpload")
	case r.Method == http.MethodPut && upload != "":
		number, _ := strconv.Atoi(query.Get("partNumber"))
		s.uploads[upload][number] = body
		w.Header().Set("ETag", tag(body))
	case r.Method == http.MethodPost:
		s.complete(w, key, upload, body)
	case r.Method == http.MethodDelete:
		delete(s.uploads, upload)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodPut:
		s.objects[key] = body
		w.Header().Set("ETag", tag(body))
	}
}

func (s *stand) get(w http.ResponseWriter, r *http.Request, key string) {
	content, found := s.objects[key]
	if !found {
		refuse(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	w.Header().Set("ETag", tag(content))
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(content)))
}

func (s *stand) complete(w http.ResponseWriter, key, upload string, body []byte) {
	var asked struct {
		Part []struct {
			PartNumber int
			ETag       string
		}
	}
	if xml.Unmarshal(body, &asked) != nil || len(asked.Part) != len(s.uploads[upload]) {
		refuse(w, http.StatusBadRequest, "InvalidPart")
		return
	}
	var whole []byte
	for i, number := range slices.Sorted(maps.Keys(s.uploads[upload])) {
		part := s.uploads[upload][number]
		tooSmall := i < len(asked.Part)-1 && len(part) < 5<<20
		if tooSmall || asked.Part[i].PartNumber != number || asked.Part[i].ETag != tag(part) {
			refuse(w, http.StatusBadRequest, "InvalidPart")
			return
		}
		whole = append(whole, part...)
	}
	s.objects[key] = whole
	delete(s.uploads, upload)
	_, _ = io.WriteString(w, "<CompleteMultipartUploadResult><ETag>"+tag(whole)+"</ETag></CompleteMultipartUploadResult>")
}
