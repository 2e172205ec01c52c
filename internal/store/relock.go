package store

import (
	"context"
	"strconv"

	"zombiezen.com/go/sqlite"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/trace"
)

// Relock puts in a lock that is lost (missing, empty, or altered) a checkpoint
// that comes from elsewhere: published, or cosigned by a witness, never from a
// backup of ours. Rehearsed, it only checks. The trail must contain it, and what
// the lock still holds of that log; the trail is served again once every log is
// known and signed, and an event tells it. Errors: parametre_invalide on
// checkpoint when it is not signed by this log; ressource_inconnue for another
// log; service_indisponible with TRAIL_LOCK_NEWER when the lock knows a longer
// log, TRAIL_ROLLED_BACK or TRAIL_FORKED when the trail is not the one that was
// signed.
func (s *Store) Relock(ctx context.Context, signed []byte) (int64, error) {
	s.signing.Lock()
	defer s.signing.Unlock()
	origin := trace.OriginOf(signed)
	c, err := s.logKeys(origin).Open(signed)
	if err != nil {
		return c.Size, fault.New(fault.ParametreInvalide, "store: relock").On("checkpoint")
	}
	s.acting.Lock()
	h := s.ledger.head.copy()
	s.acting.Unlock()
	for i, log := range h.logs {
		if log.Origin != origin {
			continue
		}
		size := h.next - log.First
		if i+1 < len(h.logs) {
			size = h.logs[i+1].First - log.First
		}
		if c.Size > size {
			return c.Size, refusedTrail(TrailRolledBack)
		}
		if err := s.contains(ctx, log, c.Head); err != nil {
			return c.Size, err
		}
		before, err := s.lockAllows(ctx, log, c.Head)
		if err != nil || s.rehearse {
			return c.Size, err
		}
		return c.Size, s.relock(ctx, h, relocked{c, before})
	}
	return c.Size, notFound("store: relock")
}

// contains reports whether a head is one of the stored tree.
func (s *Store) contains(ctx context.Context, log trace.StoredLog, h trace.Head) error {
	tree, err := trace.TreeAt(h.Size, s.nodes(ctx, log))
	if err != nil {
		return unavailable("store: relock", err)
	}
	if tree.Root() != h.Root {
		return refusedTrail(TrailForked)
	}
	return nil
}

// lockAllows tells what the lock says of a log, and refuses to make it forget a
// head of this key: a lock that knows a longer log is not lost.
func (s *Store) lockAllows(ctx context.Context, log trace.StoredLog, to trace.Head) (string, error) {
	held, err := s.ledger.lock.all()
	if err != nil {
		return "", unavailable("store: lock", err)
	}
	if held[log.Origin] == "" {
		return "absent", nil
	}
	was, err := s.logKeys(log.Origin).Open([]byte(held[log.Origin]))
	switch {
	case err != nil || was.Origin != log.Origin:
		return "altere", nil
	case was.Size > to.Size:
		return "", refusedTrail(TrailLockNewer)
	}
	return strconv.FormatInt(was.Size, 10), s.contains(ctx, log, was.Head)
}

// relocked is a head put in the lock by people, and what the lock said before.
type relocked struct {
	trace.Checkpoint
	before string // a size, or why there was none
}

// relock serves the trail again only when all its logs are those of the lock:
// as long as another one is not, what refused it stays.
func (s *Store) relock(ctx context.Context, h edge, c relocked) error {
	if err := s.openLost(); err != nil {
		return unavailable("store: relock", err)
	}
	l := s.ledger
	next := heldHead{note: c.Note}
	err := s.journal.reader.QueryRowContext(ctx, `SELECT COALESCE(MAX(taille), 0) FROM point_controle WHERE origine = $1 AND taille < $2`, c.Origin, c.Size).Scan(&next.before)
	if err == nil {
		err = l.lock.put(c.Origin, next, c.before)
	}
	if err != nil {
		return unavailable("store: relock", err)
	}
	if err := s.signHeads(ctx, h); err != nil {
		if fault.From(err).Reason() == TrailLockMissing {
			return nil // this log is known, another one is not yet
		}
		return err
	}
	s.acting.Lock()
	l.refused = nil
	s.acting.Unlock()
	return s.tellRelocked(ctx)
}

// openLost makes a new lock in the place of one whose file is missing.
func (s *Store) openLost() (err error) {
	s.acting.Lock()
	defer s.acting.Unlock()
	if s.ledger.lock == nil {
		if s.ledger.lock, err = openLock(s.lockPath, true); err == nil {
			s.ledger.lock.disk = s.disk
		}
	}
	return err
}

// tellRelocked writes the events of what people put in the lock, once the trail
// is served again: until then nothing may be written in it.
func (s *Store) tellRelocked(ctx context.Context) error {
	list, err := s.ledger.lock.untold()
	if err != nil {
		return unavailable("store: lock", err)
	}
	for _, x := range list {
		e := &trace.Event{Class: trace.KeyEvent, Operation: "verrou_refait", Actor: trace.ActorOperator, Object: "verrou", Before: x.before, After: x.after, Reasons: []string{x.origin}}
		if err := (&Store{engine: s.engine}).tell(ctx, "store: relock", e); err != nil {
			return err
		}
		if err := s.ledger.lock.told(x.origin); err != nil {
			return unavailable("store: lock", err)
		}
	}
	return nil
}

// untoldHead is a head put in the lock whose event is not written yet.
type untoldHead struct{ origin, before, after string }

func (k *headLock) untold() (out []untoldHead, err error) {
	if k == nil {
		return nil, nil
	}
	_, err = k.do(`SELECT origine, avant, apres FROM refait ORDER BY origine`, func(s *sqlite.Stmt) error {
		out = append(out, untoldHead{s.ColumnText(0), s.ColumnText(1), s.ColumnText(2)})
		return nil
	})
	return out, err
}

func (k *headLock) told(origin string) error {
	_, err := k.do(`DELETE FROM refait WHERE origine = $1`, nil, origin)
	return err
}

// put sets the head of a log, whatever was held: two people have decided so,
// and what is to be told of it is there before it.
func (k *headLock) put(origin string, h heldHead, before string) error {
	_, err := k.do(`INSERT INTO refait (origine, avant, apres) VALUES ($1, $2, $3) ON CONFLICT (origine) DO UPDATE SET apres = excluded.apres`, nil,
		origin, before, strconv.FormatInt(trace.SizeOf([]byte(h.note)), 10))
	if err == nil {
		_, err = k.do(`INSERT INTO verrou (origine, precedent, note) VALUES ($1, $2, $3) ON CONFLICT (origine) DO UPDATE SET note = excluded.note, precedent = excluded.precedent`, nil, origin, h.before, h.note)
	}
	return err
}
