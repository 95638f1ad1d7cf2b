package delivery

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"dmlysender/shared/dmly"
	"dmlysender/shared/message"
)

var update = flag.Bool("update", false, "write the state table into the README")

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// situations are all combinations of what the rules look at.
func situations() []situation {
	var all []situation
	for _, item := range items() {
		for _, record := range records() {
			all = append(all, situation{record: record, item: item, by: claimant{owner: "owner-2", lease: noon.Add(time.Minute)}, now: noon})
		}
	}
	return all
}

func items() []*Item {
	all := []*Item{nil}
	for _, state := range []State{Accepted, Scheduled, Sending, Waiting, Sent, Rejected, Failed, Expired, Cancelled, Unknown} {
		for _, fingerprint := range []string{"same", "other", message.FingerprintOf([]byte("content"))} {
			for _, refused := range [][]string{nil, {"same"}} {
				for _, resent := range []bool{false, true} {
					for _, lease := range []time.Duration{-time.Minute, -time.Second, time.Second} {
						for _, notBefore := range []time.Duration{-time.Second, time.Second} {
							item := &Item{
								ID: "a", Fingerprint: fingerprint, Refused: refused, Resent: resent, State: state, Revision: "r1",
								Generation: 2, Attempts: 1, Owner: "owner-1", Lease: noon.Add(lease), NotBefore: noon.Add(notBefore),
								History: []Transition{{At: noon, State: state}}, ForgetAt: noon.Add(time.Hour),
							}
							if keepsContent(*item) {
								item.Content = []byte("content")
							}
							all = append(all, item)
							if state == Cancelled {
								back := *item
								back.TakenBack = "run 1"
								all = append(all, &back)
							}
						}
					}
				}
			}
		}
	}
	return all
}

func records() []arrival {
	var all []arrival
	for _, generation := range []int{0, 1, 2, 3} {
		for _, sendAt := range []time.Duration{-time.Hour, time.Hour, 400 * 24 * time.Hour} {
			for _, expiresAt := range []time.Duration{-time.Minute, 90 * time.Minute, 500 * 24 * time.Hour} {
				for _, resend := range []bool{false, true} {
					all = append(all, arrival{
						id: "a", fingerprint: "same", generation: generation, content: []byte("content"), steps: 2,
						sendAt: noon.Add(sendAt), expiresAt: noon.Add(expiresAt), resend: resend,
					})
				}
			}
		}
	}
	return all
}

func outcomes() []outcome {
	return []outcome{
		{response: dmly.MessageResponse{ID: "dmly-1", Status: "success"}},
		{err: &dmly.RejectedError{Failure: dmly.Failure{ID: "dmly-1", Status: "failed"}}},
		{err: &dmly.ValidationError{}},
		{err: &dmly.KeyRefusedError{}},
		{err: &dmly.NotSentError{RateLimited: true}},
		{err: &dmly.NotSentError{}},
		{err: &dmly.UnknownError{}},
		{err: errUnused},
		{err: errors.New("anything")},
	}
}

// keepsContent says whether it is a problem, would be one if it were cancelled, or can be moved.
func keepsContent(i Item) bool {
	return i.State.Problem() || i.State == Scheduled || i.State == Waiting && i.Resent
}

// follow asks each rule of the table for each situation in which it decides, and fails if a row never does.
func follow(t *testing.T, table table, all []situation, check func(r rule, s situation, d decision)) {
	t.Helper()
	hits := make([]int, len(table))
	for _, s := range all {
		i := slices.IndexFunc(table, func(r rule) bool { return r.holds(s) })
		if i < 0 {
			t.Fatalf("no rule holds for %+v", s)
		}
		hits[i]++
		var before Item
		if s.item != nil {
			before = clone(*s.item)
		}
		d := table[i].do(s)
		if s.item != nil && !reflect.DeepEqual(before, *s.item) {
			t.Fatalf("%q changes the item that stands", table[i].when)
		}
		check(table[i], s, d)
	}
	for i, n := range hits {
		if n == 0 {
			t.Errorf("no situation meets the row %q", table[i].when)
		}
	}
}

func clone(i Item) Item {
	i.Content, i.Refused, i.History = bytes.Clone(i.Content), slices.Clone(i.Refused), slices.Clone(i.History)
	return i
}

// leadsTo fails if a rule does something else than its row says.
func leadsTo(t *testing.T, r rule, d decision, onward table) {
	t.Helper()
	to := r.to
	if len(to) == 0 && d.item != nil {
		for _, next := range onward {
			to = append(to, next.to...)
		}
	}
	switch {
	case d.item == nil && len(to) > 0, d.item != nil && !slices.Contains(to, d.item.State):
		t.Errorf("%q leads to %+v, want %v", r.when, d.item, r.to)
	case d.item != nil && len(r.to) == 1 && !strings.Contains(r.then, "`"+string(r.to[0])+"`"):
		t.Errorf("%q says %q, and leads to %s", r.when, r.then, r.to[0])
	case d.item != nil && (d.item.Content != nil) != keepsContent(*d.item):
		t.Errorf("%q: %s has %d bytes of content", r.when, d.item.State, len(d.item.Content))
	}
}

