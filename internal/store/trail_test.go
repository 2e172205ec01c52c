package store

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/trace"
)

// instant is a clock that tests move.
type instant struct{ t time.Time }

func (c *instant) now() time.Time { return c.t }

func openWith(t testing.TB, dir string, c *instant) *Store {
	t.Helper()
	s, err := Open(ctx, Config{Dir: dir, Root: testRoot(), Clock: c.now, Host: "droits.example"})
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// about is an entry about somebody, of whose family others are told.
func about(at time.Time, i int) trace.Entry {
	e := traceAt(at, fmt.Sprintf("sortie-%d", i))
	e.Subject = trace.Digest{1, byte(i)}
	if i%3 == 0 {
		e.Others = []trace.Digest{{2, byte(i)}, {3}}
	}
	return e
}

// commitAll commits entries, so many a batch.
func commitAll(t testing.TB, s *Store, per int, entries ...trace.Entry) {
	t.Helper()
	for group := range slices.Chunk(entries, per) {
		var batch []*trace.Pending
		for _, e := range group {
			batch = append(batch, &trace.Pending{Leaf: e.Leaf()})
		}
		must(t, s.Commit(ctx, batch))
	}
}

func keysOf(t testing.TB, s *Store) trace.Keys {
	t.Helper()
	lines, err := s.PublicKeys(ctx)
	must(t, err)
	k, err := trace.ParseKeys([]byte(strings.Join(lines, "\n")))
	must(t, err)
	return k
}

// judged verifies a directory, beside whoever holds it.
func judged(t testing.TB, dir string, o trace.VerifyOptions) trace.Verdict {
	t.Helper()
	root := testRoot()
	tr, err := OpenTrail(ctx, TrailConfig{Dir: dir, Root: &root})
	must(t, err)
	defer tr.Close()
	v, err := trace.Verify(ctx, tr, o)
	must(t, err)
	return v
}

func intact(t testing.TB, s *Store) trace.Verdict {
	t.Helper()
	v := judged(t, s.dir, trace.VerifyOptions{Keys: keysOf(t, s)})
	if !v.Intact {
		t.Fatalf("%+v", v.Flaws)
	}
	return v
}

// past gives a trail a past: two years, acts and calls, batches of every size,
// signed heads between them.
func past(t testing.TB, s *Store, c *instant) {
	register(t, s)
	must(t, s.Withdraw(ctx, camille, "hopital", "essai"))
	must(t, s.Allow(ctx, camille, "hopital"))
	n := 0
	for _, size := range []int{1, 2, 5, 30, 1, 1, 9} {
		var list []trace.Entry
		for range size {
			n++
			list = append(list, about(c.t, n))
		}
		commitAll(t, s, size, list...)
		c.t = c.t.Add(20 * time.Minute)
		must(t, s.Beat(ctx))
	}
}

func TestVerification(t *testing.T) { // R43
	dir, c := grownClosed(t)
	s := openWith(t, dir, c)
	v := intact(t, s)
	if len(v.Logs) != 2 || v.Logs[0].Origin != "droits.example/acces/2026" || v.Logs[1].Origin != "droits.example/acces/2027" || v.Logs[1].First != v.Logs[0].Size || v.Entries != v.Logs[0].Size+v.Logs[1].Size || v.Checked != v.Entries {
		t.Fatalf("%+v", v)
	}
	for _, l := range v.Logs {
		if l.Signed != l.Size || l.Checkpoints == 0 {
			t.Errorf("%+v", l)
		}
	}
	t.Run("R43 from any entry on, and under any head that was published", func(t *testing.T) {
		keys := keysOf(t, s)
		var heads []string
		must(t, each(ctx, s.journal.reader, func(scan func(...any) error) error {
			var note string
			err := scan(&note)
			heads = append(heads, note)
			return err
		}, `SELECT note FROM point_controle ORDER BY origine, taille`))
		for since := range v.Entries {
			if v := judged(t, dir, trace.VerifyOptions{Keys: keys, Since: since}); !v.Intact {
				t.Errorf("from %d: %+v", since, v.Flaws)
			}
		}
		for _, h := range heads {
			if v := judged(t, dir, trace.VerifyOptions{Keys: keys, Head: []byte(h)}); !v.Intact || !v.HeadChecked {
				t.Errorf("%+v", v.Flaws)
			}
		}
		other := trace.Seed{9}
		for name, h := range map[string]trace.Head{
			"T4 a fork of the same size": {Origin: v.Logs[1].Origin, Size: v.Logs[1].Size, Root: [32]byte{1}},
			"T3 a head beyond the end":   {Origin: v.Logs[1].Origin, Size: v.Logs[1].Size + 1, Root: [32]byte{1}},
		} {
			signed, err := s.ledger.seed.Sign(h, c.t)
			must(t, err)
			if v := judged(t, dir, trace.VerifyOptions{Keys: keys, Head: []byte(signed.Note)}); v.Intact {
				t.Errorf("%s is not told", name)
			}
			signed, err = other.Sign(h, c.t)
			must(t, err)
			if v := judged(t, dir, trace.VerifyOptions{Keys: keys, Head: []byte(signed.Note)}); v.Intact || v.Flaws[0].Check != trace.FlawSignature {
				t.Errorf("%s by another key: %+v", name, v.Flaws)
			}
		}
	})
	t.Run("without the root key everything is checked but what is sealed", func(t *testing.T) {
		tr, err := OpenTrail(ctx, TrailConfig{Dir: dir})
		must(t, err)
		defer tr.Close()
		v, err := trace.Verify(ctx, tr, trace.VerifyOptions{Keys: keysOf(t, s)})
		if err != nil || !v.Intact || v.Unopened != 2*v.Entries {
			t.Errorf("%+v %v", v, err)
		}
	})
	t.Run("a directory without a trail, another root", func(t *testing.T) {
		if _, err := OpenTrail(ctx, TrailConfig{Dir: t.TempDir()}); !errors.Is(err, ErrNoTrail) {
			t.Error(err)
		}
		if _, err := OpenTrail(ctx, TrailConfig{Dir: dir, Root: &Root{1}}); !errors.Is(err, ErrOtherRoot) {
			t.Error(err)
		}
	})
}

// copyDir copies a data directory whose store is closed.
func copyDir(t testing.TB, from string) string {
	t.Helper()
	to := t.TempDir()
	list, err := os.ReadDir(from)
	must(t, err)
	for _, f := range list {
		if !f.Type().IsRegular() {
			continue
		}
		b, err := os.ReadFile(filepath.Join(from, f.Name()))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(to, f.Name()), b, 0o600))
	}
	return to
}

