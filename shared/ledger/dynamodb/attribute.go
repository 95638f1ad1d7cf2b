package dynamodb

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// writer gathers attributes, leaving out what is empty.
type writer map[string]types.AttributeValue

func (w writer) text(name, value string) {
	if value != "" {
		w[name] = &types.AttributeValueMemberS{Value: value}
	}
}

func (w writer) number(name string, value int64) {
	if value != 0 {
		w[name] = &types.AttributeValueMemberN{Value: strconv.FormatInt(value, 10)}
	}
}

func (w writer) time(name string, value time.Time) {
	if !value.IsZero() {
		w[name] = millis(value)
	}
}

// millis is a time as the table has it: milliseconds since 1970.
func millis(t time.Time) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(t.UnixMilli(), 10)}
}

func (w writer) flag(name string, value bool) {
	if value {
		w[name] = &types.AttributeValueMemberBOOL{Value: true}
	}
}

// content is readable in the console if it can be.
func (w writer) content(name string, value []byte) {
	if utf8.Valid(value) {
		w.text(name, string(value))
		return
	}
	w[name] = &types.AttributeValueMemberB{Value: value}
}

func (w writer) texts(name string, values []string) {
	if len(values) == 0 {
		return
	}
	list := make([]types.AttributeValue, len(values))
	for i, v := range values {
		list[i] = &types.AttributeValueMemberS{Value: v}
	}
	w[name] = &types.AttributeValueMemberL{Value: list}
}

// reader takes attributes apart. What is missing is empty; the first that is not of its kind becomes err, which names
// the attribute but not its value.
type reader struct {
	attributes map[string]types.AttributeValue
	err        error
}

func (r *reader) damaged(name, problem string) {
	if r.err == nil {
		r.err = fmt.Errorf("the item is damaged: its attribute %q %s", name, problem)
	}
}

func (r *reader) text(name string) string {
	switch v := r.attributes[name].(type) {
	case nil:
	case *types.AttributeValueMemberS:
		return v.Value
	default:
		r.damaged(name, "is not a string")
	}
	return ""
}

func (r *reader) id(hashName, rangeName string) string {
	pk, sk := r.text(hashName), r.text(rangeName)
	id, ok := strings.CutPrefix(pk, keyPrefix)
	if strings.HasPrefix(pk, campaignPrefix) {
		id, ok = campaignID(pk, sk)
	}
	if !ok {
		r.damaged(hashName, "is not the key of a message")
	}
	return id
}

func (r *reader) number(name string) int64 {
	switch v := r.attributes[name].(type) {
	case nil:
	case *types.AttributeValueMemberN:
		n, err := strconv.ParseInt(v.Value, 10, 64)
		if err != nil {
			r.damaged(name, "is not a whole number")
		}
		return n
	default:
		r.damaged(name, "is not a number")
	}
	return 0
}

func (r *reader) time(name string) time.Time {
	if r.attributes[name] == nil {
		return time.Time{}
	}
	return time.UnixMilli(r.number(name)).UTC()
}

func (r *reader) flag(name string) bool {
	switch v := r.attributes[name].(type) {
	case nil:
	case *types.AttributeValueMemberBOOL:
		return v.Value
	default:
		r.damaged(name, "is neither true nor false")
	}
	return false
}

func (r *reader) content(name string) []byte {
	switch v := r.attributes[name].(type) {
	case nil:
	case *types.AttributeValueMemberS:
		return []byte(v.Value)
	case *types.AttributeValueMemberB:
		return v.Value
	default:
		r.damaged(name, "is neither a string nor binary")
	}
	return nil
}

func (r *reader) texts(name string) []string {
	switch v := r.attributes[name].(type) {
	case nil:
	case *types.AttributeValueMemberL:
		values := make([]string, len(v.Value))
		for i, element := range v.Value {
			text, ok := element.(*types.AttributeValueMemberS)
			if !ok {
				r.damaged(name, "has an entry that is not a string")
				return nil
			}
			values[i] = text.Value
		}
		return values
	default:
		r.damaged(name, "is not a list")
	}
	return nil
}
