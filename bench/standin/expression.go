package standin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
)

// scope is what an expression speaks of: the item that stands, nil if there is none, and the request's names and values.
type scope struct {
	item   attributes
	names  map[string]string
	values attributes
}

// evaluate tells whether a condition holds. It knows comparisons, attribute_exists, attribute_not_exists, AND, OR, NOT and parentheses.
// As in DynamoDB, a comparison with an attribute that is not there does not hold.
func evaluate(condition string, s scope) (bool, error) {
	p := &parser{tokens: tokens(condition), scope: s}
	holds := p.or()
	return holds, p.end(condition)
}

// assign returns the attributes that an update sets. It knows SET with values, attributes, and sums and differences of whole numbers.
func assign(update string, s scope) (attributes, error) {
	p := &parser{tokens: tokens(update), scope: s}
	changed := attributes{}
	p.expect("SET")
	for more := true; more && !p.failed; more = p.accept(",") {
		name := p.name()
		p.expect("=")
		value := p.sum()
		if value == nil {
			p.failed = true // DynamoDB refuses to calculate with what is not there
		}
		changed[name] = value
	}
	return changed, p.end(update)
}

// tokens splits an expression: names, signs, parentheses and commas.
func tokens(expression string) []string {
	var all []string
	for rest := strings.TrimSpace(expression); rest != ""; rest = strings.TrimSpace(rest) {
		n := strings.IndexAny(rest, " \t\n()=<>,+-")
		switch {
		case n < 0:
			n = len(rest)
		case n == 0 && (strings.HasPrefix(rest, "<=") || strings.HasPrefix(rest, ">=") || strings.HasPrefix(rest, "<>")):
			n = 2
		case n == 0:
			n = 1
		}
		all, rest = append(all, rest[:n]), rest[n:]
	}
	return all
}

// parser evaluates while it reads. Once failed, what it returns means nothing.
type parser struct {
	tokens []string
	scope  scope
	failed bool
}

func (p *parser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *parser) next() string {
	token := p.peek()
	if token == "" {
		p.failed = true
		return ""
	}
	p.tokens = p.tokens[1:]
	return token
}

func (p *parser) accept(token string) bool {
	if p.peek() != token {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *parser) expect(token string) {
	if !p.accept(token) {
		p.failed = true
	}
}

// end returns the refusal of an expression that was not understood to its end.
func (p *parser) end(expression string) error {
	if p.failed || len(p.tokens) > 0 {
		return invalid("this stand-in cannot evaluate " + strconv.Quote(expression))
	}
	return nil
}

func (p *parser) or() bool {
	holds := p.and()
	for p.accept("OR") {
		holds = p.and() || holds
	}
	return holds
}

func (p *parser) and() bool {
	holds := p.not()
	for p.accept("AND") {
		holds = p.not() && holds
	}
	return holds
}

func (p *parser) not() bool {
	if p.accept("NOT") {
		return !p.not()
	}
	return p.condition()
}

func (p *parser) condition() bool {
	switch {
	case p.accept("("):
		holds := p.or()
		p.expect(")")
		return holds
	case p.accept("attribute_exists"):
		return p.exists()
	case p.accept("attribute_not_exists"):
		return !p.exists()
	}
	left, sign, right := p.operand(), p.next(), p.operand()
	order, ordered := compare(left, right)
	switch sign {
	case "=":
		return left != nil && bytes.Equal(left, right)
	case "<>":
		return !bytes.Equal(left, right)
	case "<":
		return ordered && order < 0
	case "<=":
		return ordered && order <= 0
	case ">":
		return ordered && order > 0
	case ">=":
		return ordered && order >= 0
	}
	p.failed = true
	return false
}

func (p *parser) exists() bool {
	p.expect("(")
	_, ok := p.scope.item[p.name()]
	p.expect(")")
	return ok
}

// sum is an operand, or two whole numbers added or subtracted.
func (p *parser) sum() json.RawMessage {
	left := p.operand()
	sign := p.peek()
	if sign != "+" && sign != "-" {
		return left
	}
	p.next()
	a, okA := wholeNumber(left)
	b, okB := wholeNumber(p.operand())
	if !okA || !okB {
		p.failed = true
	}
	if sign == "-" {
		b = -b
	}
	return json.RawMessage(`{"N":"` + strconv.FormatInt(a+b, 10) + `"}`)
}

// operand is the value of a name, nil for an attribute that is not there.
func (p *parser) operand() json.RawMessage {
	if name := p.peek(); strings.HasPrefix(name, ":") {
		value, ok := p.scope.values[p.next()]
		if !ok {
			p.failed = true
		}
		return value
	}
	return p.scope.item[p.name()]
}

// name is an attribute's name, or what stands for one. A path into an attribute is not known here.
func (p *parser) name() string {
	name := p.next()
	if strings.HasPrefix(name, "#") {
		name = p.scope.names[name]
	}
	if name == "" || strings.ContainsAny(name, ".[:()=<>,+-") {
		p.failed = true
	}
	return name
}

// compare orders two numbers, or two strings. Nothing else has an order here.
func compare(a, b json.RawMessage) (order int, ok bool) {
	if x, isNumber := number(a); isNumber {
		y, ok := number(b)
		if !ok {
			return 0, false
		}
		return x.Cmp(y), true
	}
	x, okX := text(a)
	y, okY := text(b)
	return cmp.Compare(x, y), okX && okY
}

func number(value json.RawMessage) (*big.Rat, bool) {
	digits, ok := digits(value)
	if !ok {
		return nil, false
	}
	return new(big.Rat).SetString(digits)
}

func wholeNumber(value json.RawMessage) (int64, bool) {
	digits, ok := digits(value)
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, ok && err == nil
}

// digits are a number as DynamoDB writes it.
func digits(value json.RawMessage) (string, bool) {
	var v struct{ N *string }
	if json.Unmarshal(value, &v) != nil || v.N == nil {
		return "", false
	}
	return *v.N, true
}

func text(value json.RawMessage) (string, bool) {
	var v struct{ S *string }
	if json.Unmarshal(value, &v) != nil || v.S == nil {
		return "", false
	}
	return *v.S, true
}
