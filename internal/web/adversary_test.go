package web_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/account"
	"droits.example/droits/internal/app"
	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/habilitation"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/sim/prosim"
	"droits.example/droits/internal/support"
)

// possessions are what an organisation has here, by the mark of a path.
func possessions(t *testing.T, in *apptest.Instance) map[string]string {
	t.Helper()
	s := in.App.Store
	boss := in.Staff(t, "hopital-gestionnaire")
	in.Get(t, "/me", in.As(t, "famille-martin", in.Hospital)).Want(t, 200, "")
	form := asked()
	form.Organisation.SIRET = prosim.HospitalSIRET
	doing := habilitation.Doing{Role: habilitation.Demandeur, Author: "cpt_x", Form: form}
	r, err := s.OpenRequest(t.Context(), doing)
	if err == nil {
		r, err = s.AttachPiece(t.Context(), habilitation.Piece{Request: r.ID, Field: "cadre.document", Name: "texte.pdf"}, []byte("%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"), habilitation.Doing{Role: habilitation.Demandeur, Author: "cpt_x"})
	}
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.OpenFile(t.Context(), support.File{Kind: support.Question, Organisation: prosim.HospitalSIRET, Subject: "Question", Messages: []support.Message{{Side: support.Partner, Author: "cpt_x", Text: "Bonjour."}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.PutPartner(t.Context(), partner.Partner{ID: "logiciel", Nom: "Logiciel", SIRET: "00000000000059", Kind: droits.Editeur}); err != nil {
		t.Fatal(err)
	}
	if err := s.Delegate(t.Context(), "logiciel", in.Hospital.Convention); err != nil {
		t.Fatal(err)
	}
	team, err := s.Team(t.Context(), prosim.HospitalSIRET)
	if err != nil || len(team) != 1 {
		t.Fatal(err)
	}
	call := firstOf(t, boss.Get(t, "/partenaire/appels"), callLink)
	return map[string]string{
		"{demande}": r.ID, "{piece}": r.Form.Pieces["cadre.document"], "{convention}": in.Hospital.Convention, "{cle}": in.Hospital.KeyID,
		"{appel}": strings.TrimPrefix(call, "/partenaire/appels/"), "{dossier}": f.ID, "{compte}": team[0].ID, "{partenaire}": in.Hospital.ID,
	}
}

// reads and writes are the addresses that name something of an organisation.
var (
	reads = []string{
		"/partenaire/demandes/{demande}", "/partenaire/demandes/{demande}/verifier", "/partenaire/demandes/{demande}/deposee", "/partenaire/demandes/{demande}/habilitation-franceconnect",
		"/partenaire/demandes/{demande}/pieces/{piece}", "/partenaire/demandes/{demande}/etapes/organisation", "/partenaire/conventions/{convention}", "/partenaire/conventions/{convention}/document",
		"/partenaire/conventions/{convention}/octets", "/partenaire/conventions/{convention}/openapi", "/partenaire/conventions/{convention}/partir", "/partenaire/conventions/{convention}?version=1",
		"/partenaire/cles/{cle}/revoquer", "/partenaire/appels/{appel}", "/partenaire/support/{dossier}", "/partenaire/delegations/logiciel/{convention}/terminer",
	}
	writes = []string{
		"/partenaire/demandes/{demande}/etapes/organisation", "/partenaire/demandes/{demande}/deposer", "/partenaire/demandes/{demande}/message", "/partenaire/demandes/{demande}/rouvrir",
		"/partenaire/demandes/{demande}/annuler", "/partenaire/demandes/{demande}/archiver", "/partenaire/demandes/{demande}/pieces/cadre.document/retirer", "/partenaire/conventions/{convention}/partir",
		"/partenaire/conventions/{convention}/signature", "/partenaire/conventions/{convention}/cle", "/partenaire/cles/{cle}/revoquer", "/partenaire/cles/{cle}/logiciel", "/partenaire/support/{dossier}",
		"/partenaire/support/{dossier}/clore", "/partenaire/equipe/{compte}/role", "/partenaire/equipe/{compte}/second-facteur/retirer", "/partenaire/delegations/logiciel/{convention}/terminer",
	}
	bodies = url.Values{"confirmer": {"oui"}, "texte": {"x"}, "motif": {"x"}, "version": {"1"}, "signature": {"AA=="}, "cle": {"AA=="}, "edition": {"1"}, "jwk": {"{}"}, "role": {"lecteur"}}
)

func TestNobodyReachesWhatIsAnothers(t *testing.T) { // R33
	in := apptest.Start(t, apptest.Options{})
	own := possessions(t, in)
	in.Staff(t, "hopital-demandeur") // nobody has given a role
	strangers := map[string]*apptest.Browser{
		"the manager of another organisation": in.Staff(t, "clinique-direction"), "the manager of another partner": in.Staff(t, "mutuelle-gestionnaire"),
		"a colleague without a role": in.Staff(t, "hopital-lecteur"), "an agent who may sign": in.Staff(t, "agent-responsable"), "an agent who runs the platform": in.Staff(t, "agent-exploitant"), "nobody": in.Browser(),
	}
	named := func(path string, own map[string]string) string {
		for mark, id := range own {
			path = strings.ReplaceAll(path, mark, id)
		}
		return path
	}
	refused := func(p *apptest.Page) bool {
		return p.Status == 403 || p.Status == 404 || p.Status == 400 || p.Status == 303 && strings.HasSuffix(p.Header.Get("Location"), "/connexion")
	}
	before, err := in.App.Store.TraceCount(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for who, b := range strangers {
		for _, path := range reads {
			if p := b.Once(t, "GET", named(path, own), nil); !refused(p) {
				t.Errorf("%s reads %s: %d", who, path, p.Status)
			}
		}
		for _, path := range writes {
			form := url.Values{"role-" + own["{compte}"]: {"lecteur"}}
			for k, v := range bodies {
				form[k] = v
			}
			if p := b.Once(t, "POST", named(path, own), form); !refused(p) {
				t.Errorf("%s writes to %s: %d %s", who, path, p.Status, p.Header.Get("Location"))
			}
		}
		for path, form := range map[string]url.Values{
			"/partenaire/cles": {"convention": {own["{convention}"]}, "une_fois": {"x" + who}}, "/partenaire/delegations": {"convention": {own["{convention}"]}, "editeur": {"logiciel"}},
		} {
			if p := b.Once(t, "POST", path, form); !refused(p) {
				t.Errorf("%s makes one at %s: %d", who, path, p.Status)
			}
		}
		for _, query := range []string{"/partenaire/appels?partenaire=" + own["{partenaire}"], "/partenaire/appels?cle=" + own["{cle}"], "/partenaire/appels/export?partenaire=" + own["{partenaire}"]} {
			if p := b.Once(t, "GET", query, nil); p.Status == 200 && (p.Says("getMe") || strings.Contains(p.Body, "getMe;")) {
				t.Errorf("%s reads the calls at %s", who, query)
			}
		}
	}
	if after, err := in.App.Store.TraceCount(t.Context()); err != nil || after != before {
		t.Errorf("%d events were written", after-before)
	}
	t.Run("nor does a member reach anything by an identifier that is none", func(t *testing.T) {
		boss := in.Staff(t, "hopital-gestionnaire")
		odd := []string{"x", strings.Repeat("a", 4000), "%2e%2e%2f", "..%2f..", "%00", "a%2Fb", "-1", "99999999999999999999", own["{cle}"], own["{demande}"], own["{dossier}"], "%ff", "é"}
		for _, path := range slices.Concat(reads, writes) {
			for _, id := range odd {
				wrong := map[string]string{}
				for mark, right := range own {
					if wrong[mark] = id; right == id {
						wrong[mark] = "x"
					}
				}
				for _, method := range []string{"GET", "POST"} {
					p := boss.Once(t, method, named(path, wrong), url.Values{})
					if p.Status >= 500 || p.Status == 200 {
						t.Errorf("%s %s with %.20q: %d", method, path, id, p.Status)
					}
				}
			}
		}
	})
	t.Run("a role that is taken away counts at the next page", func(t *testing.T) {
		s := in.App.Store
		p := in.Browser()
		in.LogIn(t, p, "/partenaire", "hopital-developpeur")
		team, err := s.Team(t.Context(), prosim.HospitalSIRET)
		if err != nil {
			t.Fatal(err)
		}
		me := team[slices.IndexFunc(team, func(x account.Person) bool { return strings.HasPrefix(x.Mail, "developpeur@") })].ID
		for role, want := range map[account.Role]int{account.Developpeur: http.StatusOK, account.Lecteur: http.StatusForbidden, "": http.StatusForbidden} {
			if err := s.SetMemberRole(t.Context(), prosim.HospitalSIRET, me, role); err != nil {
				t.Fatal(err)
			}
			if got := p.Once(t, "GET", "/partenaire/cles/"+own["{cle}"]+"/revoquer", nil); got.Status != want {
				t.Errorf("%q answers %d", role, got.Status)
			}
			if got := p.Once(t, "GET", "/partenaire/equipe", nil); (got.Status == 200) != (role != "") {
				t.Errorf("%q reads the team: %d", role, got.Status)
			}
		}
	})
}

// decides are the addresses at which agents change something.
var decides = []string{
	"/instruction/demandes/{demande}/message", "/instruction/demandes/{demande}/note", "/instruction/demandes/{demande}/retirer-proposition", "/instruction/demandes/{demande}/valider",
	"/instruction/demandes/{demande}/modifications", "/instruction/demandes/{demande}/refuser", "/instruction/demandes/{demande}/revoquer", "/instruction/demandes/{demande}/convention/preparer",
	"/instruction/demandes/{demande}/convention/signer", "/instruction/demandes/{demande}/convention/activer", "/instruction/conventions/{convention}/signature", "/instruction/conventions/{convention}/etat",
	"/instruction/conventions/{convention}/lettre", "/instruction/partenaires/{partenaire}/cles/{cle}/suspendre", "/instruction/partenaires/{partenaire}/cles/{cle}/retablir",
	"/instruction/agents", "/instruction/agents/{compte}/renouveler", "/instruction/agents/{compte}/revoir", "/instruction/agents/{compte}/terminer", "/instruction/support/{dossier}", "/instruction/support/{dossier}/clore",
}

func TestAnAgentWhoMayNotChangesNothing(t *testing.T) { // R33
	in := apptest.Start(t, apptest.Options{})
	own := possessions(t, in)
	own["{demande}"] = submittedRequest(t, in)
	own["{compte}"] = in.Habilitate(t, "agent-dpo")
	s := in.App.Store
	all := map[string]*apptest.Browser{"rapporteur": in.Staff(t, "agent-rapporteur"), "a manager of an organisation": in.Staff(t, "hopital-gestionnaire"), "nobody": in.Browser()}
	for _, ended := range []string{"agent-responsable", "agent-exploitant"} {
		all[ended+", whose mandate has ended"] = in.Staff(t, ended)
		if err := s.EndAgent(t.Context(), in.Habilitate(t, ended)); err != nil {
			t.Fatal(err)
		}
	}
	before, err := s.TraceCount(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for who, b := range all {
		for _, path := range decides {
			form := url.Values{"edition": {"2"}, "texte": {"x"}, "motif": {"x"}, "vers": {"suspendre"}, "fondement": {"loi"}, "engagement": {account.UndertakingVersion}, "jusque": {"31/12/2027"}, "directeur": {"Anne Exemple"}, "courriel": {"a@operateur.example"}, "role": {"responsable"}}
			for mark, id := range own {
				path = strings.ReplaceAll(path, mark, id)
			}
			p := b.Once(t, "POST", path, form)
			if p.Status != 403 && (p.Status != 303 || !strings.HasSuffix(p.Header.Get("Location"), "/connexion")) {
				t.Errorf("%s: %s answers %d", who, path, p.Status)
			}
		}
	}
	for who, b := range all {
		if p := b.Once(t, "POST", "/instruction/engagement", url.Values{"engagement": {account.UndertakingVersion}}); who != "rapporteur" && p.Status == 303 && p.Header.Get("Location") == "/instruction" {
			t.Errorf("%s undertakes secrecy", who)
		}
	}
	after, err := s.TraceCount(t.Context())
	if err != nil || after > before+1 { // the reporter may undertake again
		t.Errorf("%d events were written", after-before)
	}
}

func TestNoDoorLeadsAroundTheSecondFactor(t *testing.T) { // R33
	in := apptest.Start(t, apptest.Options{Edit: func(c *app.Config) { c.Login.SecondFactor = true }})
	own := possessions(t, in)
	boss := in.Staff(t, "hopital-gestionnaire")
	form := func() url.Values {
		f := url.Values{"role-" + own["{compte}"]: {"lecteur"}}
		for k, v := range bodies {
			f[k] = v
		}
		return f
	}
	named := func(path string) string {
		for mark, id := range own {
			path = strings.ReplaceAll(path, mark, id)
		}
		return path
	}
	t.Run("where one is demanded, who has none does nothing that engages", func(t *testing.T) {
		before, err := in.App.Store.TraceCount(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/partenaire/cles", "/partenaire/cles/{cle}/revoquer", "/partenaire/cles/{cle}/logiciel", "/partenaire/equipe", "/partenaire/equipe/{compte}/role", "/partenaire/equipe/{compte}/second-facteur/retirer", "/partenaire/conventions/{convention}/partir", "/partenaire/conventions/{convention}/signature", "/partenaire/conventions/{convention}/cle", "/partenaire/delegations"} {
			if p := boss.Once(t, "POST", named(path), form()); p.Status != 403 {
				t.Errorf("%s answers %d", path, p.Status)
			}
		}
		if after, err := in.App.Store.TraceCount(t.Context()); err != nil || after != before {
			t.Errorf("%d events", after-before)
		}
	})
	secret := account.NewFactor()
	code := func() string { return account.FactorCode(secret, account.FactorStep(in.Clock.Now())) }
	if p := boss.Post(t, "/partenaire/securite/second-facteur", url.Values{"cle": {account.FactorText(secret)}, "code": {code()}}); p.Status != 200 {
		t.Fatal(p.Status)
	}
	half := in.Browser()
	in.LogIn(t, half, "/partenaire", "hopital-gestionnaire")
	t.Run("half a login opens no door, by whatever method", func(t *testing.T) {
		for _, path := range slices.Concat(writes, decides, []string{"/partenaire/securite/second-facteur", "/partenaire/securite/second-facteur/retirer", "/partenaire/securite/sessions/fermer-les-autres", "/partenaire/incident", "/instruction/engagement", "/instruction/securite/second-facteur/retirer"}) {
			if p := half.Once(t, "POST", named(path), form()); p.Header.Get("Location") != "/connexion/second-facteur" {
				t.Errorf("%s answers %d", path, p.Status)
			}
		}
	})
	t.Run("a code counts once, and guesses rest", func(t *testing.T) {
		if p := half.Once(t, "POST", "/connexion/second-facteur", url.Values{"code": {code()}}); p.Status != 422 {
			t.Errorf("the code that set it counts again: %d", p.Status)
		}
		thief := half.Copy()
		for range 4 {
			thief.Once(t, "POST", "/connexion/second-facteur", url.Values{"code": {"12"}})
		}
		in.Clock.Advance(time.Minute)
		if p := thief.Once(t, "POST", "/connexion/second-facteur", url.Values{"code": {code()}}); p.Status != http.StatusTooManyRequests {
			t.Errorf("the sixth try is looked at: %d", p.Status)
		}
		in.Clock.Advance(15 * time.Minute)
		in.LogIn(t, half, "/partenaire", "hopital-gestionnaire")
		if p := half.Once(t, "POST", "/connexion/second-facteur", url.Values{"code": {code()}}); p.Status != 303 {
			t.Errorf("the right one is refused for good: %d", p.Status)
		}
	})
	t.Run("a logout ends the copies of the session too", func(t *testing.T) {
		thief := half.Copy()
		half.Once(t, "POST", "/connexion/quitter", url.Values{})
		if p := thief.Once(t, "GET", "/partenaire", nil); p.Status != 303 || p.Header.Get("Location") != "/partenaire/connexion" {
			t.Errorf("%d %s", p.Status, p.Header.Get("Location"))
		}
	})
}
