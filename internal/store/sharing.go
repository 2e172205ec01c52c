package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"time"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// deciders remembers who has decided something about whom, by a few bytes each:
// the others, nearly everybody, are decided upon without a look-up. A person is
// added inside the transaction of the act, before it commits, so that nobody
// who has decided is ever missing; one too many costs a look-up that finds
// nothing. What was decided is never kept in memory.
type deciders struct {
	mu    sync.RWMutex
	known map[uint64]struct{}
}

// pairOf mixes a person, which is a keyed digest already, and a partner; ""
// stands for the person's preferences.
func pairOf(p droits.Sujet, partnerID string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(partnerID))
	return binary.BigEndian.Uint64(p[:8]) ^ h.Sum64()
}

func (d *deciders) has(p droits.Sujet, partnerID string) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	_, ok := d.known[pairOf(p, partnerID)]
	return ok
}

func (d *deciders) add(p droits.Sujet, partnerID string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known == nil {
		d.known = map[uint64]struct{}{}
	}
	d.known[pairOf(p, partnerID)] = struct{}{}
}

// decisive are the acts that consent.Fold reads.
const decisive = `('withdrawn', 'paused', 'allowed', 'chosen', 'contested')`

func (s *Store) rememberDeciders(ctx context.Context) error {
	for _, q := range []string{`SELECT DISTINCT sujet, partenaire FROM partage_evenement WHERE acte IN ` + decisive, `SELECT sujet, '' FROM preference WHERE prevenir = 1`} {
		err := each(ctx, s.journal.reader, func(scan func(...any) error) error {
			var sujet []byte
			var partnerID string
			err := scan(&sujet, &partnerID)
			s.deciders.add(droits.Sujet(sujet), partnerID)
			return err
		}, q)
		if err != nil {
			return unavailable("store: deciders", err)
		}
	}
	return nil
}

// decided completes a standing with what a person decided about the partner:
// now, and under former numbers.
func (s *Store) decided(ctx context.Context, partnerID string, st *consent.Standing, who ...droits.Sujet) error {
	any := false
	for _, p := range who {
		any = any || s.deciders.has(p, partnerID)
	}
	if any {
		events, err := history(ctx, s.journal.reader, who, partnerID)
		if err != nil {
			return unavailable("store: decided", err)
		}
		st.Decided = consent.Fold(events)
	}
	for _, p := range who {
		if !s.deciders.has(p, "") {
			continue
		}
		pref, err := s.Settings(ctx, p)
		if err != nil {
			return err
		}
		if pref.Notify {
			st.Notify, st.NotifyAs = true, p
			break
		}
	}
	return nil
}

const eventColumns = `id, sujet, partenaire, acte, at, until_at, accord, blocs, refus, exclus, termes, notice, canal, acteur, motif, trace`

func scanEvent(scan func(...any) error) (e consent.Event, err error) {
	var sujet, excluded []byte
	var at int64
	var until sql.NullInt64
	var blocks, refused, under sql.NullString
	if err := scan(&e.ID, &sujet, &e.Partner, &e.Act, &at, &until, &e.Consent, &blocks, &refused, &excluded, &under, &e.Notice, &e.Channel, &e.Actor, &e.Reason, &e.Trace); err != nil {
		return e, err
	}
	copy(e.Subject[:], sujet)
	e.At, e.Until, e.Excluded = time.UnixMilli(at), fromMillis(until), splitSubjects(excluded)
	if blocks.Valid {
		e.Blocks, e.Refused = append([]droits.Bloc{}, splitBlocs(blocks.String)...), splitBlocs(refused.String)
	}
	if under.Valid {
		err = json.Unmarshal([]byte(under.String), &e.Under)
	}
	return e, err
}

// history is what happened between a person, known by several subjects one
// after the other, and a partner, oldest first.
func history(ctx context.Context, q querier, who []droits.Sujet, partnerID string) (out []consent.Event, err error) {
	for _, p := range who {
		if err == nil {
			err = each(ctx, q, func(scan func(...any) error) error {
				e, err := scanEvent(scan)
				out = append(out, e)
				return err
			}, `SELECT `+eventColumns+` FROM partage_evenement WHERE sujet = $1 AND partenaire = $2 ORDER BY n`, p[:], partnerID)
		}
	}
	if len(who) > 1 {
		slices.SortStableFunc(out, func(a, b consent.Event) int { return cmp.Compare(a.Trace, b.Trace) })
	}
	return out, err
}

func joinSubjects(list []droits.Sujet) []byte {
	out := make([]byte, 0, len(list)*len(droits.Sujet{}))
	for _, p := range list {
		out = append(out, p[:]...)
	}
	return out
}

func splitSubjects(b []byte) (out []droits.Sujet) {
	for n := len(droits.Sujet{}); len(b) >= n; b = b[n:] {
		out = append(out, droits.Sujet(b[:n]))
	}
	return out
}

