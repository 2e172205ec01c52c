package store

import (
	"context"
	"database/sql"
	"errors"

	"droits.example/droits/internal/intake"
)

// endDelta applies the rows that wait to the visible population, in one
// transaction: persons replace those of the same identifier, ends end theirs,
// and the dossiers of everybody touched are derived anew.
func (l *Load) endDelta(ctx context.Context) (rejects []intake.Reject, err error) {
	if l.id == 0 {
		return nil, errors.New("store: a delta needs a population; load a whole one first")
	}
	err = l.s.show(ctx, "store: apply delta", func(tx *sql.Tx) error {
		touched := map[int64]bool{}
		for _, r := range l.pending {
			if err := l.applyDelta(ctx, tx, r, touched, &rejects); err != nil {
				return err
			}
		}
		more, err := l.resolveDelta(ctx, tx, touched)
		if err != nil {
			return err
		}
		rejects = append(rejects, more...)
		return l.deriveTouched(ctx, tx, touched)
	})
	l.done = err == nil
	return rejects, err
}

func (l *Load) applyDelta(ctx context.Context, tx *sql.Tx, r intake.Row, touched map[int64]bool, rejects *[]intake.Reject) error {
	ligne := ""
	switch {
	case r.Caisse != nil:
		return l.write(ctx, tx, r)
	case r.Personne != nil:
		ligne = r.Personne.ID
	default:
		ligne = r.Fin.ID
	}
	var old int64
	err := tx.QueryRowContext(ctx, `SELECT id FROM personne WHERE chargement = $1 AND ligne = $2`, l.id, ligne).Scan(&old)
	found := err == nil
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if r.Fin != nil && !found {
		*rejects = append(*rejects, intake.Reject{Line: r.Line, Type: intake.TypeFin, ID: ligne, Rule: intake.FinUnknown})
		return nil
	}
	if r.Personne != nil && !r.Personne.NIR.IsZero() {
		d := l.s.keys.nirDigest(r.Personne.NIR)
		var other int64
		err := tx.QueryRowContext(ctx, `SELECT personne FROM index_nir WHERE chargement = $1 AND digest = $2`, l.id, d[:]).Scan(&other)
		if err == nil && other != old {
			*rejects = append(*rejects, intake.Reject{Line: r.Line, Type: intake.TypePersonne, ID: ligne, Rule: intake.NIRTwice})
			return nil
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	if found {
		if err := l.unlink(ctx, tx, old, touched); err != nil {
			return err
		}
	}
	if r.Personne != nil {
		if err := l.person(ctx, tx, r.Personne); err != nil {
			return err
		}
		touched[l.next] = true
		// Links that this person opens keep their opener's identifier.
		_, err := tx.ExecContext(ctx, `UPDATE rattachement SET ouvrant = $1 WHERE chargement = $2 AND ouvrant_ligne = $3`, l.next, l.id, ligne)
		return err
	}
	return nil
}

// unlink takes a person out; everybody who saw it is touched.
func (l *Load) unlink(ctx context.Context, tx *sql.Tx, id int64, touched map[int64]bool) error {
	err := each(ctx, tx, func(scan func(...any) error) error {
		var a sql.NullInt64
		var b int64
		err := scan(&a, &b)
		touched[a.Int64], touched[b] = true, true
		return err
	}, `SELECT ouvrant, beneficiaire FROM rattachement WHERE ouvrant = $1 OR beneficiaire = $1`, id)
	if err != nil {
		return err
	}
	for _, q := range []string{
		`UPDATE rattachement SET ouvrant = NULL WHERE ouvrant = $1`,
		`DELETE FROM rattachement WHERE beneficiaire = $1`,
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

func (l *Load) resolveDelta(ctx context.Context, tx *sql.Tx, touched map[int64]bool) (rejects []intake.Reject, err error) {
	if _, err := tx.ExecContext(ctx, `UPDATE rattachement SET ouvrant = (SELECT p.id FROM personne p WHERE p.chargement = rattachement.chargement AND p.ligne = rattachement.ouvrant_ligne AND p.sentinelle = 0)
		WHERE chargement = $1 AND ouvrant IS NULL`, l.id); err != nil {
		return nil, err
	}
	err = each(ctx, tx, func(scan func(...any) error) error {
		r := intake.Reject{Type: intake.TypePersonne, Rule: intake.OuvrantUnknown}
		err := scan(&r.ID)
		rejects = append(rejects, r)
		return err
	}, `SELECT p.ligne FROM rattachement r JOIN personne p ON p.id = r.beneficiaire WHERE r.chargement = $1 AND r.ouvrant IS NULL ORDER BY r.id`, l.id)
	if err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM rattachement WHERE chargement = $1 AND ouvrant IS NULL`, l.id); err != nil {
		return nil, err
	}
	var openers []int64
	for id := range touched {
		err := each(ctx, tx, func(scan func(...any) error) error {
			var o int64
			err := scan(&o)
			openers = append(openers, o)
			return err
		}, `SELECT ouvrant FROM rattachement WHERE beneficiaire = $1`, id)
		if err != nil {
			return nil, err
		}
	}
	for _, o := range openers {
		touched[o] = true
	}
	return rejects, nil
}

func (l *Load) deriveTouched(ctx context.Context, tx *sql.Tx, touched map[int64]bool) error {
	var ids []int64
	for id := range touched {
		var sentinel bool
		err := tx.QueryRowContext(ctx, `SELECT sentinelle FROM personne WHERE id = $1`, id).Scan(&sentinel)
		if errors.Is(err, sql.ErrNoRows) || err == nil && sentinel {
			continue
		}
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	return l.s.deriveSome(ctx, tx, ids)
}