// shut closes the store that grown opened, so that its files are whole.
func shut(t testing.TB, dir string, c *instant) (keys trace.Keys) {
	t.Helper()
	s := openWith(t, dir, c)
	keys = keysOf(t, s)
	must(t, s.Close())
	return keys
}

// script runs statements, whatever the constraints say.
func script(t testing.TB, path, q string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=ignore_check_constraints(ON)")
	must(t, err)
	defer db.Close()
	if _, err := db.ExecContext(ctx, q); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}

func edit(t testing.TB, path, q string, args ...any) int64 {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	must(t, err)
	defer db.Close()
	r, err := db.ExecContext(ctx, q, args...)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	n, _ := r.RowsAffected()
	return n
}

// trailTables are the tables that prove the trail, with the columns of each.
var trailTables = map[string][]string{
	"batch":          {"first", "count", "nodes", "sealed"},
	"subject":        {"tranche", "digest", "n", "titulaire"},
	"cle_jour":       {"jour", "partie", "cle"},
	"arbre":          {"origine", "first"},
	"point_controle": {"origine", "taille", "precedent", "note"},
}

func TestWhatIsAlteredIsFound(t *testing.T) { // T1
	source, c := grownClosed(t)
	keys := shut(t, source, c)
	if v := judged(t, source, trace.VerifyOptions{Keys: keys}); !v.Intact {
		t.Fatalf("%+v", v.Flaws)
	}
	found := func(t *testing.T, change func(journal, lock string)) {
		t.Helper()
		dir := copyDir(t, source)
		change(filepath.Join(dir, "journal.db"), filepath.Join(dir, "verrou.db"))
		root := testRoot()
		tr, err := OpenTrail(ctx, TrailConfig{Dir: dir, Root: &root})
		must(t, err)
		defer tr.Close()
		if v, err := trace.Verify(ctx, tr, trace.VerifyOptions{Keys: keys}); err != nil || v.Intact {
			t.Errorf("T1 nothing is found: %v", err)
		}
	}
	for table, columns := range trailTables {
		for _, column := range columns {
			t.Run("T1 a byte of "+table+"."+column, func(t *testing.T) {
				for _, row := range []string{"0", "1"} {
					found(t, func(journal, _ string) { flip(t, journal, table, column, row) })
				}
			})
		}
		t.Run("T1 a row of "+table+" deleted", func(t *testing.T) {
			found(t, func(journal, _ string) {
				if edit(t, journal, `DELETE FROM `+table+` WHERE `+columns[0]+` = (SELECT MIN(`+columns[0]+`) FROM `+table+`)`) == 0 {
					t.Fatal("no row")
				}
			})
		})
	}
	t.Run("T1 a byte of the lock, its row, its file", func(t *testing.T) {
		found(t, func(_, lock string) { flip(t, lock, "verrou", "note", "0") })
		found(t, func(_, lock string) { flip(t, lock, "verrou", "origine", "0") })
		found(t, func(_, lock string) { edit(t, lock, `DELETE FROM verrou WHERE origine LIKE '%2027'`) })
		found(t, func(_, lock string) { edit(t, lock, `DROP TABLE verrou`) })
		found(t, func(_, lock string) { must(t, os.Remove(lock)) })
	})
	t.Run("T1 what no row of the trail explains", func(t *testing.T) {
		for _, q := range []string{
			`INSERT INTO arbre (origine, first) VALUES ('droits.example/acces/2025', 0)`,
			`INSERT INTO subject (tranche, digest, n, titulaire) SELECT 0, digest, -1, 1 FROM subject LIMIT 1`,
			`DELETE FROM batch WHERE first = 0`,
			`UPDATE arbre SET first = -1 WHERE first = 0`,
			`UPDATE point_controle SET note = note || '— autre AAAAAAAA' || char(10) WHERE taille = (SELECT MIN(taille) FROM point_controle)`,
			`DELETE FROM partage_evenement`,
			`DELETE FROM partage_evenement WHERE acte = 'withdrawn'`,
			`UPDATE partage_evenement SET acte = 'allowed'`,
			`UPDATE partage_evenement SET sujet = x'02'`,
			`UPDATE partage_evenement SET at = at + 1`,
			`UPDATE partage_evenement SET id = id || 'x'`,
			`UPDATE partage_evenement SET motif = motif || 'x'`,
			`UPDATE partage_evenement SET exclus = x'02'`,
			`UPDATE partage_evenement SET trace = trace + 1`,
			`UPDATE partage_evenement SET until_at = 1`,
			`UPDATE partage_evenement SET trace = -1`,
			`UPDATE partage_evenement SET trace = 1000000`,
			`INSERT INTO partage_evenement SELECT 100 + n, id || 'x', x'02', partenaire, 'allowed', at, until_at, accord, blocs, refus, exclus, termes, notice, canal, acteur, motif, trace FROM partage_evenement`,
			`DELETE FROM cle_jour; DELETE FROM subject`,
		} {
			found(t, func(journal, _ string) { script(t, journal, q) })
		}
	})
	for _, column := range []string{"sealed", "nodes"} {
		t.Run("T1 two rows whose "+column+" are swapped", func(t *testing.T) {
			found(t, func(journal, _ string) {
				edit(t, journal, `CREATE TABLE autre AS SELECT first, `+column+` AS x FROM batch WHERE count = 1`)
				edit(t, journal, `UPDATE batch SET `+column+` = (SELECT x FROM autre WHERE autre.first <> batch.first ORDER BY autre.first DESC LIMIT 1) WHERE count = 1`)
			})
		})
	}
	t.Run("T1 a byte anywhere in what is sealed", func(t *testing.T) {
		for i := 0; i < 1800; i += 97 {
			found(t, func(journal, _ string) {
				edit(t, journal, fmt.Sprintf(`UPDATE batch SET sealed = CAST(SUBSTR(sealed, 1, %d) || CASE SUBSTR(sealed, %d, 1) WHEN x'00' THEN x'01' ELSE x'00' END || SUBSTR(sealed, %d) AS BLOB) WHERE count = 30`, i, i+1, i+2))
			})
		}
	})
	t.Run("T1 the last rows of the trail deleted together", func(t *testing.T) {
		found(t, func(journal, _ string) {
			edit(t, journal, `DELETE FROM subject WHERE n >= (SELECT MAX(first) FROM batch)`)
			edit(t, journal, `DELETE FROM batch WHERE first = (SELECT MAX(first) FROM batch)`)
		})
	})
	t.Run("T1 a whole trail written again with other people in it", func(t *testing.T) {
		again, clock := grownClosed(t)
		shut(t, again, clock)
		if v := judged(t, again, trace.VerifyOptions{Keys: keys}); v.Intact {
			t.Error("T1 another trail under another key is this one")
		}
	})
}