// nullable is an instant as a column takes it.
func nullable(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return millis(t)
}

// insertEvent adds a line to the history of a person and a partner.
func insertEvent(to pen, e consent.Event) error {
	values, err := eventValues(e)
	if err != nil {
		return err
	}
	return to.put(`INSERT INTO partage_evenement (`+eventColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT (id) DO NOTHING`, values...)
}

// addEvent is insertEvent for an act, whose entry then commits to the line.
func addEvent(to pen, e consent.Event, by *trace.Event) error {
	e.Trace = by.Index
	values, err := eventValues(e)
	if err != nil {
		return err
	}
	sum := recordOf(values)
	by.Record = sum[:]
	return insertEvent(to, e)
}

// recordOf is the SHA-256 of a line of the history, as JSON in the order of
// eventColumns without the last one: what is empty is null, bytes are in base64.
func recordOf(values []any) [trace.HashSize]byte {
	b, _ := json.Marshal(values[:len(values)-1]) // numbers, texts and bytes only: it cannot fail
	return sha256.Sum256(b)
}

// eventValues are the values of eventColumns.
func eventValues(e consent.Event) ([]any, error) {
	var blocks, refused, under any
	if e.Blocks != nil {
		blocks, refused = joinBlocs(e.Blocks), joinBlocs(e.Refused)
	}
	if e.Under != nil {
		b, err := json.Marshal(e.Under)
		if err != nil {
			return nil, err
		}
		under = string(b)
	}
	return []any{e.ID, e.Subject[:], e.Partner, string(e.Act), millis(e.At), nullable(e.Until), e.Consent, blocks, refused, joinSubjects(e.Excluded), under, e.Notice, string(e.Channel), string(e.Actor), e.Reason, e.Trace}, nil
}

// insertConsent adds an agreement. Two first calls of one token may meet here:
// the first record stands.
func insertConsent(to pen, r *consent.Record, index int64) error {
	evidence, err := json.Marshal(r.Evidence)
	if err != nil {
		return err
	}
	var token any
	if r.Token != (consent.Token{}) {
		token = r.Token[:]
	}
	shown := 0
	if r.NoticeShown {
		shown = 1
	}
	return to.put(`INSERT INTO consentement (id, sujet, partenaire, convention, version, finalite, blocs, notice, notice_sha256, notice_montree, canal, acteur, couverts, preuve, given_at, expires_at, jeton, trace)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) ON CONFLICT DO NOTHING`,
		r.ID, r.Subject[:], r.Partner, r.Convention, r.ConventionVersion, r.Purpose, joinBlocs(r.Blocks), r.Notice, r.NoticeSHA256, shown, string(r.Channel), string(r.Actor),
		joinSubjects(r.Covered), string(evidence), millis(r.GivenAt), millis(r.ExpiresAt), token, index)
}

// operations names each act of a person in the log.
var operations = map[consent.Act]string{
	consent.Withdrawn: "retrait", consent.Paused: "pause", consent.Allowed: "autorisation", consent.Chosen: "choix", consent.Contested: "contestation",
}

// errSame says that an act would change nothing: its transaction is undone.
var errSame = errors.New("store: nothing to change")

// Decide writes what a person decides about a partner, with the agreements that
// come of it, and tells the partner; it holds from the next call on and for
// those that run. by says who asks, for the log: its Actor, RequestID and IP.
// Repeating a withdrawal, a contestation or a choice changes nothing. Errors:
// ressource_inconnue (no such partner, nothing to allow, no such agreement of
// that person), parametre_invalide with ALREADY_WITHDRAWN for a pause,
// with consent.StoppedReason for a choice about what is withdrawn or paused, and
// with consent.ChoiceChanged for one that knows nothing of the last act.
func (s *Store) Decide(ctx context.Context, e consent.Event, by trace.Event, agreements ...*consent.Record) error {
	operation, ok := operations[e.Act]
	if !ok {
		return fault.New(fault.ErreurInterne, "store: decide").Because("NO_DECISION")
	}
	e.ID, e.At = partner.NewID("evt"), s.clock()
	by.Class, by.Operation, by.Partner, by.Consent, by.Subject = trace.ConsentEvent, operation, e.Partner, e.Consent, s.TraceSubject(e.Subject)
	for _, b := range e.Blocks {
		by.Blocks = append(by.Blocks, string(b))
	}
	if e.Reason != "" {
		by.Reasons = append(by.Reasons, e.Reason)
	}
	object := sharingObject(e.Subject, e.Partner)
	if e.Act == consent.Chosen || e.Act == consent.Contested {
		object = choiceObject(e.Subject, e.Partner)
	}
	var at trace.Generation
	err := s.act(ctx, "store: "+operation, &by, func(tx *sql.Tx) error {
		if err := s.decide(ctx, tx, &e, &by); err != nil {
			return err
		}
		for _, r := range agreements {
			if err := insertConsent(actPen{ctx, tx, s.disk}, r, by.Index); err != nil {
				return err
			}
		}
		if err := s.tellPartner(ctx, tx, e); err != nil {
			return err
		}
		if err := changed(ctx, tx, object); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT valeur FROM reglage WHERE cle = 'generation'`).Scan(&at)
	})
	switch {
	case errors.Is(err, errSame):
		return nil
	case err != nil || s.rehearse:
		return err
	}
	return s.moved(ctx, at)
}

