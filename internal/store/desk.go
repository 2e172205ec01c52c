package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"droits.example/droits/internal/desk"
	"droits.example/droits/internal/policy"
	"droits.example/droits/internal/trace"
)

// decisions are the identifications of an hour that ended alike.
type decisions struct {
	hour                         int64
	partner, outcome, tolerances string
}

func decisionsOf(i *desk.Identification) decisions {
	return decisions{i.At.Truncate(time.Hour).Unix(), i.Partner, i.Outcome, i.Tolerances}
}

func (l *ledger) countDecisions(of map[decisions]int64) error {
	for d, n := range of {
		err := l.query(`INSERT INTO identification_heure (heure, partenaire, issue, tolerances, nombre) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (heure, partenaire, issue, tolerances) DO UPDATE SET nombre = nombre + excluded.nombre`, func(s *sqlite.Stmt) {
			s.BindInt64(1, d.hour)
			s.BindText(2, d.partner)
			s.BindText(3, d.outcome)
			s.BindText(4, d.tolerances)
			s.BindInt64(5, n)
		}, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *ledger) insertIdentification(i *desk.Identification, index int64) error {
	return l.query(`INSERT INTO identification (n, at, partenaire, finalite, issue, motif, tolerances, rejets, candidats, regle, sub, personne, avant)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, func(s *sqlite.Stmt) {
		s.BindInt64(1, index)
		s.BindInt64(2, millis(i.At))
		s.BindText(3, i.Partner)
		s.BindText(4, i.Purpose)
		s.BindText(5, i.Outcome)
		s.BindText(6, i.Reason)
		s.BindText(7, i.Tolerances)
		s.BindText(8, writeHistogram(i.Rejected))
		s.BindInt64(9, int64(i.Candidates))
		s.BindText(10, i.Rule)
		for n, d := range []trace.Digest{i.Subject, i.Person, i.Lead.Before} {
			if d == (trace.Digest{}) {
				s.BindNull(11 + n)
			} else {
				s.BindBytes(11+n, d[:])
			}
		}
	}, nil)
}

// writeHistogram is CODE:n, in the order of codes, joined by spaces.
func writeHistogram(of map[string]int) string {
	var out []string
	for code, n := range of {
		out = append(out, code+":"+strconv.Itoa(n))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func readHistogram(s string) map[string]int {
	out := map[string]int{}
	for _, x := range strings.Fields(s) {
		code, n, _ := strings.Cut(x, ":")
		out[code], _ = strconv.Atoi(n)
	}
	return out
}

// guardSubjects notes to whom each FranceConnect subject leads, and refuses an
// entry whose subject led to another person before: two calls that meet are
// told apart here, in one transaction.
func (l *ledger) guardSubjects(batch []*trace.Pending) error {
	for _, p := range batch {
		for n, e := range p.Effects {
			i, ok := e.(*desk.Identification)
			if !ok || i.Outcome != desk.Match || i.Subject == (trace.Digest{}) {
				continue
			}
			before, err := l.lead(i, p.Leaf.Class == trace.AccessServed)
			if err != nil {
				return err
			}
			if before == (trace.Digest{}) {
				continue
			}
			blocked := *i
			blocked.Outcome, blocked.Reason, blocked.Lead.Before = desk.Blocked, trace.SubjectLeadsElsewhere, before
			if o := trace.Object(trace.ObjectIdentity + "/" + hex.EncodeToString(i.Subject[:])); p.Refusal != nil {
				p.Leaf, p.Moved, p.Effects = p.Refusal(o), o, ofRefusal(p.Effects, o)
				n = slices.Index(p.Effects, e)
			}
			p.Effects = slices.Clone(p.Effects)
			p.Effects[n] = &blocked
			break
		}
	}
	return nil
}

// lead gives the person to whom a subject led before, if it is somebody else;
// if not, and the call is served, it notes to whom it leads.
func (l *ledger) lead(i *desk.Identification, served bool) (before trace.Digest, err error) {
	var k ledTo
	err = l.query(`SELECT personne, ligne FROM sub_personne WHERE sub = $1`, func(s *sqlite.Stmt) { s.BindBytes(1, i.Subject[:]) }, func(s *sqlite.Stmt) error {
		s.ColumnBytes(0, k.person[:])
		s.ColumnBytes(1, k.row[:])
		return nil
	})
	switch {
	case err != nil, k == ledTo{i.Person, i.Lead.Row}:
		return before, err
	case k.other(i.Person, i.Lead.Row) && k.person != i.Lead.Replaces:
		return k.person, nil
	case !served:
		return before, nil
	}
	return before, l.query(`INSERT INTO sub_personne (sub, personne, ligne, since_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (sub) DO UPDATE SET personne = excluded.personne, ligne = excluded.ligne, since_at = excluded.since_at`, func(s *sqlite.Stmt) {
		s.BindBytes(1, i.Subject[:])
		s.BindBytes(2, i.Person[:])
		s.BindBytes(3, i.Lead.Row[:])
		s.BindInt64(4, millis(i.At))
	}, nil)
}

// ledTo is to whom a subject is known to lead; zero when to nobody.
type ledTo struct{ person, row trace.Digest }

// other reports whether that is somebody else: neither the number nor the row
// in the source is the same.
func (k ledTo) other(person, row trace.Digest) bool {
	return k != ledTo{} && k.person != person && k.row != row
}

// Lead compares the candidate with the person to whom a FranceConnect subject
// led before. It finds nobody. Errors: service_indisponible.
func (s *Store) Lead(ctx context.Context, subject trace.Digest, who policy.Candidate) (out desk.Lead, err error) {
	out.Row = s.TraceDigest("ligne", who.Source)
	var person, row []byte
	err = s.journal.reader.QueryRowContext(ctx, `SELECT personne, ligne FROM sub_personne WHERE sub = $1`, subject[:]).Scan(&person, &row)
	if errors.Is(err, sql.ErrNoRows) {
		return out, nil
	}
	if err != nil {
		return out, unavailable("store: lead", err)
	}
	var k ledTo
	copy(k.person[:], person)
	copy(k.row[:], row)
	switch {
	case !k.other(s.TraceSubject(who.Sujet), out.Row):
	case slices.ContainsFunc(who.Former, func(n string) bool { return s.TraceSubject(s.keys.subject(number(n), "")) == k.person }):
		out.Replaces = k.person
	default:
		out.Before = k.person
	}
	return out, nil
}

// Desk answers a query of the identity desk. Errors: service_indisponible.
func (s *Store) Desk(ctx context.Context, q desk.Query) (f desk.Found, err error) {
	if f.Counts, err = s.deskCounts(ctx, q.Since); err != nil {
		return f, unavailable("store: desk", err)
	}
	if f.Cases, err = s.deskCases(ctx, q, q.Limit+1); err != nil {
		return f, unavailable("store: desk", err)
	}
	if f.More = len(f.Cases) > q.Limit; f.More {
		f.Cases = f.Cases[:q.Limit]
	}
	if err := s.requests(ctx, f.Cases); err != nil {
		return f, unavailable("store: desk", err)
	}
	if f.Blocked, err = s.deskCases(ctx, desk.Query{Since: q.Since, Outcome: desk.Blocked, Open: true}, maxBlocked); err != nil {
		return f, unavailable("store: desk", err)
	}
	list, err := s.Ambiguities(ctx)
	f.Pairs = []desk.Pair{}
	for _, x := range list {
		a, b := s.TraceSubject(x.A), s.TraceSubject(x.B)
		f.Pairs = append(f.Pairs, desk.Pair{A: hex.EncodeToString(a[:]), B: hex.EncodeToString(b[:])})
	}
	return f, err
}

// requests finds each case's request in its entry of the log: what a partner
// wrote there is kept sealed, nowhere else.
func (s *Store) requests(ctx context.Context, cases []desk.Case) error {
	for i := range cases {
		err := s.Traces(ctx, cases[i].Trace, func(e TracedEntry) bool {
			var in struct {
				RequestID string `json:"request_id"`
			}
			if len(e.Internal) > trace.SaltSize && json.Unmarshal(e.Internal[trace.SaltSize:], &in) == nil {
				cases[i].RequestID = in.RequestID
			}
			return false
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// maxBlocked bounds the alerts of one report.
const maxBlocked = 100

func (s *Store) deskCounts(ctx context.Context, since time.Time) (out []desk.Count, err error) {
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var c desk.Count
		var hour int64
		if err := scan(&hour, &c.Partner, &c.Outcome, &c.Tolerances, &c.N); err != nil {
			return err
		}
		c.Hour = time.Unix(hour, 0).UTC()
		out = append(out, c)
		return nil
	}, `SELECT heure, partenaire, issue, tolerances, nombre FROM identification_heure WHERE heure >= $1 ORDER BY heure, partenaire, issue, tolerances`, since.Truncate(time.Hour).Unix())
	return out, err
}

func (s *Store) deskCases(ctx context.Context, q desk.Query, limit int) (out []desk.Case, err error) {
	out = []desk.Case{}
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var c desk.Case
		var at int64
		var rejected string
		var sub, person, before []byte
		if err := scan(&c.Trace, &at, &c.Partner, &c.Purpose, &c.Outcome, &c.Reason, &c.Tolerances, &rejected, &c.Candidates, &c.Rule, &sub, &person, &before); err != nil {
			return err
		}
		c.At, c.Rejected = time.UnixMilli(at).UTC(), readHistogram(rejected)
		c.Subject, c.Person, c.Before = hex.EncodeToString(sub), hex.EncodeToString(person), hex.EncodeToString(before)
		out = append(out, c)
		return nil
	}, `SELECT n, at, partenaire, finalite, issue, motif, tolerances, rejets, candidats, regle, sub, personne, avant FROM identification
		WHERE at >= $1 AND ($2 = '' OR issue = $2) AND (forgotten_at IS NULL OR NOT $3) ORDER BY at DESC, n DESC LIMIT $4`, millis(q.Since), q.Outcome, q.Open, limit)
	return out, err
}

// ForgetSubject forgets to whom the FranceConnect subject of a blocked
// identification led, the entry being its place in the log: its next call
// decides anew, and is remembered. Errors: ressource_inconnue when no blocked
// identification has that place; service_indisponible.
func (s *Store) ForgetSubject(ctx context.Context, entry int64) error {
	e := &trace.Event{Class: trace.AgentAction, Operation: "sujet_oublie", Actor: trace.ActorOperator, Object: strconv.FormatInt(entry, 10)}
	return s.act(ctx, "store: forget subject", e, func(tx *sql.Tx) error {
		var sub, before []byte
		err := tx.QueryRowContext(ctx, `SELECT sub, avant FROM identification WHERE n = $1 AND issue = 'blocked' AND sub IS NOT NULL AND forgotten_at IS NULL`, entry).Scan(&sub, &before)
		if errors.Is(err, sql.ErrNoRows) {
			return notFound("store: forget subject")
		}
		if err != nil {
			return err
		}
		copy(e.Subject[:], before)
		// Only if that is still to whom it leads: an old entry lifts no later
		// block. Every block of that pair is settled by one act, which stays
		// dated beside them.
		gone, err := tx.ExecContext(ctx, `DELETE FROM sub_personne WHERE sub = $1 AND personne = $2`, sub, before)
		if err != nil {
			return err
		}
		if n, err := gone.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, notFound("store: forget subject"))
		}
		_, err = tx.ExecContext(ctx, `UPDATE identification SET forgotten_at = $1 WHERE sub = $2 AND avant = $3 AND issue = 'blocked' AND forgotten_at IS NULL`, millis(s.clock()), sub, before)
		return err
	})
}

// TrimDesk erases what the desk keeps of identifications older than a time, and
// tells how many cases that were. Errors: service_indisponible.
func (s *Store) TrimDesk(ctx context.Context, before time.Time) (n int64, err error) {
	err = s.tidy(ctx, "store: trim desk", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM identification WHERE at < $1`, millis(before))
		if err != nil {
			return err
		}
		if n, err = r.RowsAffected(); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM identification_heure WHERE heure < $1`, before.Unix())
		return err
	})
	return n, err
}
