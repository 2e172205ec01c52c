package store

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
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

func TestThePublicHeadNeverGoesBack(t *testing.T) {
	c, dir := &instant{time.Date(2026, 12, 31, 10, 0, 0, 0, time.UTC)}, t.TempDir()
	s, whole := openWith(t, dir, c), t // it outlives the cases
	grow := func() { commitAll(t, s, 1, about(c.t, 1)); must(t, s.Beat(ctx)) }
	published := func() (string, int64) {
		p, ok := s.Published()
		if !ok {
			t.Fatal("nothing is published")
		}
		return p.Origin, p.Size
	}
	grow()
	c.t = time.Date(2027, 3, 1, 9, 59, 0, 0, time.UTC)
	for range 3 {
		grow()
	}
	c.t = c.t.Add(2 * time.Minute)
	must(t, s.Beat(ctx))
	origin, size := published()
	if origin != "droits.example/acces/2027" || size != 3 {
		t.Fatal(origin, size)
	}
	t.Run("whatever is signed within the hour, and over a restart", func(t *testing.T) {
		for i := range 210 {
			grow()
			c.t = c.t.Add(10 * time.Second)
			if i%50 == 49 {
				must(t, s.Close())
				s = openWith(whole, dir, c)
			}
			if o, n := published(); o != origin || n != 3 {
				t.Fatalf("after %d heads: %s %d", i+1, o, n)
			}
		}
	})
	t.Run("at the turn of the hour it is the newest of before, each hour", func(t *testing.T) {
		for range 3 {
			last := newest(t, s).Size
			c.t = c.t.Truncate(time.Hour).Add(time.Hour)
			grow()
			if o, n := published(); o != origin || n != last {
				t.Errorf("%s %d, not %d", o, n, last)
			}
			c.t = c.t.Add(5 * time.Minute)
			grow()
		}
	})
	t.Run("a note that cannot be read is passed over, not an hour of them", func(t *testing.T) {
		_, last := published()
		edit(t, s.journal.path, `UPDATE point_controle SET note = 'x' WHERE origine = $1 AND taille = $2`, origin, last)
		must(t, s.Close())
		s = openWith(whole, dir, c)
		if o, n := published(); o != origin || n != last-1 {
			t.Errorf("%s %d, not %d", o, n, last-1)
		}
	})
	t.Run("a cosignature that comes later is published with it", func(t *testing.T) {
		p, _ := s.Published()
		line, err := trace.Seed{3}.Cosign("temoin.example", p.Head, c.t)
		must(t, err)
		must(t, s.Cosigned(ctx, p.Head, "temoin.example", line))
		for range 2 {
			must(t, s.Beat(ctx))
			if p, _ := s.Published(); strings.Count(p.Note, line) != 1 {
				t.Error(p.Note)
			}
		}
	})
}

// headCount is how many heads are kept.
func headCount(t testing.TB, s *Store) (n int) {
	t.Helper()
	must(t, s.journal.reader.QueryRowContext(ctx, `SELECT COUNT(*) FROM point_controle`).Scan(&n))
	return n
}

func TestReceiptsShareASignature(t *testing.T) {
	c := &instant{noon()}
	s := openWith(t, t.TempDir(), c)
	prove := func(n int64) {
		if p, err := s.Proof(ctx, n); err != nil || p.Index != n {
			t.Errorf("%d: %v", n, err)
		}
	}
	commitAll(t, s, 1, about(c.t, 0), about(c.t, 1))
	prove(0)
	before := headCount(t, s)
	prove(1) // the head that was signed holds it
	if n := headCount(t, s); n != before {
		t.Errorf("%d heads are signed for an entry that one holds", n-before)
	}
	for i := range 20 {
		commitAll(t, s, 1, about(c.t, i))
	}
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() { prove(int64(2 + i)) })
	}
	all.Wait()
	if n := headCount(t, s); n != before+1 {
		t.Errorf("%d heads are signed for receipts asked for within a second", n-before)
	}
}

// planOf says how the engine answers a query.
func planOf(t testing.TB, s *Store, q string, args ...any) (out string) {
	t.Helper()
	must(t, each(ctx, s.journal.reader, func(scan func(...any) error) error {
		var id, parent, unused int
		var step string
		err := scan(&id, &parent, &unused, &step)
		out += step + "\n"
		return err
	}, "EXPLAIN QUERY PLAN "+q, args...))
	return out
}

