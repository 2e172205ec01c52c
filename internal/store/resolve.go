package store

import (
	"context"
	"database/sql"

	"droits.example/droits/internal/intake"
)

// resolveStep is how many links one transaction of a load resolves.
const resolveStep = 5000

// resolve finds the openers of the links. A row with a link that leads nowhere,
// or to a sentinel, is refused whole, and so are the rows that depend on it,
// until every link that is left leads to somebody who is left. Errors:
// parametre_invalide when nobody served is left.
func (l *Load) resolve(ctx context.Context) (rejects []intake.Reject, err error) {
	if err := l.openers(ctx); err != nil {
		return nil, err
	}
	err = l.s.tx(ctx, "store: resolve links", func(tx *sql.Tx) error {
		if rejects, err = l.refuseUnresolved(ctx, tx); err != nil {
			return err
		}
		var left bool
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM personne WHERE chargement = $1 AND sentinelle = 0)`, l.id).Scan(&left); err != nil {
			return err
		}
		if !left {
			return intake.NothingLeft()
		}
		_, err := tx.ExecContext(ctx, `UPDATE rattachement SET caisse_due = NULL WHERE chargement = $1 AND caisse_due IS NOT NULL`, l.id)
		return err
	})
	intake.SortRejects(rejects)
	return rejects, err
}

func (l *Load) refuseUnresolved(ctx context.Context, tx *sql.Tx) ([]intake.Reject, error) {
	rejects, err := l.refuse(ctx, tx, intake.Reject{Rule: intake.CaisseUnknown, Member: "caisse"},
		`SELECT DISTINCT p.id, p.ligne, p.ligne_no FROM rattachement r JOIN personne p ON p.id = r.beneficiaire WHERE r.chargement = $1 AND r.caisse_due IS NOT NULL
			AND NOT EXISTS (SELECT 1 FROM caisse c WHERE c.chargement = r.chargement AND c.id = r.caisse_due)`)
	for err == nil {
		var more []intake.Reject
		more, err = l.refuse(ctx, tx, intake.Reject{Rule: intake.OuvrantUnknown, Member: "ouvrant"},
			`SELECT DISTINCT p.id, p.ligne, p.ligne_no FROM rattachement r JOIN personne p ON p.id = r.beneficiaire WHERE r.ouvrant IS NULL AND r.chargement = $1`)
		if len(more) == 0 {
			break
		}
		rejects = append(rejects, more...)
	}
	return rejects, err
}

// refuse takes out the persons that the query finds, and tells them.
func (l *Load) refuse(ctx context.Context, tx *sql.Tx, why intake.Reject, query string) (rejects []intake.Reject, err error) {
	var ids []int64
	why.Type = intake.TypePersonne
	err = each(ctx, tx, func(scan func(...any) error) error {
		r, id := why, int64(0)
		err := scan(&id, &r.ID, &r.Line)
		rejects, ids = append(rejects, r), append(ids, id)
		return err
	}, query, l.id)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if err := removePerson(ctx, tx, id); err != nil {
			return nil, err
		}
	}
	l.people -= int64(len(ids))
	return rejects, nil
}

// openers resolves the openers, a few thousand links a transaction.
func (l *Load) openers(ctx context.Context) error {
	var from, to int64
	if err := l.s.people.reader.QueryRowContext(ctx, `SELECT COALESCE(MIN(id), 0), COALESCE(MAX(id), 0) FROM rattachement WHERE chargement = $1`, l.id).Scan(&from, &to); err != nil {
		return unavailable("store: resolve links", err)
	}
	for ; from <= to; from += resolveStep {
		err := l.s.tx(ctx, "store: resolve links", func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, findOpeners+` AND id >= $2 AND id < $3`, l.id, from, from+resolveStep)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// findOpeners resolves the links of a load that have no opener yet.
const findOpeners = `UPDATE rattachement SET ouvrant = (SELECT p.id FROM personne p WHERE p.chargement = rattachement.chargement AND p.ligne = rattachement.ouvrant_ligne AND p.sentinelle = 0)
	WHERE chargement = $1 AND ouvrant IS NULL`

// removePerson erases a person with its own links; the links that it opened
// wait for another opener of the same identifier.
func removePerson(ctx context.Context, tx *sql.Tx, id int64) error {
	for _, q := range []string{
		`DELETE FROM rattachement WHERE beneficiaire = $1`,
		`UPDATE rattachement SET ouvrant = NULL WHERE ouvrant = $1`,
		`DELETE FROM dossier WHERE personne = $1`,
		`DELETE FROM index_identite WHERE personne = $1`,
		`DELETE FROM index_nir WHERE personne = $1`,
		`DELETE FROM personne WHERE id = $1`,
	} {
		if _, err := tx.ExecContext(ctx, q, id); err != nil {
			return err
		}
	}
	return nil
}
