package audience_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"dmlysender/shared/campaign/audience"
)

const people = "phone,name\n+1,Ann\n+2,Bob\n"

// inUTF16 is a text in UTF-16, with the higher byte first or last.
func inUTF16(text string, highFirst bool) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		high, low := byte(unit>>8), byte(unit)
		if highFirst {
			b.Write([]byte{high, low})
		} else {
			b.Write([]byte{low, high})
		}
	}
	return b.String()
}

func TestOtherFilesAreRecognized(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ file, want string }{
		"UTF-16 with a mark":           {inUTF16("\ufeff"+people, false), `it is in UTF-16, not in UTF-8; open it and save it as "CSV UTF-8", and name it .csv`},
		"UTF-16, high byte first":      {inUTF16("\ufeff"+people, true), "it is in UTF-16, "},
		"UTF-16 without a mark":        {inUTF16(people, false), "it looks like UTF-16, "},
		"the same, high byte first":    {inUTF16(people, true), "it looks like UTF-16, "},
		"a new Excel workbook":         {"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml", `it is an Excel workbook or another zip archive, not text; open it and save it as "CSV UTF-8"`},
		"an old Excel workbook":        {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "it is an old Excel workbook, "},
		"PDF":                          {"%PDF-1.7\n", "it is a PDF document, "},
		"HTML":                         {"<!DOCTYPE html>\n", "it is HTML or XML, "},
		"RTF":                          {"{\\rtf1", "it is an RTF document, "},
		"zstd":                         {"\x28\xb5\x2f\xfd\x04", "it is compressed with zstd; "},
		"bzip2":                        {"BZh91AY&SY", "it is compressed with bzip2; "},
		"xz":                           {"\xfd7zXZ\x00\x00", "it is compressed with xz; "},
		"7-Zip":                        {"7z\xbc\xaf\x27\x1c", "it is a 7-Zip archive; "},
		"Parquet":                      {"PAR1\x15\x04", "it is a Parquet file, "},
		"gzip twice":                   {string(zipped(string(zipped(people)))), "it is gzip within gzip; compress it once"},
		"Excel in gzip":                {string(zipped("PK\x03\x04\x14")), "it is an Excel workbook "},
		"gzip that is cut off":         {string(zipped(people)[:20]), "its gzip data ends too early, so rows are missing; "},
		"gzip with half a header":      {string(zipped(people)[:5]), "its gzip data ends too early, "},
		"gzip with a wrong sum":        {string(append(zipped(people)[:len(zipped(people))-8], 1, 2, 3, 4, 5, 6, 7, 8)), "its gzip data is damaged; "},
		"gzip with something behind":   {string(append(zipped(people), "phone"...)), "its gzip data "},
		"gzip with a wrong beginning":  {"\x1f\x8b\x07\x00\x00\x00\x00\x00\x00\x00", "its gzip data is damaged; "},
		"gzip with nothing behind two": {"\x1f\x8b", "its gzip data ends too early, "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, format := range []audience.Format{audience.CSV, audience.JSONL} {
				_, err := read(strings.NewReader(tt.file), format, audience.Limits{})
				if got := unusable(t, err); !strings.HasPrefix(got, tt.want) {
					t.Errorf("%s: got %q, want %q", format, got, tt.want)
				}
			}
		})
	}
}

// Rows behind the place where gzip data ends too early are missing: that may not pass for the end.
func TestEachCutOfAGzipFileIsNoticed(t *testing.T) {
	t.Parallel()
	whole := zipped(strings.Repeat(people, 50))
	for n := range whole {
		if _, err := read(bytes.NewReader(whole[:n]), audience.CSV, audience.Limits{}); err == nil {
			t.Errorf("%d of %d bytes are taken for a whole file", n, len(whole))
		}
	}
}

