package api_test

import (
	"testing"
	"time"

	"droits.example/droits/internal/apptest"
	"droits.example/droits/internal/civil"
)

func TestWindow(t *testing.T) {
	in := apptest.Shared(t)
	for _, c := range []struct{ name, query, effective, code string }{
		{"R3 the default is today and one year", "", "{0}/{an}", ""},
		{"R3 a start alone lasts to the horizon", "?dateDebut={+30}", "{+30}/{an}", ""},
		{"R3 an end alone begins today", "?dateFin={+30}", "{0}/{+30}", ""},
		{"R3 one day is a window", "?dateDebut={0}&dateFin={0}", "{0}/{0}", ""},
		{"R3 the last day possible is a window", "?dateDebut={an}", "{an}/{an}", ""},
		{"R3 an end beyond the horizon is capped and X-Periode says so", "?dateFin=2031-01-01", "{0}/{an}", ""},
		{"R3 empty dates are no dates", "?dateDebut=&dateFin=", "{0}/{an}", ""},
		{"unknown parameters are ignored", "?pretty=1&dateDebut={+1}&jour=2020-01-01", "{+1}/{an}", ""},
		{"R3 a start in the past is refused", "?dateDebut={-1}", "", "periode_passee"},
		{"R3 an end before the start is refused", "?dateDebut={+10}&dateFin={+9}", "", "periode_impossible"},
		{"R3 an end before today is refused", "?dateFin={-1}", "", "periode_impossible"},
		{"R3 a start after the horizon is refused", "?dateDebut=2027-11-23", "", "periode_impossible"},
		{"a day that does not exist is refused", "?dateDebut=2027-02-30", "", "date_invalide"},
		{"a 29 February of a common year is refused", "?dateFin=2027-02-29", "", "date_invalide"},
		{"a day of month 13 is refused", "?dateFin=2027-13-01", "", "date_invalide"},
		{"a date with a time is refused", "?dateDebut=2026-11-22T00:00:00Z", "", "date_invalide"},
		{"a French date is refused", "?dateDebut=22/11/2026", "", "date_invalide"},
		{"a short date is refused", "?dateDebut=2026-1-2", "", "date_invalide"},
		{"digits of another script are refused", "?dateDebut=%D9%A2026-11-22", "", "date_invalide"},
		{"a date given twice is refused", "?dateDebut={0}&dateDebut={0}", "", "parametre_invalide"},
		{"a query that cannot be read is refused", "?dateDebut=%zz", "", "parametre_invalide"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, path := range []string{moi, family, contrats, caisse} {
				a := read(t, in, "famille-martin", in.Hospital, path+dated(c.query))
				if c.code != "" {
					a.Want(t, 400, c.code)
					continue
				}
				a.Want(t, 200, "")
				equal(t, "X-Periode", a.Header.Get("X-Periode"), dated(c.effective))
				equal(t, "X-Donnees-Au", a.Header.Get("X-Donnees-Au"), today.String())
			}
		})
	}
	t.Run("the refusal of a date names its parameter and not its value", func(t *testing.T) {
		equal(t, "champ", read(t, in, "famille-martin", in.Hospital, moi+"?dateFin=2027-02-30").Problem().Champ, "dateFin")
	})
}

// The day is the civil day of Paris, and the year after 29 February ends on 28
// February.
func TestWindowDays(t *testing.T) {
	in := apptest.Start(t, apptest.Options{})
	for _, c := range []struct{ name, at, effective string }{
		{"one second before midnight in Paris is still the day before", "2026-11-30T22:59:59Z", "2026-11-30/2027-11-30"},
		{"midnight in Paris in winter is 23 h UTC", "2026-11-30T23:00:00Z", "2026-12-01/2027-12-01"},
		{"midnight in Paris in summer is 22 h UTC", "2027-06-30T22:00:00Z", "2027-07-01/2028-07-01"},
		{"29 February and one year is 28 February", "2028-02-29T12:00:00Z", "2028-02-29/2029-02-28"},
		{"28 February and one year is 28 February even when a 29th exists", "2027-02-28T12:00:00Z", "2027-02-28/2028-02-28"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, err := time.Parse(time.RFC3339, c.at)
			if err != nil {
				t.Fatal(err)
			}
			in.Clock.Set(at)
			a := read(t, in, "famille-martin", in.Hospital, moi).Want(t, 200, "")
			equal(t, "X-Periode", a.Header.Get("X-Periode"), c.effective)
			read(t, in, "famille-martin", in.Hospital, moi+"?dateDebut="+civil.On(at).AddDays(-1).String()).Want(t, 400, "periode_passee")
		})
	}
}

