package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/trace"
)

// putBack puts files of a directory in the place of those of another.
func putBack(t testing.TB, from, to string, names ...string) {
	t.Helper()
	for _, n := range names {
		b, err := os.ReadFile(filepath.Join(from, n))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(to, n), b, 0o600))
	}
}

// relocks are the events by which the lock was made again: before > after, log.
func relocks(t testing.TB, s *Store) (out []string) {
	t.Helper()
	for _, e := range verified(t, s) {
		p, err := trace.ReadPerson(e.Person)
		must(t, err)
		if p.Operation == "verrou_refait" {
			if e.Class != trace.KeyEvent || p.Object != "verrou" || !strings.Contains(string(e.Internal), "/acces/") {
				t.Errorf("%v %+v", e.Class, p)
			}
			out = append(out, p.Before+" > "+p.After)
		}
	}
	return out
}

func TestALockThatIsNotLostIsNotMadeAgain(t *testing.T) { // T3
	c, dir := &instant{noon()}, t.TempDir()
	s := openWith(t, dir, c)
	register(t, s)
	must(t, s.Beat(ctx))
	c.t = c.t.Add(2 * time.Hour)
	must(t, s.Beat(ctx))
	published, ok := s.Published()
	if !ok {
		t.Fatal("nothing is published")
	}
	must(t, s.Close())
	yesterday := copyDir(t, dir)
	s = openWith(t, dir, c)
	must(t, s.Withdraw(ctx, droits.Sujet{7}, "hopital", "x"))
	must(t, s.Beat(ctx))
	longer := newest(t, s)
	must(t, s.Close())
	today := copyDir(t, dir)
	relock := func(t *testing.T, s *Store, reason string) {
		t.Helper()
		for _, x := range []*Store{s.Rehearsal(), s} {
			if _, err := x.Relock(ctx, []byte(published.Note)); err == nil || fault.From(err).Reason() != reason {
				t.Errorf("T3 %v", err)
			}
		}
	}
	t.Run("T3 a database put back is not served under what was published before the withdrawal", func(t *testing.T) {
		dir := copyDir(t, today)
		putBack(t, yesterday, dir, "journal.db")
		s := openWith(t, dir, c)
		relock(t, s, TrailLockNewer)
		if fault.From(s.Beat(ctx)).Reason() != TrailRolledBack || fault.From(s.TrailError()).Reason() != TrailRolledBack {
			t.Errorf("T3 served: %v", s.TrailError())
		}
		must(t, s.Close())
		putBack(t, today, dir, "journal.db")
		s = openWith(t, dir, c)
		must(t, s.TrailError())
		intact(t, s)
	})
	t.Run("T3 nor when it has grown past what the lock knows", func(t *testing.T) {
		dir := copyDir(t, yesterday)
		s := openWith(t, dir, c)
		for i := range int(longer.Size) {
			commitAll(t, s, 1, about(c.t, i))
		}
		must(t, s.Close())
		putBack(t, today, dir, "verrou.db")
		s = openWith(t, dir, c)
		relock(t, s, TrailLockNewer)
		fork, err := s.ledger.seed.Sign(trace.Head{Origin: longer.Origin, Size: longer.Size, Root: rootAt(t, s, longer.Size)}, c.t)
		must(t, err)
		if _, err := s.Relock(ctx, []byte(fork.Note)); fault.From(err).Reason() != TrailForked {
			t.Errorf("T3 the same size and another root: %v", err)
		}
		if fault.From(s.TrailError()).Reason() != TrailForked {
			t.Errorf("T3 served: %v", s.TrailError())
		}
	})
	for name, x := range map[string]struct {
		lose func(t *testing.T, lock string)
		told string
	}{
		"missing": {func(t *testing.T, lock string) { must(t, os.Remove(lock)) }, "absent"},
		"empty":   {func(t *testing.T, lock string) { edit(t, lock, `DELETE FROM verrou`) }, "absent"},
		"altered": {func(t *testing.T, lock string) { flip(t, lock, "verrou", "note", "0") }, "altere"},
	} {
		t.Run("T3 a lock that is "+name+" is made again, signed at once and told in the trail", func(t *testing.T) {
			dir := copyDir(t, today)
			x.lose(t, filepath.Join(dir, "verrou.db"))
			s := openWith(t, dir, c)
			if s.TrailError() == nil {
				t.Fatal("T3 served")
			}
			n, err := s.Relock(ctx, []byte(published.Note))
			must(t, err)
			must(t, s.TrailError())
			if n != published.Size {
				t.Error(n)
			}
			if held, err := s.ledger.lock.held(longer.Origin); err != nil || trace.SizeOf([]byte(held.note)) < longer.Size {
				t.Errorf("T3 what was served is not signed: %v", err)
			}
			if got := relocks(t, s); len(got) != 1 || !strings.HasPrefix(got[0], x.told+" > ") {
				t.Errorf("%q", got)
			}
			must(t, s.Beat(ctx))
			intact(t, s)
			if got := relocks(t, s); len(got) != 1 {
				t.Errorf("told again: %q", got)
			}
		})
	}
}

// rootAt is the root of the log at a size.
func rootAt(t testing.TB, s *Store, size int64) [trace.HashSize]byte {
	t.Helper()
	tree, err := trace.TreeAt(size, s.nodes(ctx, s.ledger.head.log()))
	must(t, err)
	return tree.Root()
}

func TestAllTheLogsAreKnownBeforeTheTrailIsServed(t *testing.T) { // T3
	dir, c := grownClosed(t)
	s := openWith(t, dir, c)
	heads := []trace.Checkpoint{newest(t, s), firstOf(t, s)}
	must(t, s.Close())
	must(t, os.Remove(filepath.Join(dir, "verrou.db")))
	for i, h := range heads {
		s = openWith(t, dir, c) // each by a command of its own
		if _, err := s.Relock(ctx, []byte(h.Note)); err != nil {
			t.Fatal(err)
		}
		if served := s.TrailError() == nil; served != (i == 1) {
			t.Errorf("T3 after %d of 2 logs, served: %v", i+1, served)
		}
		must(t, s.Close())
	}
	s = openWith(t, dir, c)
	if got := relocks(t, s); len(got) != 2 {
		t.Errorf("%q", got)
	}
	intact(t, s)
}
