package store

import (
	"errors"
	"testing"

	"droits.example/droits/internal/trace"
)

func TestAHeadThatTheLockAloneHoldsIsNoFlaw(t *testing.T) { // R43
	c := &instant{noon()}
	s := openWith(t, t.TempDir(), c)
	commitAll(t, s, 5, about(c.t, 1), about(c.t, 2))
	must(t, s.Beat(ctx))
	commitAll(t, s, 5, about(c.t, 3))
	n := 0
	s.disk.fail = func(do func() error) error { // the process ends after the lock, before its copy
		if n++; n == 3 {
			return errors.New("disk")
		}
		return do()
	}
	if err := s.Beat(ctx); err == nil {
		t.Fatal("nothing failed")
	}
	s.disk.fail = nil
	v := judged(t, s.dir, trace.VerifyOptions{Keys: keysOf(t, s)})
	if !v.Intact || v.Logs[0].Unkept != v.Entries || v.Logs[0].Signed >= v.Entries {
		t.Errorf("R43 %+v", v)
	}
	must(t, s.Beat(ctx))
	if v := intact(t, s); v.Logs[0].Unkept != 0 || v.Logs[0].Signed != v.Entries {
		t.Errorf("R43 %+v", v)
	}
}