func TestAFileThatCannotBeReadIsNotItsUsersFault(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{errors.New("the network is down"), io.ErrUnexpectedEOF} {
		for name, begun := range map[string][]byte{"plain": []byte(people), "gzip": zipped(people)[:30], "quote": []byte("phone,name\n+1,\"Ann"), "nothing": nil} {
			from := io.MultiReader(bytes.NewReader(begun), iotest.ErrReader(cause))
			_, err := read(from, audience.CSV, audience.Limits{}, "phone", "name")
			if !errors.Is(err, cause) || !strings.HasPrefix(err.Error(), "read the audience: ") {
				t.Errorf("%s: err = %v, want that the audience could not be read: %v", name, err, cause)
			}
			if _, blamed := errors.AsType[*audience.Error](err); blamed {
				t.Errorf("%s: the file is blamed: %v", name, err)
			}
		}
	}
}

func TestAReaderThatGivesNothingIsNotAskedForever(t *testing.T) {
	t.Parallel()
	if _, err := read(idle{}, audience.CSV, audience.Limits{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("err = %v, want %v", err, io.ErrNoProgress)
	}
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestLimits(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		limits audience.Limits
		want   string // none: all is read
	}{
		"as many rows as may be": {audience.Limits{Rows: 2}, ""},
		"a row too many":         {audience.Limits{Rows: 1}, "it has more than 1 rows; split it into several campaigns"},
		"as many bytes":          {audience.Limits{Bytes: int64(len(people))}, ""},
		"a byte too many":        {audience.Limits{Bytes: int64(len(people)) - 1}, "it has more than 24 bytes; split it into several campaigns"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for how, from := range readers(people) {
				_, err := read(from, audience.CSV, tt.limits, "phone")
				if tt.want == "" {
					if err != nil {
						t.Errorf("%s: %v", how, err)
					}
					continue
				}
				if got := unusable(t, err); got != tt.want {
					t.Errorf("%s: got %q, want %q", how, got, tt.want)
				}
			}
		})
	}
	rows, err := read(strings.NewReader(people), audience.CSV, audience.Limits{RowBytes: 5}, "phone")
	if err == nil || len(rows) > 0 {
		t.Errorf("rows %q, %v: a header of 10 bytes is longer than 5", rows, err)
	}
}

func TestFormatsAreToldByTheName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]audience.Format{
		"a.csv": audience.CSV, "b/a.csv.gz": audience.CSV, "a.jsonl": audience.JSONL, "a.jsonl.gz": audience.JSONL,
		"a.xlsx": "", "a.gz": "", "csv": "", "a.json": "", "a.csv.zip": "", "": "",
	} {
		if got, ok := audience.FormatOf(name); got != want || ok != (want != "") {
			t.Errorf("%s: got %q, %v, want %q", name, got, ok, want)
		}
	}
}

func FuzzReader(f *testing.F) {
	for _, seed := range []string{people, "phone;name\r+1;\"a\r\n\"\"b\"", "{\"phone\":\"+1\"}\n{\"phone\":1e3}\n", "\xef\xbb\xbfphone\n\"", "phone,phone", string(zipped(people))} {
		f.Add([]byte(seed), true, uint64(1))
		f.Add([]byte(seed), false, uint64(2))
	}
	f.Fuzz(func(t *testing.T, file []byte, csv bool, seed uint64) {
		format := audience.JSONL
		if csv {
			format = audience.CSV
		}
		limits := audience.Limits{RowBytes: 64}
		rows, err := read(bytes.NewReader(file), format, limits, "phone")
		again, errAgain := read(&pieces{file, rand.New(rand.NewPCG(seed, 0))}, format, limits, "phone")
		if (err == nil) != (errAgain == nil) || err != nil && err.Error() != errAgain.Error() {
			t.Fatalf("in pieces: %v, at once: %v", errAgain, err)
		}
		sameRows(t, again, rows)
	})
}

// pieces reads as much at once as chance has it.
type pieces struct {
	left   []byte
	random *rand.Rand
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), 1+p.random.IntN(9))], p.left)
	p.left = p.left[n:]
	return n, nil
}
