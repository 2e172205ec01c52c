package app

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/store"
	"droits.example/droits/internal/trace"
)

// stubborn is a witness that refuses one log.
type stubborn struct{ refuses string }

var errStubborn = errors.New("refused")

func (stubborn) Name() string { return "temoin.example" }

func (w stubborn) Cosign(_ context.Context, c trace.Checkpoint, _ trace.Keys, _ trace.Prover) (string, error) {
	if strings.HasSuffix(c.Origin, w.refuses) {
		return "", errStubborn
	}
	return trace.Seed{3}.Cosign("temoin.example", c.Head, c.At)
}

func TestALogThatAWitnessRefusesDoesNotHideTheOthers(t *testing.T) { // T4
	ctx, dir := t.Context(), t.TempDir()
	root, err := store.CreateRoot(filepath.Join(dir, "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 12, 31, 10, 0, 0, 0, time.UTC)
	s, err := store.Open(ctx, store.Config{Dir: filepath.Join(dir, "data"), Root: root, Clock: func() time.Time { return now }, Host: "droits.example"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 2 {
		e := trace.Entry{Class: trace.AccessServed, Person: trace.Person{At: now, Partner: "hopital", Outcome: "servi"}}
		if err := errors.Join(s.Commit(ctx, []*trace.Pending{{Leaf: e.Leaf()}}), s.Beat(ctx)); err != nil {
			t.Fatal(err)
		}
		now = now.AddDate(0, 0, 2)
	}
	a := &App{Store: s}
	for _, year := range []string{"/2026", "/2027"} {
		if err := a.cosignBy(ctx, stubborn{year}); year == "/2026" && !errors.Is(err, errStubborn) {
			t.Errorf("a refusal is not told: %v", err)
		}
		list, err := s.Unwitnessed(ctx, "temoin.example")
		if err != nil {
			t.Fatal(err)
		}
		if left := len(list); year == "/2026" && (left != 1 || !strings.HasSuffix(list[0].Origin, year)) || year == "/2027" && left != 0 {
			t.Errorf("T4 refused %s: %d logs are not cosigned", year, left)
		}
	}
}
