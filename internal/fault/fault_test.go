package fault

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestTheCatalogue(t *testing.T) { // R59
	shape := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	digits := regexp.MustCompile(`\d{7}`)
	kinds := map[Kind][]int{
		Invalid: {400, 405, 413, 414, 431}, Unauthenticated: {401}, Forbidden: {403}, NotFound: {404}, Conflict: {409}, TooMany: {429}, Upstream: {502, 504}, Unavailable: {503}, Internal: {500},
	}
	seen := map[Code]bool{}
	titles := map[string]Code{}
	for _, e := range Catalogue() {
		if seen[e.Code] || !shape.MatchString(string(e.Code)) {
			t.Errorf("R59 %s: twice, or not a code", e.Code)
		}
		seen[e.Code] = true
		if other, twice := titles[e.Title]; twice {
			t.Errorf("%s and %s have one title", e.Code, other)
		}
		titles[e.Title] = e.Code
		ok := false
		for _, s := range kinds[e.Kind] {
			ok = ok || s == e.Status
		}
		if !ok || http.StatusText(e.Status) == "" {
			t.Errorf("%s: kind %s with status %d", e.Code, e.Kind, e.Status)
		}
		for _, text := range []string{e.Title, e.Detail, e.Cause, e.Remedy} {
			if strings.TrimSpace(text) == "" || digits.MatchString(text) {
				t.Errorf("R59 %s: a text is missing or holds a number", e.Code)
			}
		}
		for _, text := range []string{e.Detail, e.Cause, e.Remedy} {
			if !strings.HasSuffix(text, ".") {
				t.Errorf("%s: %q is no sentence", e.Code, text)
			}
		}
		if e.Code.Entry() != e || New(e.Code, "x").Status() != e.Status || New(e.Code, "x").Kind() != e.Kind {
			t.Errorf("%s is not what its fault says", e.Code)
		}
		if e.Retry != (e.Kind == TooMany || e.Kind == Upstream || e.Kind == Unavailable || e.Kind == Internal) {
			t.Errorf("%s: whether to try again", e.Code)
		}
	}
	t.Run("where data are absent or refused, it is recalled that this alone is no ground", func(t *testing.T) {
		for _, c := range []Code{OperationHorsConvention, OperationReservee, PorteeInsuffisante, ConsentementRetire, ConsentementExpliciteRequis, DonneesIndisponibles, PersonneNonIdentifiee, BeneficiaireInconnu, CaisseAbsente, MedecinTraitantAbsent} {
			if d := c.Entry().Detail; !strings.Contains(d, "justificatif") || !strings.Contains(d, "rejet") && !strings.Contains(d, "rejeter") {
				t.Errorf("%s: %s", c, d)
			}
		}
	})
	t.Run("the codes of the contract are there", func(t *testing.T) {
		for c := range strings.FieldsSeq(contractCodes) {
			if !seen[Code(c)] {
				t.Errorf("%s", c)
			}
		}
	})
	t.Run("the list given cannot be changed", func(t *testing.T) {
		list := Catalogue()
		list[0].Title = "x"
		if Catalogue()[0].Title == "x" {
			t.Error("changed")
		}
	})
	t.Run("an unknown code is answered as an internal error", func(t *testing.T) {
		if Code("inconnu").Entry().Code != ErreurInterne || New("inconnu", "x").Status() != 500 {
			t.Error("another")
		}
	})
}

// contractCodes are those of contract.md, which are never renamed.
const contractCodes = `parametre_invalide entete_trop_long requete_trop_grande nir_absent nir_invalide date_invalide periode_impossible periode_passee cle_absente cle_invalide
jeton_absent jeton_invalide convention_inactive client_non_rattache operation_hors_convention operation_reservee portee_insuffisante niveau_insuffisant agent_requis
consentement_retire consentement_explicite_requis donnees_indisponibles adresse_non_autorisee personne_non_identifiee beneficiaire_inconnu caisse_absente
medecin_traitant_absent ressource_inconnue methode_non_permise rang_naissance_requis quota_depasse franceconnect_indisponible franceconnect_lent service_indisponible erreur_interne`

func TestFaults(t *testing.T) {
	cause := errors.New("cause")
	f := New(NirInvalide, "api: decode")
	full := f.On("nir").Because("NIR_KEY").After(time.Second).With(cause)
	t.Run("adding makes a copy", func(t *testing.T) {
		if f.Field() != "" || f.RetryAfter() != 0 || f.Unwrap() != nil || f.Reason() != "NIR_INVALIDE" {
			t.Error("the first one changed")
		}
	})
	t.Run("it tells what was given", func(t *testing.T) {
		if full.Field() != "nir" || full.Reason() != "NIR_KEY" || full.RetryAfter() != time.Second || !errors.Is(full, cause) || full.Error() != "api: decode: nir_invalide (NIR_KEY): cause" || full.Code() != NirInvalide {
			t.Errorf("%v", full)
		}
	})
	t.Run("it is found under wrappings, the first one first", func(t *testing.T) {
		err := fmt.Errorf("outer: %w", Wrap(ServiceIndisponible, "store: x", full))
		if !Is(err, ServiceIndisponible) || Is(err, NirInvalide) || From(err).Code() != ServiceIndisponible {
			t.Errorf("%v", err)
		}
	})
	t.Run("what is unforeseen becomes silence", func(t *testing.T) {
		if got := From(cause); got.Code() != ErreurInterne || !errors.Is(got, cause) || got.Status() != 500 {
			t.Errorf("%v", got)
		}
	})
	t.Run("nothing is no fault", func(t *testing.T) {
		if From(nil).Field() != "" || From(nil).Reason() != "" || From(nil) != nil || Wrap(ErreurInterne, "x", nil) != nil || Is(nil, ErreurInterne) {
			t.Error("something")
		}
	})
	t.Run("kinds have names", func(t *testing.T) {
		seen := map[string]bool{}
		for k := Invalid; k <= Internal; k++ {
			if s := k.String(); s == "" || seen[s] {
				t.Errorf("kind %d: %q", k, s)
			} else {
				seen[s] = true
			}
		}
		if Kind(99).String() != "unknown" {
			t.Error("an unknown kind")
		}
	})
}
