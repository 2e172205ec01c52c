// Package store keeps everything that outlives a call: people, rights,
// partners, consents, traces. It hides SQL, sealing and the one writer; a
// public method is one transaction.
package store

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite" of database/sql

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// ErrLocked says that another process holds the data directory.
var ErrLocked = errors.New("store: another process holds this data directory")

// ErrOtherRoot says that the data directory was made under another root key:
// nothing in it could be read, and what would be written would be lost.
var ErrOtherRoot = errors.New("store: this data directory was made under another root key")

// Config says where the store lies and how it is opened.
type Config struct {
	Dir      string // data directory, created when missing
	Root     Root
	Clock    func() time.Time
	Host     string // names the logs of accesses; "localhost" when empty
	SignFile string // key with which the operator signs conventions, created when missing; signature.key in the directory when empty
	LogFile  string // key that signs them, created when missing; log.key in the directory when empty
	LockFile string // last heads signed, in no backup; verrou.db in the directory when empty
	// Pair lists the acts on requests that take two agents.
	Pair []habilitation.Act
}

// Store is one SQLite database in one directory held by one process. It is
// safe for concurrent use.
type Store struct {
	*engine
	rehearse bool
	by       trace.By // zero on the data directory's own socket
}

// engine is what a store and its rehearsal share. People and rights are read
// at every call and written seldom; everything that calls themselves write has
// a database of its own, so that a commit never costs the readers their cache.
type engine struct {
	dir      string
	clock    func() time.Time
	keys     keys
	lock     *os.File
	people   *database // which population is visible; each has a file of its own
	journal  *database // partners, consents, restrictions, quotas, traces
	ledger   *ledger
	tokens   tokens
	deciders deciders
	acting   sync.Mutex // one writer of the journal: acts and traces in turn
	loading  sync.Mutex // one load, delta or rehearsal at a time
	state    atomic.Pointer[Snapshot]
	reload   sync.Mutex

	disk                    *disk
	signing                 sync.Mutex // one head is signed at a time; taken before acting
	host, logFile, lockPath string
	public                  public // under signing
	published               atomic.Pointer[trace.Checkpoint]
	receipts                receipts
	signed                  signed
	signer                  ed25519.PrivateKey // the operator's, of conventions
	watch                   partner.Watch      // the use of keys
	operator                atomic.Pointer[string]
	proofs                  partner.Once       // what partners' software has shown once
	pair                    []habilitation.Act // acts on requests that take two agents
}

// database is one SQLite file: one writer, a few readers.
type database struct {
	path           string
	writer, reader *sql.DB
	disk           *disk // of the journal
}

// Open locks the directory, migrates the database, checks that the root is the
// one that it was made under and reads the snapshot. Errors: ErrLocked when
// another process holds the directory, ErrOtherRoot.
func Open(ctx context.Context, c Config) (*Store, error) {
	if c.Clock == nil {
		return nil, errors.New("store: a clock is required")
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := Lock(c.Dir)
	if err != nil {
		return nil, err
	}
	s := &Store{engine: &engine{
		dir: c.Dir, clock: c.Clock, keys: derive(c.Root), lock: lock, host: cmp.Or(c.Host, "localhost"),
		logFile: cmp.Or(c.LogFile, filepath.Join(c.Dir, "log.key")), lockPath: cmp.Or(c.LockFile, filepath.Join(c.Dir, "verrou.db")), pair: c.Pair,
	}}
	if s.signer, err = createSigningKey(cmp.Or(c.SignFile, filepath.Join(c.Dir, "signature.key"))); err == nil {
		err = s.open(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Lock takes the exclusive lock of a data directory without opening it. The
// lock lasts as long as the file is open.
func Lock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "verrou"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrLocked
		}
		return nil, err
	}
	return f, nil
}

// dsn carries every pragma, because one run by hand holds for one pooled
// connection only; busy_timeout comes first (dependencies.md §2).
func (d *database) dsn(readOnly bool) string {
	v := url.Values{"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)", "secure_delete(ON)", "cache_size(-65536)"}}
	if readOnly {
		v.Add("_pragma", "query_only(ON)")
	} else {
		v.Set("_txlock", "immediate")
	}
	return "file:" + (&url.URL{Path: d.path}).EscapedPath() + "?" + v.Encode()
}

