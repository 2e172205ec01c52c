package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// building is one connection that writes a population: a file of its own,
// which becomes visible when people.db names it. It is used by one goroutine
// at a time.
type building struct {
	path string
	load int64
	conn *sqlite.Conn
	open bool // a transaction is open
}

// populationPath is the file of a load.
func (s *Store) populationPath(load int64) string {
	return filepath.Join(s.dir, "population-"+strconv.FormatInt(load, 10)+".db")
}

// createBuilding makes the file of a new population.
func createBuilding(ctx context.Context, path string, load int64) (*building, error) {
	if err := removePopulation(path); err != nil {
		return nil, err
	}
	d := &database{path: path}
	if err := d.open(ctx, "population"); err != nil {
		return nil, errors.Join(err, d.close())
	}
	if err := d.close(); err != nil {
		return nil, err
	}
	return openBuilding(path, load, true)
}

// openBuilding opens the file of a population to write it. While a load builds
// it, nobody reads: a rollback journal writes the pages of a growing file once,
// and nothing is worth overwriting. Once visible it has a write-ahead log.
func openBuilding(path string, load int64, bulk bool) (*building, error) {
	c, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	f := &building{path: path, load: load, conn: c}
	pragmas := []string{"busy_timeout = 5000", "synchronous = FULL", "cache_size = -32768", "journal_mode = WAL", "secure_delete = ON"}
	if bulk {
		pragmas = []string{"busy_timeout = 5000", "synchronous = FULL", "cache_size = -65536", "journal_mode = TRUNCATE", "secure_delete = FAST"}
	}
	for _, q := range pragmas {
		if err := sqlitex.ExecuteTransient(c, "PRAGMA "+q, nil); err != nil {
			return nil, errors.Join(err, f.close())
		}
	}
	return f, nil
}

// openReader opens the file of a population to read it, whatever its journal.
func openReader(path string, load int64) (*building, error) {
	c, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	if err != nil {
		return nil, err
	}
	f := &building{path: path, load: load, conn: c}
	for _, q := range []string{"busy_timeout = 5000", "cache_size = -16384"} {
		if err := sqlitex.ExecuteTransient(c, "PRAGMA "+q, nil); err != nil {
			return nil, errors.Join(err, f.close())
		}
	}
	return f, nil
}

// removePopulation erases the files of a population.
func removePopulation(path string) error {
	var errs []error
	for _, end := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// sweepRehearsals erases what rehearsals that were killed left: the directory's
// lock says that none is running.
func (s *Store) sweepRehearsals() error {
	list, err := filepath.Glob(filepath.Join(s.dir, "population-essai-*.db"))
	for _, path := range list {
		err = errors.Join(err, removePopulation(path))
	}
	return err
}

// sweepFiles erases the populations of which nothing is known any more.
func (s *Store) sweepFiles(keep ...int64) error {
	list, err := filepath.Glob(filepath.Join(s.dir, "population-*.db"))
	if err != nil {
		return err
	}
	var errs []error
	for _, path := range list {
		kept := false
		for _, k := range keep {
			kept = kept || path == s.populationPath(k)
		}
		if !kept && !strings.Contains(path, "-essai-") {
			errs = append(errs, removePopulation(path))
		}
	}
	return errors.Join(errs...)
}

func (f *building) close() error {
	if f.conn == nil {
		return nil
	}
	c := f.conn
	f.conn = nil
	if f.open {
		f.open = false
		if err := sqlitex.ExecuteTransient(c, "ROLLBACK", nil); err != nil {
			return errors.Join(err, c.Close())
		}
	}
	return c.Close()
}

// begin opens a transaction unless one is open.
func (f *building) begin() error {
	if f.conn == nil {
		return errClosed
	}
	if f.open {
		return nil
	}
	if err := sqlitex.ExecuteTransient(f.conn, "BEGIN IMMEDIATE", nil); err != nil {
		return err
	}
	f.open = true
	return nil
}

// commit ends the transaction, if one is open.
func (f *building) commit() error {
	if f.conn == nil {
		return errClosed
	}
	if !f.open {
		return nil
	}
	if err := sqlitex.ExecuteTransient(f.conn, "COMMIT", nil); err != nil {
		return err
	}
	f.open = false
	return nil
}

func (f *building) rollback() error {
	if f.conn == nil || !f.open {
		return nil
	}
	f.open = false
	return sqlitex.ExecuteTransient(f.conn, "ROLLBACK", nil)
}

// view runs reads in one transaction: the file is locked once.
func (f *building) view(do func() error) error {
	if err := sqlitex.ExecuteTransient(f.conn, "BEGIN", nil); err != nil {
		return err
	}
	return errors.Join(do(), sqlitex.ExecuteTransient(f.conn, "COMMIT", nil))
}

// exec runs one statement, kept prepared.
func (f *building) exec(query string, args ...any) error {
	return f.each(query, nil, args...)
}

// each runs a statement and hands over its rows. Its arguments are int64, int,
// string and []byte.
func (f *building) each(query string, row func(*sqlite.Stmt) error, args ...any) error {
	if f.conn == nil {
		return errClosed
	}
	s, err := f.conn.Prepare(query)
	if err != nil {
		return err
	}
	for i, a := range args {
		switch v := a.(type) {
		case int64:
			s.BindInt64(i+1, v)
		case int:
			s.BindInt64(i+1, int64(v))
		case string:
			s.BindText(i+1, v)
		case []byte:
			s.BindBytes(i+1, v)
		default:
			return fmt.Errorf("store: an argument of type %T", a)
		}
	}
	more, err := s.Step()
	for ; more && err == nil; more, err = s.Step() {
		if row == nil {
			continue
		}
		if err = row(s); err != nil {
			break
		}
	}
	return errors.Join(err, s.Reset())
}

// setting reads one number of the population, 0 when absent.
func (f *building) setting(name string) (n int64, err error) {
	err = f.each(`SELECT valeur FROM reglage WHERE cle = $1`, func(s *sqlite.Stmt) error {
		n = s.ColumnInt64(0)
		return nil
	}, name)
	return n, err
}

func (f *building) set(name string, n int64) error {
	return f.exec(`INSERT INTO reglage (cle, valeur) VALUES ($1, $2) ON CONFLICT (cle) DO UPDATE SET valeur = excluded.valeur`, name, n)
}

func (f *building) bits() (b bits, err error) {
	for name, to := range map[string]*int{"bits_identite": &b.identite, "bits_nir": &b.nir, "bits_ligne": &b.ligne} {
		n, err := f.setting(name)
		if err != nil {
			return b, err
		}
		*to = int(n)
	}
	return b, nil
}
