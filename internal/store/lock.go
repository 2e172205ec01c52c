package store

import (
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/trace"
)

// The reasons for which nothing may be traced: each is an incident that a
// restart does not mend. docs/operations.md says what to do.
const (
	TrailLockMissing = "TRAIL_LOCK_MISSING" // the lock does not know a log that holds entries
	TrailLockBroken  = "TRAIL_LOCK_BROKEN"  // what the lock holds was not signed by this log's key
	TrailLockNewer   = "TRAIL_LOCK_NEWER"   // relock only: the lock knows a longer log than what it is given
	TrailRolledBack  = "TRAIL_ROLLED_BACK"  // the trail is shorter than what was signed: an older database
	TrailForked      = "TRAIL_FORKED"       // the trail is not the one that was signed
	TrailClockBack   = "TRAIL_CLOCK_BACK"   // the clock is behind what was signed; only signing stops
)

func refusedTrail(reason string) *fault.Fault {
	return fault.New(fault.ServiceIndisponible, "store: trail").Because(reason).After(time.Minute)
}

// headLock remembers the last head signed of each log, in a file apart that no
// backup holds: a database put back, or grown apart, is told from the one that
// was signed. A head counts once it is here.
type headLock struct {
	mu   sync.Mutex // entries that open a log meet heads that are signed
	conn *sqlite.Conn
	disk *disk
}

// openLock opens the lock; a missing file is made only for a trail that is
// empty, and is otherwise no lock. A nil lock knows nothing.
func openLock(path string, empty bool) (*headLock, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !empty {
		return nil, nil
	}
	if err := private(path); err != nil {
		return nil, err
	}
	c, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	for _, q := range []string{
		"PRAGMA busy_timeout = 5000", "PRAGMA journal_mode = DELETE", "PRAGMA synchronous = EXTRA",
		`CREATE TABLE IF NOT EXISTS verrou (origine TEXT PRIMARY KEY, precedent INTEGER NOT NULL, note TEXT NOT NULL) STRICT, WITHOUT ROWID`,
		`CREATE TABLE IF NOT EXISTS refait (origine TEXT PRIMARY KEY, avant TEXT NOT NULL, apres TEXT NOT NULL) STRICT, WITHOUT ROWID`,
	} {
		if err := sqlitex.ExecuteTransient(c, q, nil); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return &headLock{conn: c}, nil
}

func (k *headLock) close() error {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.conn == nil {
		return nil
	}
	c := k.conn
	k.conn = nil
	return c.Close()
}

// do runs a statement and tells how many rows it changed.
func (k *headLock) do(q string, row func(*sqlite.Stmt) error, args ...any) (int, error) {
	if k == nil {
		return 0, refusedTrail(TrailLockMissing)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.conn == nil {
		return 0, errClosed
	}
	run := func() error { return sqlitex.Execute(k.conn, q, &sqlitex.ExecOptions{Args: args, ResultFunc: row}) }
	if row != nil {
		return 0, run()
	}
	err := k.disk.write(run)
	return k.conn.Changes(), err
}

// all are the notes held, by origin.
func (k *headLock) all() (map[string]string, error) {
	out := map[string]string{}
	if k == nil {
		return out, nil
	}
	_, err := k.do(`SELECT origine, note FROM verrou`, func(s *sqlite.Stmt) error {
		out[s.ColumnText(0)] = s.ColumnText(1)
		return nil
	})
	return out, err
}

// heldHead is a signed note and the size of the head signed before it.
type heldHead struct {
	note   string // "" when there is none
	before int64
}

// held is what the lock holds of a log.
func (k *headLock) held(origin string) (h heldHead, err error) {
	_, err = k.do(`SELECT note, precedent FROM verrou WHERE origine = $1`, func(s *sqlite.Stmt) error {
		h = heldHead{s.ColumnText(0), s.ColumnInt64(1)}
		return nil
	}, origin)
	return h, err
}

// begin holds the empty head of a log that is about to be opened. A log of that
// name that was signed with entries is not opened again.
func (k *headLock) begin(origin string, seed trace.Seed, at time.Time) error {
	h, err := k.held(origin)
	if err != nil {
		return err
	}
	c, err := seed.Sign(trace.Head{Origin: origin, Root: trace.EmptyRoot()}, at)
	if err != nil {
		return err
	}
	if h.note == "" {
		_, err = k.do(`INSERT INTO verrou (origine, precedent, note) VALUES ($1, 0, $2)`, nil, origin, c.Note)
		return err
	}
	keys, err := trace.ParseKeys([]byte(seed.PublicKey(origin)))
	if err != nil {
		return err
	}
	switch was, err := keys.Open([]byte(h.note)); {
	case err != nil:
		return refusedTrail(TrailLockBroken)
	case was.Size > 0:
		return refusedTrail(TrailRolledBack)
	}
	return nil
}

// swap replaces the head that its caller saw by a newer one.
func (k *headLock) swap(origin, seen string, next heldHead) error {
	n, err := k.do(`UPDATE verrou SET note = $1, precedent = $2 WHERE origine = $3 AND note = $4`, nil, next.note, next.before, origin, seen)
	if err == nil && n != 1 {
		err = refusedTrail(TrailForked) // another process signs this log
	}
	return err
}
