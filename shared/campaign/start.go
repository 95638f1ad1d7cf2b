package campaign

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"dmlysender/shared/campaign/plan"
	"dmlysender/shared/delivery"
	"dmlysender/shared/message"
)

// audiences is the folder of the files that users put down. Nothing else can be named as an audience.
const audiences = "audiences/"

// ahead is how long before its messages are forgotten a campaign is not begun again: it takes its time.
const ahead = 24 * time.Hour

// Start starts a campaign as [plan.Decode] returns it; by is who wants that. It is planned and sent from the next Tick on.
//
// Starting the same campaign again while it is under way changes nothing, and known is true. One that has ended is run again: of its
// new plan it sends what the ledger does not have at rest, and what it has as rejected or failed with other content.
//
// Errors: a *message.Error if there is no such audience, or its times cannot be kept; a *[StateError] if another campaign with this id is under way, or has
// ended so long ago that the ledger has forgotten whom it was sent to; or that
// the files or the store could not be asked, and then starting it again does no harm.
func (s *Service) Start(ctx context.Context, d plan.Definition, by string) (status Status, known bool, err error) {
	encoded, err := d.Encode()
	if err != nil {
		return Status{}, false, err
	}
	sum := sha256.Sum256(encoded)
	digest := hex.EncodeToString(sum[:])
	for range maxRaces {
		now := s.Clock.Now()
		standing, found, err := s.Store.Get(ctx, d.ID, now)
		if err != nil {
			return Status{}, false, fmt.Errorf("start campaign %s: %w", d.ID, err)
		}
		if found && standing.Active() {
			if standing.State.Ended() || standing.Digest != digest {
				return Status{}, false, underWay(standing)
			}
			status, err := s.status(ctx, standing)
			return status, true, err
		}
		if standing.forgets(now.Add(ahead)) {
			return Status{}, false, &StateError{State: standing.State, Reason: "whom it was sent to is remembered for 30 days, and these are over, so that " +
				"it would be sent again; use another id, with those in the audience who are still to get it"}
		}
		if err := inTime(d, now); err != nil {
			return Status{}, false, err
		}
		r := Record{
			ID: d.ID, Revision: s.NewToken(), Run: standing.Run + 1, Digest: digest, State: Planning, By: by, StartedAt: now,
			FirstFedAt: standing.FirstFedAt,
		}
		if err := s.pin(ctx, &r, d); err != nil {
			return Status{}, false, err
		}
		ok, err := s.Store.Put(ctx, r, standing.Revision, now)
		if err != nil {
			return Status{}, false, fmt.Errorf("start campaign %s: %w", d.ID, err)
		}
		if ok {
			s.log(ctx, r, "started")
			status, err := s.status(ctx, r)
			return status, false, err
		}
	}
	return Status{}, false, fmt.Errorf("start campaign %s: others kept writing; try again", d.ID)
}

// inTime refuses a campaign whose messages would all be rejected, or expire, by their times.
func inTime(d plan.Definition, now time.Time) error {
	m := d.Times()
	if err := delivery.CheckAhead(m.SendAt, now); err != nil {
		return &message.Error{Problems: []message.Problem{{Pointer: "/message/sendAt", Detail: err.Error()}}}
	}
	if !m.ExpiresAt.IsZero() && !delivery.DueAt(m, now).Before(m.ExpiresAt) {
		return &message.Error{Problems: []message.Problem{{
			Pointer: "/message/expiresAt", Detail: "has passed, or comes before its sendAt or its hours: none of the messages could be sent any more",
		}}}
	}
	return nil
}

func underWay(r Record) error {
	if r.State.Ended() {
		return &StateError{State: r.State, Reason: "what was on its way is being taken back; start it again in a minute"}
	}
	return &StateError{State: r.State, Reason: "another one with this id is under way; cancel that, or use another id"}
}

// pin says which rows the campaign is for. Inline ones become a file, of a name that nobody else writes.
func (s *Service) pin(ctx context.Context, r *Record, d plan.Definition) error {
	r.Definition = d
	r.Definition.Audience.Rows = nil
	if d.Audience.File == "" {
		r.Audience = r.folder() + "audience-" + r.Revision + ".jsonl"
		return s.writeRows(ctx, r.Audience, d.Audience)
	}
	r.Audience = audiences + d.Audience.File
	file, err := s.openAudience(ctx, d.Audience.File)
	if err != nil {
		return err
	}
	r.Version = file.Version
	return file.Close()
}

func (s *Service) writeRows(ctx context.Context, name string, rows plan.Source) error {
	w, err := s.Files.Create(ctx, name)
	if err != nil {
		return err
	}
	defer w.Abort()
	if err := rows.WriteRows(w); err != nil {
		return err
	}
	return w.Commit(ctx)
}

// openAudience opens a file that a user named.
func (s *Service) openAudience(ctx context.Context, name string) (File, error) {
	file, err := s.Files.Open(ctx, audiences+name)
	if errors.Is(err, ErrNoFile) || errors.Is(err, ErrName) {
		return File{}, &message.Error{Problems: []message.Problem{{
			Pointer: "/audience/file", Detail: "is not there: put the file among the audiences first, and write its name as it is there",
		}}}
	}
	return file, err
}

// Preflight says what a campaign would do, without starting it. It reads the whole audience.
//
// Errors: a *message.Error if there is no such audience, or its times cannot be kept; those of [plan.Planner.Preflight]; or that it could not be read.
func (s *Service) Preflight(ctx context.Context, d plan.Definition) (plan.Report, error) {
	if err := inTime(d, s.Clock.Now()); err != nil {
		return plan.Report{}, err
	}
	var audience io.ReadCloser
	if d.Audience.File == "" {
		reader, writer := io.Pipe()
		go func() { _ = writer.CloseWithError(d.Audience.WriteRows(writer)) }() // ends when the reader is closed
		audience = reader
	} else {
		file, err := s.openAudience(ctx, d.Audience.File)
		if err != nil {
			return plan.Report{}, err
		}
		audience = file
	}
	report, err := s.Planner.Preflight(ctx, d, audience, s.AccountPerMinute)
	return report, errors.Join(err, audience.Close())
}
