package store

import (
	"context"
	"errors"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/desk"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// ledger is the connection on which traces are committed, of the engine's own
// interface: its statements stay prepared from one commit to the next. It is
// used by one goroutine at a time, under Store.acting.
type ledger struct {
	conn  *sqlite.Conn
	disk  *disk
	keys  keys
	host  string     // names the logs: host/acces/year
	seed  trace.Seed // signs their heads
	lock  *headLock
	head  edge // as it is on disk
	draft edge // with what the open transaction adds
	days  dayKeys

	refused error // why nothing may be traced any more, nil as long as it may

	scratch []byte // of the sealed batch, kept from one commit to the next
	nodes   []byte // of the batch
	place   []byte // of the part being sealed
}

func openLedger(path string) (*ledger, error) {
	c, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	l := &ledger{conn: c}
	for _, q := range []string{"PRAGMA busy_timeout = 5000", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON", "PRAGMA secure_delete = ON", "PRAGMA cache_size = -4096", "PRAGMA wal_autocheckpoint = 4000"} {
		if err := sqlitex.ExecuteTransient(c, q, nil); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return l, nil
}

// close closes the connection once; what comes later fails.
func (l *ledger) close() error {
	if l.conn == nil {
		return nil
	}
	c := l.conn
	l.conn = nil
	return c.Close()
}

// query runs a prepared statement; bind and row may be nil.
func (l *ledger) query(q string, bind func(*sqlite.Stmt), row func(*sqlite.Stmt) error) error {
	if l.conn == nil {
		return errClosed // the engine would not survive it
	}
	s, err := l.conn.Prepare(q)
	if err != nil {
		return err
	}
	if bind != nil {
		bind(s)
	}
	for {
		more, err := s.Step()
		if err == nil && more && row != nil {
			err = row(s)
		}
		if err != nil {
			s.Reset()
			return err
		}
		if !more {
			return s.Reset()
		}
	}
}

// Commit implements trace.Ledger: one transaction, one row per commit, one
// narrow row per entry that names a person, FULL sync.
func (s *Store) Commit(ctx context.Context, batch []*trace.Pending) error {
	s.acting.Lock()
	defer s.acting.Unlock()
	if err := s.commit(batch); err != nil {
		s.ledger.query(`ROLLBACK`, nil, nil) // fails when there is nothing to undo
		return unavailable("store: trace", errors.Join(err, s.ledger.undone()))
	}
	s.ledger.written()
	s.remember(batch)
	counted(batch)
	return nil
}

func (s *Store) commit(batch []*trace.Pending) error {
	l := s.ledger
	if err := l.query(`BEGIN IMMEDIATE`, nil, nil); err != nil {
		return err
	}
	if err := l.guard(batch); err != nil {
		return err
	}
	if err := l.guardSubjects(batch); err != nil {
		return err
	}
	if err := l.write(l, batch); err != nil {
		return err
	}
	if err := s.effects(l, batch); err != nil {
		return err
	}
	return l.put(`COMMIT`)
}

// guard replaces by its refusal every entry whose decision rests on something
// that has moved since. The common case costs one row: nothing has moved.
func (l *ledger) guard(batch []*trace.Pending) error {
	var now trace.Generation
	err := l.query(`SELECT valeur FROM reglage WHERE cle = 'generation'`, nil, func(s *sqlite.Stmt) error {
		now = trace.Generation(s.ColumnInt64(0))
		return nil
	})
	if err != nil {
		return err
	}
	for _, p := range batch {
		if p.Refusal == nil || p.Guard.At == now {
			continue
		}
		for _, o := range p.Guard.Objects() {
			var at trace.Generation
			err := l.query(`SELECT generation FROM epoque WHERE objet = $1`, func(s *sqlite.Stmt) { s.BindText(1, string(o)) }, func(s *sqlite.Stmt) error {
				at = trace.Generation(s.ColumnInt64(0))
				return nil
			})
			if err != nil {
				return err
			}
			if at > p.Guard.At {
				p.Leaf, p.Moved, p.Effects = p.Refusal(o), o, ofRefusal(p.Effects, o)
				break
			}
		}
	}
	return nil
}

// ofRefusal keeps what a refused call leaves behind: it counts against its
// quota, and who it was about was decided.
func ofRefusal(effects []trace.Effect, moved trace.Object) (out []trace.Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case partner.Draw, *desk.Identification:
			out = append(out, e)
		case *partner.Call:
			out = append(out, e.Late(moved.Class()))
		}
	}
	return out
}

func (s *Store) effects(l *ledger, batch []*trace.Pending) error {
	taken := map[partner.Draw]int64{}
	decided := map[decisions]int64{}
	var made calls
	for _, p := range batch {
		for _, e := range p.Effects {
			switch e := e.(type) {
			case partner.Draw:
				taken[e]++
			case *desk.Identification:
				decided[decisionsOf(e)]++
				if e.Outcome == desk.Match {
					continue
				}
				if err := l.insertIdentification(e, p.Index); err != nil {
					return err
				}
			case *consent.Record:
				if err := insertConsent(l, e, p.Index); err != nil {
					return err
				}
			case *partner.Call:
				made.add(e, p.Index)
			case consent.Read:
				if err := s.tellPerson(l, e); err != nil {
					return err
				}
			case *consent.Event:
				e.Trace = p.Index
				if err := insertEvent(l, *e); err != nil {
					return err
				}
			default:
				return fault.New(fault.ErreurInterne, "store: unknown effect")
			}
		}
	}
	if err := l.countDecisions(decided); err != nil {
		return err
	}
	if err := l.logCalls(&made); err != nil {
		return err
	}
	return l.countDraws(taken)
}
