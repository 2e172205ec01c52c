package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"unicode"

	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/notify"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// PrepareConvention makes the partner, where there is none of that SIRET, and
// the draft of its convention out of what a request was granted; after an
// update, the next version of the same convention. A grant is prepared once:
// asked again, the same draft is given. The identifiers of the drafting are
// chosen here when they are empty. Errors: ressource_inconnue, acte_impossible
// when nothing is granted, parametre_invalide.
func (s *Store) PrepareConvention(ctx context.Context, request string, x habilitation.Drafting) (c convention.Convention, err error) {
	if x.From.IsZero() {
		x.From = civil.On(s.clock())
	}
	e := &trace.Event{Class: trace.ConventionEvent, Operation: "convention_preparee", Actor: trace.ActorOperator, Object: request}
	prepared := false
	err = s.change(ctx, e, nil, func(tx *sql.Tx) error {
		r, _, err := s.readRequest(ctx, tx, request)
		if err != nil {
			return err
		}
		g := r.Live()
		if g == nil {
			return fault.New(fault.ActeImpossible, "store: prepare convention").Because("NOTHING_GRANTED")
		}
		if c, prepared, err = preparedOf(ctx, tx, request, g.Version); err != nil || prepared {
			return errors.Join(err, errSentAlready)
		}
		if err := s.chooseParty(ctx, tx, e, g.Form.Organisation, &x); err != nil {
			return err
		}
		if mail, err := notify.CheckMail(g.Form.Contacts.Technique.Courriel); err == nil { // an address that mail cannot reach is no contact
			if err := s.putContact(ctx, tx, x.Partner, mail); err != nil {
				return err
			}
		}
		if err := chooseVersion(ctx, tx, request, g.Form.Projet.Purpose, &x); err != nil {
			return err
		}
		d := g.Document(x)
		if c, err = convention.New(d, convention.Draft); err != nil {
			return err
		}
		if err := d.CheckNotice(); err != nil {
			return err
		}
		e.Operation, e.Partner, e.Purpose, e.Convention, e.After = "convention_preparee", x.Partner, d.Purpose, d.ID+"/"+strconv.Itoa(d.Version), string(convention.Draft)
		if err := s.putConvention(ctx, tx, c); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO convention_preparee (demande, octroi, convention, version) VALUES ($1, $2, $3, $4)`, request, g.Version, d.ID, d.Version)
		return err
	})
	if prepared {
		return c, nil
	}
	return c, err
}

// preparedOf is the draft that a grant led to.
func preparedOf(ctx context.Context, tx *sql.Tx, request string, grant int) (c convention.Convention, ok bool, err error) {
	var id string
	var version int
	err = tx.QueryRowContext(ctx, `SELECT convention, version FROM convention_preparee WHERE demande = $1 AND octroi = $2`, request, grant).Scan(&id, &version)
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	if err == nil {
		c, err = conventionIn(ctx, tx, id, version)
	}
	return c, err == nil, err
}

// chooseParty finds the partner of an organisation by its SIRET, or adds it
// under a name of its own.
func (s *Store) chooseParty(ctx context.Context, tx *sql.Tx, e *trace.Event, o habilitation.Organisation, x *habilitation.Drafting) error {
	err := tx.QueryRowContext(ctx, `SELECT id, nom FROM partenaire WHERE siret = $1 AND siret <> '' ORDER BY id LIMIT 1`, o.SIRET).Scan(&x.Partner, &x.Name)
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	taken := func(id string) (bool, error) {
		var n int
		err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM partenaire WHERE id = $1`, id).Scan(&n)
		return n > 0, err
	}
	if x.Partner == "" {
		if x.Partner, err = free(slugOf(o.Nom), taken); err != nil {
			return err
		}
	}
	p := partner.Partner{ID: x.Partner, Nom: o.Nom, SIRET: o.SIRET, Kind: o.Kind}
	if err := p.Check(); err != nil {
		return err
	}
	return s.putPartner(ctx, tx, e, p)
}

// chooseVersion is the next version of the convention that the request led to
// before, or the first of a new one.
func chooseVersion(ctx context.Context, tx *sql.Tx, request, purpose string, x *habilitation.Drafting) error {
	x.Version = 1
	var before string
	switch err := tx.QueryRowContext(ctx, `SELECT convention FROM convention_preparee WHERE demande = $1 ORDER BY octroi DESC LIMIT 1`, request).Scan(&before); {
	case err == nil:
		x.ID = before
		return tx.QueryRowContext(ctx, `SELECT MAX(version) + 1 FROM convention WHERE id = $1`, before).Scan(&x.Version)
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	taken := func(id string) (bool, error) {
		var n int
		err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM convention WHERE id = $1`, id).Scan(&n)
		return n > 0, err
	}
	wanted := x.ID
	if wanted == "" {
		wanted = x.Partner[:min(len(x.Partner), maxSlug-len(purpose)-1)] + "-" + purpose
	}
	var err error
	x.ID, err = free(wanted, taken)
	return err
}

const maxSlug = 40

// free is an identifier that is not taken: the one that is wanted, or the same
// with a number.
func free(wanted string, taken func(string) (bool, error)) (string, error) {
	id := wanted
	for n := 2; ; n++ {
		is, err := taken(id)
		if err != nil || !is {
			return id, err
		}
		tail := "-" + strconv.Itoa(n)
		id = wanted[:min(len(wanted), maxSlug-len(tail))] + tail
	}
}

// plainLetters are the letters that French names write with a mark.
var plainLetters = strings.NewReplacer("à", "a", "â", "a", "ä", "a", "ç", "c", "é", "e", "è", "e", "ê", "e", "ë", "e", "î", "i", "ï", "i", "ô", "o", "ö", "o", "ù", "u", "û", "u", "ü", "u", "ÿ", "y", "œ", "oe", "æ", "ae")

// slugOf makes an identifier of a name: it stays readable, and is "partenaire"
// when nothing of the name can.
func slugOf(name string) string {
	words := strings.FieldsFunc(plainLetters.Replace(strings.ToLower(name)), func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	out := strings.Join(words, "-")
	out = strings.TrimRight(out[:min(len(out), 30)], "-")
	if !partner.Slug(out) {
		out = "partenaire"
	}
	return out
}

// ConventionsFrom names the conventions that a request led to. Errors:
// service_indisponible.
func (s *Store) ConventionsFrom(ctx context.Context, request string) (out []string, err error) {
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		out = append(out, id)
		return err
	}, `SELECT DISTINCT convention FROM convention_preparee WHERE demande = $1 ORDER BY convention`, request)
	return out, unavailable("store: conventions of a request", err)
}

// ConventionsBySIRET lists every version of the conventions of an organisation, of
// each the newest first. One that is not what was signed is marked as altered,
// and hides no other. Errors: service_indisponible.
func (s *Store) ConventionsBySIRET(ctx context.Context, siret string) (out []convention.Convention, err error) {
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		c, err := scanMarked(scan)
		out = append(out, c)
		return err
	}, `SELECT c.document, c.etat, c.empreinte, c.signatures, c.dernier_on, c.id, c.version FROM convention AS c JOIN partenaire AS p ON p.id = c.partenaire
		WHERE p.siret = $1 AND p.siret <> '' ORDER BY c.id, c.version DESC`, siret)
	return out, unavailable("store: conventions of an organisation", err)
}
