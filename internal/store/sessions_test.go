package store

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"droits.example/droits/internal/fault"
)

func TestSessions(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir)
	content := []byte(`{"qui":"quelqu'un d'inventé"}`)
	list := func(person string) (ids []string) {
		must(t, s.EachSession(ctx, person, func(id string, _, _ time.Time) { ids = append(ids, id) }))
		return ids
	}
	find := func(token string) []byte {
		b, _, _, err := s.FindSession(ctx, token)
		must(t, err)
		return b
	}
	for _, x := range [][2]string{{"jeton-un", "martin"}, {"jeton-deux", "martin"}, {"jeton-trois", "durand"}} {
		must(t, s.PutSession(ctx, x[0], x[1], content))
	}
	t.Run("a session is read back under its token and no other", func(t *testing.T) {
		if !bytes.Equal(find("jeton-un"), content) || find("jeton-quatre") != nil || find("") != nil {
			t.Error("read back differently")
		}
	})
	t.Run("a person has its own sessions only", func(t *testing.T) {
		if len(list("martin")) != 2 || len(list("durand")) != 1 || len(list("personne")) != 0 {
			t.Error("listed differently")
		}
	})
	t.Run("a session of somebody else is not ended by its name", func(t *testing.T) {
		for _, id := range []string{s.SessionID("jeton-trois"), "", "zz", "0011"} {
			if err := s.EndSessionOf(ctx, "martin", id); !fault.Is(err, fault.RessourceInconnue) {
				t.Errorf("ended, or %v", err)
			}
		}
		if find("jeton-trois") == nil {
			t.Error("it is ended")
		}
	})
	t.Run("a session that is moved to another row is not opened", func(t *testing.T) {
		_, err := s.journal.writer.ExecContext(ctx, `UPDATE session SET contenu = (SELECT contenu FROM session WHERE jeton = $1) WHERE jeton = $2`, s.sessionDigest("jeton-un"), s.sessionDigest("jeton-deux"))
		must(t, err)
		if _, _, _, err := s.FindSession(ctx, "jeton-deux"); err == nil {
			t.Error("opened")
		}
		must(t, s.PutSession(ctx, "jeton-deux", "martin", content))
	})
	t.Run("the others end, this one stays", func(t *testing.T) {
		n, err := s.EndOtherSessions(ctx, "martin", "jeton-un")
		must(t, err)
		if n != 1 || find("jeton-un") == nil || find("jeton-deux") != nil || find("jeton-trois") == nil {
			t.Error("ended differently")
		}
	})
	t.Run("R78 neither token nor content is in the files", func(t *testing.T) {
		files, err := filepath.Glob(filepath.Join(dir, "journal.db*"))
		must(t, err)
		for _, f := range files {
			b, err := os.ReadFile(f)
			must(t, err)
			for _, bad := range []string{"jeton-un", "inventé", "martin"} {
				if bytes.Contains(b, []byte(bad)) {
					t.Errorf("%s holds it", filepath.Base(f))
				}
			}
		}
	})
	t.Run("what is old goes, and ends by its token", func(t *testing.T) {
		must(t, s.TouchSession(ctx, "jeton-trois"))
		must(t, s.EndSession(ctx, "jeton-un"))
		must(t, s.EndSession(ctx, "jeton-un"))
		if n, err := s.TrimSessions(ctx, noon(), noon()); err != nil || n != 0 {
			t.Errorf("%d gone, %v", n, err)
		}
		if n, err := s.TrimSessions(ctx, noon().Add(time.Hour), noon()); err != nil || n != 1 || find("jeton-trois") != nil {
			t.Errorf("%d gone, %v", n, err)
		}
	})
	t.Run("states of logins are made under one key a root", func(t *testing.T) {
		if s.LoginKey() != s.LoginKey() || s.LoginKey() == [32]byte{} {
			t.Error("they are not")
		}
	})
}
