package store

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/policy"
)

// The hot read, in two statements of one connection: whose index keys meet
// the pivot's, then each of them with the family's dossier, still sealed. On an
// engine in process two plain look-ups cost half of one joined statement; on a
// remote one they would be a join.
const (
	probeQuery = `SELECT personne FROM index_identite WHERE cle = $1`
	readQuery  = `SELECT p.chargement, p.sujet, p.sentinelle, p.identite, d.contenu FROM personne p LEFT JOIN dossier d ON d.personne = p.id WHERE p.id = $1`
)

// hotPool is a fixed set of read connections of the engine's own interface,
// 1.6 times cheaper a lookup than database/sql (dependencies.md §2). It serves
// Find and nothing else. Each connection stays in one read transaction for as
// long as its population is the visible one: people are read at every call and
// written by loads only.
type hotPool struct {
	conns chan *reader
	n     int
	all   sync.Mutex // held by whoever takes every connection
}

func openHot(path string) (*hotPool, error) {
	n := max(4, 2*runtime.GOMAXPROCS(0))
	h := &hotPool{conns: make(chan *reader, n)}
	for range n {
		c, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
		if err != nil {
			return nil, errors.Join(err, h.close())
		}
		for _, q := range []string{"PRAGMA cache_size = -8192", "PRAGMA mmap_size = 1073741824"} {
			if err := sqlitex.ExecuteTransient(c, q, nil); err != nil {
				return nil, errors.Join(err, c.Close(), h.close())
			}
		}
		h.n++
		h.conns <- &reader{conn: c}
	}
	return h, nil
}

// reader is one connection and the population that its transaction sees.
type reader struct {
	conn *sqlite.Conn
	at   *population
}

// see moves the connection to a population: its transaction begins after the
// load that made it visible.
func (r *reader) see(p *population) error {
	if r.at == p {
		return nil
	}
	if err := r.release(); err != nil {
		return err
	}
	if err := sqlitex.ExecuteTransient(r.conn, "BEGIN", nil); err != nil {
		return err
	}
	r.at = p
	return nil
}

// release ends the transaction.
func (r *reader) release() error {
	if r.at == nil {
		return nil
	}
	r.at = nil
	return sqlitex.ExecuteTransient(r.conn, "ROLLBACK", nil)
}

// release ends every transaction, so that the write-ahead log can be emptied.
func (h *hotPool) release() error {
	h.all.Lock()
	defer h.all.Unlock()
	var errs []error
	idle := make([]*reader, 0, h.n)
	for range h.n {
		r := <-h.conns
		errs = append(errs, r.release())
		idle = append(idle, r)
	}
	for _, r := range idle {
		h.conns <- r
	}
	return errors.Join(errs...)
}

var errClosed = errors.New("store: closed")

// close waits for the running reads; later ones fail at once. Closing twice is
// closing once.
func (h *hotPool) close() error {
	h.all.Lock()
	defer h.all.Unlock()
	if h.n == 0 {
		return nil
	}
	var errs []error
	for ; h.n > 0; h.n-- {
		errs = append(errs, (<-h.conns).conn.Close())
	}
	close(h.conns)
	return errors.Join(errs...)
}

// Find returns everybody who may be the person of the pivot, to be decided by
// identity.Decide. Errors: service_indisponible.
func (s *Store) Find(ctx context.Context, pivot identity.Pivot, partnerID string, token consent.Token) ([]policy.Candidate, error) {
	probes := pivot.Keys()
	if len(probes) == 0 {
		return nil, nil
	}
	var c *reader
	ok := false
	select {
	case c, ok = <-s.hot.conns:
	case <-ctx.Done():
		return nil, unavailable("store: find", ctx.Err())
	}
	if !ok {
		return nil, unavailable("store: find", errClosed)
	}
	defer func() { s.hot.conns <- c }()
	var out []policy.Candidate
	for pop := (*population)(nil); pop != s.state.Load().population; {
		// A population that was replaced meanwhile may be swept already:
		// nobody must be unknown because of that.
		var err error
		pop = s.state.Load().population
		if out, err = s.find(c, probes, pop); err != nil {
			return nil, unavailable("store: find", err)
		}
	}
	snap := s.state.Load()
	for i := range out {
		st := s.tokens.standing(token, out[i].Sujet, partnerID, s.clock())
		if w, ok := snap.withdrawn[sharing{out[i].Sujet, partnerID}]; ok {
			st.Withdrawn, st.WithdrawnAt = w.holds, w.at
		}
		out[i].Standing = st
	}
	return out, nil
}

func (s *Store) find(c *reader, probes []identity.Key, pop *population) (out []policy.Candidate, err error) {
	if err := c.see(pop); err != nil {
		return nil, err
	}
	ids, err := s.probe(c.conn, probes)
	if err != nil {
		return nil, err
	}
	stmt, err := c.conn.Prepare(readQuery)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		stmt.BindInt64(1, id)
		found, err := stmt.Step()
		if err == nil && found && stmt.ColumnInt64(0) == pop.load {
			var cand policy.Candidate
			if cand, err = s.candidate(stmt, id, pop); err == nil {
				out = append(out, cand)
			}
		}
		if err := errors.Join(err, stmt.Reset()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// probe reads the index: everybody once.
func (s *Store) probe(c *sqlite.Conn, probes []identity.Key) (ids []int64, err error) {
	stmt, err := c.Prepare(probeQuery)
	if err != nil {
		return nil, err
	}
	for _, p := range probes {
		k := s.keys.indexKey(p)
		stmt.BindBytes(1, k[:])
		more, err := stmt.Step()
		for ; more && err == nil; more, err = stmt.Step() {
			if id := stmt.ColumnInt64(0); !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		if err := errors.Join(err, stmt.Reset()); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func (s *Store) candidate(stmt *sqlite.Stmt, id int64, pop *population) (c policy.Candidate, err error) {
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
		return d.famille(pop.caisses, pop.donneesOn), nil
	})
	return c, nil
}

func column(stmt *sqlite.Stmt, i int) []byte {
	b := make([]byte, stmt.ColumnLen(i))
	stmt.ColumnBytes(i, b)
	return b
}