// decide checks the act against what holds, and adds its line.
func (s *Store) decide(ctx context.Context, tx *sql.Tx, e *consent.Event, by *trace.Event) error {
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM partenaire WHERE id = $1`, e.Partner).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return notFound("store: decide")
	}
	events, err := history(ctx, tx, e.Who(), e.Partner)
	if err != nil {
		return err
	}
	before := consent.Fold(events)
	by.Before = string(before.StateAt(nil, e.At))
	switch e.Act {
	case consent.Withdrawn:
		if before.Stopped && !before.Paused {
			return errSame
		}
	case consent.Paused:
		if before.Stopped && !before.Paused {
			return fault.New(fault.ParametreInvalide, "store: decide").On("partner").Because("ALREADY_WITHDRAWN")
		}
	case consent.Allowed:
		if !before.StoppedAt(e.At) {
			return notFound("store: decide")
		}
	case consent.Chosen:
		if before.StoppedAt(e.At) {
			return fault.New(fault.ParametreInvalide, "store: decide").On("partner").Because(consent.StoppedReason)
		}
		if e.Last != before.Last && before.Is(*e) {
			return errSame // a second click
		}
		if e.Last != before.Last {
			return fault.New(fault.ParametreInvalide, "store: decide").On("partner").Because(consent.ChoiceChanged)
		}
	case consent.Contested:
		n, err := contestable(ctx, tx, e, events)
		if err != nil {
			return err
		}
		if err := s.reportContest(actPen{ctx, tx, s.disk}, e, n); err != nil {
			return err
		}
	}
	by.After = string(consent.Fold(append(events, *e)).StateAt(nil, e.At))
	e.Trace = by.Index
	s.deciders.add(e.Subject, e.Partner)
	for _, p := range e.Before {
		if err := (actPen{ctx, tx, s.disk}).put(`INSERT INTO sujet_ancien (ancien, sujet) VALUES ($1, $2) ON CONFLICT DO NOTHING`, p[:], e.Subject[:]); err != nil {
			return err
		}
	}
	return addEvent(actPen{ctx, tx, s.disk}, *e, by)
}

// contestable checks that the agreement is the person's with that partner, and
// not contested yet, and tells the place of its leaf.
func contestable(ctx context.Context, tx *sql.Tx, e *consent.Event, events []consent.Event) (n int64, err error) {
	var sujet []byte
	err = tx.QueryRowContext(ctx, `SELECT sujet, trace FROM consentement WHERE id = $1 AND partenaire = $2`, e.Consent, e.Partner).Scan(&sujet, &n)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !slices.Contains(e.Who(), droits.Sujet(sujet)) {
		return 0, notFound("store: decide")
	}
	if err != nil {
		return 0, err
	}
	for _, x := range events {
		if x.Act == consent.Contested && x.Consent == e.Consent {
			return 0, errSame
		}
	}
	return n, nil
}

// moved brings the snapshot to the generation of an act that changed nothing of
// what it holds. Acts that met others are read in with them.
func (s *Store) moved(ctx context.Context, at trace.Generation) error {
	s.reload.Lock()
	old := s.state.Load()
	if old.Generation == at-1 {
		next := *old
		next.Generation = at
		s.state.Store(&next)
	}
	s.reload.Unlock()
	if old.Generation >= at-1 {
		return nil
	}
	return s.Refresh(ctx)
}

// Withdraw records, for the operator, that a person no longer agrees that a
// partner reads its rights, like Decide.
func (s *Store) Withdraw(ctx context.Context, p droits.Sujet, partnerID, reason string) error {
	return s.Decide(ctx, consent.Event{Subject: p, Partner: partnerID, Act: consent.Withdrawn, Reason: strings.TrimSpace(reason)}, trace.Event{Actor: trace.ActorOperator})
}

// Allow ends, for the operator, a withdrawal or a pause, like Decide.
func (s *Store) Allow(ctx context.Context, p droits.Sujet, partnerID string) error {
	return s.Decide(ctx, consent.Event{Subject: p, Partner: partnerID, Act: consent.Allowed}, trace.Event{Actor: trace.ActorOperator})
}
