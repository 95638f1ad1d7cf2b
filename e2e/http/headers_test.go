//go:build e2e

package http_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// raw writes a request byte by byte as it is given: net/http's client would refuse some headers, and a server must not rely on that.
func (s *stack) raw(request string) (answer, error) {
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(s.api, "http://"), patience)
	if err != nil {
		return answer{}, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return answer{}, err
	}
	if _, err := io.WriteString(conn, request); err != nil {
		return answer{}, err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{status: response.StatusCode, header: response.Header, body: string(body)}, err
}

// headerTexts are the awkward texts that can stand in a header's line, and more that are awkward for one header alone.
func headerTexts(name string) []string {
	texts := map[string][]string{
		"Idempotency-Key": {`"order-1"`, `""`, `"`, `"order-1`, "a,b", "a, b", "order 1", "'order-1'"},
		"Prefer": {"wait", "wait=", "wait=0", "wait=-1", "wait=1.5", "wait=1e9", "wait=999999999999999999999", `wait="1"`, "wait=1; x=y", "WAIT=1",
			"respond-async", "respond-async, wait=1", "wait=1, wait=2", ",,,", "return=minimal", ";", `x="\"`},
		"X-Api-Key":    {"Local", "local ", "local,local", `"local"`, "locallocal"},
		"Content-Type": {"text/plain", "application/json; charset=utf-8", "application/json; charset=latin1", "application/vnd.x+json", "application/xml", ";", "/", "json", "application/json, text/plain", "multipart/form-data"},
	}[name]
	for _, a := range awkwardTexts() {
		if text := strings.Trim(a.literal, `"`); !strings.ContainsAny(text, "\r\n") {
			texts = append(texts, text)
		}
	}
	return texts
}

func TestE2EAwkwardTextsInHeaders(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/v1/messages", "/v1/messages/whatsapp/sendtext"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			for _, name := range []string{"Idempotency-Key", "Prefer", "X-Api-Key", "Content-Type"} {
				s.awkwardHeader(path, name)
			}
		})
	}
}

// awkwardHeader sends a message with each text in a header. Each has a text of its own, so that it is a message of its own.
func (s *stack) awkwardHeader(path, name string) {
	s.t.Helper()
	s.clear()
	body := ownText
	if path != "/v1/messages" {
		body = dropInText
	}
	texts := headerTexts(name)
	taken := make([]bool, len(texts))
	each(texts, func(i int, text string) {
		content := body(fmt.Sprintf("#%d", i))
		var request strings.Builder
		fmt.Fprintf(&request, "POST %s HTTP/1.1\r\nHost: api\r\nConnection: close\r\nContent-Length: %d\r\n", path, len(content))
		for header, value := range map[string]string{"X-Api-Key": localKey, "Content-Type": "application/json", name: text} {
			fmt.Fprintf(&request, "%s: %s\r\n", header, value)
		}
		got, err := s.raw(request.String() + "\r\n" + content)
		taken[i] = got.status == http.StatusOK || got.status == http.StatusAccepted
		switch {
		case err != nil:
			s.t.Errorf("%s: %.40q: %v", name, text, err)
		case !taken[i] && got.status/100 != 4:
			s.t.Errorf("%s: %.40q: %v", name, text, got)
		case name == "X-Api-Key" && taken[i] && strings.TrimSpace(text) != localKey:
			s.t.Errorf("%s: %.40q opened the door: %v", name, text, got)
		}
		if number := got.tells(); number != "" && !strings.Contains(text, number) {
			s.t.Errorf("%s: %.40q: the answer tells %s: %v", name, text, number, got)
		}
	})
	var want int
	for _, yes := range taken {
		if yes {
			want++
		}
	}
	arrived := map[string]int{}
	for _, m := range s.arrived(want) {
		arrived[string(m.field("textMessage"))]++
	}
	for i, text := range texts {
		if n := arrived[fmt.Sprintf(`"#%d"`, i)]; n > 1 || (n == 1) != taken[i] {
			s.t.Errorf("%s: %.40q: its message arrived %d times; it was taken: %v", name, text, n, taken[i])
		}
	}
	s.t.Logf("%s, %s: %d texts, %d taken", path, name, len(texts), want)
}
