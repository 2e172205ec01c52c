package trace

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

const logName = "droits.example/acces/2026"

// grove is a log of entries with its signed head.
type grove struct {
	stored
	entries []Entry
	leaves  []Leaf
	seed    Seed
	head    Checkpoint
}

func newGrove(t testing.TB, n int) *grove {
	t.Helper()
	g := &grove{seed: Seed{7}}
	for i := range n {
		e := whole()
		e.Person.Outcome = fmt.Sprint("sortie-", i)
		e.Subject = Digest{byte(i)}
		l := e.Leaf()
		g.entries, g.leaves = append(g.entries, e), append(g.leaves, l)
		g.nodes = g.tree.Append(g.nodes, l.Hash)
	}
	var err error
	if g.head, err = g.seed.Sign(Head{logName, g.tree.Size(), g.tree.Root()}, at()); err != nil {
		t.Fatal(err)
	}
	return g
}

func (g *grove) keys(t testing.TB, more ...string) Keys {
	t.Helper()
	k, err := ParseKeys([]byte("# keys\n\n" + g.seed.PublicKey(logName) + "\n" + strings.Join(more, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (g *grove) proof(t testing.TB, n int) Proof {
	t.Helper()
	hashes, err := tlog.ProveRecord(g.head.Size, int64(n), g)
	if err != nil {
		t.Fatal(err)
	}
	l := g.leaves[n]
	return Proof{Index: int64(n), Class: l.Class, Salt: l.Person[:SaltSize], Person: l.Person[SaltSize:], Internal: [HashSize]byte(l.Commits[HashSize:]), Hashes: hashes, Checkpoint: g.head.Note}
}

func text(t testing.TB, p Proof) []byte {
	t.Helper()
	b, err := p.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func check(err error) string {
	var f *Flaw
	if errors.As(err, &f) {
		return f.Check
	}
	return fmt.Sprint(err)
}

func TestAReceiptProvesItsEntry(t *testing.T) { // R43
	for _, size := range []int{1, 2, 7, 64, 100} {
		g := newGrove(t, size)
		for n := range size {
			file := text(t, g.proof(t, n))
			out, err := VerifyProof(file, g.keys(t))
			if err != nil || out.Index != int64(n) || out.Size != int64(size) || out.Origin != logName || out.Class != AccessServed || out.Leaf != g.leaves[n].Hash || !out.At.Equal(at().Truncate(time.Second)) {
				t.Fatalf("%d of %d: %v %+v", n, size, err, out)
			}
			if p, _ := g.entries[n].Parts(); !bytes.Equal(p, out.Person) {
				t.Fatal("another person part")
			}
		}
	}
	g := newGrove(t, 9)
	file := text(t, g.proof(t, 5))
	t.Run("T9 the receipt never discloses the internal part", func(t *testing.T) {
		_, internal := g.entries[5].Parts()
		if bytes.Contains(file, internal) || bytes.Contains(g.proof(t, 5).extra(), []byte("192.0.2.1")) {
			t.Error("it does")
		}
	})
	t.Run("R43 a receipt with one bit flipped is refused, whichever", func(t *testing.T) {
		for i := range file {
			for bit := range 8 {
				b := bytes.Clone(file)
				b[i] ^= 1 << bit
				if _, err := VerifyProof(b, g.keys(t)); err == nil {
					t.Fatalf("byte %d, bit %d", i, bit)
				}
			}
		}
	})
	t.Run("R43 a receipt cut anywhere is refused", func(t *testing.T) {
		for i := range file {
			if _, err := VerifyProof(file[:i], g.keys(t)); err == nil {
				t.Fatalf("%d bytes", i)
			}
		}
	})
	other, fork := newGrove(t, 9), newGrove(t, 9)
	other.seed = Seed{8}
	other.head, _ = other.seed.Sign(Head{"autre.example/acces/2026", 9, other.tree.Root()}, at())
	foreign := other.proof(t, 5)
	forked := g.proof(t, 5)
	forked.Checkpoint = fork.head.Note
	stranger, _ := Seed{8}.Sign(g.head.Head, at())
	borrowed := g.proof(t, 5)
	borrowed.Checkpoint = stranger.Note
	moved := g.proof(t, 5)
	moved.Index = 4
	beyond := g.proof(t, 5)
	beyond.Index = 9
	reclassed := g.proof(t, 5)
	reclassed.Class = AccessRefused
	undated := g.proof(t, 5)
	undated.Checkpoint = strings.Join(strings.SplitAfter(g.head.Note, "\n")[:5], "")
	swapped := g.proof(t, 5)
	swapped.Salt = bytes.Repeat([]byte{1}, SaltSize)
	for name, c := range map[string]struct {
		p    Proof
		want string
	}{
		"R43 a receipt of another log":           {foreign, FlawOrigin},
		"T4 the checkpoint of a fork":            {forked, FlawInclusion},
		"a checkpoint that somebody else signed": {borrowed, FlawSignature},
		"another index":                          {moved, FlawInclusion},
		"an index beyond the tree":               {beyond, FlawInclusion},
		"another class":                          {reclassed, FlawInclusion},
		"another salt":                           {swapped, FlawInclusion},
		"a checkpoint that does not say when":    {undated, FlawSignature},
		"no checkpoint":                          {Proof{Person: []byte("{}"), Salt: make([]byte, SaltSize)}, FlawNote},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := VerifyProof(text(t, c.p), g.keys(t)); check(err) != c.want {
				t.Errorf("%v, not %s", err, c.want)
			}
		})
	}
	t.Run("nothing, a lot of it, another format", func(t *testing.T) {
		for _, b := range [][]byte{nil, []byte("\n\n"), bytes.Repeat([]byte("a\n"), maxProof), []byte("c2sp.org/tlog-proof@v1\nindex 0\n\nx")} {
			if _, err := VerifyProof(b, g.keys(t)); check(err) != FlawProof {
				t.Errorf("%v", err)
			}
		}
	})
}

func TestWitnesses(t *testing.T) { // T4
	g := newGrove(t, 3)
	w1, w2 := Seed{21}, Seed{22}
	line := func(s Seed, name string, h Head) string {
		l, err := s.Cosign(name, h, at().Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	keys := g.keys(t, w1.WitnessKey("temoin-1"), w2.WitnessKey("temoin-2"))
	if names := keys.Witnesses(); len(names) != 2 {
		t.Errorf("%v", names)
	}
	one := Cosigned(g.head.Note, line(w1, "temoin-1", g.head.Head))
	both := Cosigned(one, line(w2, "temoin-2", g.head.Head))
	otherHead := g.head.Head
	otherHead.Root[0] ^= 1
	for name, c := range map[string]struct {
		note   string
		quorum int
		want   string
		names  int
	}{
		"nobody":                           {g.head.Note, 0, "<nil>", 0},
		"one of one":                       {one, 1, "<nil>", 1},
		"one of two":                       {one, 2, FlawWitnesses, 1},
		"two of two":                       {both, 2, "<nil>", 2},
		"the same twice":                   {Cosigned(one, line(w1, "temoin-1", g.head.Head)), 2, FlawWitnesses, 1},
		"somebody who is not known":        {Cosigned(g.head.Note, line(Seed{9}, "temoin-9", g.head.Head)), 1, FlawWitnesses, 0},
		"somebody who takes a known name":  {Cosigned(g.head.Note, line(Seed{9}, "temoin-1", g.head.Head)), 1, FlawWitnesses, 0},
		"T4 a cosignature of another head": {Cosigned(g.head.Note, line(w1, "temoin-1", otherHead)), 1, FlawSignature, 0},
		"a line that is no signature":      {g.head.Note + "x\n", 0, FlawSignature, 0},
		"more lines than anybody needs":    {g.head.Note + strings.Repeat("— x AAAAAAAA\n", 9000), 0, FlawNote, 0},
	} {
		t.Run(name, func(t *testing.T) {
			keys.Quorum = c.quorum
			got, err := keys.Open([]byte(c.note))
			if check(err) != c.want || err == nil && len(got.Witnesses) != c.names {
				t.Errorf("%v %v", err, got.Witnesses)
			}
		})
	}
}

func TestKeysAreReadOrRefused(t *testing.T) {
	k := Seed{1}.PublicKey(logName)
	for name, c := range map[string]struct {
		in string
		ok bool
	}{
		"a key":                {k, true},
		"blanks and a comment": {"\n # x\n" + k + "\n", true},
		"no key":               {"", true},
		"another hash":         {strings.Replace(k, "+", "+0", 1), false},
		"another name":         {"x" + k, false},
		"cut":                  {k[:len(k)-4], false},
		"a private key":        {"PRIVATE+KEY+x+00000000+AAAA", false},
		"prose":                {"bonjour", false},
	} {
		if _, err := ParseKeys([]byte(c.in)); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s := fmt.Sprintf("%v %+v %#v %s", Seed{1}, Seed{1}, Seed{1}, Seed{1}); strings.Contains(s, "1") {
		t.Errorf("a seed prints: %s", s)
	}
}

func FuzzVerifyProof(f *testing.F) {
	g := newGrove(f, 5)
	keys := g.keys(f)
	file := text(f, g.proof(f, 3))
	f.Add(file)
	f.Add(file[:len(file)/2])
	f.Add([]byte(g.head.Note))
	f.Add([]byte(proofHeader + "extra e30=\nindex 0\n\nx\n1\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		out, err := VerifyProof(b, keys)
		if err == nil && (!bytes.Contains(b, []byte(out.Head.Text())) || out.Origin != logName || out.Index >= out.Size) {
			t.Errorf("something else is proved: %+v", out.Head)
		}
		keys.Open(b)
		ParseKeys(b)
	})
}

func FuzzSubmission(f *testing.F) {
	g := newGrove(f, 5)
	hashes, err := ProveConsistency(3, 5, g)
	if err != nil {
		f.Fatal(err)
	}
	body, err := Submission{Old: 3, Proof: hashes, Checkpoint: []byte(g.head.Note)}.MarshalText()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add(body[:40])
	f.Add([]byte("old 0\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseSubmission(b)
		if err != nil {
			return
		}
		if again, _ := s.MarshalText(); !bytes.Equal(again, b) {
			t.Errorf("%q is read as %q", b, again)
		}
	})
}

func FuzzReconcile(f *testing.F) {
	f.Add([]byte(`{"time":"2026-11-22T10:00:00Z","path":"/v1/droits/x?y","status":200,"trace":"a/b/00"}` + "\n{}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		x := NewBalance()
		x.Hold(Access{Partner: "a", Served: true})
		x.Count("a", 1)
		_ = x.Read(bytes.NewReader(b), time.Unix(0, 0), time.Unix(1<<40, 0), "/v1/droits")
		if r := x.Close(); len(r.Partners) != 1 || r.Partners[0].Proxy > 1 {
			t.Errorf("%+v", r)
		}
	})
}
