package store

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/policy"
)

// findKeys are the numbers of probes of the prepared statements: two serve
// nearly every pivot; the worst (unspecified sex, a default date) needs six.
var findKeys = [...]int{2, 8}

// findQuery is the hot read: in one round trip, everybody whose index keys
// meet the pivot's, with the family's dossier, still sealed. The + keeps the
// planner from walking the whole load instead of the keys.
func findQuery(keys int) string {
	var q strings.Builder
	q.WriteString(`SELECT p.id, p.sujet, p.sentinelle, p.identite, d.contenu FROM personne p LEFT JOIN dossier d ON d.personne = p.id
WHERE +p.chargement = $1 AND p.id IN (SELECT personne FROM index_identite WHERE cle IN (`)
	for i := range keys {
		if i > 0 {
			q.WriteByte(',')
		}
		q.WriteString("$" + strconv.Itoa(i+2))
	}
	q.WriteString("))")
	return q.String()
}

// hotPool is a fixed set of read connections of the engine's own interface,
// 1.6 times cheaper a lookup than database/sql (dependencies.md §2). It serves
// Find and nothing else. Each connection stays in one read transaction for as
// long as its population is the visible one: people are read at every call and
// written by loads only.
type hotPool struct {
	conns   chan *reader
	queries [len(findKeys)]string
	n       int
}

func openHot(path string) (*hotPool, error) {
	n := max(4, 2*runtime.GOMAXPROCS(0))
	h := &hotPool{conns: make(chan *reader, n)}
	for i, k := range findKeys {
		h.queries[i] = findQuery(k)
	}
	for range n {
		c, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
		if err != nil {
			return nil, errors.Join(err, h.close())
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

// close waits for the running reads; later ones fail at once.
func (h *hotPool) close() error {
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
	out, err := s.find(c, probes)
	if err != nil {
		return nil, unavailable("store: find", err)
	}
	snap := s.state.Load()
	for i := range out {
		out[i].Standing = s.tokens.standing(token, out[i].Sujet, partnerID)
		out[i].Standing.Withdrawn = snap.withdrawn[sharing{out[i].Sujet, partnerID}]
	}
	return out, nil
}

func (s *Store) find(c *reader, probes []identity.Key) (out []policy.Candidate, err error) {
	pop := s.state.Load().population
	if err := c.see(pop); err != nil {
		return nil, err
	}
	size := 0
	for findKeys[size] < len(probes) {
		size++
	}
	stmt, err := c.conn.Prepare(s.hot.queries[size])
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stmt.Reset()) }()
	stmt.BindInt64(1, pop.load)
	for i := range findKeys[size] {
		k := s.keys.indexKey(probes[min(i, len(probes)-1)])
		stmt.BindBytes(2+i, k[:])
	}
	for {
		more, err := stmt.Step()
		if err != nil || !more {
			return out, err
		}
		cand, err := s.candidate(stmt, pop)
		if err != nil {
			return nil, err
		}
		out = append(out, cand)
	}
}

func (s *Store) candidate(stmt *sqlite.Stmt, pop *population) (c policy.Candidate, err error) {
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
