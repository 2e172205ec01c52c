package api_test

import (
	"net/http"
	"strings"
	"testing"

	"droits.example/droits/internal/api"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/civil"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
)

func TestChamps(t *testing.T) {
	in := apptest.Shared(t)
	h := in.Hospital
	t.Run("R4 champs narrows to the blocks named", func(t *testing.T) {
		o := read(t, in, "c2s", h, moi+"?champs=identite").Object(t)
		if o["nir"] == nil || o["presence_CMUC_ACS"] != nil || o["medecin_traitant_choisi"] != nil {
			t.Error("the identity alone was asked for")
		}
		o = read(t, in, "c2s", h, moi+"?champs=contrats,%20presence_medecin_traitant").Object(t)
		if o["nir"] != nil || o["presence_CMUC_ACS"] != true || o["medecin_traitant_choisi"] != true {
			t.Error("two members were asked for")
		}
		e := read(t, in, "ald", h, exos+"?champs=exonerations").List(t)
		if e[0]["motif"] != nil || e[0]["date_fin"] == nil {
			t.Error("the dates alone were asked for")
		}
	})
	t.Run("R4 champs never widens what the kind of partner may have", func(t *testing.T) {
		e := read(t, in, "ald", in.Insurer, exos+"?champs=exonerations,exonerations_motif").List(t)
		if e[0]["motif"] != nil {
			t.Error("a motif is told")
		}
		read(t, in, "ald", in.Insurer, medecin+"?champs=medecin_traitant").Want(t, 403, reservee)
	})
	t.Run("R4 the trace records what was asked and what was served", func(t *testing.T) {
		read(t, in, "c2s", h, moi+"?champs=contrats").Want(t, 200, "")
		e := in.LastTrace(t)
		equal(t, "asked", e.List("asked"), []string{"contrats"})
		equal(t, "served", e.List("served"), []string{"contrats"})
		equal(t, "withheld", e.List("withheld"), []string{"identite", "presence_medecin_traitant"})
	})
	for name, q := range map[string]string{
		"an unknown block":           "?champs=salaire",
		"an empty list":              "?champs=",
		"a trailing comma":           "?champs=identite,",
		"the list given twice":       "?champs=identite&champs=caisse",
		"a block in capital letters": "?champs=IDENTITE",
	} {
		t.Run("champs with "+name+" is refused", func(t *testing.T) {
			equal(t, "champ", read(t, in, "c2s", h, moi+q).Want(t, 400, badParam).Problem().Champ, "champs")
		})
	}
	for path, q := range map[string]string{
		contrats: "identite", medecin: "identite", exos: "exonerations_motif", caisse: "contrats", compl: "complementaire_reference", arrets: "caisse,contrats", risques: "identite",
		moi: "caisse", family: "caisse,exonerations", someone: "medecin_traitant",
	} {
		t.Run("champs that leaves nothing of "+path+" is refused, not answered with nothing", func(t *testing.T) {
			a := read(t, in, "c2s", h, path+"?champs="+q).Want(t, 400, badParam)
			equal(t, "champ", a.Problem().Champ, "champs")
			equal(t, "reason", text(in.LastTrace(t).Internal["reasons"]), `["CHAMPS_EMPTY"]`)
		})
	}
	t.Run("champs with blocks of other operations besides the main one is answered", func(t *testing.T) {
		read(t, in, "c2s", h, contrats+"?champs=identite,contrats").Want(t, 200, "")
		read(t, in, "c2s", h, family+"?champs=identite").Want(t, 200, "")
		read(t, in, "c2s", h, someone+"?champs=contrats").Want(t, 200, "")
	})
}