func openDatabase(ctx context.Context, dir, name string) (d *database, err error) {
	d = &database{path: filepath.Join(dir, name+".db")}
	return d, d.open(ctx, name)
}

// open creates the file when it is missing and migrates it; name is that of
// its migrations.
func (d *database) open(ctx context.Context, name string) (err error) {
	if err := private(d.path); err != nil {
		return err
	}
	if d.writer, err = sql.Open("sqlite", d.dsn(false)); err != nil {
		return err
	}
	d.writer.SetMaxOpenConns(1)
	if d.reader, err = sql.Open("sqlite", d.dsn(true)); err != nil {
		return err
	}
	d.reader.SetMaxOpenConns(4)
	p, err := d.provider(name)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("store: migrate %s: %w", name, err)
	}
	return nil
}

// recognise compares the root's witness with the one that a database was made
// with; a new database takes it.
func (d *database) recognise(ctx context.Context, witness []byte) error {
	if _, err := d.writer.ExecContext(ctx, `INSERT INTO temoin (cle, valeur) VALUES ('racine', $1) ON CONFLICT (cle) DO NOTHING`, witness); err != nil {
		return unavailable("store: root", err)
	}
	var kept []byte
	if err := d.writer.QueryRowContext(ctx, `SELECT valeur FROM temoin WHERE cle = 'racine'`).Scan(&kept); err != nil {
		return unavailable("store: root", err)
	}
	if !hmac.Equal(kept, witness) {
		return ErrOtherRoot
	}
	return nil
}

// private creates a file for its owner alone; the engine gives its companions
// (-wal, -shm) the same mode.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

func (d *database) provider(name string) (*goose.Provider, error) {
	sub, err := fs.Sub(migrations, "migrations/"+name)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, d.writer, sub)
}

func (d *database) close() error {
	var errs []error
	for _, x := range []*sql.DB{d.reader, d.writer} {
		if x != nil {
			errs = append(errs, x.Close())
		}
	}
	return errors.Join(errs...)
}

func (s *Store) open(ctx context.Context) (err error) {
	if s.people, err = openDatabase(ctx, s.dir, "people"); err != nil {
		return err
	}
	if s.journal, err = openDatabase(ctx, s.dir, "journal"); err != nil {
		return err
	}
	s.disk = &disk{}
	s.journal.disk = s.disk
	for _, d := range []*database{s.people, s.journal} {
		if err := d.recognise(ctx, s.keys.witness()); err != nil {
			return err
		}
	}
	if err := s.openTrail(ctx); err != nil {
		return fmt.Errorf("store: open the ledger: %w", err)
	}
	if err := s.rememberTokens(ctx); err != nil {
		return err
	}
	if err := s.rememberDeciders(ctx); err != nil {
		return err
	}
	if err := s.sweepRehearsals(); err != nil {
		return err
	}
	if err := s.introduceSigner(ctx); err != nil {
		return err
	}
	return s.Refresh(ctx)
}

