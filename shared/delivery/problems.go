package delivery

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxPage is the most problems that are listed at once.
const maxPage = 100

// ErrList is matched by errors that say what cannot be asked of a [ProblemLister].
var ErrList = errors.New("this cannot be listed")

// Place is where a message stands in the list of the problems of its state: by time, and by id where that is the same.
type Place struct {
	State State
	// Since is when the message came to stand as it does, in whole milliseconds; the zero time if its history is empty.
	Since time.Time
	ID    string
}

// Place is where the item stands in a list.
func (i Item) Place() Place {
	p := Place{State: i.State, ID: i.ID}
	if n := len(i.History); n > 0 {
		p.Since = i.History[n-1].At.UTC().Truncate(time.Millisecond)
	}
	return p
}

// Compare orders places of one list.
func (p Place) Compare(q Place) int {
	return cmp.Or(p.Since.Compare(q.Since), cmp.Compare(p.ID, q.ID))
}

// Cursor is the cursor of the page that begins behind the place.
func (p Place) Cursor() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s %d %s", p.State, p.Since.UnixMilli(), p.ID))
}

// PageAfter checks what a [ProblemLister] was asked, and returns the place behind which the page begins; the zero Place
// for the first page. A cursor leads nowhere but into the list of the state, whoever made it.
//
// Errors match [ErrList], and say what may be asked.
func PageAfter(state State, n int, cursor string) (Place, error) {
	if !state.Problem() {
		return Place{}, fmt.Errorf("%w: %q is no state of problems; there are %q, %q and %q", ErrList, state, Rejected, Failed, Unknown)
	}
	if n < 1 || n > maxPage {
		return Place{}, fmt.Errorf("%w: a page has 1 to %d messages, not %d", ErrList, maxPage, n)
	}
	if cursor == "" {
		return Place{}, nil
	}
	place, ok := placeOf(state, cursor)
	if !ok {
		return Place{}, fmt.Errorf("%w: the cursor is not one that the list of %s messages gave; start again without one", ErrList, state)
	}
	return place, nil
}

// maxListedID is more than the longest id of a message has bytes.
const maxListedID = 1024

func placeOf(state State, cursor string) (Place, bool) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return Place{}, false
	}
	of, rest, _ := strings.Cut(string(text), " ")
	since, id, _ := strings.Cut(rest, " ")
	millis, err := strconv.ParseInt(since, 10, 64)
	if err != nil || id == "" || len(id) > maxListedID {
		return Place{}, false
	}
	place := Place{State: State(of), Since: time.UnixMilli(millis).UTC(), ID: id}
	return place, place.State == state && place.Cursor() == cursor
}