func TestScopes(t *testing.T) {
	in := apptest.Shared(t)
	h := in.Hospital
	opens := map[string][]string{
		droits.ScopeUmbrella:        {moi, family, someone, caisse, contrats, exos, medecin, compl, arrets, risques},
		droits.ScopeBeneficiaires:   {moi, family, someone},
		droits.ScopeCaisse:          {moi, someone, caisse},
		droits.ScopeContrats:        {moi, someone, contrats},
		droits.ScopeExonerations:    {moi, someone, exos},
		droits.ScopeMedecin:         {moi, someone, medecin},
		droits.ScopePresenceMedecin: {moi, someone},
		"cnam_paiements_ij":         {},
		"profile":                   {},
	}
	for scope, open := range opens {
		t.Run("R36 the scope "+scope+" alone opens what the contract says", func(t *testing.T) {
			for _, path := range opens[droits.ScopeUmbrella] {
				a := in.Get(t, path, in.As(t, "famille-martin", h, scope), in.NIROf(t, "famille-martin"))
				want := "portee_insuffisante"
				for _, p := range open {
					if p == path {
						want = ""
					}
				}
				equal(t, path, a.Code(), want)
			}
		})
	}
	t.Run("R36 members follow the finer scopes", func(t *testing.T) {
		for scope, want := range map[string][2]bool{ // presence_CMUC_ACS, medecin_traitant_choisi
			droits.ScopeCaisse: {false, false}, droits.ScopeContrats: {true, false},
			droits.ScopeMedecin: {false, true}, droits.ScopePresenceMedecin: {false, true}, droits.ScopeUmbrella: {true, true},
		} {
			o := in.Get(t, moi, in.As(t, "famille-martin", h, scope)).Object(t)
			equal(t, scope, [2]bool{o["presence_CMUC_ACS"] != nil, o["medecin_traitant_choisi"] != nil}, want)
		}
	})
	t.Run("a number of somebody else needs cnam_beneficiaires besides", func(t *testing.T) {
		child := read(t, in, "famille-martin", h, family).List(t)[2]["nir"].(string)
		in.Get(t, exos, in.As(t, "famille-martin", h, droits.ScopeExonerations), apptest.With("nir", child)).Want(t, 403, "portee_insuffisante")
		in.Get(t, exos, in.As(t, "famille-martin", h, droits.ScopeExonerations, droits.ScopeBeneficiaires), apptest.With("nir", child)).Want(t, 200, "")
	})
	t.Run("that scope is checked before any look-up: a stranger is refused the same way", func(t *testing.T) {
		in.Get(t, exos, in.As(t, "famille-martin", h, droits.ScopeExonerations), in.NIROf(t, "ald")).Want(t, 403, "portee_insuffisante")
	})
}