// grownClosed is a directory with a past, its store closed.
func grownClosed(t testing.TB) (string, *instant) {
	dir, c := t.TempDir(), &instant{time.Date(2026, 12, 31, 22, 0, 0, 0, time.UTC)}
	s := openWith(t, dir, c)
	past(t, s, c)
	must(t, s.Close())
	return dir, c
}

// flip changes one byte of a column of a row, or one unit of a number.
func flip(t testing.TB, path, table, column, row string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=ignore_check_constraints(ON)")
	must(t, err)
	defer db.Close()
	var value any
	key := map[string]string{"batch": "first", "subject": "digest || tranche || n", "cle_jour": "jour || partie", "arbre": "origine", "point_controle": "origine || taille", "verrou": "origine"}[table]
	var id any
	must(t, db.QueryRowContext(ctx, `SELECT `+key+`, `+column+` FROM `+table+` ORDER BY 1 LIMIT 1 OFFSET `+row).Scan(&id, &value))
	switch v := value.(type) {
	case int64:
		value = v ^ 1
	case string:
		b := []byte(v)
		b[len(b)/2] ^= 1
		value = string(b)
	case []byte:
		v[len(v)/2] ^= 1
		value = v
	}
	if _, err := db.ExecContext(ctx, `UPDATE `+table+` SET `+column+` = $1 WHERE `+key+` = $2`, value, id); err != nil && !strings.Contains(err.Error(), "UNIQUE") {
		t.Fatal(err)
	} else if err != nil { // the neighbour has that key: it is put in its place
		must(t, firstError(db.ExecContext(ctx, `UPDATE `+table+` SET `+column+` = $1 WHERE `+key+` = $2`, map[bool]any{true: int64(1 << 40), false: "x"}[table == "batch" || table == "subject" || table == "point_controle"], id)))
	}
}