func TestAnArrivalDoesWhatItsRowSays(t *testing.T) {
	t.Parallel()
	follow(t, arriving, situations(), func(r rule, s situation, d decision) {
		leadsTo(t, r, d, starting)
		if d.item == nil {
			if d.verdict == claim {
				t.Errorf("%q claims nothing", r.when)
			}
			return
		}
		if (d.verdict == claim) != (d.item.State == Sending) || (d.verdict == putOff) != (d.item.State == Scheduled) {
			t.Errorf("%q: verdict %d for %s", r.when, d.verdict, d.item.State)
		}
		if d.item.State == Scheduled && (!d.item.NotBefore.After(s.now) || !d.at.Equal(d.item.NotBefore)) {
			t.Errorf("%q: it is scheduled for %v, and held until %v", r.when, d.item.NotBefore, d.at)
		}
		if s.item == nil {
			return
		}
		switch {
		case s.item.State == Cancelled && (s.item.TakenBack == "" || s.record.generation != s.item.Generation+1):
			t.Errorf("%q: what was cancelled became %s, and nobody has ordered that", r.when, d.item.State)
		case s.item.State.Final() && d.item.Generation != s.item.Generation+1:
			t.Errorf("%q: what rested as %s became %s without a new generation", r.when, s.item.State, d.item.State)
		case s.item.State == Sending && d.item.State == Sending:
			t.Errorf("%q: a claim was taken over", r.when)
		case s.item.State == Sending && d.item.Owner != s.item.Owner:
			t.Errorf("%q: the owner's token is gone, so that it could not record what it sent", r.when)
		case d.item.ForgetAt.Before(s.item.ForgetAt), d.item.Generation < s.item.Generation:
			t.Errorf("%q: generation %d until %v became %d until %v", r.when, s.item.Generation, s.item.ForgetAt, d.item.Generation, d.item.ForgetAt)
		case len(d.item.History) != len(s.item.History)+1:
			t.Errorf("%q: the history has %d entries", r.when, len(d.item.History))
		}
	})
}

func TestBeforeAClaimDoesWhatItsRowSays(t *testing.T) {
	t.Parallel()
	var all []situation
	for _, s := range situations() {
		if s.item != nil && (s.item.State == Accepted || s.item.State == Scheduled || s.item.State == Waiting) {
			all = append(all, s)
			begun := *s.item
			begun.State = ""
			s.item = &begun
			all = append(all, s)
		}
	}
	follow(t, starting, all, func(r rule, s situation, d decision) {
		leadsTo(t, r, d, nil)
		if d.verdict == claim && (d.item.Owner != s.by.owner || d.item.Lease != s.by.lease || d.item.Attempts != s.item.Attempts+1) {
			t.Errorf("%q: claimed as %+v", r.when, d.item)
		}
	})
}

// posted are all the ways in which a claim can end, with attempts to spare or not.
func posted() []situation {
	var all []situation
	for _, s := range situations() {
		if s.item == nil || s.item.State != Sending || s.item.Fingerprint != "same" || s.item.Refused != nil || s.record.generation != 0 {
			continue
		}
		for _, attempts := range []int{1, 8} {
			for _, step := range []int{0, 1} {
				for _, o := range outcomes() {
					item := *s.item
					item.Attempts, item.Step = attempts, step
					s.item, s.post = &item, o
					all = append(all, s)
				}
			}
		}
	}
	return all
}

func TestThePostsEndDoesWhatItsRowSays(t *testing.T) {
	t.Parallel()
	follow(t, ending, posted(), func(r rule, s situation, d decision) {
		leadsTo(t, r, d, nil)
		sent := d.item.State == Sent
		if sent != (s.post.err == nil) {
			t.Errorf("%q: %v became %s", r.when, s.post.err, d.item.State)
		}
		proven := as[*dmly.NotSentError](s.post.err) || as[*dmly.KeyRefusedError](s.post.err) || s.post.rejected() || errors.Is(s.post.err, errUnused)
		if unsaid := d.item.State == Failed || d.item.State == Rejected; unsaid && (!proven || s.item.Resent) {
			t.Errorf("%q: %v became %s, and it may have been sent (resent %v)", r.when, s.post.err, d.item.State, s.item.Resent)
		}
		if d.item.State == Waiting && !proven && (!s.record.resend || s.item.Resent || !d.item.Resent) {
			t.Errorf("%q: %v would be sent again", r.when, s.post.err)
		}
		if d.item.Step != s.item.Step {
			return // a further step counts its own attempts
		}
		if held := d.pause != (pause{}) || errors.Is(s.post.err, errUnused); held != (d.item.Attempts == s.item.Attempts-1) {
			t.Errorf("%q: %d attempts became %d", r.when, s.item.Attempts, d.item.Attempts)
		}
		if d.item.Owner != s.item.Owner {
			t.Errorf("%q: the owner changed", r.when)
		}
	})
}