func TestFamilies(t *testing.T) {
	in := apptest.Shared(t)
	kinds(t, in, func(t *testing.T, p apptest.Partner) {
		given := func(slug, path string) []string {
			t.Helper()
			return members(read(t, in, slug, p, path).List(t), "prenom")
		}
		as := func(slug string, more ...apptest.Change) []apptest.Change {
			return append([]apptest.Change{in.As(t, slug, p)}, more...)
		}
		t.Run("a child is never listed from the day of its eighteen years", func(t *testing.T) {
			equal(t, "default window", given("majorite", family), []string{"Éloi", "Daphné"})
			equal(t, "last day", given("majorite", family+dated("?dateDebut={+9}")), []string{"Éloi", "Daphné"})
			equal(t, "birthday", given("majorite", family+dated("?dateDebut={+10}")), []string{"Éloi"})
			equal(t, "already of age", given("enfant-majeur", family), []string{"Honorine"})
		})
		t.Run("a child who comes of age cannot be read past that day", func(t *testing.T) {
			child := read(t, in, "majorite", p, family).List(t)[1]["nir"].(string)
			in.Get(t, someone, as("majorite", apptest.With("nir", child))...).Want(t, 200, "")
			in.Get(t, someone+dated("?dateDebut={+10}"), as("majorite", apptest.With("nir", child))...).Want(t, 404, inconnu)
			list := in.Get(t, contrats, as("majorite", apptest.With("nir", child))...).List(t)
			equal(t, "rights end with the link", list[0]["periodes_droits"].([]any)[0].(map[string]any)["date_fin"], dated("{+9}"))
		})
		t.Run("R2 a child of two parents is read under the link of each, and the other parent never appears", func(t *testing.T) {
			for slug, fund := range map[string]string{"double-rattachement-a": "01481", "double-rattachement-b": "01342"} {
				list := read(t, in, slug, p, family).List(t)
				equal(t, "people", len(list), 2)
				equal(t, "child", list[1]["prenom"], "Nino")
				equal(t, "fund", in.Get(t, caisse, as(slug, apptest.With("nir", list[1]["nir"].(string)))...).Object(t)["id"], fund)
			}
			in.Get(t, someone, as("double-rattachement-a", in.NIROf(t, "double-rattachement-b"))...).Want(t, 404, inconnu)
		})
		t.Run("twins without a number are told apart by rang-naissance", func(t *testing.T) {
			list := read(t, in, "jumeaux", p, family).List(t)
			equal(t, "given names", members(list, "prenom"), []string{"Perrine", "Mathis", "Matéo"})
			equal(t, "ranks", []any{list[1]["rang_naissance"], list[2]["rang_naissance"]}, []any{1.0, 2.0})
			if list[1]["nir"] != nil || list[2]["nir"] != nil {
				t.Error("a child without a number of its own has one")
			}
			twin := func(rank ...apptest.Change) *apptest.Answer {
				return in.Get(t, someone, append(as("jumeaux", in.NIROf(t, "jumeaux"), apptest.With(dateField, dated("{-70}"))), rank...)...)
			}
			twin().Want(t, 409, "rang_naissance_requis")
			equal(t, "first", twin(apptest.With("rang-naissance", "1")).Object(t)["prenom"], "Mathis")
			equal(t, "second", twin(apptest.With("rang-naissance", "2")).Object(t)["prenom"], "Matéo")
			twin(apptest.With("rang-naissance", "3")).Want(t, 404, inconnu)
		})
		t.Run("without date-naissance the opener's number means the opener", func(t *testing.T) {
			equal(t, "prenom", read(t, in, "jumeaux", p, someone).Object(t)["prenom"], "Perrine")
		})
		t.Run("a newborn without a number is reached by its birth date", func(t *testing.T) {
			who := as("enfant-sans-nir", in.NIROf(t, "enfant-sans-nir"), apptest.With(dateField, dated("{-21}")))
			o := in.Get(t, someone, who...).Object(t)
			equal(t, "prenom", o["prenom"], "Lison")
			if o["nir"] != nil {
				t.Error("a number is told")
			}
			in.Get(t, contrats, who...).Want(t, 200, "")
			in.Get(t, caisse, who...).Want(t, 200, "")
			in.Get(t, someone, as("enfant-sans-nir", in.NIROf(t, "enfant-sans-nir"), apptest.With(dateField, dated("{-22}")))...).Want(t, 404, inconnu)
		})
		t.Run("date-naissance with a number that is not the person's own is refused", func(t *testing.T) {
			child := read(t, in, "famille-martin", p, family).List(t)[1]
			a := in.Get(t, someone, as("famille-martin", apptest.With("nir", child["nir"].(string)), apptest.With(dateField, child["date_naissance"].(string)))...)
			equal(t, "champ", a.Want(t, 400, badParam).Problem().Champ, dateField)
		})
		t.Run("a person of seventeen sees herself alone, and never upwards", func(t *testing.T) {
			equal(t, "list", given("mineure", family), []string{"Apolline"})
			in.Get(t, someone, as("mineure", apptest.With("nir", motherOf(t, in)))...).Want(t, 404, inconnu)
			equal(t, "rights", len(read(t, in, "mineure", p, contrats).List(t)), 1)
		})
		t.Run("an attached wife is listed with her quality and sees herself alone", func(t *testing.T) {
			equal(t, "qualites", members(read(t, in, "conjointe-rattachee", p, family).List(t), "qualite"), []string{"assure", "conjoint"})
			equal(t, "list", given("conjointe-rattachee-epouse", family), []string{"Suzanne"})
		})
		t.Run("the dead are never listed", func(t *testing.T) { equal(t, "list", given("veuve", family), []string{"Rosalie"}) })
		t.Run("long names keep their accents, apostrophes and ligatures", func(t *testing.T) {
			o := read(t, in, "longs-noms", p, moi).Object(t)
			equal(t, "nom", o["nom_famille"], "L'HÉRITIER-CŒURDEVEY DE LA ROCHE-SAINT-ÉTIENNE D'ÆTHELMONT")
			equal(t, "nom d'usage", o["nom_usage"], "D'ENTRAYGUES-SUR-TRUYÈRE DE CHÂTEAUNEUF-L'ÉVÊQUE DU BŒUF")
		})
		t.Run("a former number selects nobody", func(t *testing.T) {
			read(t, in, "numero-change", p, someone).Want(t, 200, "")
		})
	})
}

