package web_test

import (
	"crypto/ed25519"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/consent"
	"droits.example/droits/internal/convention"
	"droits.example/droits/internal/droits"
	"droits.example/droits/internal/trace"
)

// wholeNumber is a NIR that is not masked, grouped or not.
var wholeNumber = regexp.MustCompile(`\b[1-478][ \x{00a0}]?\d{2}[ \x{00a0}]?\d{2}[ \x{00a0}]?(\d{2}|2[AB])[ \x{00a0}]?\d{3}[ \x{00a0}]?\d{3}\b`)

var (
	childLink  = regexp.MustCompile(`/mon-espace/droits/(beneficiaire-[0-9a-f]+)"`)
	lineLink   = regexp.MustCompile(`/mon-espace/acces/([0-9a-f]{32})"`)
	nextLink   = regexp.MustCompile(`href="([^"]*avant=[^"]*)"`)
	accordLink = regexp.MustCompile(`/mon-espace/partages/accords/([^"]+)"`)
)

// firstOf is the first link of a page that a pattern finds.
func firstOf(t *testing.T, p *apptest.Page, of *regexp.Regexp) string {
	t.Helper()
	m := of.FindStringSubmatch(p.Body)
	if m == nil {
		t.Fatalf("%s has no such link", p.Path)
	}
	return strings.ReplaceAll(m[1], "&amp;", "&")
}

// signedIn is a browser in the space of somebody.
func signedIn(t *testing.T, in *apptest.Instance, slug string) *apptest.Browser {
	t.Helper()
	b := in.Browser()
	whole(t, b.SignIn(t, slug), 200, "Bonjour")
	return b
}

func TestOwnRights(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	martin, c2s := signedIn(t, in, "famille-martin"), signedIn(t, in, "c2s")
	mine := firstOf(t, martin.Get(t, "/mon-espace/droits"), childLink)
	t.Run("one sees its rights and its children's, nobody else's", func(t *testing.T) {
		whole(t, martin.Get(t, "/mon-espace/droits"), 200, "Mes droits", "Droits de base", "CPAM de l'Aveyron", "Dr Bastien ROUSSANE")
		whole(t, martin.Get(t, "/mon-espace/droits/"+mine), 200, "Les droits de Camille MARTIN")
		for _, ref := range []string{mine, "beneficiaire-0123456789abcdef", "beneficiaire-", "x", "..%2f..", strings.Repeat("a", 500)} {
			for _, path := range []string{"/mon-espace/droits/" + ref, "/mon-espace/droits/attestation?pour=" + ref} {
				if p := c2s.Get(t, path); p.Status != 404 || p.Says("MARTIN") {
					t.Errorf("a child chosen by the wrong parent, or a forged reference, answers %d", p.Status)
				}
			}
			if p := c2s.Post(t, "/mon-espace/droits/"+ref+"/numero", url.Values{}); p.Status != 404 && ref != "..%2f.." {
				t.Errorf("a number asked for by the wrong parent answers %d", p.Status)
			}
		}
	})
	t.Run("R10 numbers are masked on every page, and shown whole once, on demand, which is traced", func(t *testing.T) {
		in.Get(t, "/me", in.As(t, "famille-martin", in.Hospital)).Want(t, 200, "")
		for _, path := range append(spacePages, "/mon-espace/droits/"+mine) {
			if p := martin.Get(t, path); wholeNumber.MatchString(p.Text()) {
				t.Errorf("%s shows a whole number", path)
			}
		}
		p := martin.Post(t, "/mon-espace/droits/assure/numero", url.Values{})
		whole(t, p, 200, "2 86 02", "Masquer et revenir")
		if strings.ReplaceAll(wholeNumber.FindString(p.Text()), " ", "") != in.NIR(t, "famille-martin")[:13] || p.Header.Get("Cache-Control") != "no-store" {
			t.Error("the number is not whole, or may be kept")
		}
		if strings.Contains(p.Path, "86") {
			t.Error("a number is in an address")
		}
		whole(t, martin.Get(t, "/mon-espace/acces?genre=tout"), 200, "Affichage d'un numéro en entier")
	})
	t.Run("R10 no page of the space repeats a number that an address held", func(t *testing.T) {
		const number = "286021204798976"
		for _, path := range []string{"/mon-espace/acces?organisme=" + number, "/mon-espace/acces?qui=" + number + "&avant=" + number + "&autre=" + number, "/mon-espace/acces?du=" + number, "/mon-espace/acces?genre=" + number + "&issue=" + number,
			"/mon-espace/droits?au=" + number, "/mon-espace/droits/" + number, "/mon-espace/partages/" + number, "/mon-espace/partages/accords/" + number, "/mon-espace/acces/" + number, "/mon-espace?fait=" + number, "/mon-espace/connexion?motif=" + number} {
			p := martin.Get(t, path)
			if strings.Contains(p.Body, number) || strings.Contains(strings.Join(p.Header["Location"], ""), number) {
				t.Errorf("%s… does", path[:20])
			}
		}
	})
	t.Run("another day shows the rights of that day; a day that is none is told beside the field", func(t *testing.T) {
		whole(t, martin.Get(t, "/mon-espace/droits?au=2027-03-01"), 200, "Situation au 1er mars 2027")
		for _, bad := range []string{"demain", "2026-02-30", "2020-01-01", "2031-01-01", "2026-11-22T00:00"} {
			whole(t, martin.Get(t, "/mon-espace/droits?au="+url.QueryEscape(bad)), 422, "Votre saisie est à corriger", "Situation au 22 novembre 2026")
		}
	})
	t.Run("rights that end soon are told on the first page, with what to do", func(t *testing.T) {
		whole(t, signedIn(t, in, "fin-proche").Get(t, "/mon-espace"), 200, "Vos droits de base se terminent le 2 décembre 2026", "Rapprochez-vous de votre caisse", "se terminent bientôt")
		if martin.Get(t, "/mon-espace").Says("se terminent le") {
			t.Error("rights without an end are told to end")
		}
		future := signedIn(t, in, "droits-futurs")
		whole(t, future.Get(t, "/mon-espace"), 200, "Aucun droit de base n'est connu pour vous aujourd'hui")
	})
	t.Run("R52 what is restricted is shown to its person, with the restriction", func(t *testing.T) {
		for _, p := range in.People {
			if p.Restricted {
				whole(t, signedIn(t, in, p.Slug).Get(t, "/mon-espace/droits"), 200, "Toutes les données : traitement limité depuis le 22 novembre 2026", "Aucun organisme ne les reçoit")
				return
			}
		}
		t.Error("nobody is restricted")
	})
	t.Run("R45 opening the space is in the journal that one opens", func(t *testing.T) {
		b := signedIn(t, in, "jumeaux")
		b.Get(t, "/mon-espace/acces")
		whole(t, b.Get(t, "/mon-espace/acces?genre=tout"), 200, "Connexion à votre espace", "Vos droits, vus par vous", "Cette liste, vue par vous")
	})
	t.Run("R54 each page says who to turn to, and that the Cnil may be asked", func(t *testing.T) {
		for _, path := range []string{"/mon-espace/connexion", "/mon-espace", "/mon-espace/droits", "/mon-espace/partages", "/mon-espace/partages/hopital", "/mon-espace/acces", "/mon-espace/securite"} {
			whole(t, martin.Get(t, path), 200, "délégué à la protection des données", "Cnil", "droit d'accès, de rectification et de limitation")
		}
	})
}