func TestWhatWaitsForWitnessesIsFoundAtOnce(t *testing.T) { // T4
	c := &instant{noon()}
	s := openWith(t, t.TempDir(), c)
	commitAll(t, s, 1, about(c.t, 1))
	const origin = "droits.example/acces/2026"
	heads := 2000
	if os.Getenv("DROITS_SOAK") == "1" {
		heads = 100_000
	}
	first, err := s.ledger.seed.Sign(trace.Head{Origin: origin, Size: 1}, c.t)
	must(t, err)
	later, err := s.ledger.seed.Sign(trace.Head{Origin: origin, Size: int64(heads)}, c.t.Add(time.Hour))
	must(t, err)
	tx, err := s.journal.writer.Begin()
	must(t, err)
	const many = `WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < $1) `
	_, err = tx.ExecContext(ctx, many+`INSERT INTO point_controle (origine, taille, precedent, note) SELECT $2, i, i - 1, $3 FROM n`, heads, origin, later.Note)
	must(t, err)
	_, err = tx.ExecContext(ctx, many+`INSERT INTO cosignature (origine, taille, temoin, ligne, rang) SELECT $2, i, 'w', 'x', 1 FROM n WHERE i < $1`, heads, origin)
	must(t, err)
	must(t, firstError(tx.ExecContext(ctx, `UPDATE point_controle SET note = $1 WHERE taille = 2`, first.Note)))
	must(t, tx.Commit())
	for _, x := range []struct {
		quorum int
		since  time.Time
	}{{1, later.At}, {2, first.At}} {
		began := time.Now()
		since, waiting, err := s.WaitingForWitnesses(ctx, x.quorum)
		if err != nil || !waiting || !since.Equal(x.since) {
			t.Errorf("quorum %d: %v %v %v", x.quorum, since, waiting, err)
		}
		t.Logf("quorum %d among %d heads: %v", x.quorum, heads, time.Since(began))
	}
	for name, q := range map[string]string{"waiting": waitingHeads, "over": newestOver, "witnessed": newestWitnessed, "public": newestIn} {
		for step := range strings.Lines(planOf(t, s, q, []any{origin, 1, 1}[:strings.Count(q, "$")-strings.Count(q, "$1")+1]...)) {
			if strings.Contains(step, "SCAN") && !strings.HasPrefix(step, "SCAN a") || strings.Contains(step, "TEMP") && name != "waiting" {
				t.Errorf("%s: %s", name, step) // arbre has a row a year
			}
		}
	}
	must(t, s.Cosigned(ctx, later.Head, "a", "x"))
	must(t, s.Cosigned(ctx, later.Head, "b", "x"))
	must(t, s.Cosigned(ctx, later.Head, "b", "x"))
	if _, waiting, err := s.WaitingForWitnesses(ctx, 2); err != nil || waiting {
		t.Errorf("%v %v", waiting, err)
	}
	if _, waiting, err := s.WaitingForWitnesses(ctx, 3); err != nil || !waiting {
		t.Errorf("the same witness counts twice: %v", err)
	}
}

func TestAReceiptRestsOnTheHeadThatMostCosigned(t *testing.T) { // T4
	c := &instant{noon()}
	s := openWith(t, t.TempDir(), c)
	var heads []trace.Checkpoint
	for i := range 4 {
		commitAll(t, s, 1, about(c.t, i))
		must(t, s.Beat(ctx))
		heads = append(heads, newest(t, s))
	}
	for i, names := range [][]string{{"a", "b"}, {"b", "a"}, {"a"}} {
		for _, n := range names {
			line, err := trace.Seed{3}.Cosign(n+".example", heads[i].Head, c.t)
			must(t, err)
			must(t, s.Cosigned(ctx, heads[i].Head, n+".example", line))
		}
	}
	for n, want := range []int64{2, 2, 3, 4} {
		p, err := s.Proof(ctx, int64(n))
		must(t, err)
		if got := trace.SizeOf([]byte(p.Checkpoint)); got != want {
			t.Errorf("entry %d rests on the head of %d, not of %d", n, got, want)
		}
	}
}