// Close releases the connections and the lock. Traces must have been closed
// first.
func (s *Store) Close() error {
	var errs []error
	if n := s.state.Load(); n != nil && n.population.hot != nil {
		errs = append(errs, n.population.hot.close())
	}
	if s.ledger != nil {
		s.acting.Lock()
		errs = append(errs, s.ledger.close(), s.ledger.lock.close())
		s.acting.Unlock()
	}
	for _, d := range []*database{s.people, s.journal} {
		if d != nil {
			errs = append(errs, d.close())
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// Ping reports whether the store can be read. Errors: service_indisponible.
func (s *Store) Ping(ctx context.Context) error {
	var n int
	return unavailable("store: ping", s.people.reader.QueryRowContext(ctx, `SELECT valeur FROM reglage WHERE cle = 'chargement'`).Scan(&n))
}

// Rehearsal is the same store with its acts undone: every method runs the same
// code and the same checks, and its transaction is rolled back.
func (s *Store) Rehearsal() *Store { return &Store{engine: s.engine, rehearse: true, by: s.by} }

// By is the same store in somebody's hands: each of its acts is told as theirs.
func (s *Store) By(by trace.By) *Store {
	return &Store{engine: s.engine, rehearse: s.rehearse, by: by}
}

// attribute writes who acts into an event.
func (s *Store) attribute(e *trace.Event) {
	if s.by.Author != "" {
		e.Author, e.Actor = s.by.Author, s.by.Actor
	}
	if len(e.Reasons) == 0 {
		e.Reasons = s.by.Reasons
	}
	if s.by.RequestID != "" {
		e.RequestID, e.IP = s.by.RequestID, s.by.IP
	}
}

// act runs one write transaction on the journal, in turn with the traces, and
// writes its event in it: what is done is told, or neither is. The event may be
// completed by the act, which knows its Index. Errors: erreur_interne for an
// event that says too little.
func (s *Store) act(ctx context.Context, op string, e *trace.Event, do func(*sql.Tx) error) error {
	s.acting.Lock()
	defer s.acting.Unlock()
	l := s.ledger
	e.Index = l.head.next
	one := []*trace.Pending{{}}
	err := s.journal.tx(ctx, op, s.rehearse, func(tx *sql.Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		s.attribute(e)
		if !e.Complete() {
			return fault.New(fault.ErreurInterne, op).Because("EVENT_INCOMPLETE")
		}
		one[0].Leaf = e.Entry(s.clock()).Leaf()
		return l.write(actPen{ctx, tx, s.disk}, one)
	})
	if err == nil && !s.rehearse {
		l.written()
		return nil
	}
	if lost := l.undone(); lost != nil {
		err = unavailable(op, errors.Join(err, lost))
	}
	return err
}

// tell writes an event alone, before an act on another database: a crash
// between both leaves an event without its act, never the reverse.
func (s *Store) tell(ctx context.Context, op string, e *trace.Event) error {
	return s.act(ctx, op, e, func(*sql.Tx) error { return nil })
}

// tidy runs a write transaction that is nobody's act: it forgets what has had
// its time, or changes nothing.
func (s *Store) tidy(ctx context.Context, op string, do func(*sql.Tx) error) error {
	s.acting.Lock()
	defer s.acting.Unlock()
	return s.journal.tx(ctx, op, s.rehearse, do)
}

func (d *database) tx(ctx context.Context, op string, rehearse bool, do func(*sql.Tx) error) error {
	tx, err := d.writer.BeginTx(ctx, nil)
	if err != nil {
		return unavailable(op, err)
	}
	if err := do(tx); err != nil {
		tx.Rollback()
		return unavailable(op, err)
	}
	if rehearse {
		return unavailable(op, tx.Rollback())
	}
	if err := d.disk.write(tx.Commit); err != nil {
		tx.Rollback() // nothing to undo once it is done, or given up by the engine
		return unavailable(op, err)
	}
	return nil
}

// unavailable turns an engine's failure into service_indisponible and lets
// our own faults through.
func unavailable(op string, err error) error {
	if err == nil {
		return nil
	}
	var f *fault.Fault
	if errors.As(err, &f) {
		return err
	}
	return fault.New(fault.ServiceIndisponible, op).Because("STORE").After(5 * time.Second).With(err)
}

func millis(t time.Time) int64 { return t.UnixMilli() }

func nullMillis(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: !t.IsZero()}
}

func fromMillis(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.UnixMilli(n.Int64)
}

// PingWriter reports whether a trace could be written now. Errors:
// service_indisponible, with a Trail… reason when the trail is refused.
func (s *Store) PingWriter(ctx context.Context) error {
	if err := s.TrailError(); err != nil {
		return err
	}
	return s.Rehearsal().tidy(ctx, "store: ping writer", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE reglage SET valeur = valeur WHERE cle = 'generation'`)
		return err
	})
}
