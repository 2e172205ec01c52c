package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"strconv"
	"time"

	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/trace"
)

// shownOf is what the queue shows of a sealed request: the rest is not decoded.
type shownOf struct {
	Form struct {
		Organisation habilitation.Organisation `json:"organisation"`
		Projet       struct {
			Intitule string `json:"intitule"`
		} `json:"projet"`
	} `json:"reponses"`
	Events []struct {
		Act    habilitation.Act `json:"acte"`
		Author string           `json:"auteur"`
	} `json:"evenements"`
	Proposal *habilitation.Proposal `json:"proposition"`
}

// Requests lists requests for the queue, without what they hold: the rows of
// one page are opened, and no other. Errors: parametre_invalide,
// service_indisponible.
func (s *Store) Requests(ctx context.Context, q habilitation.Query) (p habilitation.Page, err error) {
	where, args, order, err := requestFilter(q)
	if err != nil {
		return p, err
	}
	if err := s.journal.reader.QueryRowContext(ctx, `SELECT COUNT(*) FROM demande`+where, args...).Scan(&p.Total); err != nil {
		return p, unavailable("store: requests", err)
	}
	n := len(args)
	args = append(args, q.Limit, q.Offset, q.Reader)
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		l, err := s.scanLine(scan)
		p.Lines = append(p.Lines, l)
		return err
	}, `SELECT d.id, d.organisation, d.etat, d.reouverte, d.created_at, d.submitted_at, d.changed_at, d.contenu, d.version > COALESCE(v.vu, 0)
		FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY `+order+`) AS rang FROM demande`+where+` ORDER BY `+order+` LIMIT $`+strconv.Itoa(n+1)+` OFFSET $`+strconv.Itoa(n+2)+`) AS q
		JOIN demande AS d ON d.id = q.id LEFT JOIN demande_vue AS v ON v.demande = q.id AND v.compte = $`+strconv.Itoa(n+3)+` ORDER BY q.rang`, args...)
	if q.Reader == "" {
		for i := range p.Lines {
			p.Lines[i].Unread = false // nobody's reading is asked for
		}
	}
	return p, unavailable("store: requests", err)
}

func (s *Store) scanLine(scan func(...any) error) (l habilitation.Line, err error) {
	var created, submitted, changed sql.NullInt64
	var again int
	var sealed []byte
	if err := scan(&l.ID, &l.SIRET, &l.State, &again, &created, &submitted, &changed, &sealed, &l.Unread); err != nil {
		return l, err
	}
	l.Reopening, l.CreatedAt, l.SubmittedAt, l.ChangedAt = again == 1, fromMillis(created), fromMillis(submitted), fromMillis(changed)
	plain, err := open(s.keys.rows, placeRequest+l.ID, sealed)
	if err != nil {
		return l, err
	}
	var h shownOf
	if err := json.Unmarshal(plain, &h); err != nil {
		return l, err
	}
	l.Name, l.Project, l.Kind = h.Form.Organisation.Nom, h.Form.Projet.Intitule, h.Form.Organisation.Kind
	for _, e := range h.Events {
		if e.Act == habilitation.Submit {
			l.Applicant = e.Author
		}
	}
	if h.Proposal != nil {
		l.Proposed = h.Proposal.Act
	}
	return l, nil
}

// requestFilter is the part of the query that a filter and an order make: its
// words are constants, its values parameters.
func requestFilter(q habilitation.Query) (where string, args []any, order string, err error) {
	add := func(clause string, v any, after string) {
		args = append(args, v)
		if where == "" {
			where = ` WHERE `
		} else {
			where += ` AND `
		}
		where += clause + `$` + strconv.Itoa(len(args)) + after
	}
	if q.State != "" {
		add(`etat = `, string(q.State), ``)
	}
	if q.SIRET != "" {
		add(`organisation = `, q.SIRET, ``)
	}
	if q.ID != "" {
		add(`id = `, q.ID, ``)
	}
	if !q.Before.IsZero() {
		add(`etat = 'submitted' AND submitted_at < `, millis(q.Before), ``)
	}
	if q.Unread {
		add(`version > COALESCE((SELECT vu FROM demande_vue WHERE compte = `, q.Reader, ` AND demande = demande.id), 0)`)
	}
	orders := map[habilitation.Sort]string{
		habilitation.ByID: `id`, habilitation.BySubmission: `submitted_at`, habilitation.ByChange: `changed_at`, habilitation.ByState: `etat`,
	}
	column, ok := orders[q.Sort]
	if !ok {
		return "", nil, "", fault.New(fault.ParametreInvalide, "store: requests").On("tri")
	}
	if q.Limit < 1 || q.Limit > habilitation.MaxPage || q.Offset < 0 {
		return "", nil, "", fault.New(fault.ParametreInvalide, "store: requests").On("page")
	}
	if q.Descending {
		return where, args, column + ` DESC, id DESC`, nil
	}
	return where, args, column + `, id`, nil
}

// Timings is what the statistics need of the requests first submitted since an
// instant. Errors: service_indisponible.
func (s *Store) Timings(ctx context.Context, since time.Time) (out []habilitation.Timing, err error) {
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var t habilitation.Timing
		var submitted, answered sql.NullInt64
		var granted int
		err := scan(&submitted, &answered, &t.State, &granted)
		t.SubmittedAt, t.AnsweredAt, t.Granted = fromMillis(submitted), fromMillis(answered), granted > 0
		out = append(out, t)
		return err
	}, `SELECT first_submitted_at, first_answered_at, etat, granted FROM demande WHERE first_submitted_at >= $1 ORDER BY first_submitted_at`, millis(since))
	return out, unavailable("store: timings", err)
}

func orNull(t time.Time) sql.NullInt64 {
	if t.IsZero() {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: millis(t), Valid: true}
}

// endGranted ends at once every convention that a request led to, with its
// keys: what is revoked serves nothing any more.
func (s *Store) endGranted(ctx context.Context, tx *sql.Tx, e *trace.Event) error {
	type made struct{ id, partner string }
	var list []made
	err := each(ctx, tx, func(scan func(...any) error) error {
		var m made
		err := scan(&m.id, &m.partner)
		list = append(list, m)
		return err
	}, `SELECT DISTINCT c.id, c.partenaire FROM convention_preparee AS p JOIN convention AS c ON c.id = p.convention WHERE p.demande = $1 AND c.etat <> 'ended'`, e.Object)
	for _, m := range list {
		if err != nil {
			return err
		}
		e.Convention, e.Partner = m.id, m.partner
		if _, err = tx.ExecContext(ctx, `UPDATE convention SET etat = $1, changed_at = $2 WHERE id = $3 AND etat <> 'ended'`, string(convention.Ended), millis(s.clock()), m.id); err == nil {
			err = s.endConvention(ctx, tx, m.id, m.partner)
		}
	}
	return err
}
