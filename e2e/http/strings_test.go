//go:build e2e

package http_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// numbers are those of the phone numbers among the texts, as no answer may repeat them.
var numbers = []string{"15551230987", "4915112345678", "00491511234567", "(555) 123-0987"}

// tells reports the phone number that an answer has in it, or "".
func (a answer) tells() string {
	var all strings.Builder
	all.WriteString(a.body)
	for name, values := range a.header {
		fmt.Fprintf(&all, "\n%s: %s", name, strings.Join(values, ", "))
	}
	for _, number := range numbers {
		if strings.Contains(all.String(), number) {
			return number
		}
	}
	return ""
}

// sound says whether a JSON string is one that means a text: escapes that exist and come in pairs, no bare control character, UTF-8.
func sound(literal string) bool {
	var text string
	return utf8.ValidString(literal) && json.Unmarshal([]byte(literal), &text) == nil && !lone(literal)
}

// lone says whether a surrogate stands alone: reading it makes U+FFFD of it, which its spelling does not have.
func lone(literal string) bool {
	var text string
	if json.Unmarshal([]byte(literal), &text) != nil {
		return false
	}
	return strings.Count(text, "\ufffd") > strings.Count(literal, "\ufffd")
}

// each calls do for each case, several at once.
func each[T any](cases []T, do func(i int, c T)) {
	next := make(chan int)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for i := range next {
				do(i, cases[i])
			}
		})
	}
	for i := range cases {
		next <- i
	}
	close(next)
	workers.Wait()
}

// inPlace is a text in a place.
type inPlace struct {
	place
	awkward
}

func (c inPlace) String() string {
	return fmt.Sprintf("%s: %s %.40q", c.place, c.awkward.name, c.literal)
}

func TestE2EAwkwardTextsInMessages(t *testing.T) {
	t.Parallel()
	for name, places := range map[string][]place{"own": ownPlaces(), "dropin": dropInPlaces()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			var cases []inPlace
			for _, p := range places {
				for _, a := range awkwardTexts() {
					cases = append(cases, inPlace{p, a})
				}
			}
			taken := make([]bool, len(cases))
			each(cases, func(i int, c inPlace) {
				got, err := s.send(http.MethodPost, c.path, fmt.Sprintf(c.body, c.literal, fmt.Sprintf(`"#%d"`, i)), nil)
				taken[i] = got.status == http.StatusOK || got.status == http.StatusAccepted
				switch {
				case err != nil:
					t.Errorf("%v: %v", c, err)
				case !taken[i] && got.status/100 != 4:
					t.Errorf("%v: %v", c, got)
				case taken[i] && !sound(c.literal):
					t.Errorf("%v was taken, though it is not JSON: %v", c, got)
				}
				if number := got.tells(); number != "" && !c.told {
					t.Errorf("%v: the answer tells %s: %v", c, number, got)
				}
			})
			s.arrivedAs(cases, taken)
		})
	}
}

// arrivedAs compares what arrived with the cases that were taken.
func (s *stack) arrivedAs(cases []inPlace, taken []bool) {
	s.t.Helper()
	var want int
	for _, yes := range taken {
		if yes {
			want++
		}
	}
	arrived := make([]int, len(cases))
	for _, m := range s.arrived(want) {
		var i int
		if _, err := fmt.Sscanf(string(m.field("case")), `"#%d"`, &i); err != nil || i >= len(cases) {
			s.t.Errorf("a message arrived that belongs to no case: %.200s", m.Body)
			continue
		}
		arrived[i]++
		if c := cases[i]; c.arrives != nil {
			if got := c.at(m.Body); !sameText(got, c.literal) {
				s.t.Errorf("%v arrived as %.60q", c, got)
			}
		}
	}
	for i, c := range cases {
		if (arrived[i] == 1) != taken[i] || arrived[i] > 1 {
			s.t.Errorf("%v arrived %d times; it was taken: %v", c, arrived[i], taken[i])
		}
	}
	s.t.Logf("%d texts in %d places: %d were taken and arrived, %d refused", len(awkwardTexts()), len(cases)/len(awkwardTexts()), want, len(cases)-want)
}

// sameText says whether two JSON strings mean the same text.
func sameText(got json.RawMessage, want string) bool {
	var g, w string
	return json.Unmarshal(got, &g) == nil && json.Unmarshal([]byte(want), &w) == nil && g == w
}

func TestE2EAwkwardTextsInPathsAndQueries(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, form := range []struct{ method, path, body string }{
		{http.MethodGet, "/v1/messages/%s", ""},
		{http.MethodDelete, "/v1/messages/%s", ""},
		{http.MethodPost, "/v1/messages/%s/settle", `{"as": "drop", "generation": 1}`},
		{http.MethodGet, "/v1/messages?state=%s", ""},
		{http.MethodGet, "/v1/messages?state=unknown&cursor=%s", ""},
		{http.MethodGet, "/v1/messages?state=unknown&limit=%s", ""},
		{http.MethodGet, "/v1/messages?%s=x", ""},
		{http.MethodPost, "/v1/messages/%s/sendtext", dropInText("hello")},
		{http.MethodPost, "/v1/messages/whatsapp/%s", dropInText("hello")},
		{http.MethodGet, "/%s", ""},
	} {
		escape := url.PathEscape
		if strings.Contains(form.path, "?") {
			escape = url.QueryEscape
		}
		each(awkwardTexts(), func(_ int, a awkward) {
			text := strings.Trim(a.literal, `"`)
			got, err := s.send(form.method, fmt.Sprintf(form.path, escape(text)), form.body, nil)
			if err != nil || got.status >= 500 {
				t.Errorf("%s %s: %s %.40q: %v, %v", form.method, form.path, a.name, text, got, err)
			}
			if number := got.tells(); number != "" && !strings.Contains(text, number) {
				t.Errorf("%s %s: %s %.40q: the answer tells %s: %v", form.method, form.path, a.name, text, number, got)
			}
		})
	}
	if got := s.messages(); len(got) != 0 {
		t.Errorf("the simulator has %d messages, want none", len(got))
	}
}