func TestEveryTestPerson(t *testing.T) {
	in := apptest.Shared(t)
	opened := 0
	for _, person := range in.People {
		if !person.Named {
			continue
		}
		t.Run(person.Slug+" sees whole pages of its own, or is told why there are none", func(t *testing.T) {
			b := in.Browser()
			p := b.SignIn(t, person.Slug)
			if b.Cookies[sessionCookie] == "" {
				if !p.Says("Nous ne vous avons pas retrouvé") && !p.Says("Cet espace s'ouvre à seize ans") || p.Status != 200 {
					t.Errorf("status %d", p.Status)
				}
				return
			}
			opened++
			whole(t, p, 200, "Bonjour")
			for _, m := range childLink.FindAllStringSubmatch(p.Body, -1) {
				whole(t, b.Get(t, "/mon-espace/droits/"+m[1]), 200, "Les droits de")
				whole(t, b.Get(t, "/mon-espace/droits/attestation?pour="+m[1]), 200)
			}
			for _, path := range append(spacePages, "/mon-espace/droits?au=2027-06-30", "/mon-espace/droits?au=2026-01-31") {
				if q := b.Get(t, path); q.Status != 200 || wholeNumber.MatchString(q.Text()) {
					t.Errorf("%s: status %d, or a whole number", path, q.Status)
				}
			}
		})
	}
	t.Run("the space opens at sixteen", func(t *testing.T) {
		whole(t, in.Browser().SignIn(t, "quinze-ans"), 200, "Cet espace s'ouvre à seize ans")
		whole(t, in.Browser().SignIn(t, "seize-ans"), 200, "Bonjour")
	})
	if opened < 20 {
		t.Errorf("only %d people opened their space", opened)
	}
}