func TestConventionLimits(t *testing.T) {
	in := apptest.Shared(t)
	only := func(blocs ...droits.Bloc) func(*convention.Document) {
		return func(d *convention.Document) { d.Blocks = blocs }
	}
	t.Run("R36 an operation whose main block is not in the convention is closed", func(t *testing.T) {
		p := in.SignUp(t, droits.Etablissement, only(droits.BlocIdentite, droits.BlocCaisse))
		for path, code := range map[string]string{moi: "", someone: "", caisse: "", family: "operation_hors_convention", contrats: "operation_hors_convention", exos: "operation_hors_convention", medecin: "operation_hors_convention", compl: "operation_hors_convention", arrets: "operation_hors_convention", risques: "operation_hors_convention"} {
			equal(t, path, read(t, in, "famille-martin", p, path).Code(), code)
		}
		o := read(t, in, "famille-martin", p, moi).Object(t)
		if o["presence_CMUC_ACS"] != nil || o["medecin_traitant_choisi"] != nil {
			t.Error("R35 a member of a closed block is told")
		}
		in.Get(t, caisse, in.As(t, "famille-martin", p), apptest.With("nir", in.NIRInFile(t, "famille-martin-enfant-1"))).Want(t, 403, "operation_hors_convention")
	})
	t.Run("R35 the motif follows its own block", func(t *testing.T) {
		p := in.SignUp(t, droits.Etablissement, only(droits.BlocIdentite, droits.BlocExonerations))
		wants(t, read(t, in, "maternite", p, exos), `[{"date_fin":"{+112}"}]`)
	})
	t.Run("R35 the reference follows its own block", func(t *testing.T) {
		p := in.SignUp(t, droits.Etablissement, only(droits.BlocIdentite, droits.BlocComplementaire))
		wants(t, read(t, in, "complementaire", p, compl), `{"souscrite":true}`)
	})
	t.Run("R38 a sensitive block that needs its own tick is not opened by the login alone", func(t *testing.T) {
		p := in.SignUp(t, droits.Etablissement, func(d *convention.Document) {
			d.Consent.Ticks = []droits.Bloc{droits.BlocExonerationsMotif, droits.BlocArretsTravail}
		})
		wants(t, read(t, in, "maternite", p, exos), `[{"date_fin":"{+112}"}]`)
		read(t, in, "arret-maladie", p, arrets).Want(t, 403, "consentement_explicite_requis")
	})
	t.Run("R46 a convention that wants the agent refuses without, and traces a pseudonym", func(t *testing.T) {
		p := in.SignUp(t, droits.Etablissement, func(d *convention.Document) { d.AgentRequired = true })
		read(t, in, "famille-martin", p, moi).Want(t, 403, "agent_requis")
		read(t, in, "famille-martin", p, moi, apptest.With("X-Agent", "guichet-7.alice")).Want(t, 200, "")
		if e := in.LastTrace(t); e.In("agent") == "" || strings.Contains(e.Parts[0]+e.Parts[1], "guichet") {
			t.Error("the agent is not traced as a digest")
		}
		read(t, in, "famille-martin", p, moi, apptest.With("X-Agent", "deux mots")).Want(t, 400, badParam)
	})
	t.Run("R75 a convention that names networks refuses others", func(t *testing.T) {
		far := in.SignUp(t, droits.Etablissement, func(d *convention.Document) { d.Networks = []string{"192.0.2.0/24"} })
		read(t, in, "famille-martin", far, moi).Want(t, 403, "adresse_non_autorisee")
		read(t, in, "famille-martin", far, moi, apptest.With("X-Forwarded-For", "192.0.2.7")).Want(t, 403, "adresse_non_autorisee")
		near := in.SignUp(t, droits.Etablissement, func(d *convention.Document) { d.Networks = []string{"127.0.0.0/8"} })
		read(t, in, "famille-martin", near, moi).Want(t, 200, "")
	})
	t.Run("R40 a convention that is not in force serves nothing", func(t *testing.T) {
		p := in.SignUp(t, droits.Etablissement, nil)
		in.Move(t, p, convention.Suspended)
		read(t, in, "famille-martin", p, moi).Want(t, 403, "convention_inactive")
		in.Move(t, p, convention.Active)
		read(t, in, "famille-martin", p, moi).Want(t, 200, "")
		in.Move(t, p, convention.Notice)
		read(t, in, "famille-martin", p, moi).Want(t, 200, "")
		in.Move(t, p, convention.Ended)
		read(t, in, "famille-martin", p, moi).Want(t, 403, "convention_inactive")
		late := in.SignUp(t, droits.Etablissement, func(d *convention.Document) { d.Until = today.AddDays(-1) })
		read(t, in, "famille-martin", late, moi).Want(t, 403, "convention_inactive")
		last := in.SignUp(t, droits.Etablissement, func(d *convention.Document) { d.Until = today })
		read(t, in, "famille-martin", last, moi).Want(t, 200, "")
		early := in.SignUp(t, droits.Etablissement, func(d *convention.Document) { d.From = today.AddDays(1) })
		read(t, in, "famille-martin", early, moi).Want(t, 403, "convention_inactive")
	})
	t.Run("a convention that names an empty block twice cannot be signed", func(t *testing.T) {
		d := convention.Document{ID: "x1", Version: 1, Blocks: []droits.Bloc{"caisse", "caisse"}, From: civil.Of(2026, 1, 1)}
		if _, err := convention.New(d, convention.Draft); err == nil {
			t.Error("accepted")
		}
	})
}

