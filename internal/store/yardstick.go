package store

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// Yardstick is what an import is compared with: prepared inserts, one a row,
// on one connection, in transactions of the size that a load has, with nothing
// read, checked, sealed or sorted. Stored are the rows that the load keeps;
// Plain holds the same bytes as a row for each object of the file (person,
// link, contract, period, exemption, doctor, cover, leave), without an index.
type Yardstick struct {
	Persons       int64
	Stored, Plain Inserts
}

// Inserts are rows written one by one.
type Inserts struct {
	Rows int64
	Took time.Duration // of the inserts and their commits
}

// MeasureInserts writes rows of the visible population, of at most the people
// asked for, into a file of its own in the data directory, and removes it.
// Errors: service_indisponible.
func (s *Store) MeasureInserts(ctx context.Context, persons int64) (y Yardstick, err error) {
	p := s.state.Load().population
	if p.path == "" {
		return y, nil
	}
	from, err := openReader(p.path, p.load)
	if err != nil {
		return y, unavailable("store: yardstick", err)
	}
	defer from.close()
	to, err := createBuilding(ctx, filepath.Join(s.dir, "population-essai-yardstick.db"), 0)
	if err != nil {
		return y, unavailable("store: yardstick", err)
	}
	a := &again{s: s, ctx: ctx, y: &y, from: from, to: to, persons: min(persons, p.served+p.sentinels), all: max(1, p.served+p.sentinels)}
	return y, unavailable("store: yardstick", errors.Join(a.run(), to.close(), removePopulation(to.path)))
}

// again writes rows again.
type again struct {
	s            *Store
	ctx          context.Context
	y            *Yardstick
	from, to     *building
	persons, all int64
	plain        int64 // rows written plainly
}

const (
	yardBatch   = 16 << 10
	insertPlain = `INSERT INTO objet (id, personne, contenu) VALUES ($1, $2, $3)`
)

func (a *again) run() error {
	if err := sqlitex.ExecuteTransient(a.to.conn, `CREATE TABLE objet (id INTEGER PRIMARY KEY, personne INTEGER NOT NULL, contenu BLOB NOT NULL) STRICT`, nil); err != nil {
		return err
	}
	for _, t := range []struct{ table, key, columns, write string }{
		{"personne", "id", "id, ligne, sujet, sentinelle, identite, liens", insertPersonne},
		{"dossier", "personne", "personne, contenu", insertDossier},
		{"index_identite", "seau", "seau, entrees", identityIndex.write},
		{"index_nir", "seau", "seau, entrees", numberIndex.write},
		{"index_ligne", "seau", "seau, entrees", nameIndex.write},
	} {
		total, last := int64(0), int64(-1)
		if err := a.from.each(`SELECT COUNT(*) FROM `+t.table, func(x *sqlite.Stmt) error { total = x.ColumnInt64(0); return nil }); err != nil {
			return err
		}
		for left := total * a.persons / a.all; left > 0; {
			var rows [][]any
			err := a.from.each(`SELECT `+t.columns+` FROM `+t.table+` WHERE `+t.key+` > $1 ORDER BY 1 LIMIT $2`, func(x *sqlite.Stmt) error {
				last = x.ColumnInt64(0)
				rows = append(rows, valuesOf(x))
				return nil
			}, last, min(left, yardBatch))
			if err == nil {
				err = a.write(&a.y.Stored, t.write, rows)
			}
			if err == nil && t.table == "personne" {
				a.y.Persons += int64(len(rows))
				err = a.plainly(rows)
			}
			if err != nil || len(rows) == 0 {
				return err
			}
			left -= int64(len(rows))
		}
	}
	return nil
}

// valuesOf are the columns of a row.
func valuesOf(x *sqlite.Stmt) (out []any) {
	for i := range x.ColumnCount() {
		switch x.ColumnType(i) {
		case sqlite.TypeInteger:
			out = append(out, x.ColumnInt64(i))
		case sqlite.TypeText:
			out = append(out, x.ColumnText(i))
		default:
			out = append(out, column(x, i))
		}
	}
	return out
}

// plainly writes a row for each object of some people.
func (a *again) plainly(people [][]any) error {
	var rows [][]any
	for _, p := range people {
		id, identite, liens := p[0].(int64), p[4].([]byte), p[5].([]byte)
		var d docLiens
		size := len(liens)
		if err := a.s.keys.openRow(placeLiens, rowID{a.from.load, id}, liens, &d); err != nil {
			return err
		}
		n := 0
		for _, l := range d.Liens {
			n += 1 + len(l.Contrats) + len(l.Exonerations) + len(l.Medecins) + len(l.Complements) + len(l.Arrets) + len(l.Risques)
			for _, c := range l.Contrats {
				n += len(c.Droits)
			}
		}
		a.plain++
		rows = append(rows, []any{a.plain, id, identite})
		for range n {
			a.plain++
			rows = append(rows, []any{a.plain, id, liens[:size/n]})
		}
	}
	return a.write(&a.y.Plain, insertPlain, rows)
}

func (a *again) write(in *Inserts, query string, rows [][]any) error {
	begun := a.s.clock()
	if err := a.to.begin(); err != nil {
		return err
	}
	for _, r := range rows {
		if err := a.to.exec(query, r...); err != nil {
			return err
		}
	}
	err := a.to.commit()
	in.Took += a.s.clock().Sub(begun)
	in.Rows += int64(len(rows))
	return errors.Join(err, a.ctx.Err())
}
