package plan

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/valyala/fasttemplate"

	"dmlysender/shared/message"
)

// errTooLarge says that a rendered message is over [message.MaxBytes].
var errTooLarge = errors.New("the message has too many bytes")

// renderer renders one message after the other. It is not safe for concurrent use.
type renderer struct {
	template *template
	values   [][]byte
	escaped  []byte
	out      bytes.Buffer
	tag      fasttemplate.TagFunc
}

func (t *template) renderer() *renderer {
	r := &renderer{template: t}
	r.tag = r.write
	return r
}

// render puts the values, which are those of the template's names, into the text. The result is good until render is
// called again. It returns errTooLarge.
func (r *renderer) render(values [][]byte) ([]byte, error) {
	r.values = values
	r.out.Reset()
	if _, err := r.template.text.ExecuteFunc(&r.out, r.tag); err != nil {
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