func TestExistingClients(t *testing.T) {
	in := apptest.Shared(t)
	token := in.Token(t, "famille-martin", in.Hospital)
	nir := in.NIR(t, "famille-martin")
	// As real clients do: their own spelling of headers, a base that ends with
	// a slash, no header of ours.
	old := func(base string, spell func(http.Header)) func(*testing.T, *apptest.Instance, string) *apptest.Answer {
		return func(t *testing.T, in *apptest.Instance, path string) *apptest.Answer {
			return in.Do(t, base+path, func(r *http.Request) { spell(r.Header) })
		}
	}
	t.Run("R1 an existing client that sends the two credentials and nir works unmodified", func(t *testing.T) {
		call := old(in.Base, func(h http.Header) {
			h["X-Api-Key"], h["authorization"], h["NIR"] = []string{in.Hospital.Key}, []string{"bearer " + token}, []string{nir}
		})
		for _, path := range []string{"/me", "/me/", "/me/beneficiaires", "/me/beneficiaires/", "/", "", "/caisse", "/caisse/", "/contrats", "/exonerations", "/medecin-traitant"} {
			call(t, in, path).Want(t, 200, "")
		}
	})
	t.Run("R1 X-API-KEY in capitals is the same header", func(t *testing.T) {
		old(in.Base, func(h http.Header) {
			h["X-API-KEY"], h["AUTHORIZATION"] = []string{in.Hospital.Key}, []string{"Bearer " + token}
		})(t, in, "/me").Want(t, 200, "")
	})
	for _, base := range []string{"/api/droits", "/test/v1/droits/beneficiaires", "/api/droits/"} {
		t.Run("R1 the base path can be "+base, func(t *testing.T) {
			other := apptest.Start(t, apptest.Options{Base: base})
			for _, path := range []string{moi, moi + "/", family, someone, "", caisse, contrats} {
				other.Get(t, path, other.As(t, "famille-martin", other.Hospital), other.NIROf(t, "famille-martin")).Want(t, 200, "")
			}
			other.Get(t, "/inconnue").Want(t, 404, "ressource_inconnue")
			other.Do(t, api.MoiPath, apptest.Key(other.Hospital)).Want(t, 200, "")
			if a := other.Do(t, "/openapi.yaml"); !strings.Contains(string(a.Body), "url: "+strings.TrimSuffix(base, "/")+"\n") {
				t.Error("R60 the document served does not name the base path in force")
			}
		})
	}
}

func TestHeadersOut(t *testing.T) {
	in := apptest.Shared(t)
	t.Run("a request id is echoed when it is well formed", func(t *testing.T) {
		for _, id := range []string{"a", "dossier-2026.11_42", strings.Repeat("x", 64), "1-85-03-12-047-912"} {
			a := read(t, in, "famille-martin", in.Hospital, moi, apptest.With("X-Request-Id", id))
			equal(t, "X-Request-Id", a.Header.Get("X-Request-Id"), id)
			equal(t, "traced", in.LastTrace(t).In("request_id"), id)
		}
	})
	t.Run("R10 a request id that could hold a number, or is malformed, is replaced", func(t *testing.T) {
		for _, id := range []string{in.NIR(t, "famille-martin"), "x1850312047912y", "deux mots", strings.Repeat("x", 65), "é", "a/b"} {
			a := read(t, in, "famille-martin", in.Hospital, moi, apptest.With("X-Request-Id", id))
			if got := a.Header.Get("X-Request-Id"); got == id || len(got) < 10 {
				t.Error("the id was kept, or none was made")
			}
		}
	})
	t.Run("a request id given twice is replaced", func(t *testing.T) {
		a := read(t, in, "famille-martin", in.Hospital, moi, apptest.With("X-Request-Id", "un"), apptest.With("X-Request-Id", "deux"))
		if got := a.Header.Get("X-Request-Id"); got == "un" || got == "deux" {
			t.Error("one of the two was kept")
		}
	})
	t.Run("X-Trace names the leaf of the log", func(t *testing.T) {
		a := read(t, in, "famille-martin", in.Hospital, moi)
		e := in.LastTrace(t)
		if !strings.HasSuffix(a.Header.Get("X-Trace"), hexOf(e.Hash[:])) {
			t.Error("X-Trace is not the hash of the last entry")
		}
	})
	t.Run("R6 every 2xx of every operation carries no-store", func(t *testing.T) {
		for _, op := range droits.Operations() {
			a := read(t, in, "famille-martin", in.Hospital, op.Path)
			equal(t, op.Path, a.Want(t, 200, "").Header.Get("Cache-Control"), "no-store")
		}
	})
	t.Run("the same token serves several calls", func(t *testing.T) {
		one := in.As(t, "famille-martin", in.Hospital)
		for range 4 {
			in.Get(t, moi, one).Want(t, 200, "")
		}
	})
	t.Run("R10 no identifier of a person appears in a URL that is logged", func(t *testing.T) {
		read(t, in, "famille-martin", in.Hospital, moi+"?nir="+in.NIR(t, "famille-martin")).Want(t, 200, "")
		if strings.Contains(in.Logs.String(), in.NIR(t, "famille-martin")) {
			t.Error("a number given in the URL is logged")
		}
	})
}
