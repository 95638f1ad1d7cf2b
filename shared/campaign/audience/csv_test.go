package audience_test

import (
	"strings"
	"testing"

	"dmlysender/shared/campaign/audience"
)

func TestCSVRows(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		want []string
	}{
		"plain":                      {"phone,name\n+1,Ann\n+2,Bob\n", []string{"2: +1|Ann", "3: +2|Bob"}},
		"no end of line at the end":  {"phone,name\n+1,Ann", []string{"2: +1|Ann"}},
		"other order, more columns":  {"city,name,phone\nRome,Ann,+1\n", []string{"2: +1|Ann"}},
		"blanks in the header":       {" phone , name\n+1,Ann\n", []string{"2: +1|Ann"}},
		"CRLF":                       {"phone,name\r\n+1,Ann\r\n+2,Bob\r\n", []string{"2: +1|Ann", "3: +2|Bob"}},
		"CR":                         {"phone,name\r+1,Ann\r+2,Bob\r", []string{"2: +1|Ann", "3: +2|Bob"}},
		"all three":                  {"phone,name\r\n+1,Ann\r+2,Bob\n\r+3,Cy", []string{"2: +1|Ann", "3: +2|Bob", "5: +3|Cy"}},
		"byte order mark":            {"\xef\xbb\xbfphone,name\n+1,Ann\n", []string{"2: +1|Ann"}},
		"semicolons":                 {"phone;name\n+1;Ann, of Rome\n", []string{"2: +1|Ann, of Rome"}},
		"semicolons and quotes":      {"phone;name\n+1;\"Ann; of\nRome\"\n+2;Bob", []string{"2: +1|Ann; of\nRome", "4: +2|Bob"}},
		"commas before semicolons":   {"phone,name\n+1,Ann; of Rome\n", []string{"2: +1|Ann; of Rome"}},
		"quoted":                     {"\"phone\",\"name\"\n\"+1\",\"Ann \"\"A\"\", of Rome\"\n", []string{`2: +1|Ann "A", of Rome`}},
		"empty quoted cell":          {"phone,name\n+1,\"\"\n\"\",Ann\n", []string{"2: +1|-", "3: -|Ann"}},
		"a cell of several lines":    {"phone,name\r\n+1,\"Ann\r\nof\rRome\n\"\r\n+2,Bob\r\n", []string{"2: +1|Ann\nof\nRome\n", "6: +2|Bob"}},
		"an empty line in a cell":    {"phone,name\n+1,\"Ann\n\n\nRome\"\n+2,Bob\n", []string{"2: +1|Ann\n\n\nRome", "6: +2|Bob"}},
		"blank cells":                {"phone,name\n+1,\n , \u00a0\n,\n", []string{"2: +1|-", "3: -|-", "4: -|-"}},
		"empty lines":                {"\n\nphone,name\n\n+1,Ann\n\r\n\n+2,Bob\n\n", []string{"5: +1|Ann", "8: +2|Bob"}},
		"blanks are the cell's":      {"phone,name\n+1, Ann \n", []string{"2: +1| Ann "}},
		"other writing and pictures": {"phone,name\n+1,دينا 🎉\u200f\n", []string{"2: +1|دينا 🎉\u200f"}},
		"what is no number":          {"phone,name\n00123,1e3\n", []string{"2: 00123|1e3"}},
		"too few cells":              {"phone,name\n+1\n+2,Bob\n", []string{"2: : has too few cells: 1, and the header has 2", "3: +2|Bob"}},
		"too many cells":             {"phone,name\n+1,Ann,Rome\n+2,Bob\n", []string{"2: : has too many cells: 3, and the header has 2", "3: +2|Bob"}},
		"an unnamed column":          {"phone,,name,\n+1,,Ann,\n", []string{"2: +1|Ann"}},
		"a bare quote":               {"phone,name\n+1,5\" pipe\n+2,Bob\n", []string{"2: : has quotes in the wrong place; …", "3: +2|Bob"}},
		"text behind a quote":        {"phone,name\n+1,\"Ann\" B\n\"+2\"\"x\",Bob\n+3,\"\"\"\"\n", []string{"2: : has quotes in the wrong place; …", "3: +2\"x|Bob", `4: +3|"`}},
		"a quote that takes rows in": {
			"phone,name\n+1,\"Ann\n+2,Bob\n+3,\"Cy\"\n+4,Di\n",
			[]string{"2: : has quotes in the wrong place; a cell with quotes in it is written as \"say \"\"hello\"\"\"; lines 2 to 4 were read as this one row, as a quoted cell goes over them", "5: +4|Di"},
		},
		"a good one behind it": {
			"phone,name\n\"+1\"x,\"Ann\nRome\"\n\"+3\",\"Cy\"\n",
			[]string{"2: : has quotes in the wrong place; …", "4: +3|Cy"},
		},
		"an empty cell before a quoted one": {"phone,name\n,\"Ann\nRome\"\n+2,Bob\n", []string{"2: -|Ann\nRome", "4: +2|Bob"}},
		"a formula":                         {"phone,name\n=A1,Ann\n+2,=1+1\n", []string{`2: phone: "phone" has a formula, not a value; …`, `3: name: "name" has a formula, not a value; …`}},
		"a failed formula":                  {"phone,name\n#REF!,Ann\n+2,#N/A\n+3,#1\n", []string{`2: phone: "phone" has a formula…`, `3: name: "name" has a formula…`, "4: +3|#1"}},
		"an unused formula":                 {"phone,name,sum\n+1,Ann,=1+1\n", []string{"2: +1|Ann"}},
		"Latin-1":                           {"phone,name\n+1,Ren\xe9\n+2,Bob\n", []string{`2: name: "name" is not UTF-8; save the file as UTF-8`, "3: +2|Bob"}},
		"a NUL":                             {"phone,name\n+1,A\x00nn\n+2,Bob\n", []string{`2: name: "name" has a NUL character…`, "3: +2|Bob"}},
		"a cell of 1 MB":                    {"phone,name\n+1," + strings.Repeat("x", 1_000_000) + "\n+2,Bob\n", []string{"2: : has 1000003 bytes; the limit is 65536", "3: +2|Bob"}},
		"a quoted one":                      {"phone,name\n+1,\"" + strings.Repeat("x\n\"\"", 250_000) + "\"\n+2,Bob\n", []string{"2: : has 1000005 bytes; the limit is 65536; lines 2 to 250002 were read…", "250003: +2|Bob"}},
		"a row of 64 KiB":                   {"phone,name\n+1," + strings.Repeat("x", 64<<10-3) + "\n+2," + strings.Repeat("x", 64<<10-2) + "\n", []string{"2: +1|xx…", "3: : has 65537 bytes; the limit is 65536"}},
		"a quoted of 64 KiB":                {"phone,name\n+1,\"" + strings.Repeat("x", 64<<10-5) + "\"\n", []string{"2: +1|xx…"}},
		"commas beyond number":              {"phone,name\n" + strings.Repeat(",", 60_000) + "\n+2,Bob\n", []string{"2: : has too many cells: 60001, and the header has 2", "3: +2|Bob"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for how, from := range readers(tt.text) {
				got, err := read(from, audience.CSV, audience.Limits{}, "phone", "name")
				if err != nil {
					t.Fatalf("%s: %v", how, err)
				}
				sameRows(t, got, tt.want)
			}
		})
	}
}

func TestCSVThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"empty":                 {"", "it is empty; begin it with a header row, such as phone,name"},
		"only empty lines":      {"\n\r\n\n", "it is empty; "},
		"only a mark":           {"\xef\xbb\xbf", "it is empty; "},
		"only a header":         {"phone,name\n", "it has no rows; put one recipient in each row"},
		"a header and a blank":  {"phone,name\n\n\n", "it has no rows; "},
		"a column is not there": {"phone,Name,\"a, b\"\n+1,Ann,\n", `the message has a placeholder {{name}}, and the header has no such column; it has "phone", "Name", "a, b"`},
		"no header":             {"+15551234567,Ann\n+15551234568,Bob\n", "its first row has what looks like a phone number or an e-mail address, and has to be a header, such as phone,name"},
		"no header, addresses":  {"Ann,ann@example.com\nBob,bob@example.com\n", "its first row has what looks like a phone number or an e-mail address"},
		"tabs":                  {"phone\tname\n+1\tAnn\n", `its cells are separated by tabs; open it and save it as "CSV UTF-8"`},
		"a column twice":        {"phone,name,city,name \n+1,Ann,Rome,Bob\n", `its header has "name" twice, in columns 2 and 4; rename or remove one`},
		"an unused one twice":   {"phone,name,x,x\n+1,Ann,,\n", `its header has "x" twice`},
		"no names":              {",,\n+1,Ann,\n", "its header has no names; "},
		"Latin-1 in the header": {"phone,name,pr\xe9nom\n+1,Ann,x\n", `its header is not UTF-8; open it and save it as "CSV UTF-8", and name it .csv`},
		"NUL in the header":     {"phone,na\x00me\n+1,Ann\n", "its header has NUL characters; "},
		"a quote in the header": {"phone,na\"me\n+1,Ann\n", "its header, in line 1, cannot be read: it has quotes in the wrong place; "},
		"a long header":         {strings.Repeat("x,", 40_000) + "\n", "its header, in line 1, cannot be read: it has 80000 bytes; the limit is 65536"},
		"an unclosed quote":     {"phone,name\n+1,Ann\n+2,\"Bob\n+3,Cy\n", "a quote that opens in the row at line 3 is never closed, so that all that follows would be one cell; close it there"},
		"one in the header":     {"phone,\"name\n+1,Ann\n", "a quote that opens in the row at line 1 is never closed"},
		"one at the end":        {"phone,name\n+1,\"", "a quote that opens in the row at line 2 is never closed"},
		"JSON":                  {`{"phone": "+1", "name": "Ann"}`, "it looks like JSON; name it .jsonl"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for how, from := range readers(tt.text) {
				_, err := read(from, audience.CSV, audience.Limits{}, "phone", "name")
				if got := unusable(t, err); !strings.HasPrefix(got, tt.want) {
					t.Errorf("%s: got %q, want %q", how, got, tt.want)
				}
			}
		})
	}
}

// A quote that nobody closed must not pass for the end of the audience.
func TestNoRowIsReadBehindAnUnclosedQuote(t *testing.T) {
	t.Parallel()
	got, err := read(strings.NewReader("phone,name\n+1,Ann\n+2,\"Bob\n+3,Cy\n"), audience.CSV, audience.Limits{}, "phone", "name")
	if err == nil {
		t.Error("the rows that the quote has taken in are gone without a word")
	}
	sameRows(t, got, []string{"2: +1|Ann"})
}