func firstError(_ sql.Result, err error) error { return err }

func TestATrailThatIsNotTheOneSignedIsRefused(t *testing.T) { // T3
	yesterday, c := grownClosed(t)
	old := copyDir(t, yesterday)
	s := openWith(t, yesterday, c)
	commitAll(t, s, 4, about(c.t, 1), about(c.t, 2), about(c.t, 3), about(c.t, 4), about(c.t, 5))
	must(t, s.Beat(ctx))
	published := newest(t, s)
	must(t, s.Close())
	put := func(t *testing.T, from, to string, names ...string) {
		t.Helper()
		for _, n := range names {
			b, err := os.ReadFile(filepath.Join(from, n))
			must(t, err)
			must(t, os.WriteFile(filepath.Join(to, n), b, 0o600))
		}
	}
	refused := func(t *testing.T, dir, reason string) *Store {
		t.Helper()
		s := openWith(t, dir, c)
		for name, err := range map[string]error{
			"an entry": s.Commit(ctx, []*trace.Pending{{Leaf: about(c.t, 7).Leaf()}}),
			"an act":   s.RevokeKey(ctx, "cle_x"),
			"ready":    s.PingWriter(ctx),
			"a beat":   s.Beat(ctx),
			"status":   s.TrailError(),
		} {
			if name == "an act" && fault.Is(err, fault.RessourceInconnue) {
				continue // refused before its event
			}
			if !fault.Is(err, fault.ServiceIndisponible) || fault.From(err).Reason() != reason {
				t.Errorf("T3 %s: %v", name, err)
			}
		}
		return s
	}
	t.Run("T3 yesterday's database is refused", func(t *testing.T) {
		dir := copyDir(t, yesterday)
		put(t, old, dir, "journal.db")
		s := refused(t, dir, TrailRolledBack)
		if _, err := s.Relock(ctx, []byte(published.Note)); fault.From(err).Reason() != TrailRolledBack {
			t.Errorf("T3 the lock cannot be made to forget what was signed: %v", err)
		}
	})
	t.Run("T3 a database put back and grown past what was signed is a fork", func(t *testing.T) {
		dir := copyDir(t, old)
		s := openWith(t, dir, c)
		for i := range 10 {
			commitAll(t, s, 1, about(c.t, 40+i))
		}
		must(t, s.Close())
		put(t, yesterday, dir, "verrou.db")
		refused(t, dir, TrailForked)
	})
	t.Run("T3 the same size and another root", func(t *testing.T) {
		dir := copyDir(t, old)
		s := openWith(t, dir, c)
		commitAll(t, s, 4, about(c.t, 1), about(c.t, 2), about(c.t, 3), about(c.t, 4), about(c.t, 5))
		must(t, s.Close())
		put(t, yesterday, dir, "verrou.db")
		refused(t, dir, TrailForked)
	})
	t.Run("T3 a database of before the year's log was opened", func(t *testing.T) {
		dir := t.TempDir()
		early := &instant{time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}
		s := openWith(t, dir, early)
		commitAll(t, s, 1, about(early.t, 1))
		must(t, s.Close())
		put(t, yesterday, dir, "verrou.db", "log.key")
		s = openWith(t, dir, c)
		if s.TrailError() == nil {
			t.Error("T3 served")
		}
	})
	t.Run("T3 an empty directory beside a lock that knows better", func(t *testing.T) {
		dir := t.TempDir()
		put(t, yesterday, dir, "verrou.db", "log.key")
		refused(t, dir, TrailRolledBack)
	})
	t.Run("T3 a lock that is lost is made again from what was published, by relock alone", func(t *testing.T) {
		dir := copyDir(t, yesterday)
		must(t, os.Remove(filepath.Join(dir, "verrou.db")))
		s := refused(t, dir, TrailLockMissing)
		if _, err := s.Relock(ctx, []byte("x")); !fault.Is(err, fault.ParametreInvalide) {
			t.Errorf("%v", err)
		}
		forged, err := trace.Seed{1}.Sign(published.Head, c.t)
		must(t, err)
		if _, err := s.Relock(ctx, []byte(forged.Note)); !fault.Is(err, fault.ParametreInvalide) {
			t.Errorf("%v", err)
		}
		if _, err := s.Rehearsal().Relock(ctx, []byte(published.Note)); err != nil || s.TrailError() == nil {
			t.Errorf("rehearsed: %v", err)
		}
		first := firstOf(t, s)
		for _, c := range []trace.Checkpoint{published, first} {
			if _, err := s.Relock(ctx, []byte(c.Note)); err != nil {
				t.Errorf("%v", err)
			}
		}
		must(t, s.Beat(ctx))
		commitAll(t, s, 1, about(c.t, 9))
		must(t, s.Beat(ctx))
		intact(t, s)
	})
	t.Run("a lock of another key", func(t *testing.T) {
		dir := copyDir(t, yesterday)
		must(t, os.Remove(filepath.Join(dir, "log.key")))
		refused(t, dir, TrailLockBroken)
	})
	t.Run("nodes that are cut", func(t *testing.T) {
		dir := copyDir(t, yesterday)
		edit(t, filepath.Join(dir, "journal.db"), `UPDATE batch SET nodes = X'00' WHERE first = (SELECT MAX(first) FROM batch)`)
		if openWith(t, dir, c).TrailError() == nil {
			t.Error("served")
		}
	})
}