func TestASlowOwnerDoesWhatItsRowSays(t *testing.T) {
	t.Parallel()
	var all []situation
	for i, s := range posted() {
		if i%29 != 0 { // the times of the message do not matter here
			continue
		}
		for _, standing := range items() {
			if standing != nil && (standing.Fingerprint != "same" || standing.Refused != nil || !standing.Lease.Before(noon) || standing.NotBefore.Before(noon)) {
				continue
			}
			for _, owner := range []string{"owner-1", "owner-2"} {
				// What it would write is decided over what stands, as for a claim.
				over := s
				if standing != nil {
					item := *standing
					item.Owner = owner
					over.item = &item
				}
				over.next = ending.decide(s).item
				all = append(all, over)
			}
		}
	}
	follow(t, overtaking, all, func(r rule, s situation, d decision) {
		leadsTo(t, r, d, nil)
		switch {
		case d.item == nil:
		case s.item.Owner != s.by.owner:
			t.Errorf("%q: an owner whose token was replaced wrote %s", r.when, d.item.State)
		case !d.item.State.Final():
			t.Errorf("%q: %s, and nothing brings it back", r.when, d.item.State)
		}
	})
}

func TestACancelDoesWhatItsRowSays(t *testing.T) {
	t.Parallel()
	var all []situation
	for _, item := range items() {
		if item != nil {
			all = append(all, situation{item: item, person: "ops", now: noon})
		}
	}
	follow(t, cancelling, all, func(r rule, s situation, d decision) {
		leadsTo(t, r, d, nil)
		if taken := s.item.State == Sending || s.item.State.Final(); taken != (d.item == nil) {
			t.Errorf("%q: %s became %+v", r.when, s.item.State, d.item)
		}
		if d.item == nil {
			return
		}
		if d.item.State == Cancelled && s.item.State != Accepted && s.item.Resent {
			t.Errorf("%q: it may have been sent", r.when)
		}
		if d.item.Owner != s.item.Owner || d.item.Generation != s.item.Generation || !d.item.NotBefore.IsZero() {
			t.Errorf("%q: %+v became %+v", r.when, s.item, d.item)
		}
		if last := d.item.History[len(d.item.History)-1]; !strings.Contains(last.Reason, "cancelled by ops") {
			t.Errorf("%q: the history ends with %+v", r.when, last)
		}
	})
}

func TestAMoveDoesWhatItsRowSays(t *testing.T) {
	t.Parallel()
	var all []situation
	for _, item := range items() {
		for _, record := range records() {
			if item != nil {
				all = append(all, situation{item: item, record: record, person: "ops", now: noon})
			}
		}
	}
	follow(t, moving, all, func(r rule, s situation, d decision) {
		leadsTo(t, r, d, nil)
		if d.item == nil {
			if s.item.State == Scheduled && !s.record.expired(later(noon, s.record.sendAt)) {
				t.Errorf("%q: it is left where it is", r.when)
			}
			return
		}
		if s.item.State != Scheduled || d.item.Owner != s.item.Owner || d.item.Generation != s.item.Generation || d.item.Attempts != s.item.Attempts || d.item.Resent != s.item.Resent {
			t.Errorf("%q: %+v became %+v", r.when, s.item, d.item)
		}
		if want := later(noon, s.record.sendAt); !d.item.NotBefore.Equal(want) || !d.at.Equal(want) {
			t.Errorf("%q: it goes at %v, want %v", r.when, d.item.NotBefore, want)
		}
		if !d.item.ForgetAt.After(d.item.NotBefore.Add(Remember - time.Second)) {
			t.Errorf("%q: it goes at %v, and is forgotten at %v", r.when, d.item.NotBefore, d.item.ForgetAt)
		}
	})
}

const tableStart, tableEnd = "<!-- The state table, written by: make table -->\n", "<!-- end of the state table -->"

func TestTheREADMEHasTheStateTable(t *testing.T) { //nolint:paralleltest // it may write the file
	const file = "../../README.md"
	readme, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(readme), tableStart)
	_, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatalf("the README has no place for the state table: %q … %q", tableStart, tableEnd)
	}
	want := before + tableStart + StateTable() + tableEnd + after
	if want == string(readme) {
		return
	}
	if !*update {
		t.Fatal("the README's state table is not the one of the code: run make table")
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
