package message

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// IsList says whether a text begins as a JSON array does.
func IsList(data []byte) bool {
	data = bytes.TrimLeft(data, " \t\r\n")
	return len(data) > 0 && data[0] == '['
}

// Elements returns the elements of a JSON array, each as it is written, for [Decode]: what is wrong within one of them is
// not looked at, so that it does not stop the others. It returns an *[Error] if data is not an array.
func Elements(data []byte) ([][]byte, error) {
	// Only what tells where an element ends has to be right.
	dec := jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	var elements [][]byte
	err := func() error {
		if _, err := dec.ReadToken(); err != nil {
			return err
		}
		for dec.PeekKind() != ']' {
			element, err := dec.ReadValue()
			if err != nil {
				return err
			}
			elements = append(elements, bytes.Clone(element))
		}
		if _, err := dec.ReadToken(); err != nil {
			return err
		}
		if _, err := dec.ReadToken(); err != io.EOF { //nolint:errorlint // as its documentation has it
			return errors.New("has something after the end of the JSON array")
		}
		return nil
	}()
	if err != nil {
		return nil, &Error{Malformed: true, Problems: []Problem{{Pointer: pointerOf(err), Detail: syntaxDetail(err, data)}}}
	}
	return elements, nil
}
