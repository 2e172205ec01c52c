package store

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/fault"
)

// epoch is the generation that an object bears, 0 when it bears none.
func epoch(t *testing.T, s *Store, object string) (n int64) {
	t.Helper()
	must(t, s.journal.reader.QueryRowContext(ctx, `SELECT COALESCE(MAX(generation), 0) FROM epoque WHERE objet = $1`, object).Scan(&n))
	return n
}

func TestVersionsOfAConvention(t *testing.T) {
	s := fresh(t)
	secret, _ := register(t, s)
	const id = "conv-hopital"
	draft := func(v int) {
		t.Helper()
		c, err := convention.New(document(v), convention.Draft)
		must(t, err)
		must(t, s.PutConvention(ctx, countersigned(t, s, c)))
	}
	serves := func(version int, state convention.State) {
		t.Helper()
		if _, c, _ := s.Key(secret); c.Document.Version != version || c.State != state {
			t.Errorf("the key serves version %d %s, not %d %s", c.Document.Version, c.State, version, state)
		}
	}
	listed := func(want ...convention.State) {
		t.Helper()
		list, err := s.Conventions(ctx)
		must(t, err)
		if len(list) != len(want) {
			t.Fatalf("%d versions are listed, not %d", len(list), len(want))
		}
		for i, c := range list {
			if c.State != want[i] {
				t.Errorf("version %d is %s, not %s", c.Document.Version, c.State, want[i])
			}
		}
	}
	refused := func(err error, field string) {
		t.Helper()
		if f := fault.From(err); err == nil || f.Code() != fault.ParametreInvalide || f.Field() != field {
			t.Errorf("%v is not a refusal of %s", err, field)
		}
	}
	t.Run("a draft, added or dropped, does not touch the calls that run", func(t *testing.T) {
		was := epoch(t, s, string(conventionObject(id)))
		draft(2)
		serves(1, convention.Active)
		listed(convention.Active, convention.Draft)
		must(t, s.SetConventionState(ctx, id+"@2", convention.Ended))
		serves(1, convention.Active)
		listed(convention.Active)
		if epoch(t, s, string(conventionObject(id))) != was {
			t.Error("the convention's epoch moved")
		}
	})
	t.Run("a state is given to the version in force, not to a newer draft", func(t *testing.T) {
		draft(3)
		was := epoch(t, s, string(conventionObject(id)))
		must(t, s.SetConventionState(ctx, id, convention.Suspended))
		serves(1, convention.Suspended)
		listed(convention.Suspended, convention.Draft)
		if epoch(t, s, string(conventionObject(id))) == was {
			t.Error("the epoch did not move")
		}
		must(t, s.SetConventionState(ctx, id+"@1", convention.Active))
		serves(1, convention.Active)
	})
	t.Run("active without a version is the newest draft, which replaces the version in force", func(t *testing.T) {
		draft(4)
		must(t, s.SetConventionState(ctx, id, convention.Active))
		serves(4, convention.Active)
		listed(convention.Draft, convention.Active)
	})
	t.Run("a draft older than the version in force cannot replace it, but can be dropped", func(t *testing.T) {
		refused(s.SetConventionState(ctx, id+"@3", convention.Active), "version")
		serves(4, convention.Active)
		must(t, s.SetConventionState(ctx, id+"@3", convention.Ended))
		listed(convention.Active)
	})
	t.Run("without a draft, active is the suspended version in force", func(t *testing.T) {
		must(t, s.SetConventionState(ctx, id, convention.Suspended))
		must(t, s.SetConventionState(ctx, id, convention.Active))
		serves(4, convention.Active)
	})
	t.Run("a version that ended stays so, one that does not exist is not found", func(t *testing.T) {
		refused(s.SetConventionState(ctx, id+"@1", convention.Active), "state")
		for _, v := range []string{"@5", "@", "@x", "@04"} {
			if err := s.SetConventionState(ctx, id+v, convention.Ended); !fault.Is(err, fault.RessourceInconnue) {
				t.Errorf("%s: %v", v, err)
			}
		}
	})
	t.Run("a convention that ended is ended for its key, and stays listed", func(t *testing.T) {
		must(t, s.SetConventionState(ctx, id, convention.Ended))
		serves(4, convention.Ended)
		listed(convention.Ended)
	})
}

func TestAnotherRootKey(t *testing.T) {
	dir := t.TempDir()
	root, err := CreateRoot(filepath.Join(dir, "root.key"))
	must(t, err)
	reopen := func(r Root) error {
		s, err := Open(context.Background(), Config{Dir: filepath.Join(dir, "data"), Root: r, Clock: noon})
		if s != nil {
			must(t, s.Close())
		}
		return err
	}
	must(t, reopen(root))
	t.Run("a data directory is opened again with its own root key", func(t *testing.T) { must(t, reopen(root)) })
	t.Run("a data directory is refused under another root key, and left as it was", func(t *testing.T) {
		other, err := CreateRoot(filepath.Join(dir, "other.key"))
		must(t, err)
		if err := reopen(other); !errors.Is(err, ErrOtherRoot) {
			t.Errorf("%v", err)
		}
		must(t, reopen(root))
	})
}