// newest is the newest checkpoint, and firstOf the oldest log's last one.
func newest(t testing.TB, s *Store) trace.Checkpoint {
	return checkpoint(t, s, `SELECT note FROM point_controle ORDER BY origine DESC, taille DESC LIMIT 1`)
}

func firstOf(t testing.TB, s *Store) trace.Checkpoint {
	return checkpoint(t, s, `SELECT note FROM point_controle WHERE origine = (SELECT MIN(origine) FROM point_controle) ORDER BY taille DESC LIMIT 1`)
}

func checkpoint(t testing.TB, s *Store, q string) trace.Checkpoint {
	t.Helper()
	var note string
	must(t, s.journal.reader.QueryRowContext(ctx, q).Scan(&note))
	c, err := s.logKeys(trace.OriginOf([]byte(note))).Open([]byte(note))
	must(t, err)
	return c
}

func TestAClockSetBackStopsSigning(t *testing.T) { // T3
	c := &instant{noon()}
	dir := t.TempDir()
	s := openWith(t, dir, c)
	commitAll(t, s, 1, about(c.t, 1))
	must(t, s.Beat(ctx))
	signed := newest(t, s)
	for _, x := range []struct {
		name  string
		back  time.Duration
		signs bool
	}{
		{"T3 an hour", time.Hour, false},
		{"just over five minutes", 5*time.Minute + time.Second, false},
		{"four minutes", 4 * time.Minute, true},
	} {
		t.Run(x.name, func(t *testing.T) {
			c.t = noon().Add(-x.back)
			commitAll(t, s, 1, about(c.t, 2)) // calls go on: only what proves them waits
			err := s.Beat(ctx)
			if x.signs {
				must(t, err)
				if after := newest(t, s); after.Size <= signed.Size || after.At.Before(signed.At) {
					t.Errorf("%v", after.At)
				}
			} else if fault.From(err).Reason() != TrailClockBack || newest(t, s).Size != signed.Size || s.TrailError() != nil {
				t.Errorf("T3 %v", err)
			}
		})
	}
	intact(t, s)
}

func TestWhatIsPublishedIsAnHourOld(t *testing.T) {
	c := &instant{time.Date(2026, 11, 22, 9, 58, 0, 0, time.UTC)}
	s := openWith(t, t.TempDir(), c)
	if _, ok := s.Published(); ok {
		t.Error("something is published of an empty trail")
	}
	last := int64(0)
	for range 6 {
		commitAll(t, s, 1, about(c.t, 1))
		must(t, s.Beat(ctx))
		p, ok := s.Published()
		if ok && !p.At.Before(c.t.Truncate(time.Hour)) {
			t.Errorf("at %v one of %v is published", c.t, p.At)
		}
		if ok != (c.t.Hour() == 10) {
			t.Errorf("at %v: %v", c.t, ok)
		}
		last = max(last, p.Size)
		c.t = c.t.Add(time.Minute)
	}
	if last != 2 {
		t.Errorf("size %d", last)
	}
}
