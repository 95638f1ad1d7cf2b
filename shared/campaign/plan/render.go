package plan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/valyala/fasttemplate"

	"dmlysender/shared/message"
)

// errTooLarge says that a rendered message is over [message.MaxBytes].
var errTooLarge = errors.New("the message has too many bytes")

// renderer renders one message after the other. It is not safe for concurrent use.
type renderer struct {
	template *template
	text     *fasttemplate.Template
	values   [][]byte
	escaped  []byte
	out      bytes.Buffer
	tag      fasttemplate.TagFunc
}

func (t *template) renderer(defaults message.Defaults) (*renderer, error) {
	text, err := t.complete(defaults)
	if err != nil {
		return nil, fmt.Errorf("complete the message: %w", err)
	}
	r := &renderer{template: t}
	r.tag = r.write
	if r.text, err = fasttemplate.NewTemplate(string(text), opening, ending); err != nil {
		return nil, fmt.Errorf("read the placeholders: %w", err) // which scan has ruled out
	}
	return r, nil
}

// complete is the message with what it has by default.
func (t *template) complete(defaults message.Defaults) ([]byte, error) {
	text := bytes.Clone(bytes.TrimSuffix(t.json, []byte("}")))
	if !t.hasPriority {
		text = append(text, `,"priority":"`+message.Bulk+`"`...)
	}
	if t.hasWorkspace {
		return append(text, '}'), nil
	}
	workspace, err := jsontext.AppendQuote(nil, defaults.Workspace)
	workspace = bytes.ReplaceAll(workspace, []byte("{"), []byte(`\u007b`)) // which is no placeholder
	return slices.Concat(text, []byte(`,"workspace":{"id":`), workspace, []byte("}}")), err
}

// render puts the values, which are those of the template's names, into the text. The result is good until render is
// called again. It returns errTooLarge.
func (r *renderer) render(values [][]byte) ([]byte, error) {
	r.values = values
	r.out.Reset()
	if _, err := r.text.ExecuteFunc(&r.out, r.tag); err != nil {
		return nil, err
	}
	return r.out.Bytes(), nil
}

func (r *renderer) write(w io.Writer, tag string) (int, error) {
	quoted, err := jsontext.AppendQuote(r.escaped[:0], r.values[r.template.slots[tag]])
	if err != nil {
		return 0, err
	}
	r.escaped = quoted
	if r.out.Len()+len(quoted) > message.MaxBytes {
		return 0, errTooLarge
	}
	return w.Write(quoted[1 : len(quoted)-1])
}
