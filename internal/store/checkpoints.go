package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/trace"
)

// clockSlack is how far behind the newest signed head the clock may be.
const clockSlack = 5 * time.Minute

// openTrail opens the ledger, its signing key and its lock, and asks whether the
// trail is the one that was signed. If it is not, the store is open and refuses
// everything that wants a trace.
func (s *Store) openTrail(ctx context.Context) (err error) {
	if s.ledger, err = openLedger(s.journal.path); err != nil {
		return err
	}
	l := s.ledger
	l.keys, l.host, l.disk = s.keys, s.host, s.disk
	if l.seed, err = CreateLogKey(s.logFile); err != nil {
		return err
	}
	if err := l.readHead(); errors.Is(err, errNodes) {
		l.refused = refusedTrail(TrailForked)
	} else if err != nil {
		return err
	}
	if l.lock, err = openLock(s.lockPath, len(l.head.logs) == 0); err != nil {
		return err
	}
	if l.lock != nil {
		l.lock.disk = s.disk
	}
	if err := s.Beat(ctx); err != nil && !strings.HasPrefix(fault.From(err).Reason(), "TRAIL_") {
		return err
	}
	return nil
}

// Beat signs the head of every log that has grown since it was last signed, and
// tells whether the trail still is the one that was signed. It is run on a fixed
// beat, so that a signed head says nothing of one call. Errors:
// service_indisponible, with a Trail… reason when it is not.
func (s *Store) Beat(ctx context.Context) error {
	s.signing.Lock()
	defer s.signing.Unlock()
	h, err := s.standing()
	if err != nil {
		return err
	}
	if err := s.signHeads(ctx, h); err != nil {
		return err
	}
	return s.tellRelocked(ctx)
}

// signHeads compares every log with the lock, and signs those that have grown.
func (s *Store) signHeads(ctx context.Context, h edge) error {
	if err := s.knownToLock(h); err != nil {
		return err
	}
	for i, log := range h.logs {
		size, root := h.next-log.First, [trace.HashSize]byte{}
		if i+1 < len(h.logs) {
			size = h.logs[i+1].First - log.First
			tree, err := trace.TreeAt(size, s.nodes(ctx, log))
			if err != nil {
				return unavailable("store: beat", err)
			}
			root = tree.Root()
		} else {
			root = h.tree.Root()
		}
		if _, err := s.sign(ctx, log, trace.Head{Origin: log.Origin, Size: size, Root: root}); err != nil {
			return err
		}
	}
	return s.publish(ctx, h)
}

// standing is the head on disk; refused says why there is none to trust.
func (s *Store) standing() (edge, error) {
	s.acting.Lock()
	defer s.acting.Unlock()
	if s.ledger == nil || s.ledger.conn == nil {
		return edge{}, unavailable("store: trail", errClosed)
	}
	if s.ledger.refused != nil {
		return edge{}, s.ledger.refused
	}
	return s.ledger.head.copy(), nil
}

// refuse stops everything that wants a trace.
func (s *Store) refuse(reason string) error {
	f := refusedTrail(reason)
	s.acting.Lock()
	defer s.acting.Unlock()
	s.ledger.refused = f
	return f
}

// knownToLock compares the logs of the lock with those of the trail.
func (s *Store) knownToLock(h edge) error {
	held, err := s.ledger.lock.all()
	if err != nil {
		return unavailable("store: lock", err)
	}
	for _, log := range h.logs {
		if held[log.Origin] == "" {
			return s.refuse(TrailLockMissing)
		}
		delete(held, log.Origin)
	}
	for origin, note := range held { // begun and never written, or of a newer database
		c, err := s.logKeys(origin).Open([]byte(note))
		if err != nil {
			return s.refuse(TrailLockBroken)
		}
		if c.Size > 0 {
			return s.refuse(TrailRolledBack)
		}
	}
	return nil
}

// sign makes a head count: it is compared with the last one that the lock
// holds, signed, put in the lock in its place, then kept beside the others.
// What a crash left in the lock alone is taken from there, by the same lines.
func (s *Store) sign(ctx context.Context, log trace.StoredLog, now trace.Head) (trace.Checkpoint, error) {
	held, err := s.ledger.lock.held(log.Origin)
	if err != nil {
		return trace.Checkpoint{}, unavailable("store: lock", err)
	}
	if held.note == "" {
		return trace.Checkpoint{}, s.refuse(TrailLockMissing)
	}
	last, err := s.logKeys(log.Origin).Open([]byte(held.note))
	switch {
	case err != nil || last.Origin != log.Origin:
		return last, s.refuse(TrailLockBroken)
	case last.Size > now.Size:
		return last, s.refuse(TrailRolledBack)
	}
	before, err := trace.TreeAt(last.Size, s.nodes(ctx, log))
	if err != nil {
		return last, unavailable("store: sign", err)
	}
	if before.Root() != last.Root || last.Size == now.Size && now.Root != last.Root {
		return last, s.refuse(TrailForked)
	}
	if err := s.keep(ctx, last, held.before); err != nil {
		return last, err
	}
	if last.Size < now.Size {
		at := s.clock()
		if at.Before(last.At.Add(-clockSlack)) {
			return last, refusedTrail(TrailClockBack)
		}
		if at.Before(last.At) {
			at = last.At
		}
		next, err := s.ledger.seed.Sign(now, at)
		if err != nil {
			return last, unavailable("store: sign", err)
		}
		seen := held.note
		held = heldHead{next.Note, last.Size}
		if err := s.ledger.lock.swap(log.Origin, seen, held); err != nil {
			return last, unavailable("store: lock", err)
		}
		return next, s.keep(ctx, next, held.before)
	}
	return last, nil
}