func TestOwnJournal(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	b := signedIn(t, in, "famille-martin")
	t.Run("R44 a read is there at once, in plain French, with whom, why, what and its outcome", func(t *testing.T) {
		whole(t, b.Get(t, "/mon-espace/acces"), 200, "Aucune ligne")
		in.Get(t, "/caisse", in.As(t, "famille-martin", in.Hospital), in.NIROf(t, "famille-martin")).Want(t, 200, "")
		whole(t, b.Get(t, "/mon-espace/acces"), 200, "22/11/2026 à 12 h 00", "Partenaire d'essai", "Préparer une admission", "La caisse", "vous", "Données transmises")
		whole(t, b.Get(t, "/mon-espace"), 200, "Dernières consultations", "La caisse")
	})
	t.Run("R44 a refusal is there too, with its reason in words", func(t *testing.T) {
		in.Get(t, "/caisse", in.As(t, "famille-martin", in.Insurer), in.NIROf(t, "c2s")).Want(t, 404, "beneficiaire_inconnu")
		whole(t, b.Get(t, "/mon-espace/acces?issue=refuse"), 200, "Refusé : personne non rattachée")
		if p := b.Get(t, "/mon-espace/acces?issue=servi"); p.Says("Refusé :") {
			t.Error("the filter lets refusals through")
		}
	})
	t.Run("a line tells everything that may be told, and a code that names nobody", func(t *testing.T) {
		p := b.Get(t, "/mon-espace/acces/"+firstOf(t, b.Get(t, "/mon-espace/acces?organisme=hopital"), lineLink))
		whole(t, p, 200, "Quand", "22 novembre 2026 à 12 h 00 (heure de Paris)", "Établissement de soins", "Ce qui a été transmis", "Votre caisse gestionnaire", "Code à citer", "hopital-convention/1")
	})
	t.Run("a line of somebody else is not found, nor its proof", func(t *testing.T) {
		id := firstOf(t, b.Get(t, "/mon-espace/acces"), lineLink)
		other := signedIn(t, in, "c2s")
		for _, path := range []string{id, id + "/preuve", id + "/preuve.json", strings.Repeat("0", 32), "x"} {
			if p := other.Get(t, "/mon-espace/acces/"+path); p.Status != 404 {
				t.Errorf("status %d", p.Status)
			}
		}
		if p := other.Post(t, "/mon-espace/acces/"+id+"/signaler", url.Values{}); p.Status != 404 {
			t.Errorf("reported by somebody else: %d", p.Status)
		}
	})
	t.Run("what was read of a child in the other parent's session tells a day, a kind and a purpose", func(t *testing.T) {
		in.Get(t, "/me/beneficiaires", in.As(t, "double-rattachement-b", in.Hospital)).Want(t, 200, "")
		a := signedIn(t, in, "double-rattachement-a")
		p := a.Get(t, "/mon-espace/acces")
		whole(t, p, 200, "Établissement de soins", "Préparer une admission", "avec l'accord d'un autre représentant", "détail réservé")
		one := a.Get(t, "/mon-espace/acces/"+firstOf(t, p, lineLink))
		whole(t, one, 200, "Pour ne rien révéler de lui", "Code à citer")
		for _, page := range []*apptest.Page{p, one} {
			if page.Says("Partenaire d'essai") || page.Says("Votre identité") || strings.Contains(page.Body, "/preuve") || strings.Contains(page.Body, "/partages/hopital") {
				t.Error("the other parent is betrayed")
			}
		}
		id := firstOf(t, p, lineLink)
		if p := a.Get(t, "/mon-espace/acces/"+id+"/preuve"); p.Status != 404 {
			t.Errorf("its proof answers %d", p.Status)
		}
	})
	t.Run("a read that was not the person's is reported, once, and kept", func(t *testing.T) {
		path := "/mon-espace/acces/" + firstOf(t, b.Get(t, "/mon-espace/acces"), lineLink)
		whole(t, b.Post(t, path+"/signaler", url.Values{"texte": {strings.Repeat("é", 1001)}}), 422, "Votre texte dépasse")
		whole(t, b.Post(t, path+"/signaler", url.Values{"texte": {"Je n'étais pas là."}}), 200, "C'est fait.", "Vous avez signalé cette consultation")
		whole(t, b.Get(t, "/mon-espace/acces"), 200, "signalée")
		whole(t, b.Get(t, "/mon-espace/acces?genre=choix"), 200, "Signalement d'une consultation")
	})
	t.Run("filters that make no sense are told, and nothing is shown meanwhile", func(t *testing.T) {
		whole(t, b.Get(t, "/mon-espace/acces?du=hier"), 422, "Votre saisie est à corriger")
		whole(t, b.Get(t, "/mon-espace/acces?du=2026-11-22&au=2026-11-01"), 422, "Choisissez une date de fin")
		for _, q := range []string{"?genre=x&issue=y&qui=z", "?organisme=inconnu", "?avant=inconnu", "?qui=beneficiaire-0", "?du=2020-01-01&au=2020-02-01"} {
			whole(t, b.Get(t, "/mon-espace/acces"+q), 200)
		}
	})
	t.Run("a long journal is read page by page, newest first, each line once", func(t *testing.T) {
		long := signedIn(t, in, "c2s")
		for range 60 {
			in.Get(t, "/me", in.As(t, "c2s", in.Hospital)).Want(t, 200, "")
			in.Clock.Advance(time.Second)
		}
		seen := map[string]bool{}
		p := long.Get(t, "/mon-espace/acces")
		for pages := 1; ; pages++ {
			whole(t, p, 200)
			for _, m := range lineLink.FindAllStringSubmatch(p.Body, -1) {
				if seen[m[1]] {
					t.Error("a line is there twice")
				}
				seen[m[1]] = true
			}
			if next := nextLink.FindStringSubmatch(p.Body); next != nil {
				p = long.Get(t, strings.ReplaceAll(next[1], "&amp;", "&"))
				continue
			}
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
		if len(seen) != 60 {
			t.Errorf("%d lines, not 60", len(seen))
		}
	})
}

func TestProofs(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	b := signedIn(t, in, "famille-martin")
	in.Get(t, "/me", in.As(t, "famille-martin", in.Hospital)).Want(t, 200, "")
	path := "/mon-espace/acces/" + firstOf(t, b.Get(t, "/mon-espace/acces"), lineLink) + "/preuve"
	file := b.Get(t, path+".tlog-proof")
	check := func(text string) *apptest.Page {
		t.Helper()
		return in.Browser().Post(t, "/verifier", url.Values{"texte": {text}})
	}
	t.Run("R43 the proof of an access is explained, and a file that anybody verifies", func(t *testing.T) {
		whole(t, b.Get(t, path), 200, "Preuve d'une consultation", "Télécharger la preuve", "Votre identité")
		if file.Status != 200 || !strings.HasPrefix(file.Header.Get("Content-Disposition"), "attachment") || !strings.HasPrefix(file.Body, "c2sp.org/tlog-proof@v1\n") {
			t.Fatalf("status %d", file.Status)
		}
		whole(t, check(file.Body), 200, "Cette preuve est valide", "22 novembre 2026 à 12 h 00", "Votre identité", "Comment c'est vérifié")
		whole(t, check(strings.ReplaceAll(file.Body, "\n", "\r\n")), 200, "Cette preuve est valide")
		whole(t, check("\n  "+file.Body+"\n\n"), 200, "Cette preuve est valide")
		var x struct {
			Person map[string]any `json:"person"`
		}
		if p := b.Get(t, path+".json"); p.Status != 200 || json.Unmarshal([]byte(p.Body), &x) != nil || x.Person["partner"] != "hopital" {
			t.Error("the JSON form is not the same")
		}
		for _, bad := range []string{"MARTIN", "Hélène", in.NIR(t, "famille-martin")[:13]} {
			if strings.Contains(file.Body, bad) {
				t.Error("the file names the person")
			}
		}
	})
	t.Run("R43 T1 one byte changed anywhere is told, and never valid", func(t *testing.T) {
		for i := 0; i < len(file.Body); i += 19 {
			c := file.Body[i] ^ 1
			if c == '\r' || c == ' ' && i == len(file.Body)-1 {
				continue
			}
			p := check(file.Body[:i] + string(rune(c)) + file.Body[i+1:])
			if p.Status != 200 || p.Says("Cette preuve est valide") || !p.Says("altérée") && !p.Says("autre registre") && !p.Says("n'est ni une preuve") {
				t.Fatalf("changed at %d: status %d", i, p.Status)
			}
		}
		whole(t, check(file.Body[:len(file.Body)/2]), 200, "altérée")
	})
	t.Run("a proof of another log is told as such", func(t *testing.T) {
		other := apptest.Start(t, apptest.Options{})
		o := signedIn(t, other, "famille-martin")
		other.Get(t, "/me", other.As(t, "famille-martin", other.Hospital)).Want(t, 200, "")
		at := "/mon-espace/acces/" + firstOf(t, o.Get(t, "/mon-espace/acces"), lineLink) + "/preuve.tlog-proof"
		whole(t, check(o.Get(t, at).Body), 200, "autre registre")
	})
	t.Run("what is no proof is told as such", func(t *testing.T) {
		for _, text := range []string{"bonjour", "{}", `{"schema":"droits/attestation/1"}`, "c2sp.org/tlog-proof@v1\n", "\x00\xff", "<script>alert(1)</script>"} {
			if p := check(text); p.Status != 200 || p.Says("Cette preuve est valide") || strings.Contains(p.Body, "<script>") {
				t.Errorf("status %d", p.Status)
			}
		}
		whole(t, check("  \n "), 422, "Votre saisie est à corriger")
		whole(t, in.Browser().Get(t, "/verifier"), 200, "Rien de ce que vous collez ici n'est conservé")
	})
	t.Run("the same bytes verify with the public key alone", func(t *testing.T) {
		lines, err := in.App.Store.PublicKeys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		keys, err := trace.ParseKeys([]byte(strings.Join(lines, "\n")))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := trace.VerifyProof([]byte(file.Body), keys); err != nil {
			t.Error(err)
		}
	})
	t.Run("an attestation is checked by its file or by its code, and no longer once changed", func(t *testing.T) {
		p := b.Get(t, "/mon-espace/droits/attestation")
		whole(t, p, 200, "Attestation de droits", "Hélène MARTIN", "Droits de base")
		f := b.Get(t, "/mon-espace/droits/attestation?format=json")
		var c struct{ Code, SHA256 string }
		if f.Status != 200 || json.Unmarshal([]byte(f.Body), &c) != nil || c.Code == "" {
			t.Fatalf("status %d", f.Status)
		}
		whole(t, check(f.Body), 200, "n'a pas été changée")
		whole(t, check(strings.ToLower(c.Code)), 200, "Ce code a été émis ici", "22 novembre 2026", c.SHA256[:16])
		whole(t, check(strings.Replace(f.Body, "MARTIN", "MARTEN", 1)), 200, "ne correspond pas à son code")
		whole(t, check(c.Code[:31]+"0"), 200)
		if check(c.Code[:30] + "00").Says("émis ici") {
			t.Error("another code is taken for ours")
		}
	})
	t.Run("T1 only the writing of an attestation that we give is one", func(t *testing.T) {
		f := b.Get(t, "/mon-espace/droits/attestation?format=json").Body
		whole(t, check(f), 200, "Voici ce qu'elle dit", "MARTIN", "Hélène", "Date de naissance", "Droits de base")
		whole(t, check(strings.ReplaceAll(f, "\n", " ")), 200, "n'a pas été changée") // shown by another program
		for name, text := range map[string]string{
			"a member before its twin":      strings.Replace(f, "{", `{"nom":"DUPONT",`, 1),
			"a member after its twin":       strings.TrimSuffix(strings.TrimSpace(f), "}") + `,"nom":"MARTIN"}`,
			"a member in other letters":     strings.Replace(f, "{", `{"NOM":"DUPONT",`, 1),
			"the same member, capitals":     strings.Replace(f, `"nom"`, `"Nom"`, 1),
			"something after the end":       f + `{"nom":"DUPONT"}`,
			"words after the end":           f + "Elle vaut aussi pour M. DUPONT.",
			"members in another order":      reordered(t, f),
			"a letter written another way":  strings.Replace(f, "MARTIN", `\u004dARTIN`, 1),
			"a right that is there twice":   strings.Replace(f, `"droits": [`, `"droits": [],"droits": [`, 1),
			"a mention that is put in":      strings.Replace(f, `"specimen": false`, `"specimen": true`, 1),
			"a member that has no business": strings.Replace(f, "{", `{"validite":"illimitée",`, 1),
		} {
			if text == f {
				t.Fatalf("%s: nothing was changed", name)
			}
			if p := check(text); p.Status != 200 || p.Says("n'a pas été changée") || strings.Contains(p.Body, "class=\"verdict ok") {
				t.Errorf("%s passes", name)
			}
		}
	})
}

func TestOwnSharings(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	const hospital = "/mon-espace/partages/hopital"
	b := signedIn(t, in, "famille-martin")
	call := func(path string) *apptest.Answer {
		t.Helper()
		return in.Get(t, path, in.As(t, "famille-martin", in.Hospital))
	}
	call("/me").Want(t, 200, "")
	conv, err := in.App.Store.ConventionAt(t.Context(), in.Hospital.Convention, 1)
	if err != nil {
		t.Fatal(err)
	}
	ticks := func(p *apptest.Page, drop ...string) url.Values {
		t.Helper()
		v := url.Values{}
		for _, m := range regexp.MustCompile(`name="(blocs|personnes)" value="([^"]*)" checked`).FindAllStringSubmatch(p.Body, -1) {
			v.Add(m[1], m[2])
		}
		for _, m := range regexp.MustCompile(`type="hidden" name="(vu|dernier)" value="([^"]*)"`).FindAllStringSubmatch(p.Body, -1) {
			v.Add(m[1], m[2])
		}
		for _, d := range drop {
			for name, list := range v {
				kept := list[:0:0]
				for _, x := range list {
					if x != d {
						kept = append(kept, x)
					}
				}
				v[name] = kept
			}
		}
		return v
	}
	t.Run("R14 the page says purpose, recipient, data and notice from the convention itself", func(t *testing.T) {
		p := b.Get(t, hospital)
		whole(t, p, 200, "Partenaire d'essai", "Préparer une admission", conv.Document.Terms.Notice)
		if !p.Says(strings.Join(strings.Fields(conv.Wording()), " ")) {
			t.Error("the sentence of the convention is not on the page")
		}
		n, ok := convention.NoticeOf(conv.Document.Terms.Notice)
		if !ok || !p.Says(strings.Join(strings.Fields(strings.Split(n.Text, "\n\n")[0]), " ")) {
			t.Error("the notice is not on the page")
		}
		for _, i := range droits.Blocs() {
			if conv.Has(i.Bloc) != strings.Contains(p.Body, `value="`+string(i.Bloc)+`"`) {
				t.Errorf("%s is on the page and not in the convention, or the other way round", i.Bloc)
			}
		}
		whole(t, p, 200, "Nous ne l'avons pas vue affichée")
	})
	t.Run("R14 R38 every convention in force is named on the form, with its purpose and its sentence", func(t *testing.T) {
		in := apptest.Start(t, apptest.Options{})
		d := in.App.Store.ConventionsOf(in.Hospital.ID)[0].Document
		d.ID, d.Purpose, d.FCClients = "hopital-adhesion", "adhesion", []convention.FCClient{{ID: "autre-client", Profile: "v1"}}
		next, err := convention.New(d, convention.Draft)
		if err == nil {
			next, err = in.App.Store.Countersigned(t.Context(), next, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
		}
		if err == nil {
			err = in.App.Store.PutConvention(t.Context(), next)
		}
		if err == nil {
			err = in.App.Store.SetConventionState(t.Context(), d.ID, convention.Active)
		}
		if err != nil {
			t.Fatal(err)
		}
		p := signedIn(t, in, "famille-martin").Get(t, hospital)
		whole(t, p, 200, "Préparer une admission", "Faciliter une adhésion", "pour préparer votre admission", "pour faciliter votre adhésion")
		if form := p.Body[strings.Index(p.Body, hospital+"/choix"):]; !strings.Contains(form, `value="hopital-adhesion/`) || !strings.Contains(form, `value="`+in.Hospital.Convention+`/`) {
			t.Error("the form does not say which conventions it shows")
		}
	})
	t.Run("R15 an unticked block is no longer told from the next call on", func(t *testing.T) {
		nir := in.NIROf(t, "famille-martin")
		in.Get(t, "/caisse", in.As(t, "famille-martin", in.Hospital), nir).Want(t, 200, "")
		whole(t, b.Post(t, hospital+"/choix", ticks(b.Get(t, hospital), "caisse")), 200, "C'est fait.")
		in.Get(t, "/caisse", in.As(t, "famille-martin", in.Hospital), nir).Want(t, 403, "donnees_indisponibles")
		call("/me").Want(t, 200, "")
		v := ticks(b.Get(t, hospital))
		v.Add("blocs", "caisse")
		whole(t, b.Post(t, hospital+"/choix", v), 200, "C'est fait.")
		in.Get(t, "/caisse", in.As(t, "famille-martin", in.Hospital), nir).Want(t, 200, "")
	})
	t.Run("R16 a child left out is in no list, and like an unrelated person by its number", func(t *testing.T) {
		p := b.Get(t, hospital)
		v := ticks(p)
		before := len(call("/me/beneficiaires").Want(t, 200, "").List(t))
		child := v["personnes"][0]
		whole(t, b.Post(t, hospital+"/choix", ticks(p, child)), 200, "C'est fait.")
		if after := len(call("/me/beneficiaires").Want(t, 200, "").List(t)); after != before-1 {
			t.Errorf("%d are listed, %d before", after, before)
		}
		if strings.Contains(b.Get(t, hospital).Body, `value="`+child+`" checked`) {
			t.Error("the page still has it ticked")
		}
		whole(t, b.Post(t, hospital+"/choix", v), 422, "vous avez décidé autre chose depuis") // an older page
		if strings.Contains(b.Get(t, hospital).Body, `value="`+child+`" checked`) {
			t.Error("T7 an older page has undone a newer choice")
		}
		again := ticks(b.Get(t, hospital))
		again.Add("personnes", child)
		whole(t, b.Post(t, hospital+"/choix", again), 200)
	})
	t.Run("R16 a child of another family cannot be chosen", func(t *testing.T) {
		other := firstOf(t, signedIn(t, in, "jumeaux").Get(t, "/mon-espace/droits"), childLink)
		v := ticks(b.Get(t, hospital))
		v.Add("personnes", other)
		if p := b.Post(t, hospital+"/choix", v); p.Status != 404 {
			t.Errorf("status %d", p.Status)
		}
	})
	t.Run("R19 a choice made on another wording of the notice is not kept", func(t *testing.T) {
		v := ticks(b.Get(t, hospital), "caisse")
		v.Set("vu", in.Hospital.Convention+"/1/2020-01")
		whole(t, b.Post(t, hospital+"/choix", v), 422, "Relisez-la, puis enregistrez vos choix")
		in.Get(t, "/caisse", in.As(t, "famille-martin", in.Hospital), in.NIROf(t, "famille-martin")).Want(t, 200, "")
	})
	t.Run("R18 a choice made on an open page of what was withdrawn since is not kept, and says what to do first", func(t *testing.T) {
		v := ticks(b.Get(t, hospital), "caisse")
		whole(t, b.Post(t, hospital+"/retirer", url.Values{}), 200)
		whole(t, b.Post(t, hospital+"/choix", v), 422, "Autorisez d'abord de nouveau cet organisme")
		whole(t, b.Post(t, hospital+"/autoriser", url.Values{}), 200)
		in.Clock.Advance(time.Second)
		in.Get(t, "/caisse", in.As(t, "famille-martin", in.Hospital), in.NIROf(t, "famille-martin")).Want(t, 200, "")
	})
	t.Run("R18 a withdrawal holds at the next call, also for a token from before; allowing again opens the next one", func(t *testing.T) {
		old := in.As(t, "famille-martin", in.Hospital)
		in.Get(t, "/me", old).Want(t, 200, "")
		whole(t, b.Post(t, hospital+"/retirer", url.Values{}), 200, "C'est fait.", "accord retiré", "Autoriser de nouveau")
		in.Get(t, "/me", old).Want(t, 403, "consentement_retire")
		call("/me").Want(t, 403, "consentement_retire")
		whole(t, b.Get(t, "/mon-espace/acces?issue=refuse"), 200, "Refusé : vous aviez retiré votre accord")
		in.Clock.Advance(time.Second)
		whole(t, b.Post(t, hospital+"/autoriser", url.Values{}), 200, "C'est fait.")
		whole(t, b.Post(t, hospital+"/autoriser", url.Values{}), 200) // a second click
		in.Get(t, "/me", old).Want(t, 403, "consentement_retire")
		in.Clock.Advance(time.Second)
		call("/me").Want(t, 200, "")
	})
	t.Run("a pause ends by itself, on the day it says", func(t *testing.T) {
		whole(t, b.Post(t, hospital+"/pause", url.Values{"jours": {"12"}}), 422, "Choisissez une durée")
		whole(t, b.Post(t, hospital+"/pause", url.Values{"jours": {"7"}}), 200, "en pause", "30 novembre 2026 à 0 h 00")
		call("/me").Want(t, 403, "consentement_retire")
		in.Clock.Advance(8 * 24 * time.Hour)
		call("/me").Want(t, 200, "")
		b = signedIn(t, in, "famille-martin")
	})
	t.Run("R38 a block that wants a tick is asked for on the page of the partner, and told once it is ticked", func(t *testing.T) {
		in := apptest.Start(t, apptest.Options{Sign: func(d *convention.Document) {
			if d.Kind == droits.Etablissement {
				d.Consent.Ticks = []droits.Bloc{droits.BlocExonerationsMotif}
			}
		}})
		reason := func() bool {
			a := in.Get(t, "/exonerations", in.As(t, "maternite", in.Hospital), in.NIROf(t, "maternite"))
			return a.Status == 200 && strings.Contains(string(a.Body), "MAT")
		}
		if reason() {
			t.Fatal("told without its tick")
		}
		b := signedIn(t, in, "maternite")
		p := b.Get(t, hospital)
		whole(t, p, 200, "rien n'est transmis sans cette case", "Une case cochée vaut 30 jours")
		if told, button := strings.Index(p.Body, "Une case cochée vaut"), strings.Index(p.Body, "Enregistrer mes choix"); told < 0 || told > button {
			t.Error("R17 how long a tick lasts is not said before the button")
		}
		v := ticks(p)
		v.Add("blocs", string(droits.BlocExonerationsMotif))
		whole(t, b.Post(t, hospital+"/choix", v), 200, "C'est fait.", "les vôtres valent jusqu'au 22 décembre 2026")
		if !reason() {
			t.Error("not told with its tick")
		}
	})
	t.Run("R21 an agreement has its receipt, on paper and as a file, of one digest, and may be contested", func(t *testing.T) {
		id := firstOf(t, b.Get(t, hospital), accordLink)
		p := b.Get(t, "/mon-espace/partages/accords/"+id)
		whole(t, p, 200, "Reçu d'un accord", "déclaré par le partenaire", "préparer une admission")
		f := b.Get(t, "/mon-espace/partages/accords/"+id+".json")
		var x struct{ Empreinte string }
		if f.Status != 200 || json.Unmarshal([]byte(f.Body), &x) != nil || len(x.Empreinte) != 64 || !p.Says(x.Empreinte) {
			t.Error("the file is not that of the page")
		}
		other := signedIn(t, in, "c2s")
		if other.Get(t, "/mon-espace/partages/accords/"+id).Status != 404 || other.Post(t, "/mon-espace/partages/accords/"+id+"/contester", url.Values{}).Status != 404 {
			t.Error("somebody else may read or contest it")
		}
		whole(t, b.Post(t, "/mon-espace/partages/accords/"+id+"/contester", url.Values{}), 200, "C'est fait.", "Vous avez contesté cet accord")
		whole(t, b.Get(t, hospital), 200, "contesté")
	})
	t.Run("R42 what was decided is in the journal, by whom and about which partner, in words", func(t *testing.T) {
		if err := in.App.Store.Lift(t.Context(), must(in.App.Store.Restrict(t.Context(), consent.Restriction{Subject: in.Subject(t, "famille-martin"), Bloc: droits.BlocCaisse, Ground: "18-1-a", SinceAt: in.Clock.Now()}))); err != nil {
			t.Fatal(err)
		}
		p := b.Get(t, "/mon-espace/acces?genre=choix")
		whole(t, p, 200, "Accord retiré : Partenaire d'essai", "Partage de nouveau autorisé : Partenaire d'essai", "Partage mis en pause : Partenaire d'essai", "Choix des données et des personnes : Partenaire d'essai", "Accord contesté : Partenaire d'essai",
			"Limitation du traitement posée", "Limitation du traitement levée", "Le gestionnaire du service", "votre décision")
		if p.Says("Une décision sur un partage") || p.Says("Un événement sur votre dossier") {
			t.Error("an event has no words of its own")
		}
	})
	t.Run("a partner that does not exist is not found, for every act", func(t *testing.T) {
		for _, act := range []string{"", "/retirer", "/autoriser", "/pause", "/choix"} {
			p := b.Get(t, "/mon-espace/partages/inconnu")
			if act != "" {
				p = b.Post(t, "/mon-espace/partages/inconnu"+act, url.Values{"jours": {"7"}})
			}
			if p.Status != 404 {
				t.Errorf("%s answers %d", act, p.Status)
			}
		}
	})
	t.Run("messages are asked for with an address, and no longer without", func(t *testing.T) {
		const to = "/mon-espace/securite/messages"
		whole(t, b.Post(t, to, url.Values{"prevenir": {"oui"}}), 422, "Écrivez l'adresse", "Votre saisie est à corriger")
		p := b.Post(t, to, url.Values{"prevenir": {"oui"}, "courriel": {"pas une adresse"}})
		whole(t, p, 422, "Écrivez une adresse complète")
		whole(t, b.Post(t, "/mon-espace/securite/messages", url.Values{"prevenir": {"oui"}, "courriel": {"hélène@exemple.fr"}}), 422, "Écrivez une adresse dont les lettres n'ont pas d'accent")
		if !strings.Contains(p.Body, `value="pas une adresse"`) {
			t.Error("what was typed is lost")
		}
		p = b.Post(t, to, url.Values{"prevenir": {"oui"}, "courriel": {"helene@exemple.example"}})
		whole(t, p, 200, "C'est fait.")
		if !strings.Contains(p.Body, `value="helene@exemple.example"`) || !strings.Contains(p.Body, `name="prevenir" value="oui" checked`) {
			t.Error("the choice is not kept")
		}
		whole(t, b.Post(t, to, url.Values{}), 200, "C'est fait.")
	})
}

// reordered writes the members of a JSON object in the order of their names.
func reordered(t *testing.T, text string) string {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
