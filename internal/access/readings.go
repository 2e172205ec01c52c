package access

import (
	"context"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// Trail reads the log back for those whom it is about.
type Trail interface {
	// Readings hands over the entries about somebody, newest first, until the
	// function returns false. The first digest is the person's, the others
	// those of dependants.
	Readings(ctx context.Context, who []trace.Digest, each func(trace.Found) bool) error
	// Reported tells which entries the person has reported.
	Reported(ctx context.Context, p droits.Sujet) (map[int64]bool, error)
	// Report keeps, for the DPO, that a person does not recognise an entry,
	// and gives the reference of the report.
	Report(ctx context.Context, p droits.Sujet, n int64, text string, e trace.Event) (string, error)
	// Proof is the proof that an entry is in the log.
	Proof(ctx context.Context, n int64) (trace.Proof, error)
	Partner(id string) (partner.Partner, bool)
}

// Pages of the journal.
const (
	readingsPage = 25
	MaxReadings  = 1000
)

// Readings is a page of the person's journal: who read what, when and why, of
// itself and of today's dependants, and what the person decided. Opening it is
// in the journal too, from the next time on. Errors: jeton_absent,
// parametre_invalide, service_indisponible.
func (s *Service) Readings(ctx context.Context, c Citizen, v Visit, q ReadingQuery) (ReadingPage, error) {
	if !c.known {
		return ReadingPage{}, nobodyHere("access: readings")
	}
	if err := q.check(); err != nil {
		return ReadingPage{}, err
	}
	if q.Before == "" { // the pages that follow belong to the same reading
		if _, err := s.Journal.Append(context.WithoutCancel(ctx), trace.Pending{Leaf: s.visited(c, v, opReadings).Leaf()}); err != nil {
			return ReadingPage{}, err
		}
	}
	return s.readings(ctx, c, q)
}

func (s *Service) readings(ctx context.Context, c Citizen, q ReadingQuery) (page ReadingPage, err error) {
	if q.Limit <= 0 {
		q.Limit = readingsPage
	}
	q.Limit = min(q.Limit, MaxReadings)
	skipping := q.Before != ""
	err = s.lines(ctx, c, func(_ trace.Found, r Reading) bool {
		switch {
		case skipping:
			skipping = r.ID != q.Before
			return true
		case !q.From.IsZero() && r.At.Before(q.From.StartAt()):
			return false
		case !q.holds(r):
			return true
		case len(page.Lines) == q.Limit:
			page.More = true
			return false
		}
		page.Lines = append(page.Lines, r)
		return true
	})
	return page, err
}

// Reading is one line of the person's journal. Errors: jeton_absent,
// ressource_inconnue (also for somebody else's line), service_indisponible.
func (s *Service) Reading(ctx context.Context, c Citizen, _ Visit, id string) (Reading, error) {
	_, r, err := s.line(ctx, c, id)
	return r, err
}

// Proof is the proof that a line of the person's journal is in the log; that
// it was asked for is traced. A line of another person's session has none
// here. Errors: those of Reading.
func (s *Service) Proof(ctx context.Context, c Citizen, v Visit, id string) (trace.Proof, error) {
	f, r, err := s.line(ctx, c, id)
	if err == nil && (r.Elsewhere || f.Erased) {
		err = noReading()
	}
	if err != nil {
		return trace.Proof{}, err
	}
	proof, err := s.Trail.Proof(ctx, f.Index)
	if err != nil {
		return trace.Proof{}, err
	}
	e := s.visited(c, v, opProof)
	_, err = s.Journal.Append(context.WithoutCancel(ctx), trace.Pending{Leaf: e.Leaf()})
	return proof, err
}

// maxReport bounds what a person may write with a report, in characters.
const maxReport = 1000

// Report keeps that the person does not recognise a line of its journal: the
// DPO reads it. It gives the reference to quote. Errors: those of Reading,
// parametre_invalide (text).
func (s *Service) Report(ctx context.Context, c Citizen, v Visit, id, text string) (string, error) {
	f, _, err := s.line(ctx, c, id)
	if err != nil {
		return "", err
	}
	text = strings.TrimSpace(text)
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxReport {
		return "", fault.New(fault.ParametreInvalide, "access: report").On("texte").Because("TEXT_TOO_LONG")
	}
	return s.Trail.Report(ctx, c.subject, f.Index, text, s.decided(c, v, "signalement", trace.RightsRequest))
}

func noReading() error {
	return fault.New(fault.RessourceInconnue, "access: reading").Because("NO_SUCH_READING")
}

// line finds a line of the person's journal by its identifier.
func (s *Service) line(ctx context.Context, c Citizen, id string) (found trace.Found, reading Reading, err error) {
	if !c.known {
		return found, reading, nobodyHere("access: reading")
	}
	ok := false
	err = s.lines(ctx, c, func(f trace.Found, r Reading) bool {
		if r.ID == id {
			found, reading, ok = f, r, true
		}
		return !ok
	})
	if err == nil && !ok {
		err = noReading()
	}
	return found, reading, err
}

// lines hands over the person's journal, newest first.
func (s *Service) lines(ctx context.Context, c Citizen, each func(trace.Found, Reading) bool) error {
	reported := map[int64]bool{}
	digests, refs := []trace.Digest{}, map[trace.Digest]string{}
	note := func(p droits.Sujet, ref string) {
		d := s.Digests.TraceSubject(p)
		digests, refs[d] = append(digests, d), ref
	}
	for _, p := range c.who() { // also as whom it was known before its number changed
		note(p, Self)
		list, err := s.Trail.Reported(ctx, p)
		if err != nil {
			return err
		}
		maps.Copy(reported, list)
	}
	for _, m := range c.family.Dependants(s.today()) {
		for _, p := range append([]droits.Sujet{m.Personne.Sujet}, m.Personne.Before...) {
			note(p, s.refOf(c, m))
		}
	}
	return s.Trail.Readings(ctx, digests, func(f trace.Found) bool {
		if f.Erased {
			return true // its time has come: nothing is left to be told
		}
		r := s.reading(f, refs)
		if r.Elsewhere && (f.Connected || f.Class != trace.AccessServed || r.Kind == "") {
			return true // a dependant's own session, or nothing that a partner was told: what another person does is its own affair
		}
		r.Reported = reported[f.Index]
		return each(f, r)
	})
}

// reading is an entry in the words of the journal. What was read in another
// person's session tells an instant, a kind and a purpose: it must not betray
// the other parent, nor where a child is cared for.
func (s *Service) reading(f trace.Found, refs map[trace.Digest]string) Reading {
	p := f.Person
	id := hex.EncodeToString(f.Hash[:16])
	r := Reading{ID: id, Code: strings.ToUpper(id[:4] + "-" + id[4:8] + "-" + id[8:12]), Class: f.Class, At: p.At, Purpose: p.Purpose}
	if x, ok := s.Trail.Partner(p.Partner); ok {
		r.Kind, r.PartnerName = x.Kind, x.Nom
	}
	if x, ok := s.Trail.Partner(p.Through); ok && p.Through != "" {
		r.ThroughName = x.Nom
	}
	for _, d := range append([]trace.Digest{f.Subject}, f.Also...) {
		if ref := refs[d]; ref != Self || about(p) {
			r.Who = append(r.Who, ref)
		}
	}
	slices.Sort(r.Who)
	r.Who = slices.Compact(r.Who)
	if !f.Connected || refs[f.Subject] != Self {
		r.Elsewhere, r.PartnerName, r.ThroughName = true, "", ""
		return r
	}
	r.Partner, r.Operation, r.Outcome = p.Partner, p.Operation, p.Outcome
	r.Asked, r.Served, r.Withheld = blocs(p.Asked), blocs(p.Served), blocs(p.Withheld)
	r.Consent, r.Convention = p.Consent, p.Convention
	r.Actor, r.Object, r.Before, r.After = p.Actor, p.Object, p.Before, p.After
	return r
}

// about reports whether the connected person is among those whom the entry is
// about, and not only the one who asked about somebody else.
func about(p trace.Person) bool { return p.Beneficiary == Self || p.Beneficiary == "" }

func blocs(list []string) []droits.Bloc {
	out := make([]droits.Bloc, len(list))
	for i, b := range list {
		out[i] = droits.Bloc(b)
	}
	return out
}

// The filters of the journal.
const (
	OutcomeServed  = "servi"
	OutcomeRefused = "refuse"
	KindReadings   = "lectures"
	KindChoices    = "choix"
)

func (q ReadingQuery) check() error {
	bad := func(field string) error { return fault.New(fault.ParametreInvalide, "access: readings").On(field) }
	switch {
	case q.Outcome != "" && q.Outcome != OutcomeServed && q.Outcome != OutcomeRefused:
		return bad("issue")
	case q.Kind != "" && q.Kind != KindReadings && q.Kind != KindChoices:
		return bad("nature")
	case !q.From.IsZero() && !q.To.IsZero() && q.To < q.From:
		return bad("au")
	}
	return nil
}

// holds reports whether a line is selected. What another session did is found
// by what is told of it only.
func (q ReadingQuery) holds(r Reading) bool {
	partners := r.Partner != "" || r.Elsewhere
	reading := r.Class == trace.AccessServed || r.Class == trace.AccessRefused
	switch {
	case q.Partner != "" && r.Partner != q.Partner,
		q.Outcome == OutcomeServed && r.Outcome != OutcomeServed,
		q.Outcome == OutcomeRefused && (r.Class != trace.AccessRefused || r.Elsewhere),
		q.Kind == KindReadings && !(partners && reading),
		q.Kind == KindChoices && reading,
		q.Who != "" && !slices.Contains(r.Who, q.Who):
		return false
	}
	return q.To.IsZero() || civil.On(r.At) <= q.To
}

// LastRead is when a partner last read something in the person's session, zero
// when it never did as far as the journal goes.
func (s *Service) LastRead(ctx context.Context, c Citizen, partnerID string) (at time.Time, err error) {
	page, err := s.readings(ctx, c, ReadingQuery{Partner: partnerID, Outcome: OutcomeServed, Limit: 1})
	if len(page.Lines) > 0 {
		at = page.Lines[0].At
	}
	return at, err
}
