package store

import (
	"context"
	"database/sql"
)

// derive writes the family record of every person served.
func (l *Load) derive(ctx context.Context) error {
	last := int64(0)
	for {
		var ids []int64
		err := each(ctx, l.s.people.reader, func(scan func(...any) error) error {
			var id int64
			err := scan(&id)
			ids = append(ids, id)
			return err
		}, `SELECT id FROM personne WHERE chargement = $1 AND sentinelle = 0 AND id > $2 ORDER BY id LIMIT $3`, l.id, last, loadBatch)
		if err != nil {
			return unavailable("store: derive", err)
		}
		if len(ids) == 0 {
			return nil
		}
		last = ids[len(ids)-1]
		if err := l.s.tx(ctx, "store: derive", func(tx *sql.Tx) error { return l.s.deriveSome(ctx, tx, ids) }); err != nil {
			return err
		}
	}
}

// deriveSome rebuilds the dossiers of the persons given.
func (s *Store) deriveSome(ctx context.Context, tx *sql.Tx, ids []int64) error {
	for _, id := range ids {
		doc, err := s.family(ctx, tx, id)
		if err != nil {
			return err
		}
		b, err := encode(&doc)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO dossier (personne, contenu) VALUES ($1, $2) ON CONFLICT (personne) DO UPDATE SET contenu = excluded.contenu`,
			id, seal(s.keys.rows, rowPlace("dossier", "contenu", id), b)); err != nil {
			return err
		}
	}
	return nil
}

// family joins what one person can see: itself, the links in which it is the
// bénéficiaire, and the links that it opens.
func (s *Store) family(ctx context.Context, tx *sql.Tx, id int64) (docFamille, error) {
	self, err := s.readPerson(ctx, tx, id)
	if err != nil {
		return docFamille{}, err
	}
	d := docFamille{Personnes: []docPersonne{self}}
	at := map[int64]int{id: 0}
	type row struct {
		link, who int64
		sealed    []byte
	}
	var rows []row
	err = each(ctx, tx, func(scan func(...any) error) error {
		var r row
		err := scan(&r.link, &r.who, &r.sealed)
		rows = append(rows, r)
		return err
	}, `SELECT id, beneficiaire, contenu FROM rattachement WHERE ouvrant = $1 UNION SELECT id, beneficiaire, contenu FROM rattachement WHERE beneficiaire = $1 ORDER BY 1`, id)
	if err != nil {
		return d, err
	}
	for _, r := range rows {
		plain, err := open(s.keys.rows, rowPlace("rattachement", "contenu", r.link), r.sealed)
		if err != nil {
			return d, err
		}
		var l docLien
		if err := decode(plain, &l); err != nil {
			return d, err
		}
		i, known := at[r.who]
		if !known {
			p, err := s.readPerson(ctx, tx, r.who)
			if err != nil {
				return d, err
			}
			i, at[r.who] = len(d.Personnes), len(d.Personnes)
			d.Personnes = append(d.Personnes, p)
		}
		l.Beneficiaire = i
		d.Liens = append(d.Liens, l)
	}
	return d, nil
}

func (s *Store) readPerson(ctx context.Context, tx *sql.Tx, id int64) (p docPersonne, err error) {
	var sealed []byte
	if err := tx.QueryRowContext(ctx, `SELECT identite FROM personne WHERE id = $1`, id).Scan(&sealed); err != nil {
		return p, err
	}
	plain, err := open(s.keys.rows, rowPlace("personne", "identite", id), sealed)
	if err != nil {
		return p, err
	}
	return p, decode(plain, &p)
}
