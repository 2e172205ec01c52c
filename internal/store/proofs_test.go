package store

import (
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/trace"
)

func TestReceipts(t *testing.T) { // R43
	c := &instant{time.Date(2026, 12, 31, 22, 0, 0, 0, time.UTC)}
	dir := t.TempDir()
	s := openWith(t, dir, c)
	past(t, s, c)
	n, err := s.TraceCount(ctx)
	must(t, err)
	keys := keysOf(t, s)
	prove := func(t *testing.T, s *Store, n int64) trace.Proven {
		t.Helper()
		p, err := s.Proof(ctx, n)
		must(t, err)
		text, err := p.MarshalText()
		must(t, err)
		out, err := trace.VerifyProof(text, keys)
		must(t, err)
		return out
	}
	all := verified(t, s)
	t.Run("R43 every entry of every log has one, which says what the entry says", func(t *testing.T) {
		for i := range n {
			if out := prove(t, s, i); out.Leaf != all[i].Hash || string(out.Person) != string(all[i].Person[trace.SaltSize:]) || out.Class != all[i].Class {
				t.Errorf("entry %d", i)
			}
		}
	})
	t.Run("asking for one signs a head at once", func(t *testing.T) {
		commitAll(t, s, 1, about(c.t, 99))
		if out := prove(t, s, n); out.Size != out.Index+1 {
			t.Errorf("%d of %d", out.Index, out.Size)
		}
	})
	t.Run("T4 it carries the cosignatures of a head that has some", func(t *testing.T) {
		head, witness := newest(t, s), trace.Seed{3}
		line, err := witness.Cosign("temoin.example", head.Head, c.t)
		must(t, err)
		if list, err := s.Unwitnessed(ctx, "temoin.example"); err != nil || len(list) != 2 || list[1].Size != head.Size {
			t.Errorf("%v %v", list, err)
		}
		must(t, s.Cosigned(ctx, head.Head, "temoin.example", line))
		if list, err := s.Unwitnessed(ctx, "temoin.example"); err != nil || len(list) != 1 {
			t.Errorf("%v %v", list, err)
		}
		commitAll(t, s, 1, about(c.t, 100))
		must(t, s.Beat(ctx))
		with, err := trace.ParseKeys([]byte(witness.WitnessKey("temoin.example")))
		must(t, err)
		p, err := s.Proof(ctx, n)
		must(t, err)
		text, err := p.MarshalText()
		must(t, err)
		strict := keys.With(with)
		strict.Quorum = 1
		out, err := trace.VerifyProof(text, strict)
		if err != nil || len(out.Witnesses) != 1 || out.Size != head.Size {
			t.Errorf("%v %+v", err, out.Checkpoint)
		}
		v := judged(t, dir, trace.VerifyOptions{Keys: strict})
		if last := v.Logs[len(v.Logs)-1]; !v.Intact || last.Witnessed != head.Size || last.Signed <= head.Size {
			t.Errorf("%+v %+v", v.Flaws, last)
		}
		since, waiting, err := s.WaitingForWitnesses(ctx, 1)
		if err != nil || !waiting || since.After(c.t) {
			t.Errorf("%v %v %v", since, waiting, err)
		}
		edit(t, s.journal.path, `UPDATE cosignature SET ligne = REPLACE(ligne, 'A', 'B')`)
		if v := judged(t, dir, trace.VerifyOptions{Keys: strict}); v.Intact {
			t.Error("T1 a cosignature that is altered is not told")
		}
	})
	t.Run("there is none of what does not exist", func(t *testing.T) {
		for _, i := range []int64{-1, n + 100} {
			if _, err := s.Proof(ctx, i); !fault.Is(err, fault.RessourceInconnue) {
				t.Errorf("%d: %v", i, err)
			}
		}
	})
	t.Run("one issued before stays good after the entry is gone, and none is made any more", func(t *testing.T) {
		before, err := s.Proof(ctx, 3)
		must(t, err)
		edit(t, s.journal.path, `DELETE FROM cle_jour WHERE partie = 'person'`)
		if _, err := s.Proof(ctx, 3); fault.From(err).Reason() != Erased {
			t.Errorf("%v", err)
		}
		text, err := before.MarshalText()
		must(t, err)
		if _, err := trace.VerifyProof(text, keys); err != nil {
			t.Errorf("%v", err)
		}
	})
	t.Run("the log's key is drawn once, for its owner alone", func(t *testing.T) {
		if lines, err := s.PublicKeys(ctx); err != nil || len(lines) != 2 || !strings.HasPrefix(lines[1], "droits.example/acces/2027+") {
			t.Errorf("%v %v", lines, err)
		}
		a, err := ReadLogKey(s.logFile)
		must(t, err)
		if b, err := CreateLogKey(s.logFile); err != nil || a != b {
			t.Error("another key")
		}
	})
}