// motherOf is the number of the mother of the person of seventeen, who cannot
// log in.
func motherOf(t *testing.T, in *apptest.Instance) string {
	t.Helper()
	return in.NIRInFile(t, "mineure-mere")
}

func TestNobodyIsGuessed(t *testing.T) {
	in := apptest.Shared(t)
	kinds(t, in, func(t *testing.T, p apptest.Partner) {
		t.Run("R9 ambiguous, outside the perimeter and unknown are one answer", func(t *testing.T) {
			var first string
			for _, slug := range []string{"ambigue", "hors-perimetre", "inconnu"} {
				for _, path := range []string{moi, family, contrats, caisse, exos, someone} {
					a := in.Get(t, path, in.As(t, slug, p), in.NIROf(t, "famille-martin")).Want(t, 404, noPerson)
					if b := faceless(t, a); first == "" {
						first = b
					} else if b != first {
						t.Errorf("%s on %s tells itself from the others", slug, path)
					}
				}
			}
		})
		t.Run("R9 homonyms are told apart by all their given names", func(t *testing.T) {
			equal(t, "first", read(t, in, "homonymes", p, moi).Object(t)["nir"], in.NIR(t, "homonymes"))
			equal(t, "second", read(t, in, "homonymes-2", p, moi).Object(t)["nir"], in.NIR(t, "homonymes-2"))
		})
		t.Run("R52 a restricted person is refused on every operation, without the reason", func(t *testing.T) {
			for _, path := range []string{moi, family, someone, caisse, contrats, exos, compl} {
				read(t, in, "limitee", p, path).Want(t, 403, "donnees_indisponibles")
			}
		})
		t.Run("a connected person under sixteen needs a representative", func(t *testing.T) {
			read(t, in, "quinze-ans", p, moi).Want(t, 403, "consentement_explicite_requis")
			read(t, in, "quinze-ans", p, contrats).Want(t, 403, "consentement_explicite_requis")
			read(t, in, "seize-ans", p, moi).Want(t, 200, "")
		})
	})
	t.Run("R9 only the internal trace tells which of the three it was", func(t *testing.T) {
		for slug, want := range map[string]string{"ambigue": "IDENTITY_AMBIGUOUS", "inconnu": "IDENTITY_NONE"} {
			in.Get(t, moi, in.As(t, slug, in.Hospital)).Want(t, 404, noPerson)
			e := in.LastTrace(t)
			equal(t, slug, e.Internal["reasons"], []any{want})
			equal(t, "beneficiary", e.Str("beneficiary"), "")
		}
	})
}

// faceless is an answer without what changes from call to call: request id,
// trace and date.
func faceless(t *testing.T, a *apptest.Answer) string {
	t.Helper()
	p := a.Problem()
	p.Instance = ""
	h := a.Header.Clone()
	for _, k := range []string{"X-Request-Id", "X-Trace", "Date", "Content-Length", "Ratelimit-Remaining", "Ratelimit-Limit", "Ratelimit-Reset"} {
		h.Del(k)
	}
	return text(p) + text(h)
}
