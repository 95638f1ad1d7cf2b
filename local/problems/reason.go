package main

import (
	"regexp"
	"strings"
	"unicode"
)

// maxReason is how many characters of a reason are shown.
const maxReason = 80

// numbers are what may be a telephone number, also if its digits stand in groups.
var numbers = regexp.MustCompile(`\p{Nd}(?:[ .()-]{0,2}\p{Nd}){4,}`)

// brief is a reason for the terminal: one line, cut, and without numbers of five digits or more. It may quote DMLY, whose
// words may name a recipient, and which may have put anything into them.
func brief(reason string) string {
	line := strings.Join(strings.FieldsFunc(reason, func(r rune) bool { return r == ' ' || !unicode.IsPrint(r) }), " ")
	runes := []rune(numbers.ReplaceAllString(line, "…"))
	if len(runes) > maxReason {
		runes = append(runes[:maxReason-1], '…')
	}
	return string(runes)
}