// keep writes a checkpoint beside the others, once.
func (s *Store) keep(ctx context.Context, c trace.Checkpoint, before int64) error {
	if c.Size == 0 {
		return nil // of a log that is only begun
	}
	return (&Store{engine: s.engine}).tidy(ctx, "store: checkpoint", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO point_controle (origine, taille, precedent, note) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, c.Origin, c.Size, before, c.Note)
		return err
	})
}

// logKeys are the keys under which this log's own notes are read.
func (s *Store) logKeys(origin string) trace.Keys {
	k, err := trace.ParseKeys([]byte(s.ledger.seed.PublicKey(origin)))
	if err != nil {
		return trace.Keys{}
	}
	return k
}

// nodes reads the stored nodes of a log.
func (s *Store) nodes(ctx context.Context, log trace.StoredLog) tlog.HashReader {
	return nodesOf(func(n int64) (first int64, nodes []byte, err error) {
		err = s.journal.reader.QueryRowContext(ctx, nodesQuery, n).Scan(&first, &nodes)
		return first, nodes, err
	}, log)
}

// public is the head that everybody may read, without cosignatures, and the
// hour that it was found for.
type public struct {
	hour time.Time
	head *trace.Checkpoint
}

// publish notes which checkpoint is public: the newest signed before this hour
// began, so that what is public says nothing of one visit. It is looked for once
// an hour; witnesses may cosign it later.
func (s *Store) publish(ctx context.Context, h edge) error {
	if hour := s.clock().Truncate(time.Hour); s.public.head == nil || !s.public.hour.Equal(hour) {
		for i := len(h.logs) - 1; i >= 0; i-- {
			found, err := s.newestBefore(ctx, h.logs[i].Origin, hour)
			if err != nil {
				return unavailable("store: publish", err)
			}
			if found != nil {
				s.public = public{hour, found}
				break
			}
		}
	}
	if s.public.head == nil {
		return nil
	}
	c := *s.public.head
	lines, err := s.cosignatures(ctx, c.Head)
	if err != nil {
		return unavailable("store: publish", err)
	}
	c.Note = trace.Cosigned(c.Note, lines)
	s.published.Store(&c)
	return nil
}

// newestBefore is the newest head of a log signed before an instant, nil when
// there is none. No head was signed before a smaller one, so that halving finds
// it, and no date needs to be kept that is not signed; a note that cannot be
// read is passed over.
func (s *Store) newestBefore(ctx context.Context, origin string, at time.Time) (found *trace.Checkpoint, err error) {
	var high int64
	if err := s.journal.reader.QueryRowContext(ctx, `SELECT COALESCE(MAX(taille), 0) FROM point_controle WHERE origine = $1`, origin).Scan(&high); err != nil {
		return nil, err
	}
	keys := s.logKeys(origin)
	for low := int64(1); low <= high; {
		middle := low + (high-low)/2
		c, err := s.readable(ctx, keys, origin, [2]int64{low, middle})
		switch {
		case err != nil:
			return nil, err
		case c != nil && !c.At.Before(at):
			high = c.Size - 1
			continue
		case c != nil:
			found = c
		}
		low = middle + 1
	}
	return found, nil
}

// readable is the greatest head between two sizes whose note can be read.
func (s *Store) readable(ctx context.Context, keys trace.Keys, origin string, between [2]int64) (*trace.Checkpoint, error) {
	for {
		var size int64
		var note string
		err := s.journal.reader.QueryRowContext(ctx, newestIn, origin, between[0], between[1]).Scan(&size, &note)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if c, err := keys.Open([]byte(note)); err == nil && c.Size == size {
			return &c, nil
		}
		between[1] = size - 1
	}
}

const newestIn = `SELECT taille, note FROM point_controle WHERE origine = $1 AND taille >= $2 AND taille <= $3 ORDER BY taille DESC LIMIT 1`

// Published is the checkpoint that everybody may read, with the cosignatures
// that were there; ok is false while none is an hour old.
func (s *Store) Published() (c trace.Checkpoint, ok bool) {
	if p := s.published.Load(); p != nil {
		return *p, true
	}
	return c, false
}

// PublicKeys are the lines under which the checkpoints of every log are checked
// (C2SP vkey), the newest log last. Errors: service_indisponible.
func (s *Store) PublicKeys(ctx context.Context) (out []string, err error) {
	err = each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var origin string
		err := scan(&origin)
		out = append(out, s.ledger.seed.PublicKey(origin))
		return err
	}, `SELECT origine FROM arbre ORDER BY first, origine`)
	return out, unavailable("store: public keys", err)
}

// TrailError is why nothing may be traced, nil as long as it may: a fault with a
// Trail… reason.
func (s *Store) TrailError() error {
	s.acting.Lock()
	defer s.acting.Unlock()
	return s.ledger.refused
}

// ConsistencyProof proves that a head of a log continues an earlier size of it.
// Errors: ressource_inconnue (no such log), service_indisponible.
func (s *Store) ConsistencyProof(ctx context.Context, h trace.Head, from int64) ([]tlog.Hash, error) {
	log := trace.StoredLog{Origin: h.Origin}
	err := s.journal.reader.QueryRowContext(ctx, `SELECT first FROM arbre WHERE origine = $1`, h.Origin).Scan(&log.First)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, notFound("store: consistency")
	}
	if err != nil {
		return nil, unavailable("store: consistency", err)
	}
	proof, err := trace.ProveConsistency(from, h.Size, s.nodes(ctx, log))
	return proof, unavailable("store: consistency", err)
}
