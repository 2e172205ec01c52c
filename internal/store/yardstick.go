package store

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"zombiezen.com/go/sqlite"
)

// Yardstick is what an import is compared with: the same rows of the same
// tables written again by prepared inserts, one a row, on one connection, in
// transactions of the size that a load has, with nothing read, checked, sealed
// or sorted. Of at most the people asked for.
type Yardstick struct {
	Persons, Rows int64
	Took          time.Duration // of the inserts and commits
}

// MeasureInserts writes the visible population's rows into a file of its own
// in the data directory, and removes it. Errors: service_indisponible.
func (s *Store) MeasureInserts(ctx context.Context, persons int64) (y Yardstick, err error) {
	p := s.state.Load().population
	if p.path == "" {
		return y, nil
	}
	from, err := openBuilding(p.path, p.load, false)
	if err != nil {
		return y, unavailable("store: yardstick", err)
	}
	defer from.close()
	path := filepath.Join(s.dir, "population-essai-yardstick.db")
	to, err := createBuilding(ctx, path, 0)
	if err != nil {
		return y, unavailable("store: yardstick", err)
	}
	all := p.served + p.sentinels
	share := func(n int64) int64 { return n * min(persons, all) / max(1, all) }
	err = s.again(ctx, &y, from, to, share)
	return y, unavailable("store: yardstick", errors.Join(err, to.close(), removePopulation(path)))
}

func (s *Store) again(ctx context.Context, y *Yardstick, from, to *building, share func(int64) int64) error {
	const batch = 16 << 10
	for _, t := range []struct{ table, key, columns, write string }{
		{"personne", "id", "id, ligne, sujet, sentinelle, identite, liens", insertPersonne},
		{"dossier", "personne", "personne, contenu", `INSERT INTO dossier (personne, contenu) VALUES ($1, $2)`},
		{"index_identite", "seau", "seau, entrees", `INSERT INTO index_identite (seau, entrees) VALUES ($1, $2)`},
		{"index_nir", "seau", "seau, entrees", `INSERT INTO index_nir (seau, entrees) VALUES ($1, $2)`},
		{"index_ligne", "seau", "seau, entrees", `INSERT INTO index_ligne (seau, entrees) VALUES ($1, $2)`},
	} {
		total := int64(0)
		if err := from.each(`SELECT COUNT(*) FROM `+t.table, func(x *sqlite.Stmt) error { total = x.ColumnInt64(0); return nil }); err != nil {
			return err
		}
		last := int64(-1)
		for left := share(total); left > 0; {
			var rows [][]any
			err := from.each(`SELECT `+t.columns+` FROM `+t.table+` WHERE `+t.key+` > $1 ORDER BY 1 LIMIT $2`, func(x *sqlite.Stmt) error {
				last = x.ColumnInt64(0)
				rows = append(rows, valuesOf(x))
				return nil
			}, last, min(left, batch))
			if err != nil || len(rows) == 0 {
				return err
			}
			left -= int64(len(rows))
			begun := s.clock()
			if err := write(to, t.write, rows); err != nil {
				return err
			}
			y.Took += s.clock().Sub(begun)
			y.Rows += int64(len(rows))
			if t.table == "personne" {
				y.Persons += int64(len(rows))
			}
			if err := ctx.Err(); err != nil {
				return err
			}
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

func write(to *building, query string, rows [][]any) error {
	if err := to.begin(); err != nil {
		return err
	}
	for _, r := range rows {
		if err := to.exec(query, r...); err != nil {
			return err
		}
	}
	return to.commit()
}
