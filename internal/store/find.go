package store

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"sync"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/policy"
)

// The hot read, in plain look-ups of one connection: the buckets in which the
// pivot's keys lie, then each row that they lead to, with what it opens to
// others, still sealed.
const readQuery = `SELECT p.sujet, p.sentinelle, p.identite, p.liens, d.contenu, p.ligne FROM personne p LEFT JOIN dossier d ON d.personne = p.id WHERE p.id = $1`

// hotPool is a fixed set of read connections of the engine's own interface,
// 1.6 times cheaper a lookup than database/sql (dependencies.md §2), on one
// population. It serves Find and nothing else. Each connection stays in one
// read transaction until a delta changes the population: people are read at
// every call and written by loads only.
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
		for _, q := range []string{"PRAGMA busy_timeout = 5000", "PRAGMA cache_size = -8192", "PRAGMA mmap_size = 2147418112"} {
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

// quiet ends every transaction and runs something while nobody reads: the
// write-ahead log can only be emptied then.
func (h *hotPool) quiet(do func() error) error {
	h.all.Lock()
	defer h.all.Unlock()
	var errs []error
	idle := make([]*reader, 0, h.n)
	for range h.n {
		r := <-h.conns
		errs = append(errs, r.release())
		idle = append(idle, r)
	}
	errs = append(errs, do())
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
// identity.Decide, each with what stands between that person and the partner.
// Errors: service_indisponible.
func (s *Store) Find(ctx context.Context, pivot identity.Pivot, partnerID string, token consent.Token) ([]policy.Candidate, error) {
	out, err := s.Candidates(ctx, pivot)
	if err != nil {
		return nil, err
	}
	for i := range out {
		st := s.tokens.standing(token, out[i].Sujet, partnerID, s.clock())
		if who := &out[i]; len(who.Before) > 0 || s.deciders.has(who.Sujet, partnerID) || s.deciders.has(who.Sujet, "") {
			if err := s.decided(ctx, partnerID, &st, append([]droits.Sujet{who.Sujet}, who.Before...)...); err != nil {
				return nil, err
			}
		}
		out[i].Standing = st
	}
	return out, nil
}

// Candidates returns everybody who may be the person of the pivot, to be
// decided by identity.Decide. Errors: service_indisponible.
func (s *Store) Candidates(ctx context.Context, pivot identity.Pivot) (out []policy.Candidate, err error) {
	probes := pivot.Keys()
	if len(probes) == 0 {
		return nil, nil
	}
	for pop := (*population)(nil); pop != s.state.Load().population; {
		// A population that was replaced meanwhile may be swept already:
		// nobody must be unknown because of that.
		pop = s.state.Load().population
		if pop.hot == nil {
			continue // nobody is loaded
		}
		if out, err = s.findIn(ctx, pop, probes); err != nil && pop == s.state.Load().population {
			return nil, unavailable("store: find", err)
		}
	}
	return out, nil
}

func (s *Store) findIn(ctx context.Context, pop *population, probes []identity.Key) ([]policy.Candidate, error) {
	var c *reader
	ok := false
	select {
	case c, ok = <-pop.hot.conns:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if !ok {
		return nil, errClosed
	}
	defer func() { pop.hot.conns <- c }()
	return s.find(c, probes, pop)
}

func (s *Store) find(c *reader, probes []identity.Key, pop *population) (out []policy.Candidate, err error) {
	if err := c.see(pop); err != nil {
		return nil, err
	}
	var room [16]int64
	ids, index := room[:0], pop.bits.probe(identityIndex)
	for _, p := range probes {
		if ids, err = index.rows(c.conn, s.keys.identityDigest(p), ids); err != nil {
			return nil, err
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	stmt, err := c.conn.Prepare(readQuery)
	if err != nil {
		return nil, err
	}
	out = make([]policy.Candidate, 0, len(ids))
	for _, id := range ids {
		stmt.BindInt64(1, id)
		found, err := stmt.Step()
		if err == nil && found {
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

func (s *Store) candidate(stmt *sqlite.Stmt, id int64, pop *population) (c policy.Candidate, err error) {
	at := rowID{pop.load, id}
	// One copy of the three sealed columns; they are opened in place.
	n, m := stmt.ColumnLen(2), stmt.ColumnLen(3)
	all := make([]byte, n+m+stmt.ColumnLen(4))
	sealed, liens, dossier := all[:n:n], all[n:n+m:n+m], all[n+m:]
	stmt.ColumnBytes(2, sealed)
	stmt.ColumnBytes(3, liens)
	stmt.ColumnBytes(4, dossier)
	var p docPersonne
	if err := s.keys.openRow(placeIdentite, at, sealed, &p); err != nil {
		return c, err
	}
	c.Record = p.record(stmt.ColumnInt(1) == 1)
	c.Record.ID, c.Former, c.Before = id, p.Precedents, s.keys.before(&p)
	c.Source = strconv.FormatInt(pop.load, 10) + "/" + stmt.ColumnText(5)
	stmt.ColumnBytes(0, c.Sujet[:])
	who, before := c.Sujet, c.Before
	if c.Record.Sentinelle {
		c.Dossier = droits.Sealed(func() (*droits.Famille, error) {
			return nil, unavailable("store: dossier", errors.New("store: a sentinel has no dossier"))
		})
		return c, nil
	}
	c.Dossier = droits.Sealed(func() (*droits.Famille, error) {
		var own docLiens
		var others docFamille
		err := s.keys.openRow(placeLiens, at, liens, &own)
		if err == nil && len(dossier) > 0 {
			err = s.keys.openRow(placeDossier, at, dossier, &others)
		}
		if err != nil {
			return nil, unavailable("store: dossier", err)
		}
		self := p.personne()
		self.ID, self.Sujet, self.Before = id, who, before
		return famille(self, &own, &others, pop), nil
	})
	return c, nil
}

func column(stmt *sqlite.Stmt, i int) []byte {
	b := make([]byte, stmt.ColumnLen(i))
	stmt.ColumnBytes(i, b)
	return b
}
