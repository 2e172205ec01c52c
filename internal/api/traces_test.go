package api_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"droits.example/droits/internal/api"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/nir"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// What may stand in each part of an entry: anything else is a member that
// nobody decided upon.
var (
	personMembers   = []string{"asked", "beneficiary", "body", "body_salt", "consent", "convention", "count", "demarche", "operation", "others", "outcome", "partner", "period", "purpose", "reference", "request", "served", "time", "withheld"}
	internalMembers = []string{"agent", "fc_subject", "ip", "key", "latency_us", "matching", "others", "policy", "reasons", "request_id", "subject", "token", "withheld"}
	hexDigest       = regexp.MustCompile(`^[0-9a-f]{32,64}$`)
	periodText      = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}/\d{4}-\d{2}-\d{2}$`)
	upperSnake      = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
)

// Every operation, by every partner, served and refused for every reason that
// a single call can meet; then every entry is read back.
func TestEveryTracedCall(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	walked := 0
	call := func(path string, changes ...apptest.Change) {
		t.Helper()
		if in.Get(t, path, changes...).Header.Get("X-Trace") == "" {
			t.Errorf("R42 a call of %s left no X-Trace", path)
		}
		walked++
	}
	for _, p := range []apptest.Partner{in.Hospital, in.Hospital.V2(), in.Insurer} {
		own := in.NIROf(t, "famille-martin")
		for _, op := range droits.Operations() {
			call(op.Path, in.As(t, "famille-martin", p), own)
			call(op.Path, in.As(t, "limitee", p), in.NIROf(t, "limitee"))
			call(op.Path, in.As(t, "inconnu", p), own)
			call(op.Path, in.As(t, "famille-martin", p, "profile"), own)
			call(op.Path+"?dateDebut=2020-01-01", in.As(t, "famille-martin", p), own)
			call(op.Path, apptest.Key(p), own)
			call(op.Path, apptest.Key(p), apptest.Bearer("0123456789"), own)
			call(op.Path+"?champs="+string(op.Bloc)+",identite,caisse", in.As(t, "famille-martin", p), own)
			if op.NeedsNIR {
				call(op.Path, in.As(t, "famille-martin", p))
				call(op.Path, in.As(t, "famille-martin", p), in.NIROf(t, "ald"))
				call(op.Path, in.As(t, "famille-martin", p), apptest.With("nir", in.NIRInFile(t, "famille-martin-enfant-2")), apptest.With("X-Agent", "agent-7"))
			}
		}
	}
	closed := in.SignUp(t, droits.Etablissement, nil)
	in.Move(t, closed, convention.Suspended)
	call(moi, in.As(t, "famille-martin", closed))
	in.Get(t, "/contrats?champs=identite", in.As(t, "famille-martin", in.Hospital), in.NIROf(t, "famille-martin")).Want(t, 400, badParam)
	walked++
	entries := in.Traces(t, 0)
	t.Run("R42 every call of a known key leaves exactly one entry", func(t *testing.T) { equal(t, "entries", len(entries), walked) })
	t.Run("R42 R40 every entry says who, for whom, which fields, why and under what", func(t *testing.T) {
		for _, e := range entries {
			judgeEntry(t, in, e)
		}
	})
	t.Run("R42 the leaf hash commits to both parts", func(t *testing.T) {
		seen := map[[32]byte]bool{}
		for _, e := range entries {
			if seen[e.Hash] {
				t.Error("two entries have one hash")
			}
			seen[e.Hash] = true
		}
	})
}

func judgeEntry(t *testing.T, in *apptest.Instance, e apptest.Traced) {
	t.Helper()
	bad := func(what string) {
		t.Helper()
		t.Errorf("entry %d (%s, %s): %s", e.Index, e.Str("operation"), e.Str("outcome"), what)
	}
	for k := range e.Person {
		if !slices.Contains(personMembers, k) {
			bad("unknown member of the person's part: " + k)
		}
	}
	for k := range e.Internal {
		if !slices.Contains(internalMembers, k) {
			bad("unknown member of the internal part: " + k)
		}
	}
	if sub := e.In("fc_subject"); sub != "" && (len(sub) != 32 || !hexDigest.MatchString(sub)) {
		bad("the FranceConnect subject is told by a keyed digest")
	}
	kind, purpose := droits.Etablissement, "preadmission"
	if e.Str("partner") == in.Insurer.ID {
		kind, purpose = droits.OrganismeComplementaire, "adhesion"
	}
	if e.Str("purpose") != purpose || e.Str("partner") == "" {
		bad("R40 who and why")
	}
	if e.Str("convention") == "" || !hexDigest.MatchString(e.Str("reference")) {
		bad("under what")
	}
	if e.Person["time"] != float64(in.Clock.Now().Unix()) || !periodText.MatchString(e.Str("period")) || !hexDigest.MatchString(e.Str("request")) {
		bad("when, for which period, with which request")
	}
	if e.In("key") == "" || e.In("ip") != "127.0.0.1" || e.In("policy") == "" || e.In("request_id") == "" || e.Internal["latency_us"] == nil {
		bad("key, address, policy, request, latency")
	}
	op := operationOf(e.Str("operation"))
	if op == nil {
		bad("the operation does not exist")
		return
	}
	if e.Str("outcome") == "servi" {
		judgeServed(e, *op, kind, bad)
		return
	}
	c := fault.Code(e.Str("outcome"))
	reasons, _ := e.Internal["reasons"].([]any)
	if e.Class != trace.AccessRefused || c.Entry().Code != c || len(reasons) != 1 || !upperSnake.MatchString(reasons[0].(string)) {
		bad("a refusal has its code and one reason")
	}
	if len(e.List("served")) > 0 || e.Str("body") != "" {
		bad("a refusal served something")
	}
}

func judgeServed(e apptest.Traced, op droits.OperationInfo, kind droits.Kind, bad func(string)) {
	if e.Class != trace.AccessServed || e.Str("consent") == "" || e.Str("beneficiary") == "" || len(e.In("token")) != 32 {
		bad("for whom, with which consent and token")
	}
	if !hexDigest.MatchString(e.Str("body")) || len(e.Str("body_salt")) != 32 {
		bad("the body's commitment")
	}
	var told []droits.Bloc
	for _, s := range append(e.List("served"), e.List("withheld")...) {
		told = append(told, droits.Bloc(s))
	}
	want := slices.Clone(op.Blocs)
	slices.Sort(told)
	slices.Sort(want)
	if !slices.Equal(told, want) {
		bad("R35 served and withheld are not the blocks of the operation")
	}
	for _, s := range e.List("served") {
		if info, ok := droits.Bloc(s).Info(); !ok || !info.For(kind) {
			bad("R35 R36 a block was served that the kind may not have: " + s)
		}
		if asked := e.List("asked"); len(asked) > 0 && !slices.Contains(asked, s) {
			bad("R4 a block was served that was not asked for: " + s)
		}
	}
	withheld, _ := e.Internal["withheld"].([]any)
	if len(withheld) != len(e.List("withheld")) {
		bad("a block is withheld without its reason")
	}
}

func operationOf(id string) *droits.OperationInfo {
	for _, op := range droits.Operations() {
		if op.ID == id {
			return &op
		}
	}
	return nil
}

func TestConsentOfAToken(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	count := func() int {
		t.Helper()
		n, err := in.App.Store.ConsentCount(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	t.Run("the first valid call of a token records the consent, the next ones refer to it", func(t *testing.T) {
		who := in.As(t, "famille-martin", in.Hospital)
		in.Get(t, moi, who).Want(t, 200, "")
		first := in.LastTrace(t).Str("consent")
		in.Get(t, family, who).Want(t, 200, "")
		equal(t, "consent", in.LastTrace(t).Str("consent"), first)
		equal(t, "records", count(), 1)
		in.Get(t, moi, in.As(t, "famille-martin", in.Hospital)).Want(t, 200, "")
		if in.LastTrace(t).Str("consent") == first {
			t.Error("another token has the same consent")
		}
		equal(t, "records", count(), 2)
	})
	t.Run("a call that is refused before a decision records none", func(t *testing.T) {
		before := count()
		in.Get(t, moi, in.As(t, "inconnu", in.Hospital)).Want(t, 404, noPerson)
		in.Get(t, moi, in.As(t, "limitee", in.Hospital)).Want(t, 403, "donnees_indisponibles")
		in.Get(t, medecin, in.As(t, "c2s", in.Insurer), in.NIROf(t, "c2s")).Want(t, 403, reservee)
		equal(t, "records", count(), before)
	})
	t.Run("R52 a restriction of one block closes that block only", func(t *testing.T) {
		restrict(t, in, "maternite", droits.BlocExonerationsMotif)
		wants(t, read(t, in, "maternite", in.Hospital, exos), `[{"date_fin":"{+112}"}]`)
		restrict(t, in, "maternite", droits.BlocExonerations)
		read(t, in, "maternite", in.Hospital, exos).Want(t, 403, "donnees_indisponibles")
		read(t, in, "maternite", in.Hospital, contrats).Want(t, 200, "")
	})
	t.Run("R52 a restricted dependant is absent from the list and unknown by number", func(t *testing.T) {
		child := in.NIRInFile(t, "famille-martin-enfant-2")
		list := members(read(t, in, "famille-martin", in.Hospital, family).List(t), "nir")
		if !slices.Contains(list, child) {
			t.Fatal("the child is not there to begin with")
		}
		restrictChild(t, in, child)
		equal(t, "people left", len(read(t, in, "famille-martin", in.Hospital, family).List(t)), 3)
		in.Get(t, someone, in.As(t, "famille-martin", in.Hospital), apptest.With("nir", child)).Want(t, 404, inconnu)
	})
}

func restrictChild(t *testing.T, in *apptest.Instance, number string) {
	t.Helper()
	s, err := in.App.Store.SubjectOf(t.Context(), nir.MustParse(number))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.App.Store.Restrict(t.Context(), restriction(s, "", in.Clock.Now())); err != nil {
		t.Fatal(err)
	}
}

func TestRefusalsOfThePartnersOwnRights(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	closed := in.SignUp(t, droits.Etablissement, nil)
	t.Run("a partner that reads its own rights leaves no trace: nobody is concerned", func(t *testing.T) {
		before := in.TraceCount(t)
		in.Do(t, api.MoiPath, apptest.Key(closed)).Want(t, 200, "")
		equal(t, "traces", in.TraceCount(t), before)
	})
	in.Move(t, closed, convention.Suspended)
	revoked := in.NewKey(t, in.Hospital, time.Time{})
	if err := in.App.Store.RevokeKey(t.Context(), revoked.KeyID); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		p      apptest.Partner
		status int
		code   string
	}{{"under a suspended convention", closed, 403, "convention_inactive"}, {"with a revoked key", revoked, 401, "cle_invalide"}} {
		t.Run("R42 a call of its own rights "+c.name+" is refused and traced under its own name", func(t *testing.T) {
			before := in.TraceCount(t)
			a := in.Do(t, api.MoiPath, apptest.Key(c.p)).Want(t, c.status, c.code)
			e := in.LastTrace(t)
			equal(t, "traces", in.TraceCount(t), before+1)
			equal(t, "operation", e.Str("operation"), "getMoi")
			equal(t, "outcome", e.Str("outcome"), c.code)
			equal(t, "key", e.In("key"), c.p.KeyID)
			if a.Header.Get("X-Trace") == "" || e.Class != trace.AccessRefused {
				t.Error("no X-Trace, or another class")
			}
		})
	}
	t.Run("an unknown key is not traced", func(t *testing.T) {
		before := in.TraceCount(t)
		in.Do(t, api.MoiPath, apptest.With("X-API-Key", partner.NewSecret(partner.Sandbox))).Want(t, 401, "cle_invalide")
		equal(t, "traces", in.TraceCount(t), before)
	})
}
