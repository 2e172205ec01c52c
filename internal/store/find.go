package store

import (
	"context"
	"errors"
	"runtime"

	"zombiezen.com/go/sqlite"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/policy"
)

// findKeys bounds the probes of one statement: the worst pivot (unspecified
// sex, a default date) needs six; the rest is padding with a repeated key.
const findKeys = 8

// findQuery is the hot read: in one round trip, everybody whose index keys
// meet the pivot's, with what stands between each of them and the partner, and
// the family's dossier, still sealed.
const findQuery = `SELECT p.id, p.sujet, p.sentinelle, p.identite, d.contenu,
  EXISTS (SELECT 1 FROM retrait r WHERE r.sujet = p.sujet AND r.partenaire = $1 AND r.allowed_at IS NULL),
  (SELECT c.id || ' ' || c.blocs FROM consentement c WHERE c.jeton = $2 AND c.sujet = p.sujet AND c.partenaire = $1)
FROM personne p LEFT JOIN dossier d ON d.personne = p.id
WHERE p.chargement = $3 AND p.id IN (SELECT personne FROM index_identite WHERE cle IN ($4, $5, $6, $7, $8, $9, $10, $11))`

// hotPool is a fixed set of read connections of the engine's own interface,
// 1.6 times cheaper a lookup than database/sql (dependencies.md §2). It serves
// Find and nothing else.
type hotPool struct {
	conns chan *sqlite.Conn
	all   []*sqlite.Conn
}

func openHot(path string) (*hotPool, error) {
	n := max(4, 2*runtime.GOMAXPROCS(0))
	h := &hotPool{conns: make(chan *sqlite.Conn, n)}
	for range n {
		c, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
		if err != nil {
			return nil, errors.Join(err, h.close())
		}
		h.all = append(h.all, c)
		h.conns <- c
	}
	return h, nil
}

func (h *hotPool) close() error {
	var errs []error
	for range h.all {
		errs = append(errs, (<-h.conns).Close())
	}
	h.all = nil
	return errors.Join(errs...)
}

// Find returns everybody who may be the person of the pivot, to be decided by
// identity.Decide. Errors: service_indisponible.
func (s *Store) Find(ctx context.Context, pivot identity.Pivot, partnerID string, token consent.Token) ([]policy.Candidate, error) {
	probes := pivot.Keys()
	if len(probes) == 0 {
		return nil, nil
	}
	var c *sqlite.Conn
	select {
	case c = <-s.hot.conns:
	case <-ctx.Done():
		return nil, unavailable("store: find", ctx.Err())
	}
	defer func() { s.hot.conns <- c }()
	stmt, err := c.Prepare(findQuery)
	if err != nil {
		return nil, unavailable("store: find", err)
	}
	snap := s.state.Load()
	stmt.BindText(1, partnerID)
	stmt.BindBytes(2, token[:])
	stmt.BindInt64(3, snap.load)
	for i := range findKeys {
		k := s.keys.indexKey(probes[min(i, len(probes)-1)])
		stmt.BindBytes(4+i, k[:])
	}
	var out []policy.Candidate
	for {
		more, err := stmt.Step()
		if err != nil {
			stmt.Reset()
			return nil, unavailable("store: find", err)
		}
		if !more {
			break
		}
		cand, err := s.candidate(stmt, snap)
		if err != nil {
			stmt.Reset()
			return nil, unavailable("store: find", err)
		}
		out = append(out, cand)
	}
	return out, unavailable("store: find", stmt.Reset())
}

func (s *Store) candidate(stmt *sqlite.Stmt, snap *Snapshot) (c policy.Candidate, err error) {
	id := stmt.ColumnInt64(0)
	plain, err := open(s.keys.rows, rowPlace("personne", "identite", id), column(stmt, 3))
	if err != nil {
		return c, err
	}
	var p docPersonne
	if err := decode(plain, &p); err != nil {
		return c, err
	}
	c.Record = p.record(stmt.ColumnInt(2) == 1)
	c.Sujet = droits.Sujet(column(stmt, 1))
	c.Standing.Withdrawn = stmt.ColumnInt(5) == 1
	if !stmt.ColumnIsNull(6) {
		blocs := splitBlocs(stmt.ColumnText(6))
		c.Standing.ConsentID, c.Standing.Blocks = string(blocs[0]), blocs[1:]
	}
	sealed := column(stmt, 4)
	c.Dossier = droits.Sealed(func() (*droits.Famille, error) {
		plain, err := open(s.keys.rows, rowPlace("dossier", "contenu", id), sealed)
		if err != nil {
			return nil, unavailable("store: dossier", err)
		}
		var d docFamille
		if err := decode(plain, &d); err != nil || len(d.Personnes) == 0 {
			return nil, unavailable("store: dossier", errors.Join(err, errors.New("store: empty dossier")))
		}
		return d.famille(snap.caisses, snap.donneesOn), nil
	})
	return c, nil
}

func column(stmt *sqlite.Stmt, i int) []byte {
	b := make([]byte, stmt.ColumnLen(i))
	stmt.ColumnBytes(i, b)
	return b
}
