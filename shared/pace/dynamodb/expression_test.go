package dynamodb_test

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// attributes are an item in DynamoDB's own JSON: {"tat": {"N": "1"}}.
type attributes map[string]map[string]any

// expression evaluates as much of DynamoDB's expressions as stands in its documentation under comparisons, AND, OR,
// parentheses, attribute_not_exists and SET with a sum. It is strict where DynamoDB is: what is not defined, or
// defined and not used, is an error.
type expression struct {
	tokens []string
	item   attributes
	values attributes
	used   map[string]bool
}

var (
	token  = regexp.MustCompile(`attribute_not_exists|[:\w]+|<=|<>|>=|[<>=(),+]`)
	tokens sync.Map // by expression, as there are few
)

func tokenize(text string) []string {
	if known, ok := tokens.Load(text); ok {
		return known.([]string)
	}
	found := token.FindAllString(text, -1)
	tokens.Store(text, found)
	return found
}

// evaluate returns whether the condition holds for the item and, if so, what the update changes.
func evaluate(condition, update string, item, values attributes) (changed attributes, holds bool, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("%v in %q and %q", problem, condition, update)
		}
	}()
	e := &expression{tokens: tokenize(condition), item: item, values: values, used: map[string]bool{}}
	holds = e.or()
	e.end()
	e.tokens = tokenize(update)
	changed = e.set()
	e.end()
	if unused := slices.DeleteFunc(slices.Collect(maps.Keys(values)), func(name string) bool { return e.used[name] }); len(unused) > 0 {
		panic(fmt.Sprintf("unused values %v", unused))
	}
	return changed, holds, nil
}

func (e *expression) peek() string {
	if len(e.tokens) == 0 {
		return ""
	}
	return e.tokens[0]
}

func (e *expression) next() string {
	t := e.peek()
	if t == "" {
		panic("unexpected end")
	}
	e.tokens = e.tokens[1:]
	return t
}

func (e *expression) expect(want string) {
	if got := e.next(); got != want {
		panic(fmt.Sprintf("%q instead of %q", got, want))
	}
}

func (e *expression) end() {
	if len(e.tokens) > 0 {
		panic(fmt.Sprintf("%q too much", e.tokens))
	}
}

func (e *expression) or() bool {
	holds := e.and()
	for e.peek() == "OR" {
		e.next()
		also := e.and()
		holds = holds || also
	}
	return holds
}

func (e *expression) and() bool {
	holds := e.condition()
	for e.peek() == "AND" {
		e.next()
		also := e.condition()
		holds = holds && also
	}
	return holds
}

func (e *expression) condition() bool {
	switch e.peek() {
	case "(":
		e.next()
		holds := e.or()
		e.expect(")")
		return holds
	case "attribute_not_exists":
		e.next()
		e.expect("(")
		_, found := e.item[e.next()]
		e.expect(")")
		return !found
	}
	return compare(e.operand(), e.next(), e.operand())
}

func (e *expression) operand() map[string]any {
	name := e.next()
	if !strings.HasPrefix(name, ":") {
		return e.item[name]
	}
	e.used[name] = true
	value, found := e.values[name]
	if !found {
		panic(name + " is not defined")
	}
	return value
}

// compare is false for what is missing, and for different types but for inequality.
func compare(a map[string]any, operator string, b map[string]any) bool {
	if a == nil || b == nil {
		return false
	}
	if n, m := a["N"], b["N"]; n != nil && m != nil {
		allowed := map[string][]int{"<": {-1}, "<=": {-1, 0}, "=": {0}, ">=": {0, 1}, ">": {1}, "<>": {-1, 1}}
		return slices.Contains(allowed[operator], cmp.Compare(whole(n), whole(m)))
	}
	equal := a["S"] != nil && a["S"] == b["S"]
	return operator == "=" && equal || operator == "<>" && !equal
}

func (e *expression) set() attributes {
	e.expect("SET")
	changed := attributes{}
	for {
		name := e.next()
		e.expect("=")
		value := e.operand()
		if e.peek() == "+" {
			e.next()
			a, b := value, e.operand()
			if a == nil || b == nil {
				value = nil // the condition has to prevent it
			} else {
				value = map[string]any{"N": strconv.FormatInt(whole(a["N"])+whole(b["N"]), 10)}
			}
		}
		changed[name] = value
		if e.peek() != "," {
			return changed
		}
		e.next()
	}
}

func whole(n any) int64 {
	value, err := strconv.ParseInt(fmt.Sprint(n), 10, 64)
	if err != nil {
		panic(fmt.Sprintf("%v is not a whole number", n))
	}
	return value
}
