package fcsim

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"droits.example/droits/internal/identity"
)

// directory is the list of fictitious people, in the order of display.
type directory struct {
	bySlug map[string]*Person
	named  []*Person
	others []*Person
	folded map[*Person]string
}

func newDirectory(people []Person) (directory, error) {
	d := directory{bySlug: map[string]*Person{}, folded: map[*Person]string{}}
	for _, p := range people {
		if p.Slug == "" || d.bySlug[p.Slug] != nil {
			return directory{}, errors.New("fcsim: a person needs a slug of its own")
		}
		p.Pivot = complete(p.Pivot)
		d.bySlug[p.Slug] = &p
		d.folded[&p] = fold(strings.Join([]string{p.Slug, p.What, p.Pivot.FamilyName, p.Pivot.GivenName, p.Pivot.PreferredUsername, p.Pivot.Birthdate}, " "))
		if p.Named {
			d.named = append(d.named, &p)
		} else {
			d.others = append(d.others, &p)
		}
	}
	slices.SortStableFunc(d.others, func(a, b *Person) int {
		return strings.Compare(fold(a.Pivot.FamilyName+" "+a.Pivot.GivenName), fold(b.Pivot.FamilyName+" "+b.Pivot.GivenName))
	})
	return d, nil
}

// complete fills each form of the given names from the other.
func complete(p identity.Pivot) identity.Pivot {
	if p.GivenName == "" {
		p.GivenName = strings.Join(p.GivenNames, " ")
	}
	if len(p.GivenNames) == 0 {
		p.GivenNames = strings.Fields(p.GivenName)
	}
	return p
}

// search keeps the people of list that have every word of q.
func (d *directory) search(list []*Person, q string) []*Person {
	words := strings.Fields(fold(q))
	if len(words) == 0 {
		return list
	}
	var out []*Person
	for _, p := range list {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(d.folded[p], w) }) {
			out = append(out, p)
		}
	}
	return out
}

// fold lowers letters and drops accents, for searching only.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(s))
}

// birthdate is the date as the register gives it back: an unknown day or
// month becomes 01 (franceconnect.md §3).
func birthdate(p identity.Pivot) string {
	return strings.ReplaceAll(p.Birthdate, "-00", "-01")
}

// subject is the pairwise subject of a person for a client (sp) or for a data
// provider (dp): 64 hexadecimal digits and "v1". It is the same from one run
// to the next.
func subject(kind, id string, p *Person) string {
	sum := sha256.Sum256([]byte("fcsim\x00" + kind + "\x00" + id + "\x00" + p.Slug))
	return hex.EncodeToString(sum[:]) + "v1"
}

// claimsOf is what userinfo tells for the scopes granted.
func claimsOf(g *grant) map[string]any {
	p := g.person.Pivot
	values := map[string]any{
		"given_name": p.GivenName, "given_name_array": p.GivenNames, "family_name": p.FamilyName,
		"birthdate": birthdate(p), "gender": p.Gender, "birthplace": p.Birthplace, "birthcountry": p.Birthcountry,
		"preferred_username": p.PreferredUsername, "idp_birthdate": p.Birthdate,
		"email": g.person.Slug + "@personne.example",
	}
	if g.client.Profile == identity.V1 {
		delete(values, "given_name_array")
		delete(values, "idp_birthdate")
	}
	if p.PreferredUsername == "" {
		delete(values, "preferred_username")
	}
	out := map[string]any{"sub": subject("sp", g.client.ID, g.person)}
	for _, s := range g.scopes {
		for _, c := range identityScopes[s] {
			if v, ok := values[c]; ok {
				out[c] = v
			}
		}
	}
	return out
}

// identityScopes maps the scopes about the person to their claims.
var identityScopes = map[string][]string{
	"openid":             {},
	"profile":            {"given_name", "given_name_array", "family_name", "preferred_username", "gender", "birthdate"},
	"birth":              {"birthplace", "birthcountry"},
	"identite_pivot":     {"given_name", "given_name_array", "family_name", "gender", "birthdate", "birthplace", "birthcountry"},
	"given_name":         {"given_name", "given_name_array"},
	"family_name":        {"family_name"},
	"preferred_username": {"preferred_username"},
	"gender":             {"gender"},
	"birthdate":          {"birthdate"},
	"birthplace":         {"birthplace"},
	"birthcountry":       {"birthcountry"},
	"idp_birthdate":      {"idp_birthdate"},
	"email":              {"email"},
}

// claimLabels and cnamLabels are what the consent page says of each
// (franceconnect.md §2 for the second).
var claimLabels = map[string]string{
	"given_name": "Prénoms", "family_name": "Nom de naissance", "preferred_username": "Nom d’usage",
	"gender": "Sexe", "birthdate": "Date de naissance", "birthplace": "Commune de naissance",
	"birthcountry": "Pays de naissance", "email": "Adresse électronique",
	"idp_birthdate": "Date de naissance telle que saisie",
}

var cnamLabels = []struct{ scope, label string }{
	{"droits_assurance_maladie", "Droits Assurance Maladie"},
	{"cnam_beneficiaires", "Liste de vos ayant-droits"},
	{"cnam_contrats", "Vos droits de base"},
	{"cnam_caisse", "Votre caisse gestionnaire"},
	{"cnam_exonerations", "Vos exonérations ou modulations éventuelles"},
	{"cnam_medecin_traitant", "Votre médecin traitant"},
	{"cnam_presence_medecin_traitant", "Présence d’un médecin traitant"},
	{"cnam_paiements_ij", "Paiements d’indemnités journalières versées par l’Assurance Maladie"},
}

// known reports whether the scope exists at all; others are dropped silently.
func (s *Simulator) known(scope string) bool {
	if _, ok := identityScopes[scope]; ok || scope == "openid" {
		return true
	}
	for _, l := range cnamLabels {
		if l.scope == scope {
			return true
		}
	}
	for _, p := range s.providers {
		if slices.Contains(p.Scopes, scope) {
			return true
		}
	}
	return false
}

func knownScopes() []string {
	out := slices.Sorted(maps.Keys(identityScopes))
	for _, l := range cnamLabels {
		out = append(out, l.scope)
	}
	return out
}