func TestWhatIsGoneWentByAnErasure(t *testing.T) { // T6
	c := &instant{time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)}
	dir := t.TempDir()
	s := openWith(t, dir, c)
	commitAll(t, s, 3, about(c.t, 1), about(c.t, 2), about(c.t, 3))
	must(t, s.Beat(ctx))
	erase := func(t *testing.T, e trace.Erased) {
		t.Helper()
		must(t, s.tell(ctx, "test", &trace.Event{Class: trace.Erasure, Operation: "effacement", Actor: trace.ActorSystem, Erased: &e}))
		must(t, s.Beat(ctx))
	}
	destroy := func(t *testing.T, part string) {
		t.Helper()
		edit(t, s.journal.path, `DELETE FROM cle_jour WHERE jour = '2026-03-01' AND partie = $1`, part)
	}
	flaws := func(t *testing.T) (out string) {
		for _, f := range judged(t, dir, trace.VerifyOptions{Keys: keysOf(t, s)}).Flaws {
			out += f.Check + " "
		}
		return out
	}
	cut := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	c.t = time.Date(2027, 3, 3, 1, 0, 0, 0, time.UTC)
	destroy(t, trace.PartPerson)
	t.Run("T6 a part that is gone without an erasure", func(t *testing.T) {
		if got := flaws(t); !strings.HasPrefix(got, trace.FlawMissing) {
			t.Error(got)
		}
	})
	erase(t, trace.Erased{Part: trace.PartPerson, From: 0, To: 2, Rule: "C11/1", Keep: "P12M", Until: cut})
	t.Run("one that says so is enough, and the other part is still checked", func(t *testing.T) {
		v := intact(t, s)
		if v.Erased != 3 || v.Erasures != 1 {
			t.Errorf("%+v", v)
		}
	})
	t.Run("T6 the verification names an erasure before its date, one for other entries, one that the log does not hold", func(t *testing.T) {
		destroy(t, trace.PartInternal)
		edit(t, s.journal.path, `DELETE FROM subject WHERE n < 3`)
		erase(t, trace.Erased{Part: trace.PartInternal, From: 0, To: 1, Rule: "C11/1", Keep: "P12M", Until: cut})
		if got := flaws(t); !strings.HasPrefix(got, trace.FlawMissing) {
			t.Error(got)
		}
		erase(t, trace.Erased{Part: trace.PartInternal, From: 0, To: 2, Rule: "C11/1", Keep: "P12M", Until: cut.AddDate(0, 0, -5)})
		if got := flaws(t); !strings.HasPrefix(got, trace.FlawEarly) {
			t.Error(got)
		}
		erase(t, trace.Erased{Part: trace.PartInternal, From: 0, To: 2, Rule: "C11/1", Keep: "P12M", Until: cut})
		if got := flaws(t); got != "" {
			t.Error(got)
		}
		erase(t, trace.Erased{Part: trace.PartInternal, From: 0, To: 2, Rule: "C11/1", Keep: "P12M", Until: cut.AddDate(0, 0, 5)})
		if got := flaws(t); !strings.Contains(got, trace.FlawEarly) {
			t.Errorf("T6 %q", got)
		}
		edit(t, s.journal.path, `UPDATE effacement SET n = n + 1 WHERE n = (SELECT MAX(n) FROM effacement)`)
		if got := flaws(t); !strings.Contains(got, trace.FlawErasure) {
			t.Errorf("T1 %q", got)
		}
	})
}
